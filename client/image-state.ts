import { hexOf } from "../modules/bytes/hex.js";
import type { Fields } from "./request.js";

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

const optional = (value: unknown): number | undefined => (value === undefined ? undefined : Number(value));

function entries(fields: Fields, key: string, what: string): readonly Fields[] {
	const list = fields[key];
	if (!Array.isArray(list)) throw new Error(`the device's answer has no ${what}`);
	return list as readonly Fields[];
}

export const imageStates = (answer: Fields): ImageState[] =>
	entries(answer, "images", "image list").map((entry) => ({
		image: Number(entry["image"] ?? 0),
		slot: Number(entry["slot"]),
		version: String(entry["version"]),
		hash: entry["hash"] instanceof Uint8Array ? hexOf(entry["hash"]) : "",
		bootable: entry["bootable"] === true,
		pending: entry["pending"] === true,
		confirmed: entry["confirmed"] === true,
		active: entry["active"] === true,
		permanent: entry["permanent"] === true,
	}));

export const slotInfos = (answer: Fields): SlotInfo[] =>
	entries(answer, "images", "image list").flatMap((image) =>
		entries(image, "slots", "slots").map((slot) => ({
			image: Number(image["image"] ?? 0),
			slot: Number(slot["slot"]),
			size: optional(slot["size"]),
			uploadImage: optional(slot["upload_image_id"]),
			maxImageSize: optional(image["max_image_size"]),
		})),
	);
