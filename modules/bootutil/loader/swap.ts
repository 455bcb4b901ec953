import { extentOf, type ImageExtent } from "../extent.js";
import { IMAGE_MAGIC } from "../header.js";
import { BootFlag, BootMagic, SwapType } from "../trailer.js";
import { firstTrailerSector } from "./flash-ops.js";
import {
	type Boot,
	type BootStatus,
	type ImageState,
	LoaderHalt,
	PRIMARY,
	SECONDARY,
	type SlotIndex,
} from "./state.js";
import type { SwapTrailer } from "./swap-trailer.js";

/** The image in a slot; stops the loader if its TLV areas are broken (MCUboot `boot_read_image_size`). */
export function imageExtent(image: ImageState, slot: SlotIndex): ImageExtent {
	const { area, header } = image.slots[slot];
	const extent = extentOf(area, header, image.imageStart(slot));
	if (!extent) throw new LoaderHalt(`the size of image ${image.index} in slot ${slot} cannot be told`);
	return extent;
}

/** Measures what a new swap has to cover: the larger one of the images that are there. */
export function measureSwap(image: ImageState, status: BootStatus): void {
	status.swapSize = 0;
	status.tlvSizes = [0, 0];
	for (const slot of [PRIMARY, SECONDARY] as const) {
		if (image.slots[slot].header.magic !== IMAGE_MAGIC) continue;
		const { total, unprotectedTlvs } = imageExtent(image, slot);
		status.swapSize = Math.max(status.swapSize, total);
		status.tlvSizes[slot] = unprotectedTlvs;
	}
}

/**
 * Writes the fields of a trailer that a swap begins with, the magic last, so that it vouches for the others (MCUboot
 * `swap_status_init`). The secondary trailer's image_ok, if set, is carried over: the request is permanent.
 */
export function initTrailer(image: ImageState, trailer: SwapTrailer, status: BootStatus): void {
	const request = image.secondary.trailer.read();
	if (status.swapType !== SwapType.NONE) trailer.writeSwapInfo(status.swapType, image.index);
	if (request.imageOk === BootFlag.SET) trailer.writeImageOk();
	trailer.writeSwapSize(status.swapSize);
	trailer.writeTlvSizes(...status.tlvSizes);
	trailer.writeEncryptionKeys(status.keys);
	trailer.writeMagic();
}

/**
 * Refuses a swap whose sectors would reach into the trailer. The decided type stays as it is, and so MCUboot writes
 * copy_done although nothing was swapped.
 */
export function refusedForSpace(boot: Boot, image: ImageState, status: BootStatus, lastSector: number): boolean {
	if (!status.isFresh || lastSector < firstTrailerSector(image.primary)) return false;
	boot.services.log(
		`image ${image.index}: no room to swap: ${status.swapSize} bytes, ${firstTrailerSector(image.primary)} sectors beside the trailer`,
	);
	status.swapType = SwapType.NONE;
	image.action = "none";
	return true;
}

/**
 * The status of an interrupted swap without scratch: a primary trailer that is begun and not done, and no request that it
 * might have been written for in vain.
 */
export function statusInPrimary(image: ImageState): SwapTrailer | undefined {
	const primary = image.primary.trailer.read();
	const begun = primary.magic === BootMagic.GOOD && primary.copyDone === BootFlag.UNSET;
	return begun && image.secondary.trailer.read().magic !== BootMagic.GOOD ? image.primary.trailer : undefined;
}

/** Tells the host how a swap gets on. */
export class SwapProgress {
	readonly #boot: Boot;
	readonly #image: ImageState;
	readonly #type: number;
	readonly #total: number;
	#done: number;

	/** `done` of `total` steps were made by an earlier boot. */
	constructor(boot: Boot, image: ImageState, type: number, done: number, total: number) {
		this.#boot = boot;
		this.#image = image;
		this.#type = type;
		this.#done = done;
		this.#total = total;
		this.#report("start");
	}

	step(): void {
		this.#done++;
		this.#report("progress");
	}

	end(): void {
		this.#report("end");
	}

	#report(event: "start" | "progress" | "end"): void {
		this.#boot.services.report?.({
			event,
			image: this.#image.index,
			type: this.#type as SwapType,
			resumed: this.#image.resumed,
			done: this.#done,
			total: this.#total,
		});
	}
}
