import { measureImage } from "../../../bootutil/extent.js";
import { IMAGE_MAGIC, signedSize } from "../../../bootutil/header.js";
import { BootFlag, BootMagic } from "../../../bootutil/trailer.js";
import { readU32 } from "../../../bytes/little-endian.js";
import { FlashError } from "../../../flash/error.js";
import { Rc, SmpError } from "../../errors.js";
import type { ImageOptions } from "./options.js";
import type { ImageSlots } from "./slots.js";

// What a client may ask for and the boot loader then makes a mess of. MCUboot's defects are reproduced faithfully in
// bootutil/loader; here is where users are kept from running into them: requests that would are refused with a sentence
// that says what would have happened and what to do instead. docs/SPEC.md, Guards, has the table. Where nothing is moved to be
// run, there is nothing to be guarded against.

/** Refuses to upload or erase. `size`: bytes to be uploaded, 0 for an erase. */
export function guardSlot(slots: ImageSlots, options: ImageOptions, slot: number, size: number): void {
	if (options.guards === false || slots.boot.mode.newest) return;
	const checks = size === 0 ? [wayBack] : [wayBack, tooLarge, oneSector];
	const hazard = firstOf(checks, slots, slot, size);
	if (hazard !== undefined) refuse(options, hazard);
}

/** Refuses to mark the image in a secondary slot, which is not marked yet; warns of what can only go wrong by chance. */
export function guardMark(slots: ImageSlots, options: ImageOptions, slot: number, permanent: boolean): void {
	if (options.guards === false || slots.boot.mode.newest) return;
	const size = measureImage(slots.area(slot), slots.start(slot))?.total ?? Number.POSITIVE_INFINITY;
	const hazard = firstOf([damagedMark, inTheWay, tooLarge, oneSector], slots, slot, size);
	if (hazard !== undefined) refuse(options, hazard);
	// For good there is no way back anyway.
	const risk = permanent ? undefined : firstOf([shrinking], slots, slot, size);
	if (risk !== undefined) options.log?.(risk);
}

/** Says what would go wrong with an image of `size` bytes in a slot; undefined if nothing would. */
type Check = (slots: ImageSlots, slot: number, size: number) => string | undefined;

function firstOf(checks: readonly Check[], slots: ImageSlots, slot: number, size: number): string | undefined {
	try {
		for (const check of checks) {
			const hazard = check(slots, slot, size);
			if (hazard !== undefined) return hazard;
		}
	} catch (error) {
		// Flash that cannot be read is for the request itself to complain about.
		if (!(error instanceof FlashError)) throw error;
	}
	return undefined;
}

/** Not a `GroupError`: clients of version 2 would get the number without the sentence. */
export function refuse(options: ImageOptions, hazard: string): never {
	options.log?.(`refused: ${hazard}`);
	throw new SmpError(Rc.BAD_STATE, hazard);
}

/**
 * While an image is on trial the other slot is the way back, also where a request on top of that hides the pending
 * revert. By offset, a revert to something else leaves nothing that starts.
 */
function wayBack({ boot }: ImageSlots, slot: number, size: number): string | undefined {
	const { magic, imageOk, copyDone } = boot.trailer(boot.map.slot(slot >> 1, "primary")).read();
	if (magic !== BootMagic.GOOD || imageOk !== BootFlag.UNSET || copyDone !== BootFlag.SET) return undefined;
	const nothingToLose = size === 0 && measureImage(boot.map.slot(slot >> 1, "secondary"), 0) === undefined;
	if (nothingToLose) return undefined;
	return "the running image is on trial and this slot holds what the next boot reverts to; without it the device may not start again: confirm the running image first, or reset";
}

/** Swaps that do not fit are not made, but noted as made, at every boot (MCUboot `swap_run`); some flash chips refuse that. */
function tooLarge({ boot }: ImageSlots, slot: number): string | undefined {
	const { swapRoom } = boot.mode;
	if (!swapRoom || swapRoom === "scratch") return undefined;
	const running = measureImage(boot.map.slot(slot >> 1, "primary"), 0);
	const most = boot.boot_app_max_size(slot >> 1);
	if (!running || running.total <= most) return undefined;
	return `the running image has ${running.total} bytes and only ${most} can be swapped: the boot loader would install no update, and could fail to start; replace the running image by other means, with a smaller one`;
}

/** By offset, a swap of a single pair of sectors cannot be resumed once the old header is erased. */
function oneSector({ boot }: ImageSlots, slot: number, size: number): string | undefined {
	const primary = boot.map.slot(slot >> 1, "primary");
	const { sectorSize } = primary;
	if (!boot.mode.mixesLastPair || size > sectorSize) return undefined;
	const running = measureImage(primary, 0);
	if (!running || running.total > sectorSize) return undefined;
	return `this image and the running one fit into one sector of ${sectorSize} bytes each: if power failed at the wrong moment of the swap, the device would never start again; make the image longer than a sector`;
}

/** By offset, the boot loader takes an image header in the first sector for an upload to the wrong place. */
function inTheWay({ boot }: ImageSlots, slot: number): string | undefined {
	if (!boot.mode.updateSector) return undefined;
	const first = boot.map.slot(slot >> 1, "secondary").bytes(0, 4);
	if (readU32(first, 0) !== IMAGE_MAGIC) return undefined;
	return "there is an image header in the first sector of the slot, which makes the boot loader erase the slot instead of installing its image: upload the image again";
}

/** MCUboot takes no notice of a request whose image_ok is neither set nor erased, and reports success for the next one. */
function damagedMark({ boot }: ImageSlots, slot: number): string | undefined {
	const { magic, imageOk } = boot.trailer(boot.map.slot(slot >> 1, "secondary")).read();
	if (magic !== BootMagic.GOOD || imageOk !== BootFlag.BAD) return undefined;
	return "an earlier mark of this slot is damaged, so that the boot loader would overlook it: erase the slot and upload the image again";
}

/**
 * By offset, a swap that is resumed in its last pair takes the new image's size for the old one's; what the old one is
 * longer by, beyond a sector, is then not saved.
 */
function shrinking({ boot }: ImageSlots, slot: number): string | undefined {
	if (!boot.mode.mixesLastPair) return undefined;
	const primary = boot.map.slot(slot >> 1, "primary");
	const { sectorSize } = primary;
	const old = measureImage(primary, 0);
	const fresh = measureImage(boot.map.slot(slot >> 1, "secondary"), sectorSize);
	if (!old || !fresh) return undefined;
	// Before MCUboot 2.3 the trailer has no TLV sizes, and the boot loader leaves them out.
	const tlvs = boot.config.trailer === "current" ? old.unprotectedTlvs : 0;
	const used = Math.ceil((signedSize(fresh.header) + tlvs) / sectorSize);
	const lastPair = Math.ceil(Math.max(old.total, fresh.total) / sectorSize) - 1;
	if (lastPair <= used) return undefined;
	return `the new image is much shorter than the running one: if power fails near the end of the swap, the running one is damaged and there is no way back; an image of at least ${lastPair * sectorSize - tlvs} bytes would be safe`;
}
