import { readU32 } from "../bytes/little-endian.js";
import type { FlashArea } from "../flash/area.js";
import type { ImageHeader } from "./header.js";
import { findTlv, TlvType, tlvContent } from "./tlv.js";

/** Monotonic security counters, one an image; a device keeps them in fuses or protected storage. */
export interface SecurityCounterStore {
	/**
	 * Highest value that can be stored. Where there is one, an image with a counter above it is refused before it is
	 * installed (`MCUBOOT_HW_ROLLBACK_PROT_COUNTER_LIMITED`). Default: none.
	 */
	readonly limit?: number;
	get(image: number): number;
	/** Called only with a value above the stored one. Throws if the counter cannot be raised. */
	set(image: number, value: number): void;
	/** Keeps the counter as it is until the next reset. Missing where the hardware cannot. Throws if it did not. */
	lock?(image: number): void;
}

/** Why an image with this counter is refused where `stored` is what the hardware has, in words; undefined if it is not. */
export function storedCounterFault(counter: number, stored: number, limit?: number): string | undefined {
	if (counter < stored) return `security counter ${counter} is below the stored ${stored}`;
	if (counter > stored && counter > (limit ?? counter))
		return `security counter ${counter} cannot be stored: the hardware counts to ${limit}`;
	return undefined;
}

/** The same where the running image's counter decides. A running image without one stands in nobody's way. */
export function runningCounterFault(offered: number | undefined, running: number | undefined): string | undefined {
	if (running === undefined) return undefined;
	if (offered === undefined) return "the new image has no security counter";
	return offered < running ? `security counter ${offered} is below the running ${running}` : undefined;
}

/**
 * The security counter of the image at `start`; undefined if its protected TLVs have none, or cannot be read (MCUboot
 * `bootutil_get_img_security_cnt`).
 */
export function securityCounter(area: FlashArea, start: number, header: ImageHeader): number | undefined {
	if (header.protectedTlvSize === 0) return undefined;
	const tlv = findTlv(area, header, { type: TlvType.SEC_CNT, protectedOnly: true, start });
	const bytes = tlv?.length === 4 ? tlvContent(area, tlv) : undefined;
	return bytes && readU32(bytes, 0);
}
