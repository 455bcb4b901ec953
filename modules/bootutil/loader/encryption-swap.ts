import type { FlashArea } from "../../flash/area.js";
import type { BootConfig } from "../config.js";
import { IMAGE_MAGIC, type ImageHeader, isEncrypted } from "../header.js";
import { encryptionKeySize } from "../trailer.js";
import { wrappedKey } from "../validation.js";
import type { LoaderConfig } from "./config.js";
import type { ChunkChange } from "./flash-ops.js";
import {
	type Boot,
	type BootStatus,
	type ImageState,
	LoaderHalt,
	PRIMARY,
	SECONDARY,
	type SlotIndex,
} from "./state.js";

/** What is said of an image whose AES key cannot be unwrapped. */
export const NO_READABLE_KEY = "encrypted, without a key that this loader can read";

const encrypts = ({ encryption = "none" }: BootConfig): boolean => encryption !== "none";

/**
 * The AES key of the image that starts at `start` of a slot, from its TLV (MCUboot `boot_enc_load`); undefined if there is
 * none, it is malformed, or it was not wrapped for this boot loader.
 */
export function imageKey(
	config: LoaderConfig,
	area: FlashArea,
	header: ImageHeader,
	start: number,
): Uint8Array | undefined {
	const { encryption = "none", decryption } = config;
	if (encryption === "none" || !decryption) return undefined;
	const wrapped = wrappedKey(config, area, header, start);
	return wrapped && decryption.unwrap(encryption, encryptionKeySize(config), wrapped);
}

/** The AES key of the image in a slot; undefined if it is plain there and elsewhere. Stops the loader if it cannot be read. */
export function keyOf(boot: Boot, image: ImageState, slot: SlotIndex): Uint8Array | undefined {
	const { area, header } = image.slots[slot];
	if (!encrypts(boot.config) || header.magic !== IMAGE_MAGIC || !isEncrypted(header)) return undefined;
	const key = imageKey(boot.config, area, header, image.imageStart(slot));
	if (!key) throw new LoaderHalt(`the key of image ${image.index} in slot ${slot} cannot be read`);
	return key;
}

/** Learns the keys that a new swap needs, from the images; one that goes on has them in its trailer. */
export function loadKeys(boot: Boot, image: ImageState, status: BootStatus): void {
	status.keys = [keyOf(boot, image, PRIMARY), keyOf(boot, image, SECONDARY)];
}

/**
 * What becomes of the image of `slot` on its way from or to the secondary slot, from byte `offset` of the image on: it is
 * decrypted on its way out and encrypted on its way in. Undefined if it stays as it is (MCUboot encrypted_images.md, Upgrade
 * process).
 */
export function swapCipher(
	image: ImageState,
	status: BootStatus,
	slot: SlotIndex,
	offset: number,
): ChunkChange | undefined {
	const { header } = image.slots[slot];
	if (image.primary.trailer.layout.encryptionKeys === undefined || !isEncrypted(header)) return undefined;
	const { decryption } = image;
	const key = status.keys[slot];
	if (!key || !decryption)
		throw new LoaderHalt(`the key of image ${image.index} in slot ${slot} is not in the trailer`);
	return (chunk, done) => decryption.crypt(key, header, chunk, offset + done);
}
