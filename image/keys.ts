import {
	constants,
	createPrivateKey,
	createPublicKey,
	generateKeyPairSync,
	type KeyObject,
	privateEncrypt,
	randomBytes,
	sign as signEd25519,
} from "node:crypto";
import { p256, p384 } from "@noble/curves/nist.js";
import type { SignatureType } from "../modules/bootutil/signature/signature.js";
import { ImageError } from "./error.js";
import { encodePss } from "./pss-encode.js";

/** What images are signed with. */
export type KeyType = Exclude<SignatureType, "none">;

/** A public key, or a key pair if it can sign. */
export interface Key {
	readonly type: KeyType;
	/** As MCUboot compiles it in and hashes for KEYHASH: DER SubjectPublicKeyInfo, for RSA DER RSAPublicKey (PKCS#1). */
	readonly publicKey: Uint8Array;
	/**
	 * Signs an image digest; a private key has this. ECDSA is deterministic (RFC 6979), as Ed25519 always is; RSA-PSS takes a
	 * fresh salt. Returns the content of the signature TLV.
	 */
	sign?(digest: Uint8Array): Uint8Array;
}

/** Kinds of key pair that `generateKey` makes: to sign with, and X25519 to encrypt with. */
export const PAIR_TYPES: readonly (KeyType | "x25519")[] = [
	"ecdsa-p256",
	"ecdsa-p384",
	"ed25519",
	"rsa-2048",
	"rsa-3072",
	"x25519",
];

const CURVES: Readonly<Record<string, KeyType>> = { prime256v1: "ecdsa-p256", secp384r1: "ecdsa-p384" };

/**
 * Reads a private or public key that images are signed with: PEM with PKCS#8, SEC1, PKCS#1 or SubjectPublicKeyInfo inside.
 *
 * @throws ImageError with one sentence if it is anything else, or encrypted.
 */
export function parseKey(pem: string): Key {
	const { type, key } = readPem(pem);
	const publicKey = publicKeyDer(type, key);
	return key.type === "private" ? { type, publicKey, sign: signer(type, key) } : { type, publicKey };
}

/** The public half of any key that imgtool knows, to sign or to encrypt with. */
export interface PublicKey {
	/** Beginning of the key's name in a boot loader's source. */
	readonly shortName: string;
	/** As `Key.publicKey`. */
	readonly publicKey: Uint8Array;
	/** SubjectPublicKeyInfo in PEM. */
	readonly pem: string;
	/** Whether the file held the private half too. */
	readonly isPrivate: boolean;
}

/** Reads a private or public key in PEM. Throws an ImageError with one sentence as `parseKey` does. */
export function readPublicKey(pem: string): PublicKey {
	const key = readKeyObject(pem);
	const type = key.asymmetricKeyType === "x25519" ? "x25519" : keyType(key);
	const publicKey = plainPublicKey(key);
	return {
		shortName: type === "ecdsa-p384" ? "ecdsap384" : type.replace(/-.*/, ""),
		publicKey: derOf(type, publicKey),
		pem: publicKey.export({ format: "pem", type: "spki" }).toString(),
		isPrivate: key.type === "private",
	};
}

/**
 * Makes a key pair; returns the private key as PKCS#8 PEM.
 *
 * @example
 * ```ts
 * import { writeFileSync } from "node:fs";
 * import { generateKey } from "xs-smp/image";
 *
 * writeFileSync("key.pem", generateKey("ecdsa-p256"), { mode: 0o600 });
 * ```
 */
export function generateKey(type: KeyType | "x25519"): string {
	return generatePair(type).export({ format: "pem", type: "pkcs8" }).toString();
}

function generatePair(type: KeyType | "x25519"): KeyObject {
	switch (type) {
		case "x25519":
			return generateKeyPairSync("x25519").privateKey;
		case "ecdsa-p256":
			return generateKeyPairSync("ec", { namedCurve: "prime256v1" }).privateKey;
		case "ecdsa-p384":
			return generateKeyPairSync("ec", { namedCurve: "secp384r1" }).privateKey;
		case "ed25519":
			return generateKeyPairSync("ed25519").privateKey;
		case "rsa-2048":
			return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
		case "rsa-3072":
			return generateKeyPairSync("rsa", { modulusLength: 3072 }).privateKey;
	}
}

function readPem(pem: string): { type: KeyType; key: KeyObject } {
	const key = readKeyObject(pem);
	return { type: keyType(key), key };
}

/**
 * Any private or public key in PEM. Throws an ImageError with one sentence if it is anything else, or encrypted.
 *
 * @internal
 */
export function readKeyObject(pem: string): KeyObject {
	const label = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(
		pem.replace(/-----BEGIN EC PARAMETERS-----[^-]*-----END EC PARAMETERS-----/, ""),
	)?.[1];
	if (label === undefined) throw new ImageError("The key is not a PEM file.");
	if (label.startsWith("ENCRYPTED") || /^Proc-Type: 4,ENCRYPTED/m.test(pem)) {
		throw new ImageError("The key is encrypted; decrypt it first, for example with openssl pkey.");
	}
	if (!label.endsWith("PRIVATE KEY") && !label.endsWith("PUBLIC KEY")) {
		throw new ImageError(`The PEM file holds a ${label.toLowerCase()}, not a key.`);
	}
	try {
		return label.endsWith("PRIVATE KEY") ? createPrivateKey(pem) : createPublicKey(pem);
	} catch {
		throw new ImageError("The key is damaged or of a kind that cannot be read.");
	}
}

function keyType(key: KeyObject): KeyType {
	const details = key.asymmetricKeyDetails ?? {};
	switch (key.asymmetricKeyType) {
		case "ed25519":
			return "ed25519";
		case "ec": {
			const type = CURVES[details.namedCurve ?? ""];
			if (type) return type;
			throw new ImageError(`The key is on the curve ${details.namedCurve}; MCUboot knows P-256 and P-384.`);
		}
		case "rsa":
			if (details.modulusLength === 2048) return "rsa-2048";
			if (details.modulusLength === 3072) return "rsa-3072";
			throw new ImageError(`The RSA key has ${details.modulusLength} bits; MCUboot knows 2048 and 3072.`);
		default:
			throw new ImageError(
				`The key is of type ${key.asymmetricKeyType}; images are signed with ECDSA, Ed25519 or RSA keys.`,
			);
	}
}

const publicKeyDer = (type: KeyType, key: KeyObject): Uint8Array => derOf(type, plainPublicKey(key));

function plainPublicKey(key: KeyObject): KeyObject {
	const publicKey = key.type === "private" ? createPublicKey(key) : key;
	// By way of the JWK: a compressed point would be exported as it came, and Node 24 fails to export a public key that it
	// read from PKCS#1.
	return createPublicKey({ key: publicKey.export({ format: "jwk" }), format: "jwk" });
}

const derOf = (type: KeyType | "x25519", publicKey: KeyObject): Uint8Array =>
	new Uint8Array(publicKey.export({ format: "der", type: type.startsWith("rsa") ? "pkcs1" : "spki" }) as Buffer);

function signer(type: KeyType, key: KeyObject): (digest: Uint8Array) => Uint8Array {
	switch (type) {
		case "ecdsa-p256":
			return ecdsaSigner(p256, key);
		case "ecdsa-p384":
			return ecdsaSigner(p384, key);
		case "ed25519":
			return (digest) => new Uint8Array(signEd25519(null, digest, key));
		case "rsa-2048":
			return rsaSigner(key, 256);
		case "rsa-3072":
			return rsaSigner(key, 384);
	}
}

function ecdsaSigner(curve: typeof p256, key: KeyObject): (digest: Uint8Array) => Uint8Array {
	const secret = new Uint8Array(Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url"));
	return (digest) => curve.sign(digest, secret, { prehash: false, lowS: false, format: "der" });
}

function rsaSigner(key: KeyObject, length: number): (digest: Uint8Array) => Uint8Array {
	return (digest) => {
		const encoded = encodePss(digest, new Uint8Array(randomBytes(32)), length);
		// "Encrypting" with a private key and no padding is the bare RSA signature primitive (RFC 8017, 5.2.1).
		return new Uint8Array(privateEncrypt({ key, padding: constants.RSA_NO_PADDING }, encoded));
	};
}
