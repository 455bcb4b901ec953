import type { ResponseMap } from "../../cbor.js";
import { uint } from "../../fields.js";
import { type Command, operation } from "../../group.js";
import { ImageError, imageError } from "./error.js";
import { eraseSectors } from "./flash.js";
import { guardSlot } from "./guards.js";
import { inUse } from "./next-boot.js";
import type { ImageOptions } from "./options.js";
import type { ImageSlots } from "./slots.js";
import type { ImageUpload } from "./upload.js";

/**
 * The erase command (Zephyr SMP group 1, Image erase). `slot` counts through all images; default: the other slot of image 0.
 * Erasing a slot takes seconds, so others are served after each sector; an upload that one of them begins ends the erase.
 */
export function eraseCommand(slots: ImageSlots, upload: ImageUpload, options: ImageOptions): Command {
	const keepPending = options.erasePending === false;
	return {
		name: "erase",
		write: operation({ slot: uint }, ({ slot = slots.active(0) ^ 1 }) => {
			// Not INVALID_SLOT: Zephyr looks for the slot's flash area first, and finds none to open.
			if (slot >= slots.count) {
				// As for any erase that fails.
				upload.stop();
				throw imageError(ImageError.FLASH_OPEN_FAILED, `there is no slot ${slot}`);
			}
			if (inUse(slots, slot, keepPending) && (slot === slots.active(0) || slots.info(slot)))
				throw imageError(ImageError.NO_FREE_SLOT, `slot ${slot} is in use`);
			if (!slots.isActive(slot)) guardSlot(slots, options, slot, 0);
			upload.stop();
			const area = slots.area(slot);
			const { begun } = upload;
			let sector = area.sectors;
			return () => {
				if (upload.begun !== begun)
					throw imageError(ImageError.NO_FREE_SLOT, "an upload began before the slot was erased");
				while (sector > 0) {
					sector--;
					if (eraseSectors(area, sector, sector + 1)) break;
				}
				return sector > 0 ? undefined : {};
			};
		}),
	};
}

/** The slot info command (Zephyr SMP group 1, Slot info). Here `slot` counts within the image. */
export function slotInfoCommand(slots: ImageSlots, { describe, sizeLimit }: ImageOptions): Command {
	return {
		name: "slot info",
		read: {
			handle: () => {
				const images: ResponseMap[] = [];
				for (let image = 0; image < slots.images; image++) {
					const entries: ResponseMap[] = [];
					for (let slot = 2 * image; slot < Math.min(2 * image + 2, slots.count); slot++) {
						entries.push({
							slot: slot & 1,
							size: slots.area(slot).size,
							upload_image_id: slots.isActive(slot) || slots.holdsLoader(slot) ? undefined : image,
							...describe?.("slot", slot),
						});
					}
					const largest =
						sizeLimit === "slot" ? undefined : slots.longestFile(slots.count > 1 ? slots.active(image) ^ 1 : 0);
					images.push({ image, slots: entries, max_image_size: largest, ...describe?.("image", image) });
				}
				return { images };
			},
		},
	};
}
