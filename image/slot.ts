import { ImageError } from "./error.js";
import type { Segment } from "./intel-hex.js";
import type { ImageOptions } from "./options.js";
import { imageOkFromEnd, type MaxAlign, trailerMagic, trailerSize } from "./trailer.js";

/** Larger than any flash that holds such images; allocated whole when padding. */
const MAX_SLOT_SIZE = 0x40000000;

const maxAlignOf = ({ align = 1, maxAlign }: ImageOptions): MaxAlign => maxAlign ?? (Math.max(8, align) as MaxAlign);

/** Checks that image and trailer fit the slot. Throws an ImageError with one sentence if not. */
export function checkFit(image: Uint8Array, options: ImageOptions, encryptionTlvSize: number): void {
	const { slotSize = 0, align = 1, maxSectors = 128, overwriteOnly = false, pad } = options;
	const maxAlign = maxAlignOf(options);
	if (maxAlign < align) throw new ImageError(`The maximum alignment ${maxAlign} is less than the alignment ${align}.`);
	if (!isUint(slotSize)) throw new ImageError(`The slot size ${slotSize} is not within 0 to 1 GiB.`);
	if (!isUint(maxSectors)) throw new ImageError(`${maxSectors} is no number of sectors.`);
	if (slotSize === 0) {
		if (pad) throw new ImageError("Padding needs the size of the slot.");
		return;
	}
	const keySize = options.encryptKeyLength === 256 ? 32 : 16;
	const saved = !options.encrypt ? 0 : options.saveEncryptionTlv ? encryptionTlvSize : keySize;
	const trailer = trailerSize(align, maxAlign, maxSectors, overwriteOnly, saved);
	const excess = image.length + trailer - slotSize;
	if (excess > 0) {
		throw new ImageError(
			`The image (${image.length} bytes) and its trailer (${trailer}) exceed the slot (${slotSize}) by ${excess} bytes.`,
		);
	}
}

/** The image alone, or with the rest of the slot and its trailer if padding is wanted. */
export function fillSlot(image: Uint8Array, options: ImageOptions): Uint8Array {
	const { slotSize = 0, pad, erasedValue = 0xff } = options;
	if (!pad) return image;
	const slot = new Uint8Array(slotSize).fill(erasedValue);
	for (const { address, bytes } of slotSegments(image, 0, options)) slot.set(bytes, address);
	return slot;
}

/** As `fillSlot`, but only what is not erased anyway, for a slot at this address: what goes into an Intel HEX file. */
export function slotSegments(image: Uint8Array, address: number, options: ImageOptions): Segment[] {
	const { slotSize = 0, pad, erasedValue = 0xff, overwriteOnly = false } = options;
	const segments: Segment[] = [{ address, bytes: image }];
	if (!pad) return segments;
	const maxAlign = maxAlignOf(options);
	const end = address + slotSize;
	if (pad !== "plain" && !overwriteOnly) {
		const imageOk = new Uint8Array(maxAlign).fill(erasedValue);
		if (pad === "confirm") imageOk[0] = 1;
		segments.push({ address: end - imageOkFromEnd(maxAlign), bytes: imageOk });
	}
	const magic = trailerMagic(maxAlign, options.endian);
	segments.push({ address: end - magic.length, bytes: magic });
	return segments;
}

const isUint = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MAX_SLOT_SIZE;
