import { compareVersions, formatVersion } from "../header.js";
import { readU32 } from "../little-endian.js";
import { findTlv, TlvType, tlvContent } from "../tlv.js";
import { type Boot, type ImageState, PRIMARY, SECONDARY, type SlotIndex } from "./state.js";

/**
 * The security counter in the protected TLVs of an image (MCUboot `bootutil_get_img_security_cnt`).
 *
 * @param headerFrom - slot whose header describes the image, which right after a swap is not yet the one it is in
 */
export function imageCounter(image: ImageState, slot: SlotIndex, headerFrom: SlotIndex = slot): number | undefined {
	const { area } = image.slots[slot];
	const { header } = image.slots[headerFrom];
	if (header.protectedTlvSize === 0) return undefined;
	const start = image.imageStart(slot);
	const tlv = findTlv(area, header, { type: TlvType.SEC_CNT, protectedOnly: true, start });
	const bytes = tlv?.length === 4 ? tlvContent(area, tlv) : undefined;
	return bytes && readU32(bytes, 0);
}

/** Why an upgrade would be a downgrade by version, in words; undefined if it is none. */
export function versionFault(boot: Boot, image: ImageState): string | undefined {
	const running = image.primary.header.version;
	const offered = image.secondary.header.version;
	if (compareVersions(offered, running, boot.config.versionCmpBuildNumber) >= 0) return undefined;
	return `version ${formatVersion(offered)} is older than ${formatVersion(running)}`;
}

/** The same by the counters of both images. A running image without one stands in nobody's way. */
export function counterFault(image: ImageState): string | undefined {
	const running = imageCounter(image, PRIMARY);
	if (running === undefined) return undefined;
	const offered = imageCounter(image, SECONDARY);
	if (offered === undefined) return "the new image has no security counter";
	return offered < running ? `security counter ${offered} is below the running ${running}` : undefined;
}
