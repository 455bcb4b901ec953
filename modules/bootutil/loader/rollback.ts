import { compareVersions, formatVersion } from "../header.js";
import { readU32 } from "../little-endian.js";
import { findTlv, TlvType, tlvContent } from "../tlv.js";
import { BootFlag, BootMagic } from "../trailer.js";
import { type Boot, type ImageState, PRIMARY, SECONDARY, type SlotIndex } from "./state.js";
import { eraseSlot } from "./validate-slot.js";

/**
 * The security counter in the protected TLVs of an image (MCUboot `bootutil_get_img_security_cnt`).
 *
 * @param headerFrom - slot whose header describes the image, which right after a swap is not yet the one it is in
 */
function imageCounter(image: ImageState, slot: SlotIndex, headerFrom: SlotIndex = slot): number | undefined {
	const { area } = image.slots[slot];
	const { header } = image.slots[headerFrom];
	if (header.protectedTlvSize === 0) return undefined;
	const start = image.imageStart(slot);
	const tlv = findTlv(area, header, { type: TlvType.SEC_CNT, protectedOnly: true, start });
	const bytes = tlv?.length === 4 ? tlvContent(area, tlv) : undefined;
	return bytes && readU32(bytes, 0);
}

/** Why an upgrade would be a downgrade, in words; undefined if it is none. */
function downgrade(boot: Boot, image: ImageState): string | undefined {
	const { downgradePrevention, versionCmpBuildNumber } = boot.config;
	if (downgradePrevention === "version") {
		const running = image.primary.header.version;
		const offered = image.secondary.header.version;
		if (compareVersions(offered, running, versionCmpBuildNumber) >= 0) return undefined;
		return `version ${formatVersion(offered)} is older than ${formatVersion(running)}`;
	}
	if (downgradePrevention === "counter") {
		const running = imageCounter(image, PRIMARY);
		if (running === undefined) return undefined;
		const offered = imageCounter(image, SECONDARY);
		if (offered === undefined) return "the new image has no security counter";
		if (offered < running) return `security counter ${offered} is below the running ${running}`;
	}
	return undefined;
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
 * Raises the stored counter to the one of the image in the primary slot; never lowers it.
 *
 * @returns why it could not, in words
 */
export function raiseCounter(boot: Boot, image: ImageState, headerFrom: SlotIndex = PRIMARY): string | undefined {
	const counter = imageCounter(image, PRIMARY, headerFrom);
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

/** True if the image in the primary slot will not be reverted: only then may the stored counter follow it. */
export function isSettled(image: ImageState): boolean {
	const { magic, imageOk } = image.primary.trailer.read();
	return magic !== BootMagic.GOOD || imageOk === BootFlag.SET;
}
