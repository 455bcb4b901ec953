import type { FlashArea } from "../flash/area.js";
import { FlashError } from "../flash/error.js";
import type { BootUtil } from "./bootutil.js";
import { SCRATCH_LABEL } from "./modes.js";
import { lastRecord } from "./status.js";
import { type SwapTypeState, swapTypeRow } from "./swap-type.js";
import { BootFlag, BootMagic, type SwapState, SwapType, scratchConfig, Trailer } from "./trailer.js";

// What the next boot sets out to do, told from the trailers alone: a few dozen bytes of flash are read, of a swap under way
// its status records too, and nothing is hashed, so that a device can afford to ask. The boot loader may still find that an
// image is not valid, that a dependency is not met or that there is no room, and then does less. Who needs to know that too
// lets the boot loader itself run on a copy of the flash: `DryRun` in loader/dry-run.ts.

/** A swap that a trailer says was begun and not ended. */
export interface InterruptedSwap {
	/** As swap_info has it: a `SwapType`, or an undefined number, on which the boot loader stops. */
	readonly type: number;
	/** Bytes that are swapped. */
	readonly swapSize: number;
	/** Where it goes on: with the trailers, before anything was moved, or in one of the two phases. */
	readonly phase: "begin" | "move" | "swap";
	/** Steps, one status record each, that were made, of `total`. */
	readonly done: number;
	readonly total: number;
}

/** What the next boot sets out to do with one image. */
export interface ImageForecast {
	readonly image: number;
	/** The trailers; undefined where the flash cannot be read. */
	readonly primary: SwapState | undefined;
	readonly secondary: SwapState | undefined;
	/**
	 * Row of the table of states that applies; undefined if the primary trailer cannot be read, and where no trailer but
	 * the newest image decides.
	 */
	readonly state: SwapTypeState | undefined;
	/** What that row asks for: `boot_swap_type_multi`. */
	readonly swapType: SwapType;
	/** A swap to finish first; then the row does not matter. */
	readonly interrupted: InterruptedSwap | undefined;
	/**
	 * What is done: the type of the interrupted swap, else that of the row. NONE for a revert that waits because a
	 * later image is being upgraded in the same go.
	 */
	readonly action: number;
	/** True if that resumes a swap of which at least one step was made. */
	readonly resumed: boolean;
	/** True if the image that runs then will stay, false if it is on trial. */
	readonly confirmed: boolean;
}

/**
 * What the next boot sets out to do with each image (MCUboot design.md, Image trailer and Reset recovery; for several
 * images `boot_review_image_swap_types`). Does not throw flash errors.
 *
 * ```ts
 * for (const { image, state, action, confirmed } of bootForecast(boot)) print(image, state, action, confirmed);
 * ```
 */
export function bootForecast(boot: BootUtil): ImageForecast[] {
	const forecasts: ImageForecast[] = [];
	for (let image = 0; image < Math.min(boot.config.images, boot.map.images); image++) {
		const forecast = forecastOne(boot, image);
		// An image that is being upgraded shows that those before it were upgraded just before a power cut: they wait.
		if (forecast.resumed || (forecast.action !== SwapType.NONE && forecast.action !== SwapType.REVERT))
			forecasts.forEach((earlier, i) => {
				if (earlier.action === SwapType.REVERT && !earlier.resumed)
					forecasts[i] = { ...earlier, action: SwapType.NONE, confirmed: boot.boot_is_img_confirmed(i) };
			});
		forecasts.push(forecast);
	}
	return forecasts;
}

function forecastOne(boot: BootUtil, image: number): ImageForecast {
	const { mode } = boot;
	const newest = mode.newest !== undefined;
	const primary = attempt(() => boot.trailer(boot.map.slot(image, "primary")).read());
	const secondary = attempt(() => boot.trailer(boot.map.slot(image, "secondary")).read());
	const swapType = newest ? SwapType.NONE : boot.boot_swap_type_multi(image);
	const interrupted = attempt(() => {
		const status = primary && statusTrailer(boot, image, primary, secondary);
		return status && interruptedSwap(boot, status);
	});
	const action = interrupted?.type ?? swapType;
	return {
		image,
		primary,
		secondary,
		state: primary && !newest ? swapTypeRow(mode, primary, secondary) : undefined,
		swapType,
		interrupted,
		action,
		resumed: interrupted !== undefined && interrupted.done > 0,
		confirmed: !mode.reverts || (staysAfter(action, interrupted && primary) ?? boot.boot_is_img_confirmed(image)),
	};
}

/** Whether what a swap of this type brings in will stay; undefined if there is no swap. */
function staysAfter(action: number, begun: SwapState | undefined): boolean | undefined {
	if (action === SwapType.REVERT || action === SwapType.PERM) return true;
	return action === SwapType.TEST ? begun?.imageOk === BootFlag.SET : undefined;
}

/** The trailer that the status of an interrupted swap would be in (MCUboot design.md, Reset recovery). */
function statusTrailer(
	boot: BootUtil,
	image: number,
	primary: SwapState,
	secondary: SwapState | undefined,
): Trailer | undefined {
	const { map, config, mode } = boot;
	if (!mode.swapRoom) return undefined;
	const trailer = boot.trailer(map.slot(image, "primary"));
	const begun = primary.magic === BootMagic.GOOD && primary.copyDone === BootFlag.UNSET;
	if (mode.swapRoom !== "scratch") return begun && secondary?.magic !== BootMagic.GOOD ? trailer : undefined;
	if (begun && primary.swapType !== SwapType.NONE) return trailer;
	const area = scratchArea(boot);
	const scratch = area && new Trailer(scratchConfig(config), area);
	const state = scratch?.read();
	if (state?.magic === BootMagic.GOOD) return state.imageNumber === image ? scratch : undefined;
	return primary.copyDone === BootFlag.UNSET && primary.magic !== BootMagic.BAD ? trailer : undefined;
}

const scratchArea = ({ map }: BootUtil): FlashArea | undefined =>
	map.areas().find(({ label }) => label === SCRATCH_LABEL);

/** Undefined if there is neither a record of a step nor a type: then the table decides. */
function interruptedSwap(boot: BootUtil, trailer: Trailer): InterruptedSwap | undefined {
	const { area, layout } = trailer;
	const info = trailer.swapInfo();
	const type = info === area.erasedValue ? SwapType.NONE : info & 0xf;
	const last = lastRecord(trailer);
	if (last === 0 && type === SwapType.NONE) return undefined;
	const swapSize = trailer.swapSize();
	const sectors = Math.max(1, Math.ceil(swapSize / area.sectorSize));
	const swap = { type, swapSize, phase: last === 0 ? "begin" : "swap", done: last } as const;
	switch (boot.mode.swapRoom) {
		case "secondary":
			return { ...swap, total: 2 * sectors };
		case "scratch":
			return { ...swap, total: 3 * Math.ceil(sectors / (scratchArea(boot)?.sectors ?? 1)) };
		default: {
			// The records of the moves have a third of the status area to themselves, however many moves there are.
			const moves = layout.statusSize / (3 * area.writeAlign);
			if (last >= moves) return { ...swap, done: sectors + last - moves, total: 3 * sectors };
			return { ...swap, phase: last > 0 && last < sectors ? "move" : swap.phase, total: 3 * sectors };
		}
	}
}

function attempt<T>(operation: () => T): T | undefined {
	try {
		return operation();
	} catch (error) {
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}
