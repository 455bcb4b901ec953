import { aeskw, ctr } from "@noble/ciphers/aes.js";
import { pow } from "@noble/curves/abstract/modular.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { p256 } from "@noble/curves/nist.js";
import { bytesToNumberBE, numberToBytesBE } from "@noble/curves/utils.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import type { FlashArea } from "../../flash/area.js";
import type { WrapType } from "../config.js";
import type { ImageHeader } from "../header.js";
import { DER_INTEGER, DER_SEQUENCE, DerReader } from "../signature/der.js";
import { encryptionKeySize } from "../trailer.js";
import { wrappedKey, wrapping } from "../validation.js";
import type { LoaderConfig } from "./config.js";
import { decodeOaep } from "./encryption-oaep.js";

const P256_POINT = 65;
const X25519_POINT = 32;
const RSA_SIZE = 256;

/** HKDF's info, in ASCII: "MCUBoot_ECIES_v1" (MCUboot encrypted_images.md, ECIES encryption). */
const ECIES_INFO: readonly number[] = Object.freeze([
	0x4d, 0x43, 0x55, 0x42, 0x6f, 0x6f, 0x74, 0x5f, 0x45, 0x43, 0x49, 0x45, 0x53, 0x5f, 0x76, 0x31,
]);

/**
 * Unwraps the AES key of an image (MCUboot encrypted_images.md, Design and ECIES encryption).
 *
 * Never throws: what is malformed or was not wrapped for this key gives `undefined`.
 *
 * @param type - how it is wrapped: RSAES-OAEP with SHA-256 (RFC 8017, 7.1.2), AES key wrap (RFC 3394), or ECIES
 * @param privateKey - what the boot loader keeps: for RSA DER RSAPrivateKey (RFC 8017, A.1.2), for AES-KW the key-encryption
 * key, as long as the AES key, for P-256 the big-endian scalar, for X25519 with either hash the private key (RFC 7748), 32 bytes each
 * @param keySize - bytes of the AES key
 * @param wrapped - content of the TLV; of ECIES the ephemeral public key, the HMAC and the encrypted key
 */
export function unwrapKey(
	type: WrapType,
	privateKey: Uint8Array,
	keySize: 16 | 32,
	wrapped: Uint8Array,
): Uint8Array | undefined {
	if (wrapped.length !== wrapping(type, keySize)[1]) return undefined;
	try {
		const key = unwrap(type, privateKey, keySize, wrapped);
		return key?.length === keySize ? key : undefined;
	} catch {
		// noble throws on keys of a wrong length, points off the curve, and wrapped keys that were changed.
		return undefined;
	}
}

function unwrap(type: WrapType, privateKey: Uint8Array, keySize: 16 | 32, wrapped: Uint8Array): Uint8Array | undefined {
	switch (type) {
		case "rsa-2048":
			return unwrapRsa(privateKey, wrapped);
		case "aes-kw":
			return privateKey.length === keySize ? aeskw(privateKey).decrypt(wrapped) : undefined;
		case "ec-p256": {
			// The secret is the x coordinate alone (SEC 1, 3.3.1).
			const point = p256.getSharedSecret(privateKey, wrapped.subarray(0, P256_POINT), true);
			return openEcies(sha256, point.subarray(1), wrapped.subarray(P256_POINT), keySize);
		}
		case "x25519":
		case "x25519-sha512": {
			const secret = x25519.getSharedSecret(privateKey, wrapped.subarray(0, X25519_POINT));
			return openEcies(type === "x25519" ? sha256 : sha512, secret, wrapped.subarray(X25519_POINT), keySize);
		}
	}
}

function openEcies(
	hash: typeof sha256 | typeof sha512,
	secret: Uint8Array,
	sealed: Uint8Array,
	keySize: number,
): Uint8Array | undefined {
	const macSize = hash.outputLen;
	const derived = hkdf(hash, secret, undefined, Uint8Array.from(ECIES_INFO), keySize + macSize);
	const encrypted = sealed.subarray(macSize);
	const mac = hmac(hash, derived.subarray(keySize), encrypted);
	let difference = 0;
	for (let i = 0; i < macSize; i++) difference |= mac[i]! ^ sealed[i]!;
	return difference === 0 ? ctr(derived.subarray(0, keySize), new Uint8Array(16)).decrypt(encrypted) : undefined;
}

function unwrapRsa(privateKey: Uint8Array, wrapped: Uint8Array): Uint8Array | undefined {
	const numbers = new DerReader(privateKey).enter(DER_SEQUENCE);
	const [, modulus, , exponent] = [0, 1, 2, 3].map(() => numbers?.read(DER_INTEGER));
	if (!modulus || !exponent) return undefined;
	const n = bytesToNumberBE(modulus);
	const c = bytesToNumberBE(wrapped);
	if (c >= n) return undefined;
	return decodeOaep(numberToBytesBE(pow(c, bytesToNumberBE(exponent), n), RSA_SIZE));
}

/** What is said of an image whose AES key cannot be unwrapped. */
export const NO_READABLE_KEY = "encrypted, without a key that this loader can read";

/**
 * The AES key of the image that starts at `start` of a slot, from its TLV (MCUboot `boot_enc_load`); undefined if there is
 * none, it is malformed, or it was not wrapped for this boot loader.
 */
export function imageKey(
	config: LoaderConfig,
	area: FlashArea,
	header: ImageHeader,
	start: number,
): Uint8Array | undefined {
	const { encryption = "none", encryptionKey } = config;
	if (encryption === "none" || !encryptionKey) return undefined;
	const wrapped = wrappedKey(config, area, header, start);
	return wrapped && unwrapKey(encryption, encryptionKey, encryptionKeySize(config), wrapped);
}
