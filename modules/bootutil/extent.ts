import type { FlashArea } from "../flash/area.js";
import { FlashError } from "../flash/error.js";
import { decodeHeader, IMAGE_HEADER_SIZE, IMAGE_MAGIC, type ImageHeader } from "./header.js";
import { TlvIterator } from "./tlv.js";

/** An image in flash, and how far it reaches. Sizes are bytes. */
export interface ImageExtent {
	readonly header: ImageHeader;
	/** Header to last TLV: what MCUboot compares with `appMaxSize` and swaps. */
	readonly total: number;
	/** The unprotected TLV area alone. */
	readonly unprotectedTlvs: number;
}

/**
 * Measures the image at `start`; undefined if there is no image header, its TLV areas are malformed, or the flash cannot
 * be read (MCUboot `boot_read_image_size`).
 */
export function measureImage(area: FlashArea, start: number): ImageExtent | undefined {
	try {
		const header = decodeHeader(area.bytes(start, IMAGE_HEADER_SIZE));
		if (header.magic !== IMAGE_MAGIC) return undefined;
		return extentOf(area, header, start);
	} catch (error) {
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}

/** As `measureImage`, of an image whose header was read. Throws the `FlashError` of the area. */
export function extentOf(area: FlashArea, header: ImageHeader, start: number): ImageExtent | undefined {
	const tlvs = TlvIterator.begin(area, header, { start });
	return tlvs && { header, total: tlvs.end - start, unprotectedTlvs: tlvs.end - tlvs.protectedEnd };
}
