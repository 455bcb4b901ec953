import { decodeHeader, IMAGE_HEADER_SIZE, IMAGE_MAGIC, type ImageHeader, signedSize } from "../header.js";
import { lastRecord } from "../status.js";
import { BootMagic, SwapType } from "../trailer.js";
import { swapCipher } from "./encryption-swap.js";
import { copySector, eraseTrailer } from "./flash-ops.js";
import {
	type Boot,
	type BootStatus,
	type ImageState,
	PRIMARY,
	SECONDARY,
	type SlotIndex,
	swapTypeNow,
} from "./state.js";
import type { UpgradeStrategy } from "./strategy.js";
import { initTrailer, refusedForSpace, SwapProgress, statusInPrimary } from "./swap.js";

/** Index of the last pair of sectors to swap. */
const lastPair = (image: ImageState, swapSize: number): number =>
	Math.max(0, Math.ceil(swapSize / image.sectorSize) - 1);

const isRevert = (boot: Boot, image: ImageState, status: BootStatus | undefined): boolean =>
	status?.swapType === SwapType.REVERT || swapTypeNow(boot, image) === SwapType.REVERT;

/**
 * Swap using offset (MCUboot design.md, Swap using offset). A new image waits at the second sector of the secondary
 * slot; its first sector takes the first of the old image, and so on upwards. A revert goes downwards, so that both
 * images end where they were. With sectors P of the old, S of the new image:
 *
 * | after            | primary | secondary |
 * | ---              | ---     | ---       |
 * | start            | P0 P1   | –  S0 S1  |
 * | pair 1, state 1  | P0 P1   | P0 S0 S1  |
 * | pair 1, state 2  | S0 P1   | P0 S0 S1  |
 * | pair 2, state 1  | S0 P1   | P0 P1 S1  |
 * | pair 2, state 2  | S0 S1   | P0 P1 S1  |
 */
export const swapOffset: UpgradeStrategy = Object.freeze({
	firstPhase: "swap",
	keepsOldImage: true,

	slotsCompatible(image: ImageState): boolean {
		const [primary, secondary] = image.sectors;
		return (
			(secondary === primary || secondary === primary + 1) &&
			image.primary.area.sectorSize === image.secondary.area.sectorSize
		);
	},

	readHeader(boot: Boot, image: ImageState, slot: SlotIndex, status?: BootStatus): boolean {
		const place = status && !status.isFresh ? resumedPlace(image, slot, status) : undefined;
		const from = place?.slot ?? slot;
		let offset = place?.offset ?? 0;
		if (!place && slot === SECONDARY && !isRevert(boot, image, status)) offset = image.sectorSize;
		const read = (): ImageHeader => decodeHeader(image.slots[from].area.bytes(offset, IMAGE_HEADER_SIZE));
		let header = read();
		// Not where it belongs: perhaps at the other place, unless the status says for certain that it was a revert.
		if (!place && slot === SECONDARY && header.magic !== IMAGE_MAGIC && status?.swapType !== SwapType.REVERT) {
			offset = image.sectorSize - offset;
			header = read();
		}
		image.slots[slot].header = header;
		if (status === undefined) return true;
		if (header.magic !== IMAGE_MAGIC) return false;
		if (slot === SECONDARY) image.secondaryOffset = offset;
		return true;
	},

	findStatus: (_boot: Boot, image: ImageState) => statusInPrimary(image),

	readRecords(image: ImageState, status: BootStatus): void {
		const last = lastRecord(image.primary.trailer);
		status.index = Math.floor(last / 2) + 1;
		status.state = (last % 2) + 1;
	},

	run(boot: Boot, image: ImageState, status: BootStatus): void {
		const last = lastPair(image, status.swapSize);
		if (refusedForSpace(boot, image, status, last)) return;
		const made = 2 * (status.index - 1) + status.state - 1;
		const progress = new SwapProgress(boot, image, status.swapType, made, 2 * (last + 1));
		if (status.index === 1) prepare(image, status);
		const used = usedSectors(image);
		const revert = isRevert(boot, image, status);
		for (; status.index - 1 <= last; status.index++) {
			const pair = status.index - 1;
			swapPair(image, status, progress, used, revert ? last - pair : pair, revert ? 1 : 0);
		}
		if (revert) {
			const { area } = image.secondary;
			area.erase(0, area.sectorSize);
			eraseTrailer(image, image.secondary);
		}
		progress.end();
	},
});

/** Where the header of an image is while a swap is under way. */
function resumedPlace(
	image: ImageState,
	slot: SlotIndex,
	status: BootStatus,
): { readonly slot: SlotIndex; readonly offset: number } {
	const last = lastPair(image, image.primary.trailer.swapSize());
	const sector = image.sectorSize;
	if (status.swapType === SwapType.REVERT) {
		const pair = status.index - 1;
		const copiedOut = pair > last || (pair === last && status.state === 2);
		if (slot === PRIMARY) return copiedOut ? { slot: SECONDARY, offset: sector } : { slot: PRIMARY, offset: 0 };
		return { slot: pair > last ? PRIMARY : SECONDARY, offset: 0 };
	}
	// MCUboot looks for the old image's header where in the last pair the new one is or will be. Here that is kept only for
	// plain images: with the other image's header the payload could not be told from header and TLVs.
	const early = status.index <= last || image.primary.trailer.layout.encryptionKeys !== undefined;
	if (slot === PRIMARY) return { slot: early ? SECONDARY : PRIMARY, offset: 0 };
	return status.index === 1 ? { slot: SECONDARY, offset: sector } : { slot: PRIMARY, offset: 0 };
}

/** Moves the request from the secondary to the primary trailer. */
function prepare(image: ImageState, status: BootStatus): void {
	const { primary, secondary } = image;
	if (status.swapType === SwapType.REVERT && secondary.trailer.read().magic === BootMagic.UNSET) {
		// A revert leaves no request in the secondary trailer. It gets one that says revert, to resume from while the
		// primary trailer is written anew.
		eraseTrailer(image, secondary);
		secondary.trailer.writeCopyDone();
		initTrailer(image, secondary.trailer, status);
	}
	if (!status.fromPrimary) {
		eraseTrailer(image, primary);
		initTrailer(image, primary.trailer, status);
	}
	eraseTrailer(image, secondary);
}

/** Sectors that the image of each slot uses. With release 2.2's trailer, which has no TLV sizes, those are left out. */
function usedSectors(image: ImageState): readonly [number, number] {
	const [primary, secondary] = image.primary.trailer.tlvSizes();
	const sectors = (header: ImageHeader, tlvs: number) => Math.ceil((signedSize(header) + tlvs) / image.sectorSize);
	return [sectors(image.primary.header, primary), sectors(image.secondary.header, secondary)];
}

/**
 * Copies sector `sector` of the old image out of the primary slot and the one of the new image into it. In the
 * secondary slot they are `shift` sectors apart from their place in a forward swap.
 */
function swapPair(
	image: ImageState,
	status: BootStatus,
	progress: SwapProgress,
	[usedPrimary, usedSecondary]: readonly [number, number],
	sector: number,
	shift: 0 | 1,
): void {
	const { primary, secondary } = image;
	const record = 2 * (status.index - 1);
	const offset = sector * image.sectorSize;
	if (status.state === 1) {
		if (sector <= usedPrimary)
			copySector(primary.area, secondary.area, sector, sector + shift, swapCipher(image, status, PRIMARY, offset));
		primary.trailer.writeStatus(record, 1);
		status.state = 2;
		progress.step();
	}
	if (sector <= usedSecondary)
		copySector(secondary.area, primary.area, sector + 1 - shift, sector, swapCipher(image, status, SECONDARY, offset));
	primary.trailer.writeStatus(record + 1, 2);
	status.state = 1;
	progress.step();
}
