import type { UpgradeMode } from "./config.js";
import { BootFlag, BootMagic, type SwapState, SwapType } from "./trailer.js";

/** One row of the decision: what the trailers must say, and what follows. */
export interface SwapTypeRow {
	readonly mode?: UpgradeMode;
	readonly primaryMagic: BootMagic;
	readonly secondaryMagic: BootMagic;
	readonly primaryImageOk: BootFlag;
	readonly secondaryImageOk: BootFlag;
	readonly primaryCopyDone: BootFlag;
	readonly secondaryCopyDone: BootFlag;
	readonly type: SwapType;
}

/**
 * What the trailers of both slots ask for; the first row that fits decides (MCUboot design.md, Image trailer: the
 * tables of states I to IV). A BAD flag fits `ANY` alone, so a request with a damaged image_ok is no request.
 */
export const SWAP_TYPE_TABLE: readonly SwapTypeRow[] = Object.freeze([
	// A revert by offset marks the secondary trailer while the primary's is written anew.
	Object.freeze({
		mode: "swap-offset",
		primaryMagic: BootMagic.ANY,
		secondaryMagic: BootMagic.GOOD,
		primaryImageOk: BootFlag.ANY,
		secondaryImageOk: BootFlag.UNSET,
		primaryCopyDone: BootFlag.ANY,
		secondaryCopyDone: BootFlag.SET,
		type: SwapType.REVERT,
	}),
	Object.freeze({
		primaryMagic: BootMagic.ANY,
		secondaryMagic: BootMagic.GOOD,
		primaryImageOk: BootFlag.ANY,
		secondaryImageOk: BootFlag.UNSET,
		primaryCopyDone: BootFlag.ANY,
		secondaryCopyDone: BootFlag.ANY,
		type: SwapType.TEST,
	}),
	Object.freeze({
		primaryMagic: BootMagic.ANY,
		secondaryMagic: BootMagic.GOOD,
		primaryImageOk: BootFlag.ANY,
		secondaryImageOk: BootFlag.SET,
		primaryCopyDone: BootFlag.ANY,
		secondaryCopyDone: BootFlag.ANY,
		type: SwapType.PERM,
	}),
	Object.freeze({
		primaryMagic: BootMagic.GOOD,
		secondaryMagic: BootMagic.ANY,
		primaryImageOk: BootFlag.UNSET,
		secondaryImageOk: BootFlag.ANY,
		primaryCopyDone: BootFlag.SET,
		secondaryCopyDone: BootFlag.ANY,
		type: SwapType.REVERT,
	}),
]);

const fits = (wanted: number, found: number): boolean => wanted === BootMagic.ANY || wanted === found;

/** Looks the pair of trailers up in the table; NONE if no row fits. */
export function decideSwapType(mode: UpgradeMode, primary: SwapState, secondary: SwapState): SwapType {
	for (const row of SWAP_TYPE_TABLE)
		if (
			(row.mode === undefined || row.mode === mode) &&
			fits(row.primaryMagic, primary.magic) &&
			fits(row.secondaryMagic, secondary.magic) &&
			fits(row.primaryImageOk, primary.imageOk) &&
			fits(row.secondaryImageOk, secondary.imageOk) &&
			fits(row.primaryCopyDone, primary.copyDone) &&
			fits(row.secondaryCopyDone, secondary.copyDone)
		)
			return row.type;
	return SwapType.NONE;
}
