import { createHash } from "node:crypto";
import type { DigestProvider } from "../modules/bytes/digest.js";

/** All hashes that a boot loader may be built for, from Node. */
export const nodeDigest: DigestProvider = {
	sha256: () => createHash("sha256"),
	sha384: () => createHash("sha384"),
	sha512: () => createHash("sha512"),
};
