import { crc32 } from "../../bytes/crc32.js";
import type { FlashArea } from "../../flash/area.js";
import type { AuditRecord } from "../protocol/audit.js";

// The format (docs/SMP.md, Storage): records of 32 bytes in a ring of whole sectors, numbers little endian.
//
//   0   number u32, counts up    4   time u32     8   group u16     10  command u8    11  zero
//   12  error u16, 0: none       14  group whose error it is u16, 0xffff: none
//   16  transport, ASCII, 8 bytes, zeros behind     24  how often u32, 0: once        28  CRC-32 of what is in front
//
// When the ring comes to a sector with something in it, it erases that one.

const RECORD = 32;
const NO_GROUP = 0xffff;

/** So much of a transport's name is kept, bytes. */
export const TRANSPORT_SIZE = 8;

/**
 * Records in some sectors of a flash area, which overwrite the oldest ones. Throws a `FlashError` if the flash fails.
 */
export class AuditRing {
	readonly #area: FlashArea;
	readonly #start: number;
	readonly #end: number;
	/** Address of the next record in the area. */
	#at = 0;

	/** Throws a RangeError if the sectors cannot hold it. */
	constructor(area: FlashArea, first: number, sectors: number) {
		if (sectors < 2 || first < 0 || first + sectors > area.sectors)
			throw new RangeError("a ring of records needs two sectors");
		if (RECORD % area.writeAlign !== 0) throw new RangeError(`write units of ${area.writeAlign} bytes are too large`);
		this.#area = area;
		this.#start = first * area.sectorSize;
		this.#end = this.#start + sectors * area.sectorSize;
	}

	/** Finds its place, and returns the newest record. */
	load(): AuditRecord | undefined {
		this.#at = this.#start;
		let newest: AuditRecord | undefined;
		for (let at = this.#start; at < this.#end; at += RECORD) {
			const record = this.#read(at);
			if (!record || record.number < (newest?.number ?? 0)) continue;
			newest = record;
			this.#at = this.#next(at);
		}
		return newest;
	}

	/** At most `most` records with numbers below `before`, newest first. */
	records(before: number, most: number): AuditRecord[] {
		const found: AuditRecord[] = [];
		const slots = (this.#end - this.#start) / RECORD;
		let at = this.#at;
		for (let i = 0; i < slots && found.length < most; i++) {
			at = at === this.#start ? this.#end - RECORD : at - RECORD;
			const record = this.#read(at);
			if (record && record.number < before) found.push(record);
		}
		return found;
	}

	append(record: AuditRecord): void {
		const area = this.#area;
		const { sectorSize } = area;
		// What a power cut left behind is passed over; a sector is erased when the ring comes to its start.
		while (this.#at % sectorSize !== 0 && !area.isErased(this.#at, RECORD)) this.#at = this.#next(this.#at);
		if (this.#at % sectorSize === 0 && !area.isErased(this.#at, sectorSize)) area.erase(this.#at, sectorSize);
		const at = this.#at;
		this.#at = this.#next(at);
		area.write(encode(record), at);
	}

	#next(at: number): number {
		return at + RECORD === this.#end ? this.#start : at + RECORD;
	}

	#read(at: number): AuditRecord | undefined {
		const record = this.#area.bytes(at, RECORD);
		const view = new DataView(record.buffer);
		if (view.getUint32(28, true) !== crc32(record.subarray(0, 28))) return undefined;
		let transport = "";
		for (let i = 16; i < 16 + TRANSPORT_SIZE && record[i] !== 0; i++) transport += String.fromCharCode(record[i]!);
		const errorGroup = view.getUint16(14, true);
		return {
			number: view.getUint32(0, true),
			time: view.getUint32(4, true),
			group: view.getUint16(8, true),
			command: record[10]!,
			transport,
			rc: view.getUint16(12, true),
			errorGroup: errorGroup === NO_GROUP ? undefined : errorGroup,
			times: view.getUint32(24, true) || undefined,
		};
	}
}

function encode({ number, time, group, command, transport, rc, errorGroup, times = 0 }: AuditRecord): Uint8Array {
	const record = new Uint8Array(RECORD);
	const view = new DataView(record.buffer);
	view.setUint32(0, number, true);
	view.setUint32(4, time >>> 0, true);
	view.setUint16(8, group, true);
	record[10] = command;
	view.setUint16(12, rc, true);
	view.setUint16(14, errorGroup ?? NO_GROUP, true);
	for (let i = 0; i < Math.min(TRANSPORT_SIZE, transport.length); i++) record[16 + i] = transport.charCodeAt(i) & 0x7f;
	view.setUint32(24, times, true);
	view.setUint32(28, crc32(record.subarray(0, 28)), true);
	return record;
}
