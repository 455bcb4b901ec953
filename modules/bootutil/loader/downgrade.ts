import { compareVersions, formatVersion } from "../header.js";
import { runningCounterFault, securityCounter } from "../security-counter.js";
import { type Boot, type ImageState, PRIMARY, SECONDARY, type SlotIndex } from "./state.js";

/**
 * The security counter of the image in a slot.
 *
 * @param headerFrom - slot whose header describes the image, which right after a swap is not yet the one it is in
 */
export function imageCounter(image: ImageState, slot: SlotIndex, headerFrom: SlotIndex = slot): number | undefined {
	return securityCounter(image.slots[slot].area, image.imageStart(slot), image.slots[headerFrom].header);
}

/** Why an upgrade would be a downgrade by version, in words; undefined if it is none. */
export function versionFault(boot: Boot, image: ImageState): string | undefined {
	const running = image.primary.header.version;
	const offered = image.secondary.header.version;
	if (compareVersions(offered, running, boot.config.versionCmpBuildNumber) >= 0) return undefined;
	return `version ${formatVersion(offered)} is older than ${formatVersion(running)}`;
}

/** The same by the counters of both images. */
export const counterFault = (image: ImageState): string | undefined =>
	runningCounterFault(imageCounter(image, SECONDARY), imageCounter(image, PRIMARY));
