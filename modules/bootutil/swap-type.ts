import { type Mode, onlyStarts } from "./modes.js";
import { BootFlag, BootMagic, type SwapState, SwapType } from "./trailer.js";

/** Names of the rows (Realtek OTA guide, Swap Type). V: none of the others. */
export type SwapTypeState = "I" | "II" | "III" | "IV" | "V";

/** One row of the decision: what the trailers must say, and what follows. */
export interface SwapTypeRow {
	readonly state: SwapTypeState;
	/** True: the row is for modes that mark a revert. */
	readonly marksRevert?: boolean;
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
	Object.freeze({
		state: "I",
		marksRevert: true,
		primaryMagic: BootMagic.ANY,
		secondaryMagic: BootMagic.GOOD,
		primaryImageOk: BootFlag.ANY,
		secondaryImageOk: BootFlag.UNSET,
		primaryCopyDone: BootFlag.ANY,
		secondaryCopyDone: BootFlag.SET,
		type: SwapType.REVERT,
	}),
	Object.freeze({
		state: "II",
		primaryMagic: BootMagic.ANY,
		secondaryMagic: BootMagic.GOOD,
		primaryImageOk: BootFlag.ANY,
		secondaryImageOk: BootFlag.UNSET,
		primaryCopyDone: BootFlag.ANY,
		secondaryCopyDone: BootFlag.ANY,
		type: SwapType.TEST,
	}),
	Object.freeze({
		state: "III",
		primaryMagic: BootMagic.ANY,
		secondaryMagic: BootMagic.GOOD,
		primaryImageOk: BootFlag.ANY,
		secondaryImageOk: BootFlag.SET,
		primaryCopyDone: BootFlag.ANY,
		secondaryCopyDone: BootFlag.ANY,
		type: SwapType.PERM,
	}),
	Object.freeze({
		state: "IV",
		primaryMagic: BootMagic.GOOD,
		secondaryMagic: BootMagic.ANY,
		primaryImageOk: BootFlag.UNSET,
		secondaryImageOk: BootFlag.ANY,
		primaryCopyDone: BootFlag.SET,
		secondaryCopyDone: BootFlag.ANY,
		type: SwapType.REVERT,
	}),
]);

/** What an unreadable secondary trailer counts as. */
export const ERASED_TRAILER: SwapState = Object.freeze({
	magic: BootMagic.UNSET,
	swapType: SwapType.NONE,
	copyDone: BootFlag.UNSET,
	imageOk: BootFlag.UNSET,
	imageNumber: 0,
});

const fits = (wanted: number, found: number): boolean => wanted === BootMagic.ANY || wanted === found;

const findRow = (mode: Mode, primary: SwapState, secondary: SwapState): SwapTypeRow | undefined =>
	SWAP_TYPE_TABLE.find(
		(row) =>
			!onlyStarts(mode) &&
			(!row.marksRevert || mode.marksRevert === true) &&
			fits(row.primaryMagic, primary.magic) &&
			fits(row.secondaryMagic, secondary.magic) &&
			fits(row.primaryImageOk, primary.imageOk) &&
			fits(row.secondaryImageOk, secondary.imageOk) &&
			fits(row.primaryCopyDone, primary.copyDone) &&
			fits(row.secondaryCopyDone, secondary.copyDone),
	);

/** Looks the pair of trailers up in the table; NONE if no row fits. */
export const decideSwapType = (mode: Mode, primary: SwapState, secondary: SwapState): SwapType =>
	findRow(mode, primary, secondary)?.type ?? SwapType.NONE;

/** Name of the row that fits. A secondary trailer that cannot be read counts as erased. */
export const swapTypeRow = (mode: Mode, primary: SwapState, secondary: SwapState = ERASED_TRAILER): SwapTypeState =>
	findRow(mode, primary, secondary)?.state ?? "V";
