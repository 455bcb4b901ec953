import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { verifySignature } from "../modules/bootutil/signature/signature.js";
import type { Signer } from "./create.js";
import { TLV } from "./format.js";

/** A public key that images are checked with; `parseKey` gives one. */
export type Verifier = Pick<Signer, "type" | "publicKey">;

/** The hash behind a hash TLV. */
export const HASH_TLVS: ReadonlyMap<number, (bytes: Uint8Array) => Uint8Array> = new Map<
	number,
	(bytes: Uint8Array) => Uint8Array
>([
	[TLV.SHA256, sha256],
	[TLV.SHA384, sha384],
	[TLV.SHA512, sha512],
]);

const SIGNATURE_TLVS: ReadonlyMap<number, readonly Verifier["type"][]> = new Map<number, readonly Verifier["type"][]>([
	[TLV.RSA2048_PSS, ["rsa-2048"]],
	[TLV.ECDSA224, []],
	[TLV.ECDSA_SIG, ["ecdsa-p256", "ecdsa-p384"]],
	[TLV.RSA3072_PSS, ["rsa-3072"]],
	[TLV.ED25519, ["ed25519"]],
]);

/** Whether this TLV carries a signature. */
export const isSignature = (tlv: number): boolean => SIGNATURE_TLVS.has(tlv);

/** The types of key that such a signature can be by. Both ECDSA curves have one TLV; P-384 goes with SHA-384 alone. */
export const signerTypes = (tlv: number, hashTlv: number): readonly Verifier["type"][] =>
	(SIGNATURE_TLVS.get(tlv) ?? []).filter(
		(type) => tlv !== TLV.ECDSA_SIG || (type === "ecdsa-p384") === (hashTlv === TLV.SHA384),
	);

/**
 * Checks a signature over an image digest, or over the signed bytes themselves if it is pure (imgtool.md, `--pure`).
 * Whatever is malformed does not verify.
 */
export function verifyImage(key: Verifier, message: Uint8Array, signature: Uint8Array, pure: boolean): boolean {
	try {
		if (pure) {
			return (
				key.type === "ed25519" && ed25519.verify(signature, message, key.publicKey.subarray(-32), { zip215: false })
			);
		}
		return verifySignature(key.type, key.publicKey, message, signature);
	} catch {
		return false;
	}
}
