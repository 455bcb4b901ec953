import { IMAGE_MAGIC } from "../header.js";
import { SwapType } from "../trailer.js";
import { copyImage, eraseLastSector } from "./copy-image.js";
import { type Boot, type BootStatus, type ImageState, PRIMARY, SECONDARY } from "./state.js";
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

/** Fills an empty primary slot (MCUboot `boot_copy_image` under `MCUBOOT_BOOTSTRAP`). The secondary keeps the image. */
export function fillPrimary(boot: Boot, image: ImageState): void {
	boot.services.log(`image ${image.index}: primary slot empty, copying the secondary image into it`);
	copyImage(boot, image);
	eraseLastSector(image);
}
