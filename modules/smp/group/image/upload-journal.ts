import { crc16 } from "../../../bytes/crc16.js";
import { readU32, u32Bytes } from "../../../bytes/little-endian.js";
import type { FlashArea } from "../../../flash/area.js";
import { FlashError } from "../../../flash/error.js";

/** Label of the flash area that the journal has to itself. */
export const UPLOAD_JOURNAL = "upload-journal";

/** An upload that a reset broke off. */
export interface JournalEntry {
	readonly slot: number;
	/** Length of the file, bytes. */
	readonly size: number;
	/** SHA-256 of the file. */
	readonly sha: Uint8Array;
	/** Bytes from the start of the file that the flash surely holds: whole sectors. */
	readonly written: number;
}

const MAGIC = 0x4a505558;
const SHA_OFFSET = 12;
const CRC_OFFSET = 44;
const RECORD = 48;

/**
 * Remembers in a flash area of its own which file an upload is of and how far it is, so that the upload goes on after a
 * reset. SMP itself does not offer that: the first packet of a file names its SHA-256, from which nobody can tell whether
 * what lies in a slot is the beginning of that file.
 *
 * The first sector of the area holds, each padded to the program unit: a record (little endian: u32 magic "XUPJ", u32 slot,
 * u32 size, 32 bytes SHA-256, u16 zero, u16 CRC-16/XMODEM of what is in front), a unit that is programmed when the upload has
 * ended, and one for each part of the image that is in flash whole. A part is a sector, or several if the units would not
 * suffice. The record is written before the slot is touched and a part is marked after its last byte was written, so that
 * after a cut at any moment the journal promises no more than the slot holds.
 *
 * A journal whose flash fails is of no use and in nobody's way: uploads then start at 0, as without one.
 */
export class UploadJournal {
	readonly #area: FlashArea;
	readonly #unit: number;
	/** Where the unit that ends the upload, and those of the parts begin. */
	readonly #end: number;
	/** Bytes of the image that one unit stands for, in the upload that is under way. */
	#part = 0;
	#marked = 0;

	constructor(area: FlashArea) {
		this.#area = area;
		this.#unit = area.writeAlign;
		this.#end = Math.ceil(RECORD / this.#unit) * this.#unit;
	}

	/** The upload that was under way; undefined if there was none. `slotSector` is the sector size of its slot. */
	read(slotSector: number): JournalEntry | undefined {
		return attempt(() => {
			const record = this.#area.bytes(0, RECORD);
			const crc = (record[CRC_OFFSET + 2]! << 8) | record[CRC_OFFSET + 3]!;
			if (readU32(record, 0) !== MAGIC || crc16(record.subarray(0, CRC_OFFSET + 2)) !== crc) return undefined;
			if (!this.#area.isErased(this.#end, this.#unit)) return undefined;
			const size = readU32(record, 8);
			this.#part = this.#partOf(size, slotSector);
			this.#marked = 0;
			// A mark that a power cut left half-written is one: it comes after what it stands for.
			while (this.#marked < this.#units && !this.#area.isErased(this.#at(this.#marked), this.#unit)) this.#marked++;
			const sha = record.slice(SHA_OFFSET, CRC_OFFSET);
			return { slot: readU32(record, 4), size, sha, written: Math.min(size, this.#marked * this.#part) };
		});
	}

	/** An upload begins; what was under way is forgotten. */
	begin(slot: number, size: number, sha: Uint8Array, slotSector: number): void {
		this.#part = 0;
		attempt(() => {
			const { sectorSize } = this.#area;
			if (!this.#area.isErased(0, sectorSize)) this.#area.erase(0, sectorSize);
			const record = new Uint8Array(this.#end).fill(this.#area.erasedValue);
			record.fill(0, 0, RECORD);
			record.set(u32Bytes(MAGIC), 0);
			record.set(u32Bytes(slot), 4);
			record.set(u32Bytes(size), 8);
			record.set(sha, SHA_OFFSET);
			const crc = crc16(record.subarray(0, CRC_OFFSET + 2));
			record[CRC_OFFSET + 2] = crc >> 8;
			record[CRC_OFFSET + 3] = crc & 0xff;
			this.#area.write(record, 0);
			this.#marked = 0;
			this.#part = this.#partOf(size, slotSector);
		});
	}

	/** The flash holds the first `written` bytes of the image. */
	reached(written: number): void {
		if (this.#part !== 0 && (this.#marked + 1) * this.#part <= written) this.#mark(written);
	}

	#mark(written: number): void {
		attempt(() => {
			for (; (this.#marked + 1) * this.#part <= written; this.#marked++)
				this.#area.write(new Uint8Array(this.#unit), this.#at(this.#marked));
		});
	}

	/** The upload is at its end, or the slot is about to hold something else. */
	end(): void {
		this.#part = 0;
		attempt(() => {
			if (this.#area.isErased(0, this.#end) || !this.#area.isErased(this.#end, this.#unit)) return;
			this.#area.write(new Uint8Array(this.#unit), this.#end);
		});
	}

	/** Erases what an upload that has ended left, so that the next one does not have to. */
	clear(): void {
		attempt(() => {
			if (this.#area.isErased(this.#end, this.#unit)) return;
			this.#area.erase(0, this.#area.sectorSize);
		});
	}

	#at(part: number): number {
		return this.#end + (part + 1) * this.#unit;
	}

	/** How many parts the sector has units for. */
	get #units(): number {
		return Math.floor((this.#area.sectorSize - this.#end) / this.#unit) - 1;
	}

	#partOf(size: number, slotSector: number): number {
		return slotSector * Math.max(1, Math.ceil(size / slotSector / this.#units));
	}
}

function attempt<T>(action: () => T): T | undefined {
	try {
		return action();
	} catch (error) {
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}
