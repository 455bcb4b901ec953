import { alignUp, trailerMagic as bootutilMagic } from "../modules/bootutil/trailer.js";
import type { Endian } from "./format.js";

/** `BOOT_MAX_ALIGN`: how far apart the trailer's fields are. */
export type MaxAlign = 8 | 16 | 32;
/** Write size of the flash, bytes. */
export type Align = 1 | 2 | 4 | 8 | 16 | 32;

const MAGIC_SIZE = 16;

/** The trailer magic, 16 bytes; with an alignment above 8 it begins with that alignment (MCUboot design.md, Image trailer). */
export function trailerMagic(maxAlign: MaxAlign, endian: Endian = "little"): Uint8Array {
	const magic = Uint8Array.from(bootutilMagic(maxAlign));
	if (maxAlign > 8 && endian === "big") magic.subarray(0, 2).reverse();
	return magic;
}

/** Bytes from the start of `image_ok` to the end of the slot; `copy_done` and `swap_info` are `maxAlign` below each. */
export const imageOkFromEnd = (maxAlign: MaxAlign): number => alignUp(MAGIC_SIZE, maxAlign) + maxAlign;

/**
 * What imgtool sets aside for the trailer when it checks whether an image fits a slot (imgtool.md, sign, `--max-sectors`):
 * three status records a sector, whatever the swap mode, the AES keys of both slots if there are any, or the TLVs that
 * they came in, four fields and the magic. Bytes.
 */
export function trailerSize(
	align: Align,
	maxAlign: MaxAlign,
	maxSectors: number,
	overwriteOnly: boolean,
	keySize = 0,
): number {
	const magic = alignUp(MAGIC_SIZE, maxAlign);
	return overwriteOnly
		? 2 * maxAlign + magic
		: maxSectors * 3 * align + 2 * alignUp(keySize, maxAlign) + 4 * maxAlign + magic;
}

/** What the last bytes of a padded image or of a slot say. */
export interface Trailer {
	readonly maxAlign: MaxAlign;
	readonly imageOk: FlagState;
	readonly copyDone: FlagState;
	readonly swapType: string;
	/** Image number in the high half of `swap_info`. */
	readonly imageNumber: number;
}

/** What a flag of the trailer says: 0x01, as erased, or anything else. */
export type FlagState = "set" | "unset" | "bad";

const SWAP_TYPES = ["none", "none", "test", "perm", "revert"];

/**
 * Decodes the trailer at the end of a slot (MCUboot design.md, Image trailer), as far as it is the same in every swap mode:
 * magic, `image_ok`, `copy_done`, `swap_info`. `undefined` without a good magic of any alignment.
 */
export function readTrailer(slot: Uint8Array, erasedValue: number, endian: Endian = "little"): Trailer | undefined {
	const maxAlign = ([8, 16, 32] as const).find((align) => endsWith(slot, trailerMagic(align, endian)));
	if (maxAlign === undefined || slot.length < imageOkFromEnd(maxAlign) + 2 * maxAlign) return undefined;
	const imageOk = slot.length - imageOkFromEnd(maxAlign);
	const swapInfo = slot[imageOk - 2 * maxAlign]!;
	const unset = swapInfo === erasedValue || (swapInfo & 15) >= SWAP_TYPES.length;
	return {
		maxAlign,
		imageOk: flag(slot[imageOk]!, erasedValue),
		copyDone: flag(slot[imageOk - maxAlign]!, erasedValue),
		swapType: unset ? "none" : SWAP_TYPES[swapInfo & 15]!,
		imageNumber: unset ? 0 : swapInfo >> 4,
	};
}

const flag = (byte: number, erasedValue: number): FlagState =>
	byte === 1 ? "set" : byte === erasedValue ? "unset" : "bad";

const endsWith = (bytes: Uint8Array, tail: Uint8Array): boolean =>
	bytes.length >= tail.length && tail.every((byte, i) => bytes[bytes.length - tail.length + i] === byte);
