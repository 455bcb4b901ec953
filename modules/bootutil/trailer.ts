import { readU32 } from "../bytes/little-endian.js";
import type { FlashArea } from "../flash/area.js";
import type { BootConfig } from "./config.js";
import { installs, modeOf, onlyStarts } from "./modes.js";

/** Codes of the magic (MCUboot `BOOT_MAGIC_…`). `ANY` occurs only in decision tables. */
export const BootMagic = Object.freeze({ GOOD: 1, BAD: 2, UNSET: 3, ANY: 4 } as const);
export type BootMagic = (typeof BootMagic)[keyof typeof BootMagic];

/** Codes of image_ok and copy_done (MCUboot `BOOT_FLAG_…`). `ANY` occurs only in decision tables. */
export const BootFlag = Object.freeze({ SET: 1, BAD: 2, UNSET: 3, ANY: 4 } as const);
export type BootFlag = (typeof BootFlag)[keyof typeof BootFlag];

/** Types of a swap (MCUboot `BOOT_SWAP_TYPE_…`). */
export const SwapType = Object.freeze({ NONE: 1, TEST: 2, PERM: 3, REVERT: 4, FAIL: 5, PANIC: 0xff } as const);
export type SwapType = (typeof SwapType)[keyof typeof SwapType];

/** What a trailer says (MCUboot `struct boot_swap_state`). */
export interface SwapState {
	readonly magic: BootMagic;
	/** 1 to 4 as in `SwapType`; 0 where flash holds 0. */
	readonly swapType: number;
	readonly copyDone: BootFlag;
	readonly imageOk: BootFlag;
	readonly imageNumber: number;
}

/** Offsets of the trailer's fields from the start of the slot, and sizes, all in bytes. */
export interface TrailerLayout {
	readonly magic: number;
	readonly imageOk: number;
	readonly copyDone: number;
	readonly swapInfo: number;
	/** Offset mode since MCUboot 2.3: sizes of the unprotected TLV areas, primary low, secondary high 16 bits. */
	readonly tlvSizes: number | undefined;
	readonly swapSize: number;
	/** Where encrypted images are built in: their AES keys, of slot 0 and of slot 1. */
	readonly encryptionKeys: readonly [number, number] | undefined;
	/** Start of the status records, and of the trailer. */
	readonly status: number;
	readonly statusSize: number;
	/** Whole trailer. */
	readonly size: number;
}

const MAGIC_SIZE = 16;
const FLAG_SET = 1;

/** Magic for 8-byte alignment (MCUboot design.md, Image trailer). */
const MAGIC_8 = Object.freeze([
	0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80,
]);

/** Its last 14 bytes for a larger alignment, which comes in front as a 16-bit integer. */
const MAGIC_TAIL = Object.freeze([0x2d, 0xe1, 0x5d, 0x29, 0x41, 0x0b, 0x8d, 0x77, 0x67, 0x9c, 0x11, 0x0f, 0x1f, 0x8a]);

/** The least multiple of a unit that is not below the value. */
export const alignUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;
const alignDown = (value: number, unit: number): number => Math.floor(value / unit) * unit;

/** The 16 bytes that end a valid trailer, for a `BOOT_MAX_ALIGN` (MCUboot design.md, Image trailer). */
export const trailerMagic = (maxAlign: number): readonly number[] =>
	maxAlign === 8 ? MAGIC_8 : [maxAlign & 0xff, maxAlign >> 8, ...MAGIC_TAIL];

/** Where everything is in a slot of `slotSize` bytes, programmed in units of `writeAlign` (design.md, Image trailer). */
export function trailerLayout(config: BootConfig, slotSize: number, writeAlign: number): TrailerLayout {
	const { maxAlign } = config;
	const mode = modeOf(config.mode);
	const magic = slotSize - MAGIC_SIZE;
	const imageOk = alignDown(magic - maxAlign, maxAlign);
	const copyDone = imageOk - maxAlign;
	const swapInfo = copyDone - maxAlign;
	const tlvSizes = mode.tlvSizes && config.trailer === "current" ? swapInfo - maxAlign : undefined;
	const swapSize = (tlvSizes ?? swapInfo) - maxAlign;
	const statusSize = onlyStarts(mode) ? 0 : config.maxSectors * (mode.statusRecords ?? 3) * writeAlign;
	const room = encrypts(config) ? alignUp(encryptionKeySize(config), maxAlign) : 0;
	const status = swapSize - 2 * room - statusSize;
	return {
		magic,
		imageOk,
		copyDone,
		swapInfo,
		tlvSizes,
		swapSize,
		encryptionKeys: room > 0 ? [swapSize - room, swapSize - 2 * room] : undefined,
		status,
		statusSize,
		size: slotSize - status,
	};
}

const encrypts = ({ encryption = "none" }: BootConfig): boolean => encryption !== "none";

/** Bytes of an AES key, in a build that has them. */
export const encryptionKeySize = (config: BootConfig): 16 | 32 => config.encryptionKeySize ?? 16;

/** Scratch has a trailer of its own, with the records of one region (MCUboot design.md, Swap status). */
export const scratchConfig = (config: BootConfig): BootConfig => ({ ...config, maxSectors: 1 });

/**
 * Largest image, header to last TLV, that a pair of slots can take (MCUboot `bootutil_max_image_size`). Without
 * scratch a swap leaves what is beside the trailer's sectors and the one sector that it needs. With scratch an image may
 * share the trailer's first sector. Modes without a swap need nothing below swap_info; a firmware loader and
 * a single slot leave the whole trailer free.
 */
export function appMaxSize(config: BootConfig, primary: FlashArea, secondary: FlashArea): number {
	const mode = modeOf(config.mode);
	const { swapRoom } = mode;
	const sector = primary.sectorSize;
	const usable = (area: FlashArea): number => {
		if (!swapRoom) {
			const { swapInfo, status } = trailerLayout(config, area.size, area.writeAlign);
			return onlyStarts(mode) ? status : swapInfo;
		}
		if (swapRoom === "scratch") return besideTrailer(config, area);
		const trailer = alignUp(trailerLayout(config, primary.size, primary.writeAlign).size, sector);
		const spare = swapRoom === "primary" ? primary : secondary;
		return area.size - trailer - (area === spare ? sector : 0);
	};
	return Math.min(usable(primary), usable(secondary));
}

/**
 * Largest image, header to last TLV, that the boot loader takes from a slot of the pair. With more sectors than it was built
 * for it does not know the layout, and no image fits.
 */
export function maxImageSize(config: BootConfig, primary: FlashArea, secondary: FlashArea, slot: FlashArea): number {
	// Where nothing is installed the slots are no pair: each is measured alone.
	if (!installs(modeOf(config.mode))) return appMaxSize(config, slot, slot);
	return primary.sectors > config.maxSectors ? 0 : appMaxSize(config, primary, secondary);
}

/** The sector that image and trailer share goes through scratch, which meanwhile keeps a trailer too. */
function besideTrailer(config: BootConfig, { size, sectorSize, writeAlign }: FlashArea): number {
	const { status } = trailerLayout(config, size, writeAlign);
	const scratchTrailer = trailerLayout(scratchConfig(config), sectorSize, writeAlign).size;
	return status - Math.max(0, scratchTrailer - (sectorSize - (status % sectorSize)));
}

/** The trailer of one slot, as far as an application goes into it. Methods throw the `FlashError` of the area. */
export class Trailer {
	readonly area: FlashArea;
	readonly layout: TrailerLayout;
	readonly #maxAlign: number;

	constructor(config: BootConfig, area: FlashArea) {
		this.area = area;
		this.layout = trailerLayout(config, area.size, area.writeAlign);
		this.#maxAlign = config.maxAlign;
	}

	/** Decodes magic, flags and swap_info (MCUboot `boot_read_swap_state`). */
	read(): SwapState {
		const info = this.swapInfo();
		const type = info & 0xf;
		const known = info !== this.area.erasedValue && type <= SwapType.REVERT;
		return {
			magic: this.#readMagic(),
			swapType: known ? type : SwapType.NONE,
			imageNumber: known ? info >> 4 : 0,
			copyDone: this.#readFlag(this.layout.copyDone),
			imageOk: this.#readFlag(this.layout.imageOk),
		};
	}

	/** The swap_info byte as it is: swap type in the low, image number in the high nibble. */
	swapInfo(): number {
		return this.area.bytes(this.layout.swapInfo, 1)[0]!;
	}

	/** Bytes that the swap covers. */
	swapSize(): number {
		return readU32(this.area.bytes(this.layout.swapSize, 4), 0);
	}

	writeMagic(): void {
		const start = alignDown(this.layout.magic, this.#maxAlign);
		const bytes = new Uint8Array(alignUp(MAGIC_SIZE, this.#maxAlign)).fill(this.area.erasedValue);
		bytes.set(trailerMagic(this.#maxAlign), bytes.length - MAGIC_SIZE);
		this.area.write(bytes, start);
	}

	writeImageOk(): void {
		this.write(this.layout.imageOk, FLAG_SET);
	}

	writeCopyDone(): void {
		this.write(this.layout.copyDone, FLAG_SET);
	}

	writeSwapInfo(type: number, image: number): void {
		this.write(this.layout.swapInfo, (image << 4) | type);
	}

	/** One write, rounded up to the program unit. */
	protected write(offset: number, ...values: number[]): void {
		const bytes = new Uint8Array(alignUp(values.length, this.area.writeAlign)).fill(this.area.erasedValue);
		bytes.set(values);
		this.area.write(bytes, offset);
	}

	#readMagic(): BootMagic {
		const bytes = this.area.bytes(this.layout.magic, MAGIC_SIZE);
		if (bytes.every((byte) => byte === this.area.erasedValue)) return BootMagic.UNSET;
		const expected = trailerMagic(this.#maxAlign);
		return bytes.every((byte, i) => byte === expected[i]) ? BootMagic.GOOD : BootMagic.BAD;
	}

	#readFlag(offset: number): BootFlag {
		const byte = this.area.bytes(offset, 1)[0];
		if (byte === this.area.erasedValue) return BootFlag.UNSET;
		return byte === FLAG_SET ? BootFlag.SET : BootFlag.BAD;
	}
}
