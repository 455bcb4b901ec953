import { Utf8, utf8Decode, utf8Length, utf8Write } from "../bytes/utf8.js";
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
	return new FieldDecoder().decode(payload, 0, payload.length, schema);
}

const invalid = (why: string): SmpError => new SmpError(Rc.INVALID, why);

const NONE = new Uint8Array(0);

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

/** Decodes requests, and keeps what it has found out of the schema that came last: an upload's requests all have one. */
export class FieldDecoder {
	private bytes: Uint8Array = NONE;
	private at = 0;
	private end = 0;
	/** Of the head read last: major type, argument, and whether the length is indefinite (for major 7: a break). */
	private major = 0;
	private argument = 0;
	private indefinite = false;
	/** The view that was made last, and of what. */
	private view: Uint8Array = NONE;
	private viewed: Uint8Array = NONE;
	private viewStart = 0;
	private viewEnd = 0;
	private schema: Schema | undefined;
	private names: readonly string[] = [];
	/** The names in bytes, each behind its length: XS makes an object of a text for each character that is looked at. */
	private keys: Uint8Array = NONE;

	/** `decodeFields` of the bytes of `packet` from `at` up to `end`, or up to its own end. */
	decode<S extends Schema>(packet: Uint8Array, at: number, end: number, schema: S): Fields<S> {
		this.bytes = packet;
		this.at = at;
		this.end = Math.min(end, packet.length);
		if (schema !== this.schema) this.learn(schema);
		const fields: Record<string, unknown> = {};
		let found = 0;
		this.head();
		if (this.major !== MAP) throw invalid("the payload is no map");
		// Entries to come; below 0 as many as there are until a break.
		for (let left = this.indefinite ? -1 : this.argument; left !== 0; left--) {
			if (left < 0 && this.broke()) break;
			const index = this.key();
			if (index < 0) {
				this.skip();
				continue;
			}
			const name = this.names[index]!;
			if (found & (1 << index)) throw invalid(`key "${name}" comes twice`);
			found |= 1 << index;
			const value = this.field(schema[name]!);
			if (value === INVALID) throw invalid(`key "${name}" has the wrong type or is out of range`);
			if (value !== undefined) fields[name] = value;
		}
		return fields as Fields<S>;
	}

	private learn(schema: Schema): void {
		const names = Object.keys(schema);
		let size = 0;
		for (const name of names) size += 1 + utf8Length(name);
		const keys = new Uint8Array(size);
		let at = 0;
		for (const name of names) {
			const end = utf8Write(name, keys, at + 1);
			keys[at] = end - at - 1;
			at = end;
		}
		this.schema = schema;
		this.names = names;
		this.keys = keys;
	}

	/** Reads one head. Arguments above 2^53 lose their low bits, which no use of them minds. */
	private head(): void {
		let { at } = this;
		const { bytes, end } = this;
		if (at >= end) throw invalid("the CBOR is cut short");
		const initial = bytes[at++]!;
		const info = initial & 0x1f;
		const major = initial >> 5;
		this.major = major;
		this.indefinite = false;
		this.argument = info;
		if (info > 23) {
			if (info > 27) {
				if (info !== 31 || major === UINT || major === NINT || major === TAG)
					throw invalid("reserved length in the CBOR");
				this.indefinite = true;
			} else {
				let size = 1 << (info - 24);
				if (at + size > end) throw invalid("the CBOR is cut short");
				let argument = 0;
				for (; size > 0; size--) argument = argument * 256 + bytes[at++]!;
				// A float, or a simple value in two bytes: no known value is one, and false and true in two bytes are not well-formed
				// (RFC 8949, 3.3).
				this.argument = major === SIMPLE ? -1 : argument;
			}
		}
		this.at = at;
	}

	/** Whether a container of indefinite length ends here by a break, which is then taken. */
	private broke(): boolean {
		if (this.at >= this.end || this.bytes[this.at] !== 0xff) return false;
		this.at++;
		return true;
	}

	/** Reads a key and returns its index among the names, -1 for an unknown one. */
	private key(): number {
		this.head();
		if (this.major !== TEXT || this.indefinite) throw invalid("a key is not text");
		const { bytes, keys, argument: length } = this;
		const start = this.take();
		const count = this.names.length;
		for (let index = 0, at = 0; index < count; index++) {
			const size = keys[at++]!;
			if (size === length) {
				let i = 0;
				while (i < length && bytes[start + i] === keys[at + i]) i++;
				if (i === length) return index;
			}
			at += size;
		}
		return -1;
	}

	/** Reads the value of a known key. Undefined stands for an accepted null, INVALID for a wrong type. */
	private field(field: Field<unknown>): unknown {
		const start = this.at;
		this.head();
		if (field.nullable && this.major === SIMPLE && this.argument === NULL) return undefined;
		const { kind } = field;
		if (kind === "uints") return this.list(field, "uint");
		if (kind === "texts") {
			const list = this.list(field, "text");
			if (list !== INVALID || this.bytes[start]! >> 5 !== LIST) return list;
			this.at = start;
			this.skip();
			return [];
		}
		return this.scalar(kind, field.max);
	}

	/** Skips one value, however it is nested. */
	private skip(): void {
		// Entries still to come in each open container. Recursion would let a packet exhaust the stack.
		const open: number[] = [];
		for (;;) {
			this.head();
			if (this.major === TAG) continue;
			let whole = true;
			if (this.major === BYTES || this.major === TEXT) {
				if (this.indefinite) this.skipChunks(this.major);
				else this.take();
			} else if (this.major === LIST || this.major === MAP) {
				const count = this.indefinite ? Number.POSITIVE_INFINITY : this.argument;
				const entries = this.major === MAP ? count * 2 : count;
				if (entries !== Number.POSITIVE_INFINITY && entries > this.end - this.at)
					throw invalid("a CBOR value is cut short");
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

	private list(field: Field<unknown>, kind: Kind): unknown {
		if (this.major !== LIST) return INVALID;
		const list: unknown[] = [];
		for (let left = this.indefinite ? -1 : this.argument; left !== 0; left--) {
			if (left < 0 && this.broke()) break;
			this.head();
			const value = this.scalar(kind, field.max);
			if (value === INVALID) return INVALID;
			if (list.length === MAX_LIST) return INVALID;
			list.push(value);
		}
		return list;
	}

	private scalar(kind: Kind, max: number): unknown {
		const { major, argument } = this;
		if (this.indefinite) return INVALID;
		switch (kind) {
			case "uint":
				return major === UINT && argument <= max ? argument : INVALID;
			case "bytes":
				return major === BYTES ? this.string() : INVALID;
			case "int":
				if (major === NINT && argument <= max) return -1 - argument;
				return major === UINT && argument <= max ? argument : INVALID;
			case "flag":
				if (major === UINT) return argument <= max ? argument === 1 : INVALID;
				return major === SIMPLE && (argument === TRUE || argument === FALSE) ? argument === TRUE : INVALID;
			case "bool":
				return major === SIMPLE && (argument === TRUE || argument === FALSE) ? argument === TRUE : INVALID;
			case "text":
				return major === TEXT ? utf8Decode(this.string()) : INVALID;
			case "utf8":
				return major === TEXT ? new Utf8(this.string()) : INVALID;
			default:
				return INVALID;
		}
	}

	/** A view of the packet. The chunks of an upload have one place in one buffer: the last view serves again. */
	private string(): Uint8Array {
		const start = this.take();
		if (this.bytes !== this.viewed || start !== this.viewStart || this.at !== this.viewEnd) {
			this.viewed = this.bytes;
			this.viewStart = start;
			this.viewEnd = this.at;
			this.view = this.bytes.subarray(start, this.at);
		}
		return this.view;
	}

	private skipChunks(major: number): void {
		for (;;) {
			this.head();
			if (this.major === SIMPLE && this.indefinite) return;
			if (this.major !== major || this.indefinite) throw invalid("a CBOR string holds something else");
			this.take();
		}
	}

	/** Passes over the bytes of the string whose head was read last and returns where they start. */
	private take(): number {
		const { at, argument } = this;
		if (argument > this.end - at) throw invalid("a CBOR string is cut short");
		this.at = at + argument;
		return at;
	}
}
