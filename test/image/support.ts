import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Signer } from "../../image/create.js";
import type { NamedKey } from "../../image/inspect.js";
import { type KeyType, parseKey } from "../../image/keys.js";

// npm runs mocha in the root of the repository.
export const vectors = join(process.cwd(), "test/vectors/data/mcuboot");

export const readVector = (name: string): Uint8Array => new Uint8Array(readFileSync(join(vectors, name)));
export const readVectorText = (name: string): string => readFileSync(join(vectors, name), "utf8");
export const readVectorImage = (name: string): Uint8Array => new Uint8Array(gunzipSync(readVector(name)));

/** The PEM text of one of the recorded keys. */
export const readKey = (name: string): string => readVectorText(`keys/${name}.pem`);

export const namedKey = (name: string): NamedKey => ({ name, key: parseKey(readKey(name)) });

/** A recorded key, to sign with. */
export const signerOf = (pem: string): Signer => {
	const { type, publicKey, sign } = parseKey(pem);
	if (!sign) throw new Error("a public key");
	return { type, publicKey, sign };
};

/** Bytes that repeat only after 256 * 251 of them. */
export const payloadOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i % 251) ^ (i >> 8));

export const ALL_KEY_TYPES: readonly KeyType[] = ["ecdsa-p256", "ecdsa-p384", "ed25519", "rsa-2048", "rsa-3072"];
