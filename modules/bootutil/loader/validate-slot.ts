import { readU32 } from "../../bytes/little-endian.js";
import { FlashError } from "../../flash/error.js";
import { IMAGE_MAGIC, isEncrypted } from "../header.js";
import { maxImageSize, SwapType } from "../trailer.js";
import { bootableFault, headerFault } from "../validation.js";
import { versionFault } from "./downgrade.js";
import { imageKey, NO_READABLE_KEY } from "./encryption-swap.js";
import { eraseRegion, eraseTrailer } from "./flash-ops.js";
import {
	type Boot,
	type BootStatus,
	type ImageState,
	PRIMARY,
	SECONDARY,
	type SlotIndex,
	slotName,
	swapTypeNow,
} from "./state.js";
import { imageFault } from "./validate-image.js";

/** True if the magic of the header that was read is erased flash. */
export function headerErased(image: ImageState, slot: SlotIndex): boolean {
	const { area, header } = image.slots[slot];
	return header.magic === (area.erasedValue * 0x01010101) >>> 0;
}

/**
 * Decides whether the image in a slot may be booted, and clears up what is no image: an empty secondary slot loses
 * its trailer, an invalid image in it is erased whole (MCUboot `boot_validate_slot`). The primary slot is left alone.
 *
 * @param status - the swap that might have been interrupted; none when the primary slot is validated last
 * @param expected - type of the swap that the image is wanted for
 * @returns why the slot holds nothing to boot, in words; undefined if it does
 */
export function slotFault(
	boot: Boot,
	image: ImageState,
	slot: SlotIndex,
	status?: BootStatus,
	expected: number = SwapType.NONE,
): string | undefined {
	const { header } = image.slots[slot];
	const name = `image ${image.index}: ${slotName(slot)} slot`;
	const nothing = headerErased(image, slot) ? "empty" : bootableFault(header);
	if (nothing !== undefined) {
		if (slot === SECONDARY) clearEmptySlot(boot, image, status);
		return `${name}: ${nothing}`;
	}
	const fault = imageSlotFault(boot, image, slot, status, expected);
	if (fault === undefined) return undefined;
	if (slot === SECONDARY) {
		boot.services.log(`${name}: refused and erased: ${fault}`);
		eraseSlot(boot, image, slot);
	}
	return `${name}: ${fault}`;
}

/** Erases a whole slot, so that a bad image is not looked at again at every boot. Goes on where the flash fails. */
export function eraseSlot(boot: Boot, image: ImageState, slot: SlotIndex): void {
	const { area } = image.slots[slot];
	tolerate(boot, () => eraseRegion(area, 0, area.size));
}

/** Clearing up is no reason not to boot: a flash error is only logged. */
export function tolerate(boot: Boot, operation: () => void): void {
	try {
		operation();
	} catch (error) {
		if (!(error instanceof FlashError)) throw error;
		boot.services.log(error.message);
	}
}

function imageSlotFault(
	boot: Boot,
	image: ImageState,
	slot: SlotIndex,
	status: BootStatus | undefined,
	expected: number,
): string | undefined {
	const { area, header } = image.slots[slot];
	const { mode } = boot.bootutil;
	const upgrade = expected === SwapType.TEST || expected === SwapType.PERM;
	if (mode.updateSector && slot === SECONDARY && status?.isFresh && upgrade) {
		if (firstWord(image) === IMAGE_MAGIC)
			return "image header in the first sector, where swap using offset takes none: uploaded to the wrong place?";
	}
	// Where nothing is swapped this is the place for it (MCUboot `boot_validate_slot`).
	if (
		!mode.swapRoom &&
		boot.config.downgradePrevention === "version" &&
		slot === SECONDARY &&
		!headerErased(image, PRIMARY)
	) {
		const fault = versionFault(boot, image);
		if (fault !== undefined) return fault;
	}
	const fault = headerFault(header, area, boot.config.encryption);
	if (fault !== undefined) return fault;
	const start = image.imageStart(slot);
	// Only in the secondary slot; in the primary one it is plain, whatever its flags say.
	const encrypted = slot === SECONDARY && isEncrypted(header);
	const key = encrypted ? imageKey(boot.config, area, header, start) : undefined;
	if (encrypted && !key) return NO_READABLE_KEY;
	const maxSize = maxImageSize(boot.config, image.primary.area, image.secondary.area, area);
	const place = { image: image.index, area, header, start, maxSize, ...(key && { key }) };
	return imageFault(boot.config, boot.services, place);
}

const firstWord = (image: ImageState): number => readU32(image.secondary.area.bytes(0, 4), 0);

/**
 * A trailer without an image would stand in the way of the next upload. Using move, a revert without an image to go
 * back to would be tried for ever, so the primary trailer goes too: the running image counts as confirmed.
 */
function clearEmptySlot(boot: Boot, image: ImageState, status: BootStatus | undefined): void {
	tolerate(boot, () => eraseTrailer(image, image.secondary));
	if (boot.bootutil.mode.swapRoom !== "primary") return;
	if (status?.swapType !== SwapType.REVERT && swapTypeNow(boot, image) !== SwapType.REVERT) return;
	boot.services.log(`image ${image.index}: nothing to revert to: clearing the primary trailer`);
	tolerate(boot, () => eraseTrailer(image, image.primary));
}
