import type { DigestProvider } from "./digest.js";

/** Block of SHA-256, bytes. */
const BLOCK = 64;

/** HMAC-SHA256 (RFC 2104) of `message`. */
export function hmacSha256(digest: DigestProvider, key: Uint8Array, message: Uint8Array): Uint8Array {
	const short = key.length > BLOCK ? hash(digest, key) : key;
	const inner = new Uint8Array(BLOCK).fill(0x36);
	const outer = new Uint8Array(BLOCK).fill(0x5c);
	for (let i = 0; i < short.length; i++) {
		inner[i]! ^= short[i]!;
		outer[i]! ^= short[i]!;
	}
	return hash(digest, outer, hash(digest, inner, message));
}

function hash(digest: DigestProvider, ...parts: readonly Uint8Array[]): Uint8Array {
	const hasher = digest.sha256();
	for (const part of parts) hasher.update(part);
	return hasher.digest();
}
