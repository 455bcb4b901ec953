import { ctr } from "@noble/ciphers/aes.js";
import { x25519 } from "@noble/curves/ed25519.js";
import { hkdf } from "@noble/hashes/hkdf.js";
import { hmac } from "@noble/hashes/hmac.js";
import { sha512 } from "@noble/hashes/sha2.js";
import type { WrapType } from "../modules/bootutil/config.js";
import { unwrapKey } from "../modules/bootutil/loader/encryption.js";
import { wrapping } from "../modules/bootutil/validation.js";
import { utf8Bytes } from "../modules/bytes/utf8.js";
import { TLV, tlvName } from "./format.js";
import type { TlvEntry } from "./read-tlvs.js";

/** What encrypted images are decrypted with: how their keys are wrapped, and the private key that `unwrapKey` takes. */
export interface Decrypter {
	readonly type: WrapType;
	readonly privateKey: Uint8Array;
	/** What reports call the key; "the given key" if it has no name. */
	readonly name?: string;
}

/** A TLV that carries the AES key of the image, and whether it was wrapped for the key that was given. */
export interface EncryptionReport {
	readonly name: string;
	/** `unchecked`: no key was given. */
	readonly result: "fits" | "other key" | "other type" | "malformed" | "unchecked";
	/** The result in words, without a full stop. */
	readonly meaning: string;
}

const X25519_SIZE = 32;
const SHA512_SIZE = 64;

const WRAPPED: ReadonlyMap<number, WrapType> = new Map<number, WrapType>([
	[TLV.ENC_RSA2048, "rsa-2048"],
	[TLV.ENC_KW, "aes-kw"],
	[TLV.ENC_EC256, "ec-p256"],
	[TLV.ENC_X25519, "x25519"],
	[TLV.ENC_X25519_SHA512, "x25519"],
]);

const KEY_NAMES: Readonly<Record<WrapType, string>> = {
	"rsa-2048": "an RSA-2048 key",
	"aes-kw": "an AES key",
	"ec-p256": "a P-256 key",
	x25519: "an X25519 key",
};

/** Reports on every TLV with a wrapped key of `keySize` bytes, and gives the key itself if one fits. */
export function readEncryption(
	tlvs: readonly TlvEntry[],
	keySize: 16 | 32,
	decrypter: Decrypter | undefined,
): { readonly reports: readonly EncryptionReport[]; readonly key: Uint8Array | undefined } {
	const reports: EncryptionReport[] = [];
	let found: Uint8Array | undefined;
	for (const { type: tlv, value } of tlvs) {
		const type = WRAPPED.get(tlv);
		if (!type) continue;
		const whose = KEY_NAMES[type];
		const given = decrypter?.name ?? "the given key";
		const report = (result: EncryptionReport["result"], meaning: string) =>
			reports.push({ name: tlvName(tlv), result, meaning });
		const wanted = wrappedLength(tlv, type, keySize);
		if (value.length !== wanted) {
			report(
				"malformed",
				`has ${value.length} bytes, and ${wanted} belong there for an AES key of ${8 * keySize} bits`,
			);
		} else if (!decrypter) {
			report("unchecked", `encrypted for ${whose}; no key to decrypt with was given`);
		} else if (decrypter.type !== type) {
			report("other type", `encrypted for ${whose}, and ${given} is ${KEY_NAMES[decrypter.type]}`);
		} else {
			const key = unwrap(tlv, decrypter, keySize, value);
			found ??= key;
			if (key) report("fits", `encrypted for ${given}`);
			else report("other key", `encrypted for another key of this type than ${given}`);
		}
	}
	return { reports, key: found };
}

const wrappedLength = (tlv: number, type: WrapType, keySize: 16 | 32): number =>
	tlv === TLV.ENC_X25519_SHA512 ? X25519_SIZE + SHA512_SIZE + keySize : wrapping(type, keySize)[1];

function unwrap(tlv: number, decrypter: Decrypter, keySize: 16 | 32, wrapped: Uint8Array): Uint8Array | undefined {
	if (tlv !== TLV.ENC_X25519_SHA512) return unwrapKey(decrypter.type, decrypter.privateKey, keySize, wrapped);
	try {
		return openWithSha512(decrypter.privateKey, keySize, wrapped);
	} catch {
		// noble throws on public keys that give no secret.
		return undefined;
	}
}

/** As ENC_X25519 (MCUboot encrypted_images.md, ECIES encryption), with SHA-512 in HKDF and HMAC. */
function openWithSha512(privateKey: Uint8Array, keySize: 16 | 32, wrapped: Uint8Array): Uint8Array | undefined {
	const secret = x25519.getSharedSecret(privateKey, wrapped.subarray(0, X25519_SIZE));
	const derived = hkdf(sha512, secret, undefined, utf8Bytes("MCUBoot_ECIES_v1"), keySize + SHA512_SIZE);
	const encrypted = wrapped.subarray(X25519_SIZE + SHA512_SIZE);
	const mac = hmac(sha512, derived.subarray(keySize), encrypted);
	if (mac.some((byte, i) => byte !== wrapped[X25519_SIZE + i])) return undefined;
	return ctr(derived.subarray(0, keySize), new Uint8Array(16)).decrypt(encrypted);
}
