import { IMAGE_MAGIC } from "../header.js";
import { SwapType } from "../trailer.js";
import { copyRegion, eraseSectors, firstTrailerSector } from "./flash-ops.js";
import { raiseCounter } from "./rollback.js";
import { type Boot, type BootStatus, type ImageState, LoaderHalt, PRIMARY, SECONDARY } from "./state.js";
import { imageExtent } from "./swap.js";
import { headerErased, slotFault } from "./validate-slot.js";

/** True if the primary slot holds nothing to boot, so that it can be filled without a way back. */
export const primaryIsVacant = (boot: Boot, image: ImageState, status: BootStatus): boolean =>
	headerErased(image, PRIMARY) || slotFault(boot, image, PRIMARY, status) !== undefined;

/** With nothing to boot and nothing pending: REVERT, which copies and confirms, if the secondary image is good. */
export function bootstrapType(boot: Boot, image: ImageState, status: BootStatus): number {
	if (!primaryIsVacant(boot, image, status)) return SwapType.NONE;
	const hasMagic = image.secondary.header.magic === IMAGE_MAGIC;
	const good = slotFault(boot, image, SECONDARY, status) === undefined;
	return hasMagic && good ? SwapType.REVERT : SwapType.NONE;
}

/** Copies the secondary image over an empty primary slot (MCUboot `boot_copy_image`); nothing of it can be resumed. */
export function copyImage(boot: Boot, image: ImageState): void {
	const { primary, secondary } = image;
	const { area } = primary;
	boot.services.log(`image ${image.index}: primary slot empty, copying the secondary image into it`);
	const { total } = imageExtent(image, SECONDARY);
	const covered = Math.max(1, Math.ceil(total / area.sectorSize)) * area.sectorSize;
	eraseSectors(area, 0, covered);
	const trailer = firstTrailerSector(primary) * area.sectorSize;
	eraseSectors(area, trailer, area.size - trailer);
	// Rounded up to the program unit by one unit too many where the size is a multiple of it, as MCUboot does.
	const length = total + area.writeAlign - (total % area.writeAlign);
	const source = boot.config.mode === "swap-offset" ? secondary.area.sectorSize : 0;
	copyRegion(secondary.area, area, source, 0, length);
	primary.trailer.writeMagic();
	if (boot.config.hwRollback) {
		const fault = raiseCounter(boot, image, SECONDARY);
		if (fault) throw new LoaderHalt(fault);
	}
	const last = secondary.area.size - secondary.area.sectorSize;
	eraseSectors(secondary.area, last, secondary.area.sectorSize);
}
