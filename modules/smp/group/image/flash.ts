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
	const buffer = new Uint8Array(Math.max(0, Math.min(READ_SIZE, length)));
	try {
		for (let done = 0; done < length; ) {
			const part = buffer.subarray(0, Math.min(buffer.length, length - done));
			area.read(part, offset + done);
			hasher.update(part);
			done += part.length;
		}
	} catch (error) {
		if (error instanceof FlashError) throw imageError(ImageError.FLASH_READ_FAILED, error.message);
		throw error;
	}
}
