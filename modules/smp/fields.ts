import { Utf8, utf8Decode } from "../bytes/utf8.js";
import { Rc, SmpError } from "./errors.js";

type Kind = "uint" | "int" | "bool" | "flag" | "bytes" | "text" | "utf8" | "uints" | "texts";

/** How one key of a request is decoded. `T` is what a handler gets. */
export interface Field<T> {
	readonly kind: Kind;
	/** Largest value of an integer. */
	readonly max: number;
	/** CBOR null counts as a missing key. */
	readonly nullable: boolean;
	/** Never there: carries the type. */
	readonly decoded?: T;
}

/** The keys a command knows. */
export type Schema = Readonly<Record<string, Field<unknown>>>;

/** What a handler gets: every key that the request had. */
export type Fields<S extends Schema> = { readonly [K in keyof S]?: S[K] extends Field<infer T> ? T : never };

const field = <T>(kind: Kind, max = 0xffffffff, nullable = false): Field<T> => Object.freeze({ kind, max, nullable });

/** Unsigned integer of up to 32 bits. */
export const uint = field<number>("uint");
/** Unsigned integer of up to 53 bits: sizes of files, which Zephyr takes with 64 bits. */
export const uint53 = field<number>("uint", Number.MAX_SAFE_INTEGER);
/** Unsigned integer of up to 16 bits. */
export const uint16 = field<number>("uint", 0xffff);
/** Integer of up to 32 bits with a sign. */
export const int = field<number>("int", 0x7fffffff);
/** Boolean. */
export const bool = field<boolean>("bool");
/** Boolean, or 0 or 1: smpclient sends some booleans as integers. */
export const flag = field<boolean>("flag", 1);
/** Byte string: a view on the packet, valid while the handler runs. */
export const bytes = field<Uint8Array>("bytes");
/** Byte string or null. */
export const nullableBytes = field<Uint8Array>("bytes", 0, true);
/** Text. */
export const text = field<string>("text");
/** Text as its bytes, a view on the packet. */
export const utf8 = field<Utf8>("utf8");
/** List of unsigned integers of up to 16 bits. */
export const uints = field<readonly number[]>("uints", 0xffff);
/** List of texts. One with anything else in it counts as empty, as in Zephyr. */
export const texts = field<readonly string[]>("texts");

/** How deep the value of an unknown key may be nested; bounds the memory that skipping it takes. */
const MAX_DEPTH = 64;

/** How many items a list may have. */
const MAX_LIST = 64;

/**
 * Decodes the map of a request (RFC 8949) by the keys that the command knows, in any order, of definite or indefinite
 * length. As in Zephyr (`zcbor_map_decode_bulk`) unknown keys are skipped with whatever value they have, and what lies
 * behind the map is ignored; a known key with another type or twice, a key that is not text, a tag in front of the map or
 * of a known value, and anything cut short are refused. Takes no recursion, and memory only for what it returns.
 *
 * @throws SmpError with code 3 (invalid) if the payload is not such a map.
 */
export function decodeFields<S extends Schema>(payload: Uint8Array, schema: S): Fields<S> {
	const reader = new Reader(payload);
	const names = Object.keys(schema);
	const fields: Record<string, unknown> = {};
	let found = 0;
	reader.head();
	if (reader.major !== MAP) throw invalid("the payload is no map");
	for (let left = reader.count(); left > 0 && !reader.broke(left); left--) {
		const index = reader.key(names);
		if (index < 0) {
			reader.skip();
			continue;
		}
		const name = names[index]!;
		if (found & (1 << index)) throw invalid(`key "${name}" comes twice`);
		found |= 1 << index;
		const value = reader.field(schema[name]!);
		if (value === INVALID) throw invalid(`key "${name}" has the wrong type or is out of range`);
		if (value !== undefined) fields[name] = value;
	}
	return fields as Fields<S>;
}

const invalid = (why: string): SmpError => new SmpError(Rc.INVALID, why);

/** A value that is not of the wanted type; nothing that a packet can hold decodes to it. */
const INVALID = Object.freeze({});

const UINT = 0;
const NINT = 1;
const BYTES = 2;
const TEXT = 3;
const LIST = 4;
const MAP = 5;
const TAG = 6;
const SIMPLE = 7;

const FALSE = 20;
const TRUE = 21;
const NULL = 22;

class Reader {
	readonly #bytes: Uint8Array;
	#at = 0;
	/** Of the head read last: major type, argument, and whether the length is indefinite (for major 7: a break). */
	major = 0;
	argument = 0;
	indefinite = false;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	/** Reads one head. Arguments above 2^53 lose their low bits, which no use of them minds. */
	head(): void {
		const initial = this.#byte();
		const info = initial & 0x1f;
		this.major = initial >> 5;
		this.indefinite = info === 31;
		this.argument = info;
		if (info < 24) return;
		if (info > 27) {
			if (info !== 31 || this.major === UINT || this.major === NINT || this.major === TAG)
				throw invalid("reserved length in the CBOR");
			return;
		}
		let argument = 0;
		for (let size = 1 << (info - 24); size > 0; size--) argument = argument * 256 + this.#byte();
		// A float; no known value is one, and its bits must not pass for a simple value.
		this.argument = this.major === SIMPLE && info > 24 ? -1 : argument;
	}

	/** Number of entries that the container of the last head promises; Infinity if only a break ends it. */
	count(): number {
		return this.indefinite ? Number.POSITIVE_INFINITY : this.argument;
	}

	/** Whether a container with `left` entries to come ends here by a break, which is then taken. */
	broke(left: number): boolean {
		if (left !== Number.POSITIVE_INFINITY || this.#bytes[this.#at] !== 0xff) return false;
		this.#at++;
		return true;
	}

	/** Reads a key and returns its index in `names`, -1 for an unknown one. */
	key(names: readonly string[]): number {
		this.head();
		if (this.major !== TEXT || this.indefinite) throw invalid("a key is not text");
		const start = this.#take();
		const length = this.argument;
		for (let index = 0; index < names.length; index++) {
			const name = names[index]!;
			if (name.length !== length) continue;
			let i = 0;
			while (i < length && this.#bytes[start + i] === name.charCodeAt(i)) i++;
			if (i === length) return index;
		}
		return -1;
	}

	/** Reads the value of a known key. Undefined stands for an accepted null, INVALID for a wrong type. */
	field(field: Field<unknown>): unknown {
		const start = this.#at;
		this.head();
		if (field.nullable && this.major === SIMPLE && this.argument === NULL) return undefined;
		switch (field.kind) {
			case "uints":
				return this.#list(field, "uint");
			case "texts": {
				const list = this.#list(field, "text");
				if (list !== INVALID || this.#bytes[start]! >> 5 !== LIST) return list;
				this.#at = start;
				this.skip();
				return [];
			}
			default:
				return this.#scalar(field.kind, field.max);
		}
	}

	/** Skips one value, however it is nested. */
	skip(): void {
		// Entries still to come in each open container. Recursion would let a packet exhaust the stack.
		const open: number[] = [];
		for (;;) {
			this.head();
			if (this.major === TAG) continue;
			let whole = true;
			if (this.major === BYTES || this.major === TEXT) {
				if (this.indefinite) this.#skipChunks(this.major);
				else this.#take();
			} else if (this.major === LIST || this.major === MAP) {
				const entries = this.major === MAP ? this.count() * 2 : this.count();
				if (entries !== Number.POSITIVE_INFINITY && entries > this.#left()) throw invalid("a CBOR value is cut short");
				if (entries > 0) {
					if (open.length === MAX_DEPTH) throw invalid("a CBOR value is nested too deep");
					open.push(entries);
					whole = false;
				}
			} else if (this.major === SIMPLE && this.indefinite) {
				if (open.pop() !== Number.POSITIVE_INFINITY) throw invalid("a break outside of a CBOR value");
			}
			// A whole value is one entry less in the container around it, which may be whole by that.
			while (whole && open.length > 0) {
				const left = open[open.length - 1]! - 1;
				whole = left === 0;
				if (whole) open.pop();
				else open[open.length - 1] = left;
			}
			if (open.length === 0) return;
		}
	}

	#list(field: Field<unknown>, kind: Kind): unknown {
		if (this.major !== LIST) return INVALID;
		const list: unknown[] = [];
		for (let left = this.count(); left > 0 && !this.broke(left); left--) {
			this.head();
			const value = this.#scalar(kind, field.max);
			if (value === INVALID) return INVALID;
			if (list.length === MAX_LIST) return INVALID;
			list.push(value);
		}
		return list;
	}

	#scalar(kind: Kind, max: number): unknown {
		const { major, argument } = this;
		if (this.indefinite) return INVALID;
		switch (kind) {
			case "int":
				if (major === NINT && argument <= max) return -1 - argument;
				return major === UINT && argument <= max ? argument : INVALID;
			case "uint":
				return major === UINT && argument <= max ? argument : INVALID;
			case "flag":
				if (major === UINT) return argument <= max ? argument === 1 : INVALID;
				return major === SIMPLE && (argument === TRUE || argument === FALSE) ? argument === TRUE : INVALID;
			case "bool":
				return major === SIMPLE && (argument === TRUE || argument === FALSE) ? argument === TRUE : INVALID;
			case "bytes":
				return major === BYTES ? this.#string() : INVALID;
			case "text":
				return major === TEXT ? utf8Decode(this.#string()) : INVALID;
			case "utf8":
				return major === TEXT ? new Utf8(this.#string()) : INVALID;
			default:
				return INVALID;
		}
	}

	#string(): Uint8Array {
		const start = this.#take();
		return this.#bytes.subarray(start, this.#at);
	}

	#skipChunks(major: number): void {
		for (;;) {
			this.head();
			if (this.major === SIMPLE && this.indefinite) return;
			if (this.major !== major || this.indefinite) throw invalid("a CBOR string holds something else");
			this.#take();
		}
	}

	/** Passes over the bytes of the string whose head was read last and returns where they start. */
	#take(): number {
		if (this.argument > this.#left()) throw invalid("a CBOR string is cut short");
		const start = this.#at;
		this.#at += this.argument;
		return start;
	}

	#left(): number {
		return this.#bytes.length - this.#at;
	}

	#byte(): number {
		if (this.#at >= this.#bytes.length) throw invalid("the CBOR is cut short");
		return this.#bytes[this.#at++]!;
	}
}
