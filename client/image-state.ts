import { hexOf } from "../modules/bytes/hex.js";
import type { Answer } from "./command.js";
import type { imageSlots, imageState } from "./group/image.js";

/** One entry of the image list (Zephyr SMP group 1, Get state of images). */
export interface ImageState {
	/** 0 where the server leaves it out, as those with one image do. */
	readonly image: number;
	/** Within the image: 0 or 1. */
	readonly slot: number;
	/** `major.minor.revision`, and `.build` if there is one. */
	readonly version: string;
	/** The image's own SHA-256, in hexadecimal; empty if the server does not tell. */
	readonly hash: string;
	/** The boot loader may start it. */
	readonly bootable: boolean;
	/** The next boot starts it. */
	readonly pending: boolean;
	/** It stays: the boot loader will not take it back. */
	readonly confirmed: boolean;
	/** It runs. */
	readonly active: boolean;
	/** Pending, and for good: it needs no confirmation then. */
	readonly permanent: boolean;
}

/** A slot (Zephyr SMP group 1, Slot info). */
export interface SlotInfo {
	readonly image: number;
	/** Within the image: 0 or 1. */
	readonly slot: number;
	/** Bytes; undefined if the device cannot open it. */
	readonly size: number | undefined;
	/** The image number by which an upload goes here; undefined if none does. */
	readonly uploadImage: number | undefined;
	/** Longest file that an upload for the image may have, bytes; undefined if the device does not tell. */
	readonly maxImageSize: number | undefined;
}

/** The entries of an image list, as programs get them. */
export const imageStates = (images: Answer<typeof imageState>["images"]): ImageState[] =>
	images.map(({ image = 0, slot, version, hash, ...flags }) => ({
		...{ image, slot, version, hash: hash ? hexOf(hash) : "" },
		bootable: flags.bootable === true,
		pending: flags.pending === true,
		confirmed: flags.confirmed === true,
		active: flags.active === true,
		permanent: flags.permanent === true,
	}));

/** The slots of all images, as programs get them. */
export const slotInfos = ({ images }: Answer<typeof imageSlots>): SlotInfo[] =>
	images.flatMap(({ image = 0, slots, max_image_size: maxImageSize }) =>
		slots.map(({ slot, size, upload_image_id: uploadImage }) => ({ image, slot, size, uploadImage, maxImageSize })),
	);
