import type { FlashArea } from "../../flash/area.js";
import type { FlashMap } from "../../flash/map.js";
import { BootUtil } from "../bootutil.js";
import { decodeHeader, IMAGE_HEADER_SIZE, type ImageHeader } from "../header.js";
import { modeOf, SCRATCH_LABEL } from "../modes.js";
import { SwapType, scratchConfig } from "../trailer.js";
import type { Decryption, ImageResult, LoaderConfig, LoaderServices, RamRegion } from "./config.js";
import { SwapTrailer } from "./swap-trailer.js";

/** Indices of `ImageState.slots`, as MCUboot numbers them. */
export const PRIMARY = 0;
export const SECONDARY = 1;
export type SlotIndex = typeof PRIMARY | typeof SECONDARY;

export const slotName = (slot: SlotIndex): string => (slot === PRIMARY ? "primary" : "secondary");

/** Where MCUboot's assertions and panics end: the loader stops, and only a reset helps. */
export class LoaderHalt extends Error {
	override readonly name: string = "LoaderHalt";
}

/** One slot of an image, with the header that was last read for it, which during a swap may come from elsewhere. */
export interface Slot {
	readonly area: FlashArea;
	readonly trailer: SwapTrailer;
	header: ImageHeader;
}

/** What the loader knows of one image. Numbers of sectors are 0 until the layout was read and found to fit. */
export class ImageState {
	readonly index: number;
	readonly slots: readonly [Slot, Slot];
	readonly decryption: Decryption | undefined;
	/** Sectors of each slot. */
	readonly sectors: [number, number] = [0, 0];
	swapType: number = SwapType.NONE;
	/** The slot that is booted. */
	active: SlotIndex = PRIMARY;
	/** Where the image was loaded to, if it runs from RAM. */
	ram: RamRegion | undefined;
	/** Where the image starts in the secondary slot, bytes: swap using offset keeps it at the first or second sector. */
	secondaryOffset = 0;
	action: ImageResult["action"] = "none";
	resumed = false;

	constructor(index: number, config: LoaderConfig, map: FlashMap) {
		const open = (which: "primary" | "secondary"): Slot => {
			const area = map.slot(index, which);
			const nothing = new Uint8Array(IMAGE_HEADER_SIZE);
			return { area, trailer: new SwapTrailer(config, area), header: decodeHeader(nothing) };
		};
		this.index = index;
		this.decryption = config.decryption;
		this.slots = [open("primary"), open("secondary")];
	}

	get primary(): Slot {
		return this.slots[PRIMARY];
	}

	get secondary(): Slot {
		return this.slots[SECONDARY];
	}

	/** Erase unit of both slots, bytes. */
	get sectorSize(): number {
		return this.primary.area.sectorSize;
	}

	/** Where the image of a slot starts in it, bytes. */
	imageStart(slot: SlotIndex): number {
		return slot === SECONDARY ? this.secondaryOffset : 0;
	}
}

/** Phase of a swap: only swap using move has both. */
export type SwapPhase = "move" | "swap";

/**
 * How far a swap has come (MCUboot `struct boot_status`). Where there are several images they share one, so that
 * what the last image left in it can be seen by the next.
 */
export class BootStatus {
	readonly #first: SwapPhase;
	phase: SwapPhase;
	/** Step of the phase, from 1. */
	index = 1;
	/** State within the step, from 1. */
	state = 1;
	/** Type of the swap under way; a number because flash may hold an undefined one. */
	swapType: number = SwapType.NONE;
	/** The trailer that holds the status, if an earlier boot began this swap. */
	source: SwapTrailer | undefined;
	/** True if that is the primary trailer. */
	fromPrimary = false;
	swapSize = 0;
	/** Unprotected TLV areas of both images, bytes. Known only in the boot that began the swap. */
	tlvSizes: [number, number] = [0, 0];
	/** AES keys of the image of each slot, of those that are encrypted. */
	keys: [Uint8Array | undefined, Uint8Array | undefined] = [undefined, undefined];

	constructor(first: SwapPhase) {
		this.#first = first;
		this.phase = first;
	}

	reset(): void {
		this.phase = this.#first;
		this.index = 1;
		this.state = 1;
		this.swapType = SwapType.NONE;
		this.source = undefined;
		this.fromPrimary = false;
		this.swapSize = 0;
		this.tlvSizes = [0, 0];
		this.keys = [undefined, undefined];
	}

	/** True if no step was recorded yet. */
	get isFresh(): boolean {
		return this.phase === this.#first && this.index === 1 && this.state === 1;
	}
}

/** Everything that the parts of the loader share during one boot. */
export interface Boot {
	readonly config: LoaderConfig;
	readonly services: LoaderServices;
	readonly bootutil: BootUtil;
	readonly images: readonly ImageState[];
	/** Only in the mode that needs it. */
	readonly scratch: Scratch | undefined;
}

/** The scratch area. Its trailer stands in for the primary's while that one's sector is swapped. */
export type Scratch = Pick<Slot, "area" | "trailer">;

/** Opens the slots of every image. */
export function openBoot(map: FlashMap, config: LoaderConfig, services: LoaderServices): Boot {
	const images: ImageState[] = [];
	for (let index = 0; index < config.images; index++) images.push(new ImageState(index, config, map));
	const scratch = modeOf(config.mode).swapRoom === "scratch" ? openScratch(map, config) : undefined;
	return { config, services, bootutil: new BootUtil(map, config), images, scratch };
}

function openScratch(map: FlashMap, config: LoaderConfig): Scratch {
	const area = map.areas().find(({ label }) => label === SCRATCH_LABEL);
	if (!area) throw new RangeError(`no flash area is called ${SCRATCH_LABEL}`);
	return { area, trailer: new SwapTrailer(scratchConfig(config), area) };
}

/** What the trailers ask for as they are now. */
export const swapTypeNow = (boot: Boot, image: ImageState): number => boot.bootutil.boot_swap_type_multi(image.index);
