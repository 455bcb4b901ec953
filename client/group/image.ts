import { Op } from "../../modules/smp/header.js";
import { IMAGE_GROUP, ImageCommand } from "../../modules/smp/protocol/image.js";
import { bytes, command, flag, list, map, number, optional, text } from "../command.js";

// Zephyr SMP group 1, Application/software image management. An `SmpClient` has a method for each of these commands.

const STATE = map({
	image: optional(number),
	slot: number,
	version: text,
	hash: optional(bytes),
	bootable: optional(flag),
	pending: optional(flag),
	confirmed: optional(flag),
	active: optional(flag),
	permanent: optional(flag),
});

/** Get state of images. */
export const imageState = command(Op.READ, IMAGE_GROUP, ImageCommand.STATE, { answer: { images: list(STATE) } });

/**
 * Set state of image: marks the image with this hash, or the running one, for a test, or confirms it. A server may answer with
 * the list, or with nothing.
 */
export const imageMark = command(Op.WRITE, IMAGE_GROUP, ImageCommand.STATE, {
	request: { hash: optional(bytes), confirm: optional(flag) },
	answer: { images: optional(list(STATE)) },
});

/**
 * Image upload, one chunk. `len`, `sha` and `image` go with the first one, offset 0. The answer has the offset that the server
 * wants next, and behind the last chunk whether the SHA-256 is right.
 */
export const imageUpload = command(Op.WRITE, IMAGE_GROUP, ImageCommand.UPLOAD, {
	request: {
		image: optional(number),
		len: optional(number),
		off: number,
		sha: optional(bytes),
		data: bytes,
		upgrade: optional(flag),
	},
	answer: { off: number, match: optional(flag) },
});

/** Image erase: a slot, counted through all images; default is slot 1. */
export const imageErase = command(Op.WRITE, IMAGE_GROUP, ImageCommand.ERASE, { request: { slot: optional(number) } });

/** Slot info: the slots of all images. Sizes are bytes. */
export const imageSlots = command(Op.READ, IMAGE_GROUP, ImageCommand.SLOT_INFO, {
	answer: {
		images: list(
			map({
				image: optional(number),
				slots: list(map({ slot: number, size: optional(number), upload_image_id: optional(number) })),
				max_image_size: optional(number),
			}),
		),
	},
});
