import { sha256 } from "@noble/hashes/sha2.js";

const HASH_LENGTH = 32;
const SALT_LENGTH = 32;

/**
 * EMSA-PSS verification with SHA-256, MGF1-SHA-256 and a 32-byte salt (RFC 8017, 9.1.2), for moduli whose bit length is a
 * multiple of 8, so that exactly the top bit of the encoded message is zero.
 *
 * Takes the message's hash, which general libraries compute themselves: MCUboot signs the image digest as if it were one.
 *
 * @param digest - SHA-256 digest, 32 bytes
 * @param encoded - encoded message EM, as long as the modulus; overwritten
 */
export function verifyPss(digest: Uint8Array, encoded: Uint8Array): boolean {
	const split = encoded.length - HASH_LENGTH - 1;
	const saltStart = split - SALT_LENGTH;
	if (saltStart < 1 || encoded[encoded.length - 1] !== 0xbc || encoded[0]! > 0x7f) return false;
	const block = encoded.subarray(0, split);
	const hash = encoded.subarray(split, split + HASH_LENGTH);
	applyMask(block, hash);
	block[0]! &= 0x7f;
	for (let i = 0; i < saltStart - 1; i++) if (block[i] !== 0) return false;
	if (block[saltStart - 1] !== 1) return false;
	return pssHash(digest, block.subarray(saltStart)).every((byte, i) => byte === hash[i]);
}

/** H of EMSA-PSS: the hash over eight zero bytes, message hash and salt (RFC 8017, 9.1.1 steps 5 and 6). */
export function pssHash(digest: Uint8Array, salt: Uint8Array): Uint8Array {
	return sha256.create().update(new Uint8Array(8)).update(digest).update(salt).digest();
}

/** XORs MGF1-SHA-256 of the seed into the block (RFC 8017, B.2.1). */
export function applyMask(block: Uint8Array, seed: Uint8Array): void {
	const counter = new Uint8Array(4);
	for (let start = 0; start < block.length; start += HASH_LENGTH) {
		counter[3] = start / HASH_LENGTH;
		const mask = sha256.create().update(seed).update(counter).digest();
		const end = Math.min(start + HASH_LENGTH, block.length);
		for (let i = start; i < end; i++) block[i]! ^= mask[i - start]!;
	}
}
