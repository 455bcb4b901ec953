import { BootFlag, BootMagic } from "../trailer.js";
import { counterFault, imageCounter, versionFault } from "./downgrade.js";
import { type Boot, type ImageState, PRIMARY, SECONDARY, type SlotIndex } from "./state.js";
import { eraseSlot } from "./validate-slot.js";

/** Why an upgrade would be a downgrade, in words; undefined if it is none. */
function downgrade(boot: Boot, image: ImageState): string | undefined {
	switch (boot.config.downgradePrevention) {
		case "version":
			return versionFault(boot, image);
		case "counter":
			return counterFault(image);
		default:
			return undefined;
	}
}

/**
 * Refuses to swap in an older image, by version or by the counters of both images, and erases it (MCUboot
 * `check_downgrade_prevention`). Reverts are not asked about.
 */
export function downgradeRefused(boot: Boot, image: ImageState): boolean {
	const why = downgrade(boot, image);
	if (why === undefined) return false;
	boot.services.log(`image ${image.index}: downgrade refused, secondary slot erased: ${why}`);
	eraseSlot(boot, image, SECONDARY);
	return true;
}

/**
 * Raises the stored counter to the one of the image in a slot; never lowers it.
 *
 * @returns why it could not, in words
 */
export function raiseCounter(
	boot: Boot,
	image: ImageState,
	slot: SlotIndex = PRIMARY,
	headerFrom: SlotIndex = slot,
): string | undefined {
	const counter = imageCounter(image, slot, headerFrom);
	if (counter === undefined) return `image ${image.index}: no security counter in the protected TLVs`;
	const store = boot.services.securityCounters;
	if (counter <= store.get(image.index)) return undefined;
	try {
		store.set(image.index, counter);
	} catch (error) {
		return `image ${image.index}: security counter not raised: ${error instanceof Error ? error.message : error}`;
	}
	return undefined;
}

/**
 * As `raiseCounter`, of an image that stays, and then keeps the application from raising the counter further (MCUboot
 * `boot_update_hw_rollback_protection`).
 *
 * @returns why it could not, in words
 */
export function settleCounter(boot: Boot, image: ImageState, slot: SlotIndex = PRIMARY): string | undefined {
	const fault = raiseCounter(boot, image, slot);
	if (fault !== undefined || !boot.config.hwRollbackLock) return fault;
	const store = boot.services.securityCounters;
	try {
		if (!store.lock) return `image ${image.index}: security counter not locked: the hardware has no lock`;
		store.lock(image.index);
	} catch (error) {
		return `image ${image.index}: security counter not locked: ${error instanceof Error ? error.message : error}`;
	}
	boot.services.log(`image ${image.index}: security counter locked at ${store.get(image.index)} until the next reset`);
	return undefined;
}

/** True if the image in the primary slot will not be reverted: only then may the stored counter follow it. */
export function isSettled(image: ImageState): boolean {
	const { magic, imageOk } = image.primary.trailer.read();
	return magic !== BootMagic.GOOD || imageOk === BootFlag.SET;
}
