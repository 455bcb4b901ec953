import { decodeHeader, IMAGE_HEADER_SIZE, IMAGE_MAGIC } from "../header.js";
import { lastRecord } from "../status.js";
import { BootMagic, SwapType } from "../trailer.js";
import { swapCipher } from "./encryption-swap.js";
import { copySector, eraseTrailer } from "./flash-ops.js";
import { type Boot, type BootStatus, type ImageState, PRIMARY, SECONDARY, type SlotIndex } from "./state.js";
import type { UpgradeStrategy } from "./strategy.js";
import { initTrailer, refusedForSpace, SwapProgress, statusInPrimary } from "./swap.js";

/** Sectors to swap. */
const sectorsToSwap = (image: ImageState, swapSize: number): number =>
	Math.max(1, Math.ceil(swapSize / image.sectorSize));

/**
 * Swap using move (MCUboot design.md, Image swap without using scratch, with move). The primary image first moves up
 * by one sector, from its end on; then, from the start on, each sector of the primary slot is filled from the
 * secondary and the sector of the secondary from the moved one. With sectors P of the old, S of the new image:
 *
 * | after            | primary     | secondary |
 * | ---              | ---         | ---       |
 * | start            | P0 P1 –     | S0 S1     |
 * | move 1           | P0 P1 P1    | S0 S1     |
 * | move 2           | P0 P0 P1    | S0 S1     |
 * | swap 1, state 1  | S0 P0 P1    | S0 S1     |
 * | swap 1, state 2  | S0 P0 P1    | P0 S1     |
 * | swap 2, state 1  | S0 S1 P1    | P0 S1     |
 * | swap 2, state 2  | S0 S1 P1    | P0 P1     |
 */
export const swapMove: UpgradeStrategy = Object.freeze({
	firstPhase: "move",
	keepsOldImage: true,

	slotsCompatible(image: ImageState): boolean {
		const [primary, secondary] = image.sectors;
		return (
			(primary === secondary || primary === secondary + 1) &&
			image.primary.area.sectorSize === image.secondary.area.sectorSize
		);
	},

	readHeader(_boot: Boot, image: ImageState, slot: SlotIndex, status?: BootStatus): boolean {
		let from = slot;
		let offset = 0;
		if (status && !status.isFresh) {
			const last = sectorsToSwap(image, image.primary.trailer.swapSize());
			if (status.phase === "move") {
				if (slot === PRIMARY && status.index > last) offset = image.sectorSize;
			} else if (status.index === 1) {
				if (slot === PRIMARY) offset = image.sectorSize;
				else if (status.state === 2) from = PRIMARY;
			} else if (status.index <= last) {
				from = slot === PRIMARY ? SECONDARY : PRIMARY;
			}
		}
		const header = decodeHeader(image.slots[from].area.bytes(offset, IMAGE_HEADER_SIZE));
		image.slots[slot].header = header;
		return status === undefined || header.magic === IMAGE_MAGIC;
	},

	findStatus: (_boot: Boot, image: ImageState) => statusInPrimary(image),

	readRecords(image: ImageState, status: BootStatus): void {
		const last = lastRecord(image.primary.trailer);
		const moves = movesOf(image);
		if (last === 0) return;
		if (last < moves) {
			status.index = last + 1;
			return;
		}
		status.phase = "swap";
		status.index = Math.floor((last - moves) / 2) + 1;
		status.state = ((last - moves) % 2) + 1;
	},

	run(boot: Boot, image: ImageState, status: BootStatus): void {
		const last = sectorsToSwap(image, status.swapSize);
		if (refusedForSpace(boot, image, status, last)) return;
		const made = status.phase === "move" ? status.index - 1 : last + 2 * (status.index - 1) + status.state - 1;
		const progress = new SwapProgress(boot, image, status.swapType, made, 3 * last);
		requestAgain(image, status);
		if (status.phase === "move") {
			while (status.index <= last) {
				if (status.index === 1) prepare(image, status);
				const sector = last - (status.index - 1);
				copySector(image.primary.area, image.primary.area, sector - 1, sector);
				image.primary.trailer.writeStatus(status.index - 1, 1);
				status.index++;
				progress.step();
			}
			status.phase = "swap";
			status.index = 1;
		}
		for (; status.index <= last; status.index++) {
			swapSector(image, status, progress);
		}
		progress.end();
	},
});

/** Records of the move phase: the first third. */
const movesOf = (image: ImageState): number =>
	image.primary.trailer.layout.statusSize / (3 * image.primary.area.writeAlign);

/**
 * A revert leaves no request in the secondary trailer. While the primary trailer is written anew there would be
 * nothing to resume from, so the secondary trailer is made to look like a permanent request first.
 */
function requestAgain(image: ImageState, status: BootStatus): void {
	if (status.swapType !== SwapType.REVERT || status.phase !== "move" || status.index !== 1) return;
	const { secondary } = image;
	if (secondary.trailer.read().magic !== BootMagic.UNSET) return;
	eraseTrailer(image, secondary);
	secondary.trailer.writeImageOk();
	secondary.trailer.writeSwapSize(status.swapSize);
	secondary.trailer.writeMagic();
}

/** Moves the request from the secondary to the primary trailer. */
function prepare(image: ImageState, status: BootStatus): void {
	if (!status.fromPrimary) {
		eraseTrailer(image, image.primary);
		initTrailer(image, image.primary.trailer, status);
	}
	eraseTrailer(image, image.secondary);
}

function swapSector(image: ImageState, status: BootStatus, progress: SwapProgress): void {
	const { primary, secondary } = image;
	const sector = status.index - 1;
	const offset = sector * image.sectorSize;
	const record = movesOf(image) + 2 * sector;
	if (status.state === 1) {
		copySector(secondary.area, primary.area, sector, sector, swapCipher(image, status, SECONDARY, offset));
		primary.trailer.writeStatus(record, 1);
		status.state = 2;
		progress.step();
	}
	copySector(primary.area, secondary.area, sector + 1, sector, swapCipher(image, status, PRIMARY, offset));
	primary.trailer.writeStatus(record + 1, 2);
	status.state = 1;
	progress.step();
}
