import type { FlashArea } from "../../../flash/area.js";
import { FlashError } from "../../../flash/error.js";
import { ImageError, imageError } from "./error.js";
import { eraseSectors } from "./flash.js";

/** Sectors that are kept erased ahead of the data, if there is time for it: one to be filled while the other is erased. */
const AHEAD = 2;

/**
 * Writes an image to a slot as it arrives, in pieces of any length. Sectors are erased as the writing gets to them, so
 * that no request takes as long as erasing a slot, or ahead of it; the trailer is erased at once, so that an old mark cannot outlive the
 * image it was for. Bytes that do not fill a program unit wait in memory for those that follow.
 *
 * Methods throw a `GroupError` of the image group.
 */
export class ImageWriter {
	readonly area: FlashArea;
	/** Where the image starts, bytes from the start of the area. */
	readonly start: number;
	/** First sector of the trailer, and the one behind the image's last, but for what lies in the trailer's. */
	readonly #trailerSector: number;
	readonly #end: number;
	/** Sectors before this one are erased, or hold what was written. */
	#erased: number;
	#written = 0;
	readonly #tail: Uint8Array;
	#tailLength = 0;

	/** For an image of `size` bytes. `trailer` is the offset of the trailer in the area. */
	constructor(area: FlashArea, start: number, size: number, trailer: number) {
		this.area = area;
		this.start = start;
		this.#trailerSector = Math.floor(trailer / area.sectorSize);
		this.#end = Math.min(Math.ceil((start + size) / area.sectorSize), this.#trailerSector);
		this.#erased = Math.floor(start / area.sectorSize);
		this.#tail = new Uint8Array(area.writeAlign);
	}

	/** Bytes of the image that the flash holds. */
	get written(): number {
		return this.#written;
	}

	/** Erases the trailer, and what lies in front of the image: by offset, MCUboot rejects an upgrade that finds an image there. */
	begin(): void {
		eraseSectors(this.area, this.#trailerSector, this.area.sectors);
		eraseSectors(this.area, 0, this.#erased);
	}

	/** Goes on behind the first `written` bytes, which the flash holds: whole sectors. */
	resume(written: number): void {
		this.#written = written;
		this.#erased = (this.start + written) / this.area.sectorSize;
	}

	/** Whether there is a sector that data will get to soon, and that is not erased. */
	get behind(): boolean {
		const erased = this.#erased;
		return erased < this.#end && this.start + this.#written > (erased - AHEAD) * this.area.sectorSize;
	}

	/** Erases the next sector. */
	eraseAhead(): void {
		eraseSectors(this.area, this.#erased, this.#erased + 1);
		this.#erased++;
	}

	write(data: Uint8Array): void {
		const tail = this.#tail;
		const unit = this.area.writeAlign;
		const { length } = data;
		let at = 0;
		if (this.#tailLength > 0) {
			at = this.#keep(data, 0, Math.min(unit - this.#tailLength, length));
			if (this.#tailLength < unit) return;
			this.#tailLength = 0;
			this.#program(tail, unit);
		}
		const end = length - ((length - at) % unit);
		if (end > at) this.#program(at === 0 && end === length ? data : data.subarray(at, end), end - at);
		this.#keep(data, end, length);
	}

	/** Keeps bytes `at` up to `end`, less than a program unit, for later. Returns `end`. */
	#keep(data: Uint8Array, at: number, end: number): number {
		while (at < end) this.#tail[this.#tailLength++] = data[at++]!;
		return end;
	}

	/** Writes what still waits, filled up with erased bytes. */
	finish(): void {
		if (this.#tailLength === 0) return;
		this.#tail.fill(this.area.erasedValue, this.#tailLength);
		this.#tailLength = 0;
		this.#program(this.#tail, this.#tail.length);
	}

	#program(bytes: Uint8Array, length: number): void {
		const { area } = this;
		const offset = this.start + this.#written;
		if (offset + length > this.#erased * area.sectorSize) this.#eraseUpTo(offset + length);
		try {
			area.write(bytes, offset);
		} catch (error) {
			if (error instanceof FlashError) throw imageError(ImageError.FLASH_WRITE_FAILED, error.message);
			throw error;
		}
		this.#written += length;
	}

	#eraseUpTo(offset: number): void {
		const end = Math.min(Math.ceil(offset / this.area.sectorSize), this.#trailerSector);
		if (end <= this.#erased) return;
		eraseSectors(this.area, this.#erased, end);
		this.#erased = end;
	}
}
