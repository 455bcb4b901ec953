import type { WrapType } from "../modules/bootutil/config.js";
import { unwrapKey } from "../modules/bootutil/loader/encryption.js";
import { wrapping } from "../modules/bootutil/validation.js";
import { TLV, tlvName } from "./format.js";
import type { TlvEntry } from "./read-tlvs.js";

/**
 * What encrypted images are decrypted with: how their keys are wrapped, and the private key that `unwrapKey` takes. A key of
 * X25519 goes with either hash.
 */
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

const WRAPPED: ReadonlyMap<number, WrapType> = new Map<number, WrapType>([
	[TLV.ENC_RSA2048, "rsa-2048"],
	[TLV.ENC_KW, "aes-kw"],
	[TLV.ENC_EC256, "ec-p256"],
	[TLV.ENC_X25519, "x25519"],
	[TLV.ENC_X25519_SHA512, "x25519-sha512"],
]);

const KEY_NAMES: Readonly<Record<WrapType, string>> = {
	"rsa-2048": "an RSA-2048 key",
	"aes-kw": "an AES key",
	"ec-p256": "a P-256 key",
	x25519: "an X25519 key",
	"x25519-sha512": "an X25519 key",
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
		const [, wanted] = wrapping(type, keySize);
		if (value.length !== wanted) {
			report(
				"malformed",
				`has ${value.length} bytes, and ${wanted} belong there for an AES key of ${8 * keySize} bits`,
			);
		} else if (!decrypter) {
			report("unchecked", `encrypted for ${whose}; no key to decrypt with was given`);
		} else if (KEY_NAMES[decrypter.type] !== whose) {
			report("other type", `encrypted for ${whose}, and ${given} is ${KEY_NAMES[decrypter.type]}`);
		} else {
			const key = unwrapKey(type, decrypter.privateKey, keySize, value);
			found ??= key;
			if (key) report("fits", `encrypted for ${given}`);
			else report("other key", `encrypted for another key of this type than ${given}`);
		}
	}
	return { reports, key: found };
}
