import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import type { DigestProvider } from "./digest.js";

/**
 * SHA-2 in JavaScript, from `@noble/hashes`: the digest provider of every host without hash hardware.
 *
 * noble keeps scratch buffers at module level, so neither this module nor one that imports it may be preloaded.
 */
export const nobleDigest: DigestProvider = Object.freeze({
	sha256: () => sha256.create(),
	sha384: () => sha384.create(),
	sha512: () => sha512.create(),
});
