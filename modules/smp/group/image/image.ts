import type { Group } from "../../group.js";
import { eraseCommand, slotInfoCommand } from "./erase.js";
import { IMAGE_GROUP, IMAGE_V1_ERRORS } from "./error.js";
import type { ImageOptions } from "./options.js";
import { ImageSlots } from "./slots.js";
import { stateCommand } from "./state.js";
import { ImageUpload } from "./upload.js";

export type { ImageEvent, ImageOptions, UploadProgress } from "./options.js";

/**
 * The image group (Zephyr SMP group 1, Application/software image management) on MCUboot's swap upgrades: list, test and
 * confirm, upload, erase, slot information.
 */
export function imageGroup(options: ImageOptions): Group {
	const slots = new ImageSlots(options.boot);
	const upload = new ImageUpload(slots, options);
	return {
		id: IMAGE_GROUP,
		name: "img mgmt",
		errors: IMAGE_V1_ERRORS,
		commands: {
			0: stateCommand(slots, options),
			1: upload.command,
			5: eraseCommand(slots, upload, options),
			6: slotInfoCommand(slots, options),
		},
	};
}
