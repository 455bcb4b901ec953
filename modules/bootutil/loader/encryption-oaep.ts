import { sha256 } from "@noble/hashes/sha2.js";
import { applyMask } from "../signature/pss.js";

const HASH_LENGTH = 32;

/**
 * EME-OAEP decoding with SHA-256, MGF1-SHA-256 and an empty label (RFC 8017, 7.1.2 step 3).
 *
 * @param encoded - encoded message EM, as long as the modulus; overwritten
 * @returns the message; undefined if the padding is wrong
 */
export function decodeOaep(encoded: Uint8Array): Uint8Array | undefined {
	const seed = encoded.subarray(1, 1 + HASH_LENGTH);
	const block = encoded.subarray(1 + HASH_LENGTH);
	applyMask(seed, block);
	applyMask(block, seed);
	const label = sha256(new Uint8Array(0));
	let wrong = encoded[0]!;
	for (let i = 0; i < HASH_LENGTH; i++) wrong |= block[i]! ^ label[i]!;
	let start = HASH_LENGTH;
	while (start < block.length && block[start] === 0) start++;
	return wrong === 0 && block[start] === 1 ? block.slice(start + 1) : undefined;
}
