import { keyOf } from "./encryption-swap.js";
import { copyRegion, eraseRegion, firstTrailerSector } from "./flash-ops.js";
import { raiseCounter } from "./rollback.js";
import { type Boot, type ImageState, LoaderHalt, PRIMARY, SECONDARY } from "./state.js";
import { imageExtent } from "./swap.js";

/** Bytes that are copied of an image of `total`. */
export const copyLength = (image: ImageState, total: number): number => {
	const { writeAlign } = image.primary.area;
	// Rounded up to the program unit by one unit too many where the size is a multiple of it, as MCUboot does.
	return total + writeAlign - (total % writeAlign);
};

/**
 * Copies the secondary image over the primary slot, of which only the sectors that it covers and the trailer are erased
 * (MCUboot `boot_copy_image`, with `MCUBOOT_OVERWRITE_ONLY_FAST`). Nothing of it can be resumed.
 */
export function copyImage(boot: Boot, image: ImageState, onChunk?: () => void): void {
	const { primary, secondary } = image;
	const { area } = primary;
	const { total } = imageExtent(image, SECONDARY);
	const covered = Math.max(1, Math.ceil(total / area.sectorSize)) * area.sectorSize;
	eraseRegion(area, 0, covered);
	const trailer = firstTrailerSector(primary) * area.sectorSize;
	eraseRegion(area, trailer, area.size - trailer);
	const source = (boot.bootutil.mode.updateSector ?? 0) * secondary.area.sectorSize;
	const key = keyOf(boot, image, SECONDARY);
	const { decryption } = image;
	const decrypt =
		key && decryption && ((chunk: Uint8Array, done: number) => decryption.crypt(key, secondary.header, chunk, done));
	copyRegion(secondary.area, area, source, 0, copyLength(image, total), decrypt, onChunk);
	primary.trailer.writeMagic();
	if (boot.config.hwRollback) {
		const fault = raiseCounter(boot, image, PRIMARY, SECONDARY);
		if (fault) throw new LoaderHalt(fault);
	}
}

/** Takes the request off the secondary slot. */
export function eraseLastSector(image: ImageState): void {
	const { area } = image.secondary;
	eraseRegion(area, area.size - area.sectorSize, area.sectorSize);
}
