import { Utf8, utf8Length, utf8Write } from "../bytes/utf8.js";

// Why this and fields.ts, not a CBOR library: an SMP request is one flat map of known keys, and a response nests three
// maps deep. A general decoder recurses, and on XS an exhausted stack ends the machine, so every packet would have to be
// checked first by code as long as the whole reader in fields.ts; it also cannot see a key that comes twice, nor echo text
// that is not UTF-8. cbor-x takes 33 KB of slots and 7 KB of chunks on a Cortex-M55 (90 KB of source), this takes none.

/** What a response can hold. Numbers are integers. Keys whose value is undefined are left out. */
export type Value = number | boolean | string | Utf8 | Uint8Array | readonly Value[] | ResponseMap;

/** The map that a handler answers with. */
export interface ResponseMap {
	readonly [key: string]: Value | undefined;
}

/**
 * Encodes `map` into `into` from `at` on, as Zephyr does: maps and lists of indefinite length, shortest integers (RFC
 * 8949, section 3). Returns the end, or -1 if there is not enough room.
 */
export function encodeMap(map: ResponseMap, into: Uint8Array, at: number): number {
	const writer = new Writer(into, at);
	writer.map(map);
	return writer.full ? -1 : writer.at;
}

class Writer {
	readonly into: Uint8Array;
	at: number;
	/** Set once something did not fit; what follows is dropped. */
	full = false;

	constructor(into: Uint8Array, at: number) {
		this.into = into;
		this.at = at;
	}

	map(map: ResponseMap): void {
		this.#byte(0xbf);
		for (const key of Object.keys(map)) {
			const value = map[key];
			if (value === undefined) continue;
			this.#text(key);
			this.#value(value);
		}
		this.#byte(0xff);
	}

	#value(value: Value): void {
		if (typeof value === "number") this.#integer(value);
		else if (typeof value === "string") this.#text(value);
		else if (typeof value === "boolean") this.#byte(value ? 0xf5 : 0xf4);
		else if (value instanceof Uint8Array) this.#string(0x40, value);
		else if (value instanceof Utf8) this.#string(0x60, value.bytes);
		else if (isList(value)) {
			this.#byte(0x9f);
			for (const item of value) this.#value(item);
			this.#byte(0xff);
		} else this.map(value);
	}

	#integer(value: number): void {
		if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is no integer`);
		if (value >= 0) this.#head(0x00, value);
		else this.#head(0x20, -1 - value);
	}

	#text(text: string): void {
		const length = utf8Length(text);
		this.#head(0x60, length);
		if (this.#room(length)) this.at = utf8Write(text, this.into, this.at);
	}

	#string(major: number, bytes: Uint8Array): void {
		this.#head(major, bytes.length);
		if (!this.#room(bytes.length)) return;
		this.into.set(bytes, this.at);
		this.at += bytes.length;
	}

	#head(major: number, value: number): void {
		if (value < 24) {
			this.#byte(major | value);
			return;
		}
		const size = value < 0x100 ? 1 : value < 0x10000 ? 2 : value < 0x100000000 ? 4 : 8;
		this.#byte(major | (size === 1 ? 24 : size === 2 ? 25 : size === 4 ? 26 : 27));
		for (let shift = size - 1; shift >= 0; shift--) this.#byte(Math.floor(value / 2 ** (8 * shift)) & 0xff);
	}

	#byte(byte: number): void {
		if (this.#room(1)) this.into[this.at++] = byte;
	}

	#room(length: number): boolean {
		if (this.at + length > this.into.length) this.full = true;
		return !this.full;
	}
}

const isList = (value: readonly Value[] | ResponseMap): value is readonly Value[] => Array.isArray(value);
