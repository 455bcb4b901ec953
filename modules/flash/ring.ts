import { crc32 } from "../bytes/crc32.js";
import { readU32, u32Bytes } from "../bytes/little-endian.js";
import type { FlashArea } from "./area.js";

// The format (docs/SMP.md, Storage): records of one size in a ring of whole sectors. A record begins with its number, u32 little
// endian, which counts up, and ends with the CRC-32 of what is in front. When the ring comes to a sector with something in it, it
// erases that one.

/** Bytes of a record's number, and of its CRC. */
const NUMBER = 4;
const CRC = 4;

/** The number of a record that was never written. */
const NONE = 0xffffffff;

/** More places than a ring has. */
const PLACES = 0x10000;

/** Which sectors of an area a ring uses, and the size of its records. */
export interface RingRange {
	/** First sector. */
	readonly first: number;
	/** How many, two at least. */
	readonly sectors: number;
	/** Bytes of a record, number and CRC counted: whole write units, and a sector is whole records. */
	readonly record: number;
}

/** The number of a record. */
export const ringNumber = (record: Uint8Array): number => readU32(record, 0);

/**
 * Records in some sectors of a flash area, which overwrite the oldest ones. A power cut loses the record that is being written,
 * and nothing else. Throws a `FlashError` if the flash fails.
 */
export class FlashRing {
	readonly #area: FlashArea;
	readonly #size: number;
	readonly #start: number;
	readonly #end: number;
	/** Address of the next record in the area. */
	#at: number;
	/** Whether the ring was found erased. */
	#blank = true;

	/** Throws a RangeError if the sectors cannot hold it. */
	constructor(area: FlashArea, { first, sectors, record }: RingRange) {
		if (sectors < 2 || first < 0 || first + sectors > area.sectors)
			throw new RangeError("a ring of records needs two sectors");
		if (record % area.writeAlign !== 0) throw new RangeError(`write units of ${area.writeAlign} bytes are too large`);
		if (area.size / record > PLACES) throw new RangeError("the ring is too long");
		if (area.sectorSize % record !== 0) throw new RangeError(`sectors of ${area.sectorSize} bytes are too small`);
		this.#area = area;
		this.#size = record;
		this.#start = first * area.sectorSize;
		this.#end = this.#start + sectors * area.sectorSize;
		this.#at = this.#start;
	}

	/** Whether the ring has nothing in it, not even something that is no record. */
	get blank(): boolean {
		return this.#blank;
	}

	/** Finds its place, and returns the newest record. */
	load(): Uint8Array | undefined {
		this.#at = this.#start;
		this.#blank = this.#area.isErased(this.#start, this.#end - this.#start);
		if (this.#blank) return undefined;
		const head = new Uint8Array(NUMBER);
		// A CRC takes its time, so the highest number is looked at first; if that is no record, then the next one below.
		for (let below = Number.POSITIVE_INFINITY; ; ) {
			let highest = -1;
			for (let at = this.#start, place = 0; at < this.#end; at += this.#size, place++) {
				this.#area.read(head, at);
				const number = readU32(head, 0);
				if (number === NONE) continue;
				const key = number * PLACES + place;
				if (key < below && key > highest) highest = key;
			}
			if (highest < 0) return undefined;
			const at = this.#start + (highest % PLACES) * this.#size;
			const record = this.#read(at);
			if (record) {
				this.#at = this.#next(at);
				return record;
			}
			below = highest;
		}
	}

	/** Shows the records to `visit`, newest first, until it returns false. */
	walk(visit: (record: Uint8Array) => boolean): void {
		if (this.#blank) return;
		const places = (this.#end - this.#start) / this.#size;
		let at = this.#at;
		for (let i = 0; i < places; i++) {
			at = at === this.#start ? this.#end - this.#size : at - this.#size;
			const record = this.#read(at);
			if (record && !visit(record)) return;
		}
	}

	/** Writes a record; its last four bytes become the CRC. */
	append(record: Uint8Array): void {
		const area = this.#area;
		const { sectorSize } = area;
		// What a power cut left behind is passed over; a sector is erased when the ring comes to its start.
		while (this.#at % sectorSize !== 0 && !area.isErased(this.#at, this.#size)) this.#at = this.#next(this.#at);
		if (this.#at % sectorSize === 0 && !area.isErased(this.#at, sectorSize)) area.erase(this.#at, sectorSize);
		const at = this.#at;
		this.#at = this.#next(at);
		this.#blank = false;
		const end = this.#size - CRC;
		record.set(u32Bytes(crc32(record.subarray(0, end))), end);
		area.write(record, at);
	}

	#next(at: number): number {
		return at + this.#size === this.#end ? this.#start : at + this.#size;
	}

	#read(at: number): Uint8Array | undefined {
		const record = this.#area.bytes(at, this.#size);
		if (ringNumber(record) === NONE) return undefined;
		const end = this.#size - CRC;
		return readU32(record, end) === crc32(record.subarray(0, end)) ? record : undefined;
	}
}
