import { BootError } from "../../../bootutil/bootutil.js";
import { formatVersion } from "../../../bootutil/header.js";
import { installs } from "../../../bootutil/modes.js";
import { bootableFault } from "../../../bootutil/validation.js";
import type { ResponseMap } from "../../cbor.js";
import { bool, nullableBytes } from "../../fields.js";
import { type Command, type Origin, operation } from "../../group.js";
import { ImageError, imageError } from "./error.js";
import { guardMark } from "./guards.js";
import { nextBoot } from "./next-boot.js";
import type { ImageOptions } from "./options.js";
import type { ImageSlots } from "./slots.js";
import { verifyImage } from "./verify.js";

/**
 * The state command (Zephyr SMP group 1, Get and Set state of images): the list, and marking an image for a test or as
 * confirmed, if the boot loader would take it.
 */
export function stateCommand(slots: ImageSlots, options: ImageOptions): Command {
	const list = (): ResponseMap => imageList(slots, options);
	const read = { handle: list };
	// Where the newest image runs without being asked for, and where nothing is installed, there is nothing to be set.
	const { mode } = slots.boot;
	if (!installs(mode) && !mode.reverts) return { name: "state", read };
	return {
		name: "state",
		read,
		// newtmgr sends a null hash for "the running image", which Zephyr refuses.
		write: operation({ hash: nullableBytes, confirm: bool }, ({ hash, confirm = false }, { origin }) => {
			markImage(slots, options, hash, confirm, origin);
			return list();
		}),
	};
}

function imageList(slots: ImageSlots, { frugalList: frugal = false, describe }: ImageOptions): ResponseMap {
	const images: ResponseMap[] = [];
	for (let slot = 0; slot < slots.count; slot++) {
		const info = slots.info(slot);
		if (!info) continue;
		const state = nextBoot(slots, slot >> 1);
		const active = slots.isActive(slot);
		const show = (flag: boolean): boolean | undefined => (flag || !frugal ? flag : undefined);
		images.push({
			image: slots.images > 1 ? slot >> 1 : undefined,
			slot: slot & 1,
			version: formatVersion(info.header.version),
			hash: info.hash,
			bootable: show(bootableFault(info.header) === undefined),
			pending: show(!active && (state === "test" || state === "permanent")),
			confirmed: show(active === (state !== "revert")),
			active: show(active),
			permanent: show(!active && state === "permanent"),
			...describe?.("state", slot),
		});
	}
	return { images, splitStatus: frugal ? undefined : 0 };
}

function markImage(
	slots: ImageSlots,
	options: ImageOptions,
	hash: Uint8Array | undefined,
	confirm: boolean,
	origin: Origin,
): void {
	let slot = slots.active(0);
	if (hash && hash.length > 0) {
		if (hash.length !== slots.hashSize) throw imageError(ImageError.INVALID_HASH, `a hash has ${slots.hashSize} bytes`);
		slot = slots.find(hash);
		if (slot < 0) throw imageError(ImageError.HASH_NOT_FOUND, "no slot holds an image with this hash");
	} else if (!confirm) throw imageError(ImageError.INVALID_HASH, "the image to test is not named");
	const active = slots.isActive(slot);
	if (confirm && !mayConfirm(slots, slot, options))
		throw imageError(ImageError.IMAGE_CONFIRMATION_DENIED, "this image may not be confirmed over SMP");
	if (!confirm && active)
		throw imageError(ImageError.IMAGE_SETTING_TEST_TO_ACTIVE_DENIED, "the active image cannot be marked for a test");
	if (isSet(slots, slot, confirm)) return;
	if (!active) {
		guardMark(slots, options, slot, confirm);
		verifyImage(slots, options, slot);
	}
	setNext(slots, slot, confirm);
	if (!active) return;
	options.onConfirmed?.(slot >> 1, origin);
	options.onEvent?.({ type: "confirmed", image: slot >> 1, origin });
}

/** The build options by which Zephyr limits what can be confirmed without having run. */
function mayConfirm(slots: ImageSlots, slot: number, options: ImageOptions): boolean {
	const { confirmOtherImages = "secondary", confirmInactive = true } = options;
	const active = slots.isActive(slot);
	if (slot >> 1 > 0 && confirmOtherImages !== "any" && (confirmOtherImages === "none" || active)) return false;
	return confirmInactive || active;
}

/** Whether the image is marked so already. Throws if another decision stands in the way. */
function isSet(slots: ImageSlots, slot: number, confirm: boolean): boolean {
	const active = slots.isActive(slot);
	switch (nextBoot(slots, slot >> 1)) {
		case "none":
			return active;
		case "test":
			if (!active && !confirm) return true;
			// MCUboot would report success and change nothing.
			if (!active)
				throw imageError(
					ImageError.IMAGE_ALREADY_PENDING,
					"the image is marked for a test already; confirm it once it runs, or erase it to take that back",
				);
			break;
		case "permanent":
			if (!active && confirm) return true;
			break;
		case "revert":
			if (active) return false;
			if (confirm) return true;
			break;
	}
	throw imageError(ImageError.IMAGE_ALREADY_PENDING, "another image is to boot next; erase it to take that back");
}

function setNext(slots: ImageSlots, slot: number, confirm: boolean): void {
	switch (slots.boot.boot_set_next(slots.area(slot), slots.isActive(slot), confirm)) {
		case BootError.OK:
			return;
		case BootError.EBADVECT:
			throw imageError(ImageError.INVALID_IMAGE_VECTOR_TABLE, "the trailer of the active slot is damaged");
		case BootError.EBADIMAGE:
			throw imageError(ImageError.INVALID_IMAGE_HEADER_MAGIC, "the trailer of the slot is damaged; erase the slot");
		default:
			throw imageError(ImageError.FLASH_WRITE_FAILED, "the trailer could not be written");
	}
}
