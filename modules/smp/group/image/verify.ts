import {
	compareVersions,
	formatVersion,
	type ImageHeader,
	type ImageVersion,
	isEncrypted,
} from "../../../bootutil/header.js";
import { runningCounterFault, securityCounter, storedCounterFault } from "../../../bootutil/security-counter.js";
import {
	bootableFault,
	contentFault,
	headerFault,
	placeFault,
	WRONG_HASH,
	wrappedKey,
} from "../../../bootutil/validation.js";
import type { FlashArea } from "../../../flash/area.js";
import { ImageError, imageError } from "./error.js";
import { refuse } from "./guards.js";
import { candidateFault, isNewer } from "./next-boot.js";
import type { ImageOptions } from "./options.js";
import type { ImageInfo, ImageSlots } from "./slots.js";

// An image that the boot loader would throw away is refused when a client wants it to be the next one, and not only after a
// restart, when nobody is there to be told. The boot loader's own validation is asked (bootutil/validation.ts), but for what
// takes its secrets: docs/SPEC.md, section 6.3, says what that leaves out.

/** Refuses to mark the image in a slot if the boot loader would not install it. */
export function verifyImage(slots: ImageSlots, options: ImageOptions, slot: number): void {
	const info = slots.info(slot);
	if (!info) return;
	const fault = imageFault(slots, options, slot, info) ?? runningFault(slots, options, slot, info.header);
	if (fault === WRONG_HASH)
		refuse(options, "the image is damaged: it does not have the hash that it carries; upload it again");
	if (fault !== undefined) refuse(options, `the boot loader would refuse the image: ${fault}`);
	refuseOlder(slots, options, slot, info.header.version);
	// What is encrypted only the boot loader can look into; the next start does it then.
	if (options.verifyMarked === false || isEncrypted(info.header)) return;
	const payload = options.payloadFault?.(slot >> 1, slots.area(slot), info.header, slots.start(slot));
	if (payload !== undefined) refuse(options, payload);
}

/** Refuses an upload whose header shows that the boot loader is never going to run the image from this slot. */
export function refuseMisfit(slots: ImageSlots, options: ImageOptions, header: ImageHeader, area: FlashArea): void {
	const { mode } = slots.boot;
	if (mode.newest !== "ram") {
		const fault = placeFault(mode, header, area);
		if (fault !== undefined) throw imageError(ImageError.INVALID_FLASH_ADDRESS, fault);
	}
	// Where there is no mark, there is no later moment to say so.
	if (!mode.newest || mode.reverts || options.verifyMarked === false) return;
	const fault = candidateFault(slots, header, area);
	if (fault !== undefined) refuse(options, `the boot loader would refuse the image: ${fault}`);
}

/** Refuses an image for a slot if the boot loader would because of its version. */
export function refuseOlder(slots: ImageSlots, options: ImageOptions, slot: number, version: ImageVersion): void {
	const running = options.downgrade?.version && slots.info(slots.active(slot >> 1))?.header.version;
	if (running && compareVersions(version, running, slots.boot.config.versionCmpBuildNumber) < 0)
		throw imageError(
			ImageError.CURRENT_VERSION_IS_NEWER,
			`the boot loader refuses version ${formatVersion(version)}, which is older than ${formatVersion(running)}`,
		);
}

/** What the boot loader would find wrong with the image in a slot, but for what is compared with the running image. */
function imageFault(
	slots: ImageSlots,
	{ verifyMarked = true, digest, signature, downgrade }: ImageOptions,
	slot: number,
	{ header, hash }: ImageInfo,
): string | undefined {
	const stored = downgrade?.counter;
	const chip = typeof stored === "function" ? stored(slot >> 1) : undefined;
	if (!verifyMarked && !signature && chip === undefined) return undefined;
	const { config, mode } = slots.boot;
	const area = slots.area(slot);
	const start = slots.start(slot);
	const fault = mode.newest
		? candidateFault(slots, header, area)
		: (bootableFault(header) ?? headerFault(header, area, config.encryption));
	if (fault !== undefined) return fault;
	if (mode.newest && verifyMarked && !isNewer(slots, slot, header))
		return "it runs the newest image, and this one is not newer";
	const sealed = isEncrypted(header);
	if (sealed && !wrappedKey(config, area, header, start)) return "encrypted, without a key that this loader can read";
	const place = { area, header, start, maxSize: slots.largest(slot) };
	// The hash of an encrypted image is over what only the boot loader can decrypt.
	const hasher = verifyMarked && !sealed ? digest?.[`sha${config.hash ?? 256}`]?.() : undefined;
	return contentFault(
		{
			config,
			signature: signature?.(),
			counterFault: chip === undefined ? undefined : (counter) => storedCounterFault(counter, chip, downgrade?.limit),
		},
		place,
		() => (hasher ? slots.digest(place, hasher) : hash),
	);
}

/** What the boot loader would find wrong with an image beside the running one. */
function runningFault(
	slots: ImageSlots,
	{ downgrade }: ImageOptions,
	slot: number,
	header: ImageHeader,
): string | undefined {
	if (downgrade?.counter !== "running") return undefined;
	const running = slots.boot.activeArea(slot >> 1);
	const loaded = slots.boot.boot_image_load_header(running).header;
	return runningCounterFault(
		securityCounter(slots.area(slot), slots.start(slot), header),
		loaded && securityCounter(running, 0, loaded),
	);
}
