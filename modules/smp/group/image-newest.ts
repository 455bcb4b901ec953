import { compareVersions } from "../../bootutil/header.js";
import { BootFlag, BootMagic } from "../../bootutil/trailer.js";
import { FlashError } from "../../flash/error.js";
import type { ImageSlots, ImageState } from "./image-slots.js";

/**
 * What the next boot does with an image where the boot loader runs the newest one from its slot or from RAM (MCUboot
 * design.md, Equal slots and Revert mechanism). An image that is newer than the running one is next without being asked
 * for; with revert only if it is marked.
 */
export function newestState(slots: ImageSlots, image: number): ImageState {
	const active = slots.active(image);
	const other = active ^ 1;
	const reverts = slots.boot.config.mode === "direct-xip-revert";
	const running = reverts ? readTrailer(slots, active) : undefined;
	if (running?.magic === BootMagic.GOOD && running.copyDone === BootFlag.SET && running.imageOk !== BootFlag.SET)
		return "revert";
	if (!isNewer(slots, other, active)) return "none";
	if (!reverts) return "permanent";
	const next = readTrailer(slots, other);
	if (next?.magic !== BootMagic.GOOD) return "none";
	if (next.imageOk === BootFlag.SET) return "permanent";
	// One that had its trial is erased.
	return next.copyDone === BootFlag.SET ? "none" : "test";
}

/** Of two of the same version the boot loader takes the one in the first slot. */
function isNewer(slots: ImageSlots, slot: number, than: number): boolean {
	const offered = slots.info(slot);
	const running = slots.info(than);
	if (!offered?.bootable || !running) return false;
	const difference = compareVersions(offered.version, running.version);
	return difference > 0 || (difference === 0 && slot < than);
}

function readTrailer(slots: ImageSlots, slot: number) {
	try {
		return slots.boot.trailer(slots.area(slot)).read();
	} catch (error) {
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}
