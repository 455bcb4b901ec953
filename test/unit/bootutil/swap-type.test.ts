import assert from "node:assert";
import { MODES } from "../../../modules/bootutil/modes.js";
import { decideSwapType } from "../../../modules/bootutil/swap-type.js";
import { BootFlag, BootMagic, type SwapState, SwapType } from "../../../modules/bootutil/trailer.js";

const MAGIC = { g: BootMagic.GOOD, b: BootMagic.BAD, u: BootMagic.UNSET } as const;
const FLAG = { s: BootFlag.SET, b: BootFlag.BAD, u: BootFlag.UNSET } as const;

/** Three letters: magic, image_ok, copy_done. */
const state = (letters: string): SwapState => ({
	magic: MAGIC[letters[0] as keyof typeof MAGIC],
	imageOk: FLAG[letters[1] as keyof typeof FLAG],
	copyDone: FLAG[letters[2] as keyof typeof FLAG],
	swapType: SwapType.NONE,
	imageNumber: 0,
});

describe("swap type", () => {
	const rows: [what: string, primary: string, secondary: string, move: SwapType, offset: SwapType][] = [
		["fresh device", "uuu", "uuu", SwapType.NONE, SwapType.NONE],
		["test request", "uuu", "guu", SwapType.TEST, SwapType.TEST],
		["permanent request", "uuu", "gsu", SwapType.PERM, SwapType.PERM],
		["request over a confirmed upgrade", "gss", "guu", SwapType.TEST, SwapType.TEST],
		["test image running", "gus", "uuu", SwapType.REVERT, SwapType.REVERT],
		["confirmed image running", "gss", "uuu", SwapType.NONE, SwapType.NONE],
		["revert in preparation", "uuu", "gus", SwapType.TEST, SwapType.REVERT],
		["bad image_ok of a request", "uuu", "gbu", SwapType.NONE, SwapType.NONE],
		["bad image_ok of a running image", "gbs", "uuu", SwapType.NONE, SwapType.NONE],
		["bad copy_done", "gub", "uuu", SwapType.NONE, SwapType.NONE],
		["bad secondary magic while a test image runs", "gus", "buu", SwapType.REVERT, SwapType.REVERT],
		["bad primary magic", "bus", "uuu", SwapType.NONE, SwapType.NONE],
	];
	for (const [what, primary, secondary, move, offset] of rows)
		it(what, () => {
			assert.equal(decideSwapType(MODES["swap-move"], state(primary), state(secondary)), move);
			assert.equal(decideSwapType(MODES["swap-offset"], state(primary), state(secondary)), offset);
		});
});
