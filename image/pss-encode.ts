import { applyMask, pssHash } from "../modules/bootutil/signature/pss.js";

/**
 * EMSA-PSS encoding with SHA-256 and MGF1-SHA-256 (RFC 8017, 9.1.1) of an image digest: the number to which the RSA
 * private-key operation is then applied. The other side is `verifyPss`.
 *
 * @param digest - SHA-256 digest, 32 bytes
 * @param salt - 32 random bytes
 * @param length - length of the modulus, bytes
 */
export function encodePss(digest: Uint8Array, salt: Uint8Array, length: number): Uint8Array {
	const hash = pssHash(digest, salt);
	const encoded = new Uint8Array(length);
	const block = encoded.subarray(0, length - hash.length - 1);
	block[block.length - salt.length - 1] = 1;
	block.set(salt, block.length - salt.length);
	applyMask(block, hash);
	block[0]! &= 0x7f;
	encoded.set(hash, block.length);
	encoded[length - 1] = 0xbc;
	return encoded;
}
