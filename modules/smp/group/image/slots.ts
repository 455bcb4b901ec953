import type { BootUtil } from "../../../bootutil/bootutil.js";
import {
	decodeHeader,
	IMAGE_HEADER_SIZE,
	IMAGE_MAGIC,
	type ImageHeader,
	signedSize,
} from "../../../bootutil/header.js";
import { onlyStarts } from "../../../bootutil/modes.js";
import { hashTlv, TlvIterator } from "../../../bootutil/tlv.js";
import { maxImageSize } from "../../../bootutil/trailer.js";
import type { ImagePlace } from "../../../bootutil/validation.js";
import type { Hasher } from "../../../bytes/digest.js";
import { equalBytes } from "../../../bytes/equal.js";
import type { FlashArea } from "../../../flash/area.js";
import { FlashError } from "../../../flash/error.js";
import { hashFlash } from "./flash.js";

/** What the image group knows of an image. */
export interface ImageInfo {
	readonly header: ImageHeader;
	/** Content of the TLV with its hash. */
	readonly hash: Uint8Array;
}

/**
 * The slots as the image group counts them (Zephyr SMP group 1): 0 and 1 of image 0, 2 and 3 of image 1 and so on. The active
 * slot of an image is the even one, unless the boot loader runs images from both; the running image is image 0.
 */
export class ImageSlots {
	readonly boot: BootUtil;
	/** Number of images. */
	readonly images: number;

	/** Bytes of the hash that names an image. */
	readonly hashSize: number;

	constructor(boot: BootUtil) {
		this.boot = boot;
		this.hashSize = (boot.config.hash ?? 256) / 8;
		this.images = Math.min(boot.config.images, boot.map.images);
	}

	/** Number of slots. A single one is that of the only image. */
	get count(): number {
		return this.boot.mode.singleSlot ? 1 : 2 * this.images;
	}

	area(slot: number): FlashArea {
		return this.boot.map.slot(slot >> 1, (slot & 1) === 0 ? "primary" : "secondary");
	}

	/** The slot that an image runs from. */
	active(image: number): number {
		return 2 * image + this.boot.activeSlot(image);
	}

	/** Whether a slot is the one that its image runs from. */
	isActive(slot: number): boolean {
		return slot === this.active(slot >> 1);
	}

	/** Whether a slot is that of a firmware loader, which no client replaces, or there is no such slot. */
	holdsLoader(slot: number): boolean {
		return (slot & 1) === 1 && onlyStarts(this.boot.mode);
	}

	/** Where the image in a slot starts, bytes from the start of the slot. */
	start(slot: number): number {
		return this.boot.boot_get_image_start_offset(this.area(slot).id);
	}

	/** Largest image that the boot loader takes from a slot, bytes. */
	largest(slot: number): number {
		const { map, config } = this.boot;
		const image = slot >> 1;
		return maxImageSize(config, map.slot(image, "primary"), map.slot(image, "secondary"), this.area(slot));
	}

	/**
	 * Longest file that may be uploaded to a slot, bytes. Where the newest image runs and has to be marked, a file may bring
	 * its trailer along, and fill the slot.
	 */
	longestFile(slot: number): number {
		const { newest, reverts } = this.boot.mode;
		return newest && reverts ? this.area(slot).size : this.largest(slot);
	}

	/** Undefined if the slot holds no image with a header and exactly one TLV with the hash that counts. */
	info(slot: number): ImageInfo | undefined {
		try {
			const area = this.area(slot);
			const start = this.start(slot);
			const header = decodeHeader(area.bytes(start, IMAGE_HEADER_SIZE));
			if (header.magic !== IMAGE_MAGIC) return undefined;
			const tlvs = TlvIterator.begin(area, header, { type: hashTlv(this.boot.config.hash), start });
			let hash: Uint8Array | undefined;
			for (let tlv = tlvs?.next(); tlv !== "end"; tlv = tlvs?.next()) {
				if (tlv === undefined || tlv === "invalid") return undefined;
				if (tlv.isProtected) continue;
				if (hash || tlv.length !== this.hashSize) return undefined;
				hash = area.bytes(tlv.offset, tlv.length);
			}
			return hash && { header, hash };
		} catch (error) {
			if (error instanceof FlashError) return undefined;
			throw error;
		}
	}

	/** What the hash of an image is over, hashed. Throws a `GroupError` of the image group if it cannot be read. */
	digest({ area, header, start }: ImagePlace, hasher: Hasher): Uint8Array {
		hashFlash(area, start, signedSize(header), hasher);
		return hasher.digest();
	}

	/** First slot that holds the image with this hash, -1 if none does. */
	find(hash: Uint8Array): number {
		for (let slot = 0; slot < this.count; slot++) {
			const info = this.info(slot);
			if (info && equalBytes(info.hash, hash)) return slot;
		}
		return -1;
	}
}
