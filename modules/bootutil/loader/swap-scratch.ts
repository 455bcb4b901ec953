import { decodeHeader, IMAGE_HEADER_SIZE } from "../header.js";
import { lastRecord } from "../status.js";
import { BootFlag, BootMagic, SwapType } from "../trailer.js";
import { swapCipher } from "./encryption-swap.js";
import { copyRegion, eraseRegion, eraseTrailer } from "./flash-ops.js";
import {
	type Boot,
	type BootStatus,
	type ImageState,
	LoaderHalt,
	PRIMARY,
	type Scratch,
	SECONDARY,
	type SlotIndex,
} from "./state.js";
import type { UpgradeStrategy } from "./strategy.js";
import { initTrailer, SwapProgress } from "./swap.js";
import type { SwapTrailer } from "./swap-trailer.js";

/** States of a region, one record each: new image in scratch, old one in the secondary, new one in the primary slot. */
const STATES = 3;

/** Sectors that are swapped in one go, as many as scratch takes. Bytes from the start of the slot. */
interface Region {
	readonly offset: number;
	readonly size: number;
}

/**
 * Swap using scratch (MCUboot design.md, Image swapping). From the last sectors that an image uses down to the first:
 *
 * | region        | primary | secondary | scratch |
 * | ---           | ---     | ---       | ---     |
 * | start         | P       | S         | –       |
 * | after state 1 | P       | –         | S       |
 * | after state 2 | –       | P         | S       |
 * | after state 3 | S       | P         | –       |
 *
 * The status is in the primary trailer. Only where an image shares a sector with the trailer, the first region has that
 * sector in it, and the status is in a trailer at the end of scratch until the primary's is there again.
 *
 * Records count regions from the start of the status area.
 */
export const swapScratch: UpgradeStrategy = Object.freeze({
	firstPhase: "swap",
	keepsOldImage: true,

	slotsCompatible(image: ImageState, boot: Boot): boolean {
		const [primary, secondary] = image.sectors;
		const { sectorSize } = image;
		const scratch = scratchOf(boot).area;
		return (
			primary === secondary &&
			sectorSize === image.secondary.area.sectorSize &&
			sectorSize === scratch.sectorSize &&
			scratch.size >= sectorSize
		);
	},

	/**
	 * A primary trailer that was begun and not done, else scratch, else a primary trailer that may have been begun (design.md,
	 * Reset recovery). One that an image brought along has no swap_info and is none that a swap began; and one that is done
	 * is from before the swap if scratch has a trailer: a revert must not begin anew half-way.
	 */
	findStatus(boot: Boot, image: ImageState): SwapTrailer | undefined {
		const { trailer } = image.primary;
		const primary = trailer.read();
		const open = primary.copyDone === BootFlag.UNSET;
		if (open && primary.magic === BootMagic.GOOD && primary.swapType !== SwapType.NONE) return trailer;
		const scratch = scratchOf(boot).trailer;
		const state = scratch.read();
		if (state.magic === BootMagic.GOOD) return state.imageNumber === image.index ? scratch : undefined;
		return open && primary.magic !== BootMagic.BAD ? trailer : undefined;
	},

	/** Whatever is there: what a swap covers stands in the trailer, so the headers may be anywhere on the way. */
	readHeader(_boot: Boot, image: ImageState, slot: SlotIndex): boolean {
		const { area } = image.slots[slot];
		image.slots[slot].header = decodeHeader(area.bytes(0, IMAGE_HEADER_SIZE));
		return true;
	},

	readRecords(_image: ImageState, status: BootStatus): void {
		const { source } = status;
		const last = source ? lastRecord(source) : 0;
		status.index = Math.floor(last / STATES) + 1;
		status.state = (last % STATES) + 1;
	},

	run(boot: Boot, image: ImageState, status: BootStatus): void {
		const regions = regionsOf(image, status.swapSize, scratchOf(boot));
		const made = STATES * (status.index - 1) + status.state - 1;
		const progress = new SwapProgress(boot, image, status.swapType, made, STATES * regions.length);
		for (const region of regions.slice(status.index - 1)) swapRegion(boot, image, status, progress, region);
		progress.end();
	},
});

function scratchOf({ scratch }: Boot): Scratch {
	if (!scratch) throw new LoaderHalt("there is no scratch area");
	return scratch;
}

/** From the last one down. */
function regionsOf({ sectorSize }: ImageState, swapSize: number, scratch: Scratch): Region[] {
	const most = Math.floor(scratch.area.size / sectorSize) * sectorSize;
	const regions: Region[] = [];
	for (let end = Math.max(1, Math.ceil(swapSize / sectorSize)) * sectorSize; end > 0; ) {
		const size = Math.min(end, most);
		end -= size;
		regions.push({ offset: end, size });
	}
	return regions;
}

function swapRegion(
	boot: Boot,
	image: ImageState,
	status: BootStatus,
	progress: SwapProgress,
	{ offset, size }: Region,
): void {
	const { primary, secondary } = image;
	const scratch = scratchOf(boot);
	const first = status.index === 1;
	const beside = primary.trailer.layout.status - offset;
	/** The trailer goes with this region, so that the status has to be in scratch. */
	const sharesTrailer = first && beside < size;
	const length = sharesTrailer ? Math.min(beside, scratch.trailer.layout.status) : size;
	const erased = sharesTrailer ? primary.area.size - offset : size;
	const record = (trailer: SwapTrailer): void => {
		trailer.writeStatus(STATES * (status.index - 1) + status.state - 1, status.state);
		status.state++;
		progress.step();
	};
	const records = sharesTrailer ? scratch.trailer : primary.trailer;

	if (status.state === 1) {
		eraseRegion(scratch.area, 0, scratch.area.size);
		if (first) prepare(image, status, scratch, sharesTrailer);
		copyRegion(secondary.area, scratch.area, offset, 0, length, swapCipher(image, status, SECONDARY, offset));
		record(records);
	}
	if (status.state === 2) {
		eraseRegion(secondary.area, offset, erased);
		copyRegion(primary.area, secondary.area, offset, offset, length, swapCipher(image, status, PRIMARY, offset));
		// From here on the primary trailer alone speaks for this swap.
		if (first && !sharesTrailer) eraseTrailer(image, secondary);
		record(records);
	}
	eraseRegion(primary.area, offset, erased);
	copyRegion(scratch.area, primary.area, 0, offset, length);
	if (sharesTrailer) moveStatus(image, scratch, status);
	record(primary.trailer);
	// The trailer goes first: a cut must not leave a status that vouches for data already gone.
	if (sharesTrailer) eraseBackwards(scratch);
	status.index++;
	status.state = 1;
}

/** Begins a swap: scratch gets a trailer, which says what is going on while the primary one is written anew. */
function prepare(image: ImageState, status: BootStatus, scratch: Scratch, sharesTrailer: boolean): void {
	initTrailer(image, scratch.trailer, status);
	if (sharesTrailer) return;
	eraseTrailer(image, image.primary);
	initTrailer(image, image.primary.trailer, status);
	eraseRegion(scratch.area, 0, scratch.area.size);
}

/** Writes the primary trailer as scratch has it, the records of the first two states included, the magic last. */
function moveStatus(image: ImageState, scratch: Scratch, status: BootStatus): void {
	const { area, trailer } = image.primary;
	const from = scratch.trailer.layout.status;
	copyRegion(scratch.area, area, from, trailer.layout.status, (STATES - 1) * area.writeAlign);
	const { imageOk, swapType } = scratch.trailer.read();
	if (imageOk === BootFlag.SET) trailer.writeImageOk();
	trailer.writeSwapInfo(swapType, image.index);
	trailer.writeSwapSize(status.swapSize);
	trailer.writeEncryptionKeys(status.keys);
	trailer.writeMagic();
}

function eraseBackwards({ area }: Scratch): void {
	for (let at = area.size - area.sectorSize; at >= 0; at -= area.sectorSize) area.erase(at, area.sectorSize);
}
