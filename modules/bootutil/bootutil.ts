import type { FlashArea } from "../flash/area.js";
import { FlashError } from "../flash/error.js";
import type { FlashMap } from "../flash/map.js";
import type { BootConfig } from "./config.js";
import { decodeHeader, IMAGE_HEADER_SIZE, IMAGE_MAGIC, ImageFlag, type ImageHeader } from "./header.js";
import { type Mode, modeOf } from "./modes.js";
import { decideSwapType, ERASED_TRAILER } from "./swap-type.js";
import { appMaxSize, BootFlag, BootMagic, SwapType, Trailer } from "./trailer.js";

/** MCUboot's return codes (`bootutil_public.h`, `BOOT_E…`). */
export const BootError = Object.freeze({
	OK: 0,
	EFLASH: 1,
	EFILE: 2,
	EBADIMAGE: 3,
	EBADVECT: 4,
	EBADSTATUS: 5,
	ENOMEM: 6,
	EBADARGS: 7,
	EBADVERSION: 8,
	EFLASH_SEC: 9,
} as const);

/** What Zephyr's layer (`zephyr/dfu/mcuboot.h`) returns instead: negative `errno` values. */
export const Errno = Object.freeze({ EIO: 5, EFAULT: 14 } as const);

/** A return code, and the header that was read if it is 0. */
export interface HeaderResult {
	readonly rc: number;
	readonly header?: ImageHeader;
}

/** Runs flash code; a flash error becomes `code`, other errors pass. */
function guard<T>(operation: () => T, code: T): T {
	try {
		return operation();
	} catch (error) {
		if (error instanceof FlashError) return code;
		throw error;
	}
}

/**
 * MCUboot's application API under its C names: `bootutil_public.h`, and Zephyr's `zephyr/dfu/mcuboot.h` above it.
 * Return codes are C's: 0, a positive `BootError`, or a negative `Errno` from Zephyr's layer. Image numbers count from
 * 0; an image or area that does not exist throws the RangeError of the flash map.
 */
export class BootUtil {
	readonly map: FlashMap;
	readonly config: BootConfig;
	/** The row of the configuration's mode. */
	readonly mode: Mode;
	readonly #active: readonly (0 | 1)[];

	/** `active`: the slot that each image runs from, as the boot loader has told, where that may be the secondary one. */
	constructor(map: FlashMap, config: BootConfig, active: readonly (0 | 1)[] = []) {
		this.map = map;
		this.config = config;
		this.mode = modeOf(config.mode);
		this.#active = active;
	}

	/** The slot that an image runs from, 0 or 1. */
	activeSlot(image: number): 0 | 1 {
		return this.#active[image] ?? 0;
	}

	/** The area that an image runs from. */
	activeArea(image: number): FlashArea {
		return this.map.slot(image, this.activeSlot(image) === 0 ? "primary" : "secondary");
	}

	/** The trailer of one slot. */
	trailer(area: FlashArea): Trailer {
		return new Trailer(this.config, area);
	}

	/** What the next boot is going to do with this image, as far as the trailers say: it may yet find it invalid. */
	boot_swap_type_multi(image: number): SwapType {
		const primary = guard(() => this.trailer(this.map.slot(image, "primary")).read(), undefined);
		if (!primary) return SwapType.PANIC;
		const secondary = guard(() => this.trailer(this.map.slot(image, "secondary")).read(), ERASED_TRAILER);
		return decideSwapType(this.mode, primary, secondary);
	}

	/** `boot_swap_type_multi` of image 0. */
	boot_swap_type(): SwapType {
		return this.boot_swap_type_multi(0);
	}

	/** `boot_swap_type_multi`, as Zephyr calls it. */
	mcuboot_swap_type_multi(image: number): SwapType {
		return this.boot_swap_type_multi(image);
	}

	/** `boot_swap_type`, as Zephyr calls it. */
	mcuboot_swap_type(): SwapType {
		return this.boot_swap_type_multi(0);
	}

	/**
	 * Marks a slot: the running image (`active`) as confirmed, another as the one to boot next, for good if `confirm`.
	 * The magic is written first, so from then on a request stands; a power cut between the writes of a permanent
	 * request leaves a test request. A slot that is marked already is left as it is.
	 *
	 * @returns 0; `EFLASH`; `EBADIMAGE` or, for the running image, `EBADVECT` if the magic is neither good nor erased.
	 */
	boot_set_next(area: FlashArea, active: boolean, confirm: boolean): number {
		if (this.mode.newest) return this.#setNextNewest(area, active || confirm);
		return guard(() => {
			const trailer = this.trailer(area);
			const { magic, imageOk } = trailer.read();
			if (magic === BootMagic.BAD) return active ? BootError.EBADVECT : BootError.EBADIMAGE;
			if (active) {
				// An erased magic means that this image was never swapped in: it counts as confirmed.
				if (magic === BootMagic.GOOD && imageOk === BootFlag.UNSET) trailer.writeImageOk();
			} else if (magic === BootMagic.UNSET) {
				trailer.writeMagic();
				if (confirm) trailer.writeImageOk();
				trailer.writeSwapInfo(confirm ? SwapType.PERM : SwapType.TEST, this.#imageOf(area));
			}
			return BootError.OK;
		}, BootError.EFLASH);
	}

	/** Asks for the image in the secondary slot, for one trial boot or for good. Returns the code of `boot_set_next`. */
	boot_set_pending_multi(image: number, permanent: boolean): number {
		return this.boot_set_next(this.map.slot(image, "secondary"), false, permanent);
	}

	/** `boot_set_pending_multi` of image 0. */
	boot_set_pending(permanent: boolean): number {
		return this.boot_set_pending_multi(0, permanent);
	}

	/** Confirms the running image, so that it is not reverted. Returns the code of `boot_set_next`. */
	boot_set_confirmed_multi(image: number): number {
		return this.boot_set_next(this.activeArea(image), true, true);
	}

	/** `boot_set_confirmed_multi` of image 0. */
	boot_set_confirmed(): number {
		return this.boot_set_confirmed_multi(0);
	}

	/** Confirms image 0 and returns the positive code of `boot_set_next` unchanged, as Zephyr's function does. */
	boot_write_img_confirmed(): number {
		return this.boot_set_confirmed_multi(0);
	}

	/** Confirms an image: 0 or -EIO. */
	boot_write_img_confirmed_multi(image: number): number {
		return this.boot_set_confirmed_multi(image) === BootError.OK ? 0 : -Errno.EIO;
	}

	/** Asks for an upgrade of an image: 0 or -EFAULT. */
	boot_request_upgrade_multi(image: number, permanent: boolean): number {
		return this.boot_set_pending_multi(image, permanent) === BootError.OK ? 0 : -Errno.EFAULT;
	}

	/** `boot_request_upgrade_multi` of image 0. */
	boot_request_upgrade(permanent: boolean): number {
		return this.boot_request_upgrade_multi(0, permanent);
	}

	/** True if the running image will stay: never swapped in, or confirmed. False if the trailer cannot be read. */
	boot_is_img_confirmed(image = 0): boolean {
		const state = guard(() => this.trailer(this.activeArea(image)).read(), undefined);
		return state !== undefined && (state.magic === BootMagic.UNSET || state.imageOk === BootFlag.SET);
	}

	/** Erases a whole area: 0 or -EIO. */
	boot_erase_img_bank(areaId: number): number {
		return guard(() => {
			const area = this.map.area(areaId);
			area.erase(0, area.size);
			return 0;
		}, -Errno.EIO);
	}

	/**
	 * Where an image starts in an area. One that waits in a secondary slot starts at the sector that the mode has for
	 * updates; the one that a revert would bring back starts at the first.
	 */
	boot_get_image_start_offset(areaId: number): number {
		const area = this.map.area(areaId);
		const { updateSector = 0 } = this.mode;
		if (updateSector === 0) return 0;
		for (let image = 0; image < this.map.images; image++)
			if (this.map.slot(image, "secondary") === area)
				return this.boot_swap_type_multi(image) === SwapType.REVERT ? 0 : updateSector * area.sectorSize;
		return 0;
	}

	/** The header of the image in an area; -EIO if there is none. */
	boot_read_bank_header(areaId: number): HeaderResult {
		return guard(
			(): HeaderResult => {
				const area = this.map.area(areaId);
				const header = decodeHeader(area.bytes(this.boot_get_image_start_offset(areaId), IMAGE_HEADER_SIZE));
				if (header.magic !== IMAGE_MAGIC || header.headerSize < IMAGE_HEADER_SIZE) return { rc: -Errno.EIO };
				return { rc: 0, header };
			},
			{ rc: -Errno.EIO },
		);
	}

	/**
	 * The header at the start of an area, always offset 0; `EFLASH` if it cannot be read, `EBADIMAGE` if it is none, of
	 * an image that must not be booted, or of one that does not fit.
	 */
	boot_image_load_header(area: FlashArea): HeaderResult {
		return guard(
			(): HeaderResult => {
				const header = decodeHeader(area.bytes(0, IMAGE_HEADER_SIZE));
				if (header.magic !== IMAGE_MAGIC || header.flags & ImageFlag.NON_BOOTABLE) return { rc: BootError.EBADIMAGE };
				// Any sum past 32 bits is past the end of the slot too.
				if (header.headerSize + header.imageSize + header.protectedTlvSize >= area.size)
					return { rc: BootError.EBADIMAGE };
				return { rc: BootError.OK, header };
			},
			{ rc: BootError.EFLASH },
		);
	}

	/** Where Zephyr's layer takes the flags of a trailer to start in an area of `size` bytes. */
	boot_get_trailer_status_offset(size: number): number {
		return size - 16 - 2 * this.config.maxAlign;
	}

	/** Largest image of this pair of slots, header to last TLV, bytes. */
	boot_app_max_size(image: number): number {
		return appMaxSize(this.config, this.map.slot(image, "primary"), this.map.slot(image, "secondary"));
	}

	/** MCUboot's variant for modes in which both slots are equal: the mark goes to the slot that is meant, whichever runs. */
	#setNextNewest(area: FlashArea, confirm: boolean): number {
		return guard(() => {
			const trailer = this.trailer(area);
			const { magic, copyDone, imageOk } = trailer.read();
			if (magic === BootMagic.BAD) return BootError.EBADIMAGE;
			if (magic === BootMagic.UNSET) trailer.writeMagic();
			if (confirm && copyDone === BootFlag.UNSET) trailer.writeCopyDone();
			if (confirm && imageOk === BootFlag.UNSET) trailer.writeImageOk();
			return BootError.OK;
		}, BootError.EFLASH);
	}

	/** Image number of a slot; 0 for any other area. */
	#imageOf(area: FlashArea): number {
		for (let image = 0; image < Math.min(this.config.images, this.map.images); image++)
			if (this.map.slot(image, "primary") === area || this.map.slot(image, "secondary") === area) return image;
		return 0;
	}
}
