import { asObject, Utf8, utf8Length, utf8Write } from "../bytes/utf8.js";

// Why this and fields.ts, not a CBOR library: an SMP request is one flat map of known keys, and a response nests three
// maps deep. A general decoder recurses, and on XS an exhausted stack ends the machine, so every packet would have to be
// checked first by code as long as the whole reader in fields.ts; it also cannot see a key that comes twice, nor echo text
// that is not UTF-8. cbor-x takes 33 KB of slots and 7 KB of chunks on a Cortex-M55 (90 KB of source), this takes none.

/** What a response can hold. Numbers are integers. Keys whose value is undefined are left out. */
export type Value = number | boolean | string | Utf8 | Uint8Array | readonly Value[] | ResponseMap;

/** How deep the maps and lists of a response may nest. On XS an exhausted stack ends the machine. */
const DEEPEST = 8;

/** The map that a handler answers with. */
export interface ResponseMap {
	readonly [key: string]: Value | undefined;
}

/**
 * Encodes `map` into `into` from `at` on, as Zephyr does: maps and lists of indefinite length, shortest integers (RFC
 * 8949, section 3). Returns the end, or -1 if there is not enough room.
 */
export function encodeMap(map: ResponseMap, into: Uint8Array, at: number): number {
	return new MapEncoder(into).encode(map, at);
}

/**
 * Encodes one map after the other into the same bytes. What does not fit is not written, but counted: an assignment behind the
 * end of a typed array does nothing.
 */
export class MapEncoder {
	private readonly into: Uint8Array;
	private at = 0;
	private depth = 0;

	constructor(into: Uint8Array) {
		this.into = into;
	}

	/** `encodeMap`. Throws a RangeError for a map that nests too deep, or goes round in circles. */
	encode(map: ResponseMap, at: number): number {
		this.at = at;
		this.depth = 0;
		this.map(map);
		return this.at > this.into.length ? -1 : this.at;
	}

	private map(map: ResponseMap): void {
		if (map instanceof Promise) throw new RangeError("a promise is no answer: a handler answers when it returns");
		this.into[this.at++] = 0xbf;
		const keys = Object.keys(map);
		for (let i = 0, count = keys.length; i < count; i++) {
			const key = keys[i]!;
			const value = map[key];
			if (value === undefined) continue;
			this.text(key);
			this.value(value);
		}
		this.into[this.at++] = 0xff;
	}

	private value(value: Value): void {
		if (typeof value === "number") this.integer(value);
		else if (typeof value === "string") this.text(value);
		else if (typeof value === "boolean") this.into[this.at++] = value ? 0xf5 : 0xf4;
		else if (value instanceof Uint8Array) this.string(0x40, value);
		else if (value instanceof Utf8) this.string(0x60, value.bytes);
		else {
			if (++this.depth > DEEPEST) throw new RangeError(`a response nests ${DEEPEST} maps and lists at most`);
			if (isList(value)) {
				this.into[this.at++] = 0x9f;
				for (let i = 0; i < value.length; i++) this.value(value[i]!);
				this.into[this.at++] = 0xff;
			} else this.map(value);
			this.depth--;
		}
	}

	private integer(value: number): void {
		if ((value | 0) !== value && !Number.isSafeInteger(value)) throw new RangeError(`${value} is no integer`);
		if (value >= 0) this.head(0x00, value);
		else this.head(0x20, -1 - value);
	}

	/** Nearly all text is ASCII: each character is a byte, as long as none is found that is not. */
	private text(text: string): void {
		const { into } = this;
		const characters = asObject(text);
		const { length } = characters;
		const start = this.at;
		this.head(0x60, length);
		let at = this.at;
		// XS looks for a character from the beginning, so that a long text takes the square of its length.
		if (at + length > into.length) {
			this.at += length;
			return;
		}
		for (let i = 0; i < length; i++) {
			const code = characters.charCodeAt(i);
			if (code >= 0x80) {
				this.at = start;
				this.wideText(text);
				return;
			}
			into[at++] = code;
		}
		this.at = at;
	}

	private wideText(text: string): void {
		const length = utf8Length(text);
		this.head(0x60, length);
		if (this.at + length <= this.into.length) utf8Write(text, this.into, this.at);
		this.at += length;
	}

	private string(major: number, bytes: Uint8Array): void {
		this.head(major, bytes.length);
		if (this.at + bytes.length <= this.into.length) this.into.set(bytes, this.at);
		this.at += bytes.length;
	}

	private head(major: number, value: number): void {
		if (value < 24) this.into[this.at++] = major | value;
		else if (value < 0x100) {
			this.into[this.at++] = major | 24;
			this.into[this.at++] = value;
		} else if (value < 0x10000) {
			this.into[this.at++] = major | 25;
			this.into[this.at++] = value >> 8;
			this.into[this.at++] = value & 0xff;
		} else if (value < 0x100000000) {
			this.into[this.at++] = major | 26;
			this.word(value);
		} else {
			this.into[this.at++] = major | 27;
			this.word(Math.floor(value / 0x100000000));
			this.word(value);
		}
	}

	/** The lowest 32 bits. */
	private word(value: number): void {
		this.into[this.at++] = value >>> 24;
		this.into[this.at++] = (value >>> 16) & 0xff;
		this.into[this.at++] = (value >>> 8) & 0xff;
		this.into[this.at++] = value & 0xff;
	}
}

const isList = (value: readonly Value[] | ResponseMap): value is readonly Value[] => Array.isArray(value);
