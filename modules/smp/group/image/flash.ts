import type { Hasher } from "../../../bytes/digest.js";
import type { FlashArea } from "../../../flash/area.js";
import { FlashError } from "../../../flash/error.js";
import { ImageError, imageError } from "./error.js";

/** Bytes of flash that are read at a time to be hashed. */
const READ_SIZE = 256;

/**
 * Erases what is not blank of sectors `first` up to, not including, `end`. From the last one down: the trailer goes first,
 * so that a power cut cannot leave a mark on an image that is half erased. Returns whether anything was not blank. Throws a
 * `GroupError` of the image group.
 */
export function eraseSectors(area: FlashArea, first: number, end: number): boolean {
	const { sectorSize } = area;
	let erased = false;
	for (let sector = end - 1; sector >= first; sector--) {
		try {
			if (area.isErased(sector * sectorSize, sectorSize)) continue;
			area.erase(sector * sectorSize, sectorSize);
			erased = true;
		} catch (error) {
			if (error instanceof FlashError) throw imageError(ImageError.FLASH_ERASE_FAILED, error.message);
			throw error;
		}
	}
	return erased;
}

/** Feeds a hash with `length` bytes of flash. Throws a `GroupError` of the image group if they cannot be read. */
export function hashFlash(area: FlashArea, offset: number, length: number, hasher: Hasher): void {
	new FlashHash(area, offset, hasher).update(length, true);
}

/** A hash over flash that is still being written. */
export class FlashHash {
	readonly #area: FlashArea;
	readonly #start: number;
	readonly #hasher: Hasher;
	readonly #buffer = new Uint8Array(READ_SIZE);
	/** Bytes so far. */
	#done = 0;

	/** Begins at `start` in `area`. */
	constructor(area: FlashArea, start: number, hasher: Hasher) {
		this.#area = area;
		this.#start = start;
		this.#hasher = hasher;
	}

	/**
	 * Goes on up to `length` bytes from the start, but for a rest that does not fill the buffer, which waits for more unless this
	 * is the `last` of it. Throws a `GroupError` of the image group if they cannot be read.
	 */
	update(length: number, last: boolean): void {
		const buffer = this.#buffer;
		try {
			while (length - this.#done >= READ_SIZE) this.#take(buffer, READ_SIZE);
			if (last && length > this.#done) this.#take(buffer.subarray(0, length - this.#done), length - this.#done);
		} catch (error) {
			if (error instanceof FlashError) throw imageError(ImageError.FLASH_READ_FAILED, error.message);
			throw error;
		}
	}

	digest(): Uint8Array {
		return this.#hasher.digest();
	}

	#take(part: Uint8Array, size: number): void {
		this.#area.read(part, this.#start + this.#done);
		this.#hasher.update(part);
		this.#done += size;
	}
}
