import { sha384, sha512 } from "@noble/hashes/sha2.js";
import type { DigestProvider } from "../../modules/bytes/digest.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";

/** All hashes that a boot loader may be built for. */
export const pageDigest: DigestProvider = {
	...nobleDigest,
	sha384: () => sha384.create(),
	sha512: () => sha512.create(),
};
