import type { ImageForecast } from "../modules/bootutil/forecast.js";
import { SWAP_TYPE_TABLE } from "../modules/bootutil/swap-type.js";
import { BootFlag, BootMagic, SwapType } from "../modules/bootutil/trailer.js";

// What trailers say, in MCUboot's words.

const MAGICS: Readonly<Record<number, string>> = {
	[BootMagic.GOOD]: "good",
	[BootMagic.BAD]: "bad",
	[BootMagic.UNSET]: "unset",
};
const FLAGS: Readonly<Record<number, string>> = {
	[BootFlag.SET]: "set",
	[BootFlag.BAD]: "bad",
	[BootFlag.UNSET]: "unset",
};
const TYPES: Readonly<Record<number, string>> = {
	[SwapType.NONE]: "none",
	[SwapType.TEST]: "test",
	[SwapType.PERM]: "permanent",
	[SwapType.REVERT]: "revert",
	[SwapType.FAIL]: "fail",
	[SwapType.PANIC]: "panic",
};

/** The state of a magic; that of `ANY` is empty. */
export const magicName = (magic: number): string => MAGICS[magic] ?? "";

/** The state of `image_ok` or `copy_done`; that of `ANY` is empty. */
export const flagName = (flag: number): string => FLAGS[flag] ?? "";

/** A type of swap. */
export const typeName = (type: number): string => TYPES[type] ?? `undefined type ${type}`;

/** What the row of a forecast looks at, field by field. */
export function becauseWords({ state }: Pick<ImageForecast, "state">): string[] {
	const row = SWAP_TYPE_TABLE.find((each) => each.state === state);
	if (!row) return [];
	const fields: readonly (readonly [string, string])[] = [
		["primary magic", magicName(row.primaryMagic)],
		["primary image_ok", flagName(row.primaryImageOk)],
		["primary copy_done", flagName(row.primaryCopyDone)],
		["secondary magic", magicName(row.secondaryMagic)],
		["secondary image_ok", flagName(row.secondaryImageOk)],
		["secondary copy_done", flagName(row.secondaryCopyDone)],
	];
	return fields.flatMap(([name, value]) => (value === "" ? [] : [`${name} ${value}`]));
}
