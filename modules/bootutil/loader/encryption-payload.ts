import { ctr } from "@noble/ciphers/aes.js";
import type { ImageHeader } from "../header.js";
import type { Decryption } from "./config.js";

const BLOCK = 16;

/**
 * Encrypts or decrypts, which is the same, what belongs to the payload among `bytes`, in place: AES-CTR with the number of
 * the payload's 16-byte block as counter (MCUboot encrypted_images.md, Design). Header and TLVs stay as they are.
 *
 * @param key - 16 or 32 bytes
 * @param header - of the image that the bytes are from
 * @param bytes - a part of the image
 * @param offset - where in the image that is
 */
export function cryptPayload(
	key: Uint8Array,
	header: Pick<ImageHeader, "headerSize" | "imageSize">,
	bytes: Uint8Array,
	offset: number,
): void {
	const payload = header.headerSize;
	const start = Math.max(0, payload - offset);
	const end = Math.min(bytes.length, payload + header.imageSize - offset);
	if (start >= end) return;
	const position = offset + start - payload;
	const skip = position % BLOCK;
	const counter = new Uint8Array(BLOCK);
	new DataView(counter.buffer).setUint32(BLOCK - 4, (position - skip) / BLOCK);
	// The cipher begins at a whole block.
	const blocks = new Uint8Array(skip + end - start);
	blocks.set(bytes.subarray(start, end), skip);
	bytes.set(ctr(key, counter).encrypt(blocks).subarray(skip), start);
}

/**
 * For a rehearsal of a boot loader whose key is not known: an encrypted swap that was interrupted goes on with the AES keys in its
 * trailer, and no new one begins.
 */
export const decryptionWithoutKey: Decryption = Object.freeze({ unwrap: () => undefined, crypt: cryptPayload });
