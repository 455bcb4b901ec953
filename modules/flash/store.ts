import { crc32 } from "../bytes/crc32.js";
import type { FlashArea } from "./area.js";

// The format (docs/SMP.md, Storage): two banks, one of them in use. A bank is a head of 32 bytes and then records, each in a
// whole number of write units. Numbers are little endian.
//
//   head    magic "XKV1", sequence u32, CRC-32 of these eight bytes; the rest stays erased
//   record  length of the name u8, kind u8 (1 value, 2 deleted), length of the value u16, CRC-32 u32, name, value
//
// The bank in use is the one with a whole head and the higher sequence. A change is one record at the end, written by one
// operation: a power cut damages that record at most, and what is damaged is not believed. When the bank is full, what still
// counts is copied to the other one, whose head is written last of all; until then the old bank counts.

const HEAD_SIZE = 32;
const MAGIC = 0x31564b58;
const RECORD_HEAD = 8;
const VALUE = 1;
const DELETED = 2;

/** Where the value of a name lies. */
interface Place {
	readonly offset: number;
	readonly length: number;
}

/** Which sectors of an area a store uses. */
export interface StoreRange {
	/** First sector. Default 0. */
	readonly first?: number;
	/** How many, two at least; of an odd number the last stays unused. Default: all behind the first. */
	readonly sectors?: number;
}

/**
 * Values by name on flash, which survive resets and power cuts: after a cut each name has its value from before the change or
 * the one from after it. Names are ASCII of 1 to 255 bytes. Memory holds the places, not the values.
 *
 * ```ts
 * const store = new FlashStore(map.area(16));
 * store.set("net/name", Uint8Array.of(0x78, 0x73));
 * ```
 */
export class FlashStore {
	readonly #area: FlashArea;
	readonly #banks: readonly [number, number];
	readonly #bankSize: number;
	readonly #places = new Map<string, Place>();
	/** The bank in use, and where in it the next record goes; -1: nowhere, something damaged lies there. */
	#bank = 0;
	#end = -1;
	#sequence = 0;

	/** Throws a RangeError if the sectors are too few. */
	constructor(area: FlashArea, { first = 0, sectors = area.sectors - first }: StoreRange = {}) {
		const half = Math.floor(sectors / 2);
		if (half < 1 || first < 0 || first + sectors > area.sectors) throw new RangeError("a store needs two sectors");
		if (area.writeAlign > HEAD_SIZE) throw new RangeError(`write units of ${area.writeAlign} bytes are too large`);
		this.#area = area;
		this.#bankSize = half * area.sectorSize;
		this.#banks = [first * area.sectorSize, (first + half) * area.sectorSize];
		this.load();
	}

	/** Bytes that all values together can take, their names and heads counted; see `size`. */
	get capacity(): number {
		return this.#bankSize - HEAD_SIZE;
	}

	/** Bytes that a value takes. */
	size(name: string, length: number): number {
		const { writeAlign } = this.#area;
		return Math.ceil((RECORD_HEAD + name.length + length) / writeAlign) * writeAlign;
	}

	names(): string[] {
		return [...this.#places.keys()];
	}

	has(name: string): boolean {
		return this.#places.has(name);
	}

	/** A copy of the value, or undefined. Throws a `FlashError`. */
	get(name: string): Uint8Array | undefined {
		const place = this.#places.get(name);
		return place && this.#area.bytes(place.offset, place.length);
	}

	/** Writes a value unless it is there already. Throws a RangeError if it does not fit, a `FlashError` if the flash fails. */
	set(name: string, value: Uint8Array): void {
		const present = this.get(name);
		if (present && same(present, value)) return;
		let used = this.size(name, value.length);
		for (const [other, { length }] of this.#places) if (other !== name) used += this.size(other, length);
		if (used > this.capacity) throw new RangeError("the storage is full");
		this.#append(name, VALUE, value);
	}

	/** Returns false if there is no such name. Throws a `FlashError`. */
	delete(name: string): boolean {
		if (!this.#places.has(name)) return false;
		this.#append(name, DELETED, new Uint8Array(0));
		return true;
	}

	/** Reads the flash anew, as after something else erased it. Throws a `FlashError`. */
	load(): void {
		this.#places.clear();
		this.#end = -1;
		const sequences = this.#banks.map((bank) => this.#head(bank));
		const newest = (sequences[1] ?? 0) > (sequences[0] ?? 0) ? 1 : 0;
		const sequence = sequences[newest];
		this.#bank = newest;
		this.#sequence = sequence ?? 0;
		if (sequence !== undefined) this.#end = this.#records(this.#banks[newest]!);
	}

	#head(bank: number): number | undefined {
		const head = this.#area.bytes(bank, 12);
		if (u32(head, 0) !== MAGIC || u32(head, 8) !== crc32(head.subarray(0, 8))) return undefined;
		return u32(head, 4);
	}

	/** Takes the records of a bank. Returns where the next one goes, -1 if what lies there is damaged. */
	#records(bank: number): number {
		const end = bank + this.#bankSize;
		let at = bank + HEAD_SIZE;
		while (at + RECORD_HEAD <= end) {
			const head = this.#area.bytes(at, RECORD_HEAD);
			const nameLength = head[0]!;
			const length = u16(head, 2);
			const size = Math.ceil((RECORD_HEAD + nameLength + length) / this.#area.writeAlign) * this.#area.writeAlign;
			if (at + size > end) break;
			const body = this.#area.bytes(at + RECORD_HEAD, nameLength + length);
			if (nameLength === 0 || u32(head, 4) !== crc32(body, crc32(head.subarray(0, 4)))) break;
			const name = String.fromCharCode(...body.subarray(0, nameLength));
			if (head[1] === VALUE) this.#places.set(name, { offset: at + RECORD_HEAD + nameLength, length });
			else this.#places.delete(name);
			at += size;
		}
		// A cut record may begin as if nothing were there, so all that follows is looked at.
		return this.#area.isErased(at, end - at) ? at : -1;
	}

	#append(name: string, kind: number, value: Uint8Array): void {
		const record = this.#record(name, kind, value);
		if (this.#end < 0 || this.#end + record.length > this.#banks[this.#bank]! + this.#bankSize) {
			this.#compact(name, kind, record, value.length);
			return;
		}
		const at = this.#end;
		// If the write fails, what lies there is not known.
		this.#end = -1;
		this.#area.write(record, at);
		this.#end = at + record.length;
		this.#note(name, kind, at, value.length);
	}

	/** Moves everything that counts, with one change, to the other bank. */
	#compact(name: string, kind: number, record: Uint8Array, length: number): void {
		const next = 1 - this.#bank;
		const bank = this.#banks[next]!;
		const places = new Map<string, Place>();
		this.#area.erase(bank, this.#bankSize);
		let at = bank + HEAD_SIZE;
		const put = (each: string, bytes: Uint8Array, valueLength: number): void => {
			this.#area.write(bytes, at);
			places.set(each, { offset: at + RECORD_HEAD + each.length, length: valueLength });
			at += bytes.length;
		};
		for (const [other, place] of this.#places) {
			if (other === name) continue;
			const value = this.#area.bytes(place.offset, place.length);
			put(other, this.#record(other, VALUE, value), place.length);
		}
		if (kind === VALUE) put(name, record, length);
		const head = new Uint8Array(HEAD_SIZE).fill(this.#area.erasedValue);
		setU32(head, 0, MAGIC);
		setU32(head, 4, this.#sequence + 1);
		setU32(head, 8, crc32(head.subarray(0, 8)));
		const unit = this.#area.writeAlign;
		this.#area.write(head.subarray(0, Math.ceil(12 / unit) * unit), bank);
		this.#places.clear();
		for (const [each, place] of places) this.#places.set(each, place);
		this.#bank = next;
		this.#sequence++;
		this.#end = at;
	}

	#record(name: string, kind: number, value: Uint8Array): Uint8Array {
		if (!/^[\x20-\x7e]{1,255}$/.test(name)) throw new RangeError("a name is 1 to 255 characters of ASCII");
		if (value.length > 0xffff) throw new RangeError("a value has at most 65535 bytes");
		const record = new Uint8Array(this.size(name, value.length)).fill(this.#area.erasedValue);
		record[0] = name.length;
		record[1] = kind;
		record[2] = value.length & 0xff;
		record[3] = value.length >> 8;
		for (let i = 0; i < name.length; i++) record[RECORD_HEAD + i] = name.charCodeAt(i);
		record.set(value, RECORD_HEAD + name.length);
		const body = record.subarray(RECORD_HEAD, RECORD_HEAD + name.length + value.length);
		setU32(record, 4, crc32(body, crc32(record.subarray(0, 4))));
		return record;
	}

	#note(name: string, kind: number, at: number, length: number): void {
		if (kind === VALUE) this.#places.set(name, { offset: at + RECORD_HEAD + name.length, length });
		else this.#places.delete(name);
	}
}

const same = (a: Uint8Array, b: Uint8Array): boolean => {
	if (a.length !== b.length) return false;
	for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
	return true;
};

const u16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

const u32 = (bytes: Uint8Array, at: number): number =>
	(u16(bytes, at) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)) >>> 0;

function setU32(bytes: Uint8Array, at: number, value: number): void {
	for (let i = 0; i < 4; i++) bytes[at + i] = (value >>> (8 * i)) & 0xff;
}
