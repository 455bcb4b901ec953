import { aeskw, ctr } from "@noble/ciphers/aes.js";
import { ImageFlag } from "../../../modules/bootutil/header.js";
import { wrapping } from "../../../modules/bootutil/validation.js";
import { makeImage, type TestImage } from "./support.js";

/** An image as it is in the primary slot, and as it is in the secondary: the same if it is plain. */
export interface Pair {
	readonly plain: Uint8Array;
	readonly sealed: Uint8Array;
}

const HEADER = 32;
/** What AES keys are wrapped with: 16 bytes of it, or all. */
export const KEK = Uint8Array.from({ length: 32 }, (_, i) => 7 * i + 1);

/** An image that is wrapped by AES key wrap, for `KEK`. */
export function encrypted(image: TestImage, keySize: 16 | 32): Pair {
	const key = new Uint8Array(keySize).map((_, i) => 16 * image.version[0] + i);
	const wrapped = [...aeskw(KEK.subarray(0, keySize)).encrypt(key)];
	const flags = (image.flags ?? 0) | (keySize === 16 ? ImageFlag.ENCRYPTED_AES128 : ImageFlag.ENCRYPTED_AES256);
	const plain = makeImage({ ...image, flags, tlvs: [{ type: wrapping("aes-kw", 16)[0], value: wrapped }] });
	const sealed = plain.slice();
	const payload = sealed.subarray(HEADER, HEADER + image.length);
	payload.set(ctr(key, new Uint8Array(16)).encrypt(payload));
	return { plain, sealed };
}
