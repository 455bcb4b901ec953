import type { ImageFile } from "./image-file.js";
import type { ImageState, SlotInfo } from "./image-state.js";

/** Where an upload is to go. */
export interface Target {
	/** The image, as the image list numbers them. */
	readonly image: number;
	/** Within the image; undefined if the device does not tell. */
	readonly slot: number | undefined;
	/** Longest file that the device takes, bytes; undefined if it does not tell. */
	readonly maxSize: number | undefined;
	/** Whether the device has more than one image. */
	readonly several: boolean;
}

/**
 * Where an upload for image `number` goes. `slots` is empty if the device does not tell of its slots; then its
 * image list has to do. Throws an Error with one sentence if the device has no such image.
 *
 * A device that takes uploads for any slot has a number for each (`upload_image_id`), which need not be that of the
 * image.
 */
export function findTarget(number: number, slots: readonly SlotInfo[], images: readonly ImageState[]): Target {
	const several = [...slots, ...images].some(({ image }) => image > 0);
	if (slots.length > 0) {
		const slot = slots.find((each) => each.uploadImage === number && !isMisleading(each));
		if (slot) return { image: slot.image, slot: slot.slot, maxSize: slot.maxImageSize ?? slot.size, several };
		const others = slots.filter(({ image }) => image === number);
		// One that is not open for uploads now may be at the next question; why it is not, the device says best.
		if (others.length > 0) return { image: number, slot: undefined, maxSize: others[0]!.maxImageSize, several };
		throw new Error(
			noImage(
				number,
				slots.flatMap(({ image, uploadImage = image }) => [uploadImage]),
			),
		);
	}
	// The list of a boot loader's recovery tells of no image that runs, and not of all that it takes.
	if (images.some(({ active }) => active) && !images.some(({ image }) => image === number))
		throw new Error(
			noImage(
				number,
				images.map(({ image }) => image),
			),
		);
	return { image: number, slot: undefined, maxSize: undefined, several };
}

/**
 * Whether a slot tells a number that its device does not take. Serial recovery of MCUboot 2.2 to 2.4 without direct upload
 * tells such numbers for secondary slots (boot_serial.c, `bs_slot_info`), and takes those of images alone. With direct upload
 * the numbers are by one higher.
 */
const isMisleading = ({ image, slot, uploadImage }: SlotInfo): boolean => slot === 1 && uploadImage === 2 * image + 1;

function noImage(number: number, there: readonly number[]): string {
	const numbers = [...new Set(there)].sort((a, b) => a - b);
	const which = numbers.length === 1 ? `only image ${numbers[0]}` : `images ${numbers.join(", ")}`;
	return `the device has no image ${number}; it has ${which}`;
}

/** Throws an Error with one sentence if a file is too long for its target. */
export function checkSize(length: number, file: ImageFile | undefined, { image, maxSize }: Target): void {
	if (maxSize === undefined || length <= maxSize) return;
	const much = `the file has ${length} bytes, and image ${image} of the device takes ${maxSize}`;
	throw new Error(`${much}${file ? paddingSentence(file) : ""}`);
}

/** Says that it is not the image that makes a file long; the end of a sentence, or nothing. */
export function paddingSentence({ padding, size }: ImageFile): string {
	if (padding === "none") return "";
	const rest = padding === "trailer" ? "padding up to the end of a slot: sign it without --pad" : "not part of it";
	return `; the image itself has ${size}, the rest is ${rest}`;
}

/** Whether an entry of the image list stands for the slot of a target: the one that the image does not run from. */
export const isAt = ({ image, slot }: Target, entry: ImageState): boolean =>
	entry.image === image && (slot === undefined ? !entry.active : entry.slot === slot);

/** The entry of the slot of a target. */
export const entryAt = (target: Target, images: readonly ImageState[]): ImageState | undefined =>
	images.find((entry) => isAt(target, entry));

const placeOf = ({ image, slot }: ImageState): string => `slot ${slot} of image ${image}`;

const eraseCommand = (entry: ImageState): string => `"xs-smp erase --slot ${absoluteSlot(entry)}"`;

/** A slot as the erase command counts them, through all images. */
export const absoluteSlot = ({ image, slot }: Pick<ImageState, "image" | "slot">): number => 2 * image + slot;

/**
 * Checks that the slot of a target holds the file that was sent there. Throws an Error with one sentence if it does
 * not. Where a list has no hashes there is nothing to be checked.
 */
export function checkArrival(file: ImageFile, target: Target, images: readonly ImageState[]): void {
	const { hash } = file;
	if (images.some((entry) => entry.hash === hash && isAt(target, entry))) return;
	if (images.length > 0 && images.every((entry) => entry.hash === "")) return;
	const elsewhere = images.find((entry) => entry.hash === hash && !entry.active);
	if (elsewhere)
		throw new Error(
			`the device went on with an earlier upload of this file, and has it in ${placeOf(elsewhere)} instead of image ${
				target.image
			}: erase that with ${eraseCommand(elsewhere)} and upload the file again`,
		);
	const found = entryAt(target, images);
	if (found)
		throw new Error(
			`the slot holds version ${found.version} with another hash after the upload: another client has replaced the file`,
		);
	const other = otherHash(file, images);
	const why = other === undefined ? "" : `: ${other}`;
	throw new Error(`the device has taken the file, but lists no such image in image ${target.image}${why}`);
}

/** Why a device cannot know a file by its hash, in words; undefined if it can, or its list has no hashes to tell by. */
export function otherHash(
	{ hash, hashName }: Pick<ImageFile, "hash" | "hashName">,
	images: readonly ImageState[],
): string | undefined {
	const listed = images.filter((entry) => entry.hash !== "").map((entry) => entry.hash.length);
	if (listed.length === 0 || listed.includes(hash.length)) return undefined;
	return `it knows images by their SHA-${4 * listed[0]!}, and this one has a ${hashName}, which another boot loader is for`;
}

/**
 * Checks that a mark by this hash meets an image that holds it, or is about to: a device takes the first of its slots
 * with such an image. Throws an Error with one sentence if that is a slot of another image.
 */
export function checkMark(hash: string, image: number, images: readonly ImageState[]): void {
	const [first] = images.filter((entry) => entry.hash === hash).sort((a, b) => absoluteSlot(a) - absoluteSlot(b));
	if (!first || first.image >= image) return;
	const where = first.active ? `runs as image ${first.image}` : `is in ${placeOf(first)} too`;
	// What runs cannot be erased.
	const remedy = first.active ? "" : `: erase it with ${eraseCommand(first)} first`;
	throw new Error(`this very file ${where}, and a device marks by hash, so it would take that one${remedy}`);
}
