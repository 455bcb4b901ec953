import { decodeHeader, IMAGE_HEADER_SIZE } from "../header.js";
import { copyImage, copyLength, eraseLastSector } from "./copy-image.js";
import { COPY_CHUNK, eraseRegion } from "./flash-ops.js";
import { type Boot, type BootStatus, type ImageState, SECONDARY, type SlotIndex } from "./state.js";
import type { UpgradeStrategy } from "./strategy.js";
import { imageExtent, SwapProgress } from "./swap.js";

/**
 * Overwrite only (MCUboot design.md, Image slots; `MCUBOOT_OVERWRITE_ONLY`). The new image is copied over the old one, for
 * good: a test request is as permanent as any. There is no status: until the secondary slot loses its header and its
 * trailer, last of all, the request stands, and a power cut only means that all is copied again.
 */
export const overwriteOnly: UpgradeStrategy = Object.freeze({
	firstPhase: "swap",
	keepsOldImage: false,

	slotsCompatible(image: ImageState): boolean {
		const [primary, secondary] = image.sectors;
		return primary === secondary && image.primary.area.sectorSize === image.secondary.area.sectorSize;
	},

	findStatus: () => undefined,

	/** An upgrade that lost power may have left anything in the primary slot, so nothing is asked of it. */
	readHeader(_boot: Boot, image: ImageState, slot: SlotIndex): boolean {
		const { area } = image.slots[slot];
		image.slots[slot].header = decodeHeader(area.bytes(0, IMAGE_HEADER_SIZE));
		return true;
	},

	readRecords(): void {},

	run(boot: Boot, image: ImageState, status: BootStatus): void {
		const { area } = image.secondary;
		const chunks = Math.ceil(copyLength(image, imageExtent(image, SECONDARY).total) / COPY_CHUNK);
		const progress = new SwapProgress(boot, image, status.swapType, 0, chunks);
		copyImage(boot, image, () => progress.step());
		eraseRegion(area, 0, area.sectorSize);
		eraseLastSector(image);
		progress.end();
	},
});
