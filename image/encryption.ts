import {
	constants,
	createCipheriv,
	createHmac,
	createPublicKey,
	diffieHellman,
	generateKeyPairSync,
	hkdfSync,
	type KeyObject,
	publicEncrypt,
	randomBytes,
} from "node:crypto";
import type { WrapType } from "../modules/bootutil/config.js";
import { wrapping } from "../modules/bootutil/validation.js";
import type { Encrypter } from "./create.js";
import type { Decrypter } from "./decrypt.js";
import { ImageError } from "./error.js";
import { concat } from "./format.js";
import { readKeyObject } from "./keys.js";

/** A key that images' AES keys are wrapped for. It encrypts; one with a private half also decrypts. */
export interface EncryptionKey extends Encrypter {
	readonly type: WrapType;
	/** The only size of AES key that goes with it, bytes; undefined if both do. */
	readonly keySize: 16 | 32 | undefined;
	/** The private half as the boot loader keeps it, in the form that `unwrapKey` takes. */
	readonly privateKey: Uint8Array | undefined;
}

/** HKDF's info (MCUboot encrypted_images.md, ECIES encryption). */
const ECIES_INFO = "MCUBoot_ECIES_v1";
/** Initial value of AES key wrap (RFC 3394, 2.2.3.1). */
const KW_IV = Buffer.alloc(8, 0xa6);

/**
 * Reads a key to encrypt with, public or private (MCUboot encrypted_images.md, Creating your keys): PEM with an RSA-2048, P-256 or X25519
 * key, or a key-encryption key of AES-KW, 16 or 32 bytes in base64. `hmacSha` is the hash of ECIES, 512 for X25519 alone.
 *
 * @example
 * ```ts
 * import { createImage, parseEncryptionKey } from "xs-smp/image";
 *
 * const encrypt = parseEncryptionKey(pem);
 * const image = createImage(file, { version: "1.2.0", headerSize: 0x200, padHeader: true, encrypt });
 * console.log(image.length);
 * ```
 *
 * @throws ImageError with one sentence if it is anything else.
 */
export function parseEncryptionKey(text: string, hmacSha: "256" | "512" = "256"): EncryptionKey {
	const key = readEncryptionKey(text, hmacSha);
	if (hmacSha === "256" || key.type === "rsa-2048" || key.type === "x25519-sha512") return key;
	throw new ImageError("HMAC with SHA-512 goes with X25519 keys alone.");
}

function readEncryptionKey(text: string, hmacSha: "256" | "512"): EncryptionKey {
	const kek = readKek(text);
	if (kek) return keyOf("aes-kw", (key) => wrapKw(kek, key), new Uint8Array(kek), kek.length as 16 | 32);
	const key = readKeyObject(text);
	const privateKey = key.type === "private" ? key : undefined;
	const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
	if (type === "rsa" && details.modulusLength === 2048)
		return keyOf("rsa-2048", (plain) => wrapRsa(key, plain), privateKey && derOf(privateKey));
	if (type === "ec" && details.namedCurve === "prime256v1")
		return keyOf("ec-p256", (plain) => sealEcies(key, plain, "256"), privateKey && scalarOf(privateKey));
	if (type === "x25519") {
		const name = hmacSha === "512" ? "x25519-sha512" : "x25519";
		return keyOf(name, (plain) => sealEcies(key, plain, hmacSha), privateKey && scalarOf(privateKey));
	}
	throw new ImageError("The key is not one that images are encrypted with: RSA-2048, P-256, X25519, or AES in base64.");
}

/**
 * What decrypts an image that was encrypted for this key.
 *
 * @throws ImageError if the key is a public one.
 */
export function decrypterOf({ type, privateKey }: EncryptionKey): Decrypter {
	if (!privateKey) throw new ImageError("The key is a public key; decrypting needs the private one.");
	return { type, privateKey };
}

const keyOf = (
	type: WrapType,
	wrap: (key: Buffer) => Uint8Array,
	privateKey: Uint8Array | undefined,
	keySize?: 16 | 32,
): EncryptionKey => ({
	type,
	keySize,
	privateKey,
	tlv: wrapping(type, 16)[0],
	makeKey(size) {
		const key = randomBytes(size);
		return { key: new Uint8Array(key), wrapped: new Uint8Array(wrap(key)) };
	},
});

function readKek(text: string): Buffer | undefined {
	const digits = text.trim();
	if (!/^[A-Za-z0-9+/]+={0,2}$/.test(digits)) return undefined;
	const key = Buffer.from(digits, "base64");
	return key.length === 16 || key.length === 32 ? key : undefined;
}

function wrapKw(kek: Buffer, key: Buffer): Uint8Array {
	if (kek.length !== key.length)
		throw new ImageError(`The key-encryption key has ${8 * kek.length} bits; use --encrypt-keylen ${8 * kek.length}.`);
	const cipher = createCipheriv(kek.length === 16 ? "aes128-wrap" : "aes256-wrap", kek, KW_IV);
	return concat(cipher.update(key), cipher.final());
}

const wrapRsa = (key: KeyObject, plain: Buffer): Uint8Array =>
	publicEncrypt({ key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: "sha256" }, plain);

/** Ephemeral public key, MAC, encrypted key (MCUboot encrypted_images.md, ECIES encryption). */
function sealEcies(key: KeyObject, plain: Buffer, sha: "256" | "512"): Uint8Array {
	const publicKey = key.type === "private" ? createPublicKey(key) : key;
	const ephemeral =
		key.asymmetricKeyType === "ec"
			? generateKeyPairSync("ec", { namedCurve: "prime256v1" })
			: generateKeyPairSync("x25519");
	const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey });
	const size = plain.length + Number(sha) / 8;
	const derived = Buffer.from(hkdfSync(`sha${sha}`, secret, Buffer.alloc(0), ECIES_INFO, size));
	const cipher = createCipheriv(
		plain.length === 16 ? "aes-128-ctr" : "aes-256-ctr",
		derived.subarray(0, plain.length),
		Buffer.alloc(16),
	);
	const encrypted = cipher.update(plain);
	const mac = createHmac(`sha${sha}`, derived.subarray(plain.length)).update(encrypted).digest();
	return concat(pointOf(ephemeral.publicKey), mac, encrypted);
}

/** A public key as it is sent: the uncompressed point of P-256 (SEC 1, 2.3.3), the 32 bytes of X25519 (RFC 7748, 5). */
function pointOf(key: KeyObject): Uint8Array {
	const { x = "", y } = key.export({ format: "jwk" });
	if (y === undefined) return fromBase64Url(x);
	return concat(Uint8Array.of(4), fromBase64Url(x), fromBase64Url(y));
}

const scalarOf = (key: KeyObject): Uint8Array => fromBase64Url(key.export({ format: "jwk" }).d ?? "");

const derOf = (key: KeyObject): Uint8Array => new Uint8Array(key.export({ format: "der", type: "pkcs1" }));

const fromBase64Url = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64url"));
