import type { DigestProvider } from "../../bootutil/digest.js";
import {
	compareVersions,
	formatVersion,
	ImageFlag,
	type ImageHeader,
	type ImageVersion,
} from "../../bootutil/header.js";
import { securityCounter } from "../../bootutil/security-counter.js";
import type { FlashArea } from "../../flash/area.js";
import type { ImageOptions } from "./image.js";
import { ImageError, imageError } from "./image-error.js";
import { refuse } from "./image-guards.js";
import type { ImageSlots } from "./image-slots.js";

// An image that the boot loader would throw away is refused when a client wants it to be the next one, and not only after a
// restart, when nobody is there to be told.

/**
 * Looks at the signature of the image at `start`, whose SHA-256 is `hash`. Returns why the boot loader would refuse it, in
 * words; undefined if it would not. `signatureFault` (modules/bootutil/signature) is one.
 */
export type SignatureCheck = (
	area: FlashArea,
	start: number,
	header: ImageHeader,
	hash: Uint8Array,
) => string | undefined;

/** What the boot loader holds older images against (MCUboot design.md, Downgrade prevention). */
export interface DowngradeRule {
	/** Versions below that of the running image are refused; build numbers do not count. */
	readonly version?: boolean;
	/** Security counters below this one are refused: that of the running image, or what the hardware says for an image. */
	readonly counter?: "running" | ((image: number) => number);
	/** Security counters above this one are refused: the hardware cannot count so far. Default: none are. */
	readonly limit?: number;
}

const ENCRYPTED = ImageFlag.ENCRYPTED_AES128 | ImageFlag.ENCRYPTED_AES256;

/** Refuses to mark the image in a slot if the boot loader would not install it. */
export function verifyImage(slots: ImageSlots, options: ImageOptions, slot: number): void {
	const { header } = slots.boot.boot_read_bank_header(slots.area(slot).id);
	const fault = header && (contentFault(slots, options, slot, header) ?? counterFault(slots, options, slot, header));
	if (fault !== undefined) refuse(options, fault);
	if (header) refuseOlder(slots, options, slot, header.version);
}

/** Refuses an image for a slot if the boot loader would because of its version. */
export function refuseOlder(slots: ImageSlots, options: ImageOptions, slot: number, version: ImageVersion): void {
	const running = options.downgrade?.version && slots.info(slots.active(slot >> 1))?.version;
	if (running && compareVersions(version, running) < 0)
		throw imageError(
			ImageError.CURRENT_VERSION_IS_NEWER,
			`the boot loader refuses version ${formatVersion(version)}, which is older than ${formatVersion(running)}`,
		);
}

function contentFault(
	slots: ImageSlots,
	{ verifyMarked = true, digest, signature }: ImageOptions,
	slot: number,
	header: ImageHeader,
): string | undefined {
	if (verifyMarked) {
		if (header.flags & ImageFlag.NON_BOOTABLE)
			return "the image is marked as not bootable: the boot loader would not run it";
		const fault = digest && hashFault(slots, digest, slot, header);
		if (fault !== undefined) return fault;
	}
	const { hash } = slots.info(slot) ?? {};
	const fault = hash && signature?.(slots.area(slot), slots.start(slot), header, hash);
	return fault && `the boot loader would refuse the image: ${fault}`;
}

function hashFault(slots: ImageSlots, digest: DigestProvider, slot: number, header: ImageHeader): string | undefined {
	if (header.flags & ENCRYPTED) {
		const { encryption = "none" } = slots.boot.config;
		// The hash is of what only the boot loader can decrypt.
		return encryption === "none" ? "the image is encrypted, and the boot loader takes only plain ones" : undefined;
	}
	if (slots.intact(slot, header, digest)) return undefined;
	return "the image is damaged: it does not have the hash that it carries; upload it again";
}

function counterFault(
	slots: ImageSlots,
	{ downgrade }: ImageOptions,
	slot: number,
	header: ImageHeader,
): string | undefined {
	const counter = downgrade?.counter;
	const least = counter === "running" ? runningCounter(slots, slot >> 1) : counter?.(slot >> 1);
	if (least === undefined) return undefined;
	const offered = securityCounter(slots.area(slot), slots.start(slot), header);
	if (offered === undefined)
		return `the image has no security counter, and the boot loader wants ${least} at least: sign it with one`;
	if (offered < least) return `the image's security counter is ${offered}, and the boot loader wants ${least} at least`;
	const most = downgrade?.limit ?? offered;
	return offered > most ? `the image's security counter is ${offered}, and the hardware counts to ${most}` : undefined;
}

/** A running image without a counter stands in nobody's way. */
function runningCounter({ boot }: ImageSlots, image: number): number | undefined {
	const area = boot.activeArea(image);
	const { header } = boot.boot_image_load_header(area);
	return header && securityCounter(area, 0, header);
}
