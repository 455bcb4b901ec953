import { compareVersions, type ImageHeader } from "../../../bootutil/header.js";
import { BootFlag, BootMagic, SwapType } from "../../../bootutil/trailer.js";
import { bootableFault, headerFault, placeFault } from "../../../bootutil/validation.js";
import type { FlashArea } from "../../../flash/area.js";
import { FlashError } from "../../../flash/error.js";
import type { ImageSlots } from "./slots.js";

/** What the next boot does with an image. */
export type NextBoot = "none" | "test" | "permanent" | "revert";

/** What the next boot does with an image. */
export function nextBoot(slots: ImageSlots, image: number): NextBoot {
	const { boot } = slots;
	if (boot.mode.newest) return newest(slots, image);
	switch (boot.boot_swap_type_multi(image)) {
		case SwapType.TEST:
			return "test";
		case SwapType.PERM:
			return "permanent";
		case SwapType.REVERT:
			return "revert";
		default:
			return "none";
	}
}

/**
 * Whether the device needs what a slot holds: an active slot; that of a firmware loader; the fallback while its image is on trial; and, if
 * `keepPending`, what the next boot is to install.
 */
export function inUse(slots: ImageSlots, slot: number, keepPending: boolean): boolean {
	if (slots.isActive(slot) || slots.holdsLoader(slot)) return true;
	const next = nextBoot(slots, slot >> 1);
	return next === "revert" || (keepPending && next !== "none");
}

/**
 * What the next boot does with an image where the boot loader runs the newest one from its slot or from RAM (MCUboot
 * design.md, Equal slots and Revert mechanism). An image that is newer than the running one is next without being asked
 * for; with revert only if it is marked.
 */
function newest(slots: ImageSlots, image: number): NextBoot {
	const active = slots.active(image);
	const other = active ^ 1;
	const { reverts } = slots.boot.mode;
	const running = reverts ? readTrailer(slots, active) : undefined;
	if (running?.magic === BootMagic.GOOD && running.copyDone === BootFlag.SET && running.imageOk !== BootFlag.SET)
		return "revert";
	const offered = slots.info(other)?.header;
	if (!offered || candidateFault(slots, offered, slots.area(other)) !== undefined) return "none";
	if (!isNewer(slots, other, offered)) return "none";
	if (!reverts) return "permanent";
	const next = readTrailer(slots, other);
	if (next?.magic !== BootMagic.GOOD) return "none";
	if (next.imageOk === BootFlag.SET) return "permanent";
	// One that had its trial is erased.
	return next.copyDone === BootFlag.SET ? "none" : "test";
}

/** What a header says against an image where the newest one runs, in words. The boot loader looks no further at such an image. */
export const candidateFault = ({ boot }: ImageSlots, header: ImageHeader, area: FlashArea): string | undefined =>
	headerFault(header, area, boot.config.encryption) ?? bootableFault(header) ?? placeFault(boot.mode, header, area);

/** Whether the image in a slot goes before the running one. Of two of the same version the one in the first slot does. */
export function isNewer(slots: ImageSlots, slot: number, offered: ImageHeader): boolean {
	const running = slots.info(slots.active(slot >> 1));
	if (!running) return false;
	const { versionCmpBuildNumber } = slots.boot.config;
	const difference = compareVersions(offered.version, running.header.version, versionCmpBuildNumber);
	return difference > 0 || (difference === 0 && (slot & 1) === 0);
}

function readTrailer(slots: ImageSlots, slot: number) {
	try {
		return slots.boot.trailer(slots.area(slot)).read();
	} catch (error) {
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}
