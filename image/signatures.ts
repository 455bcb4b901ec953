import { TLV, tlvName } from "./format.js";
import type { TlvEntry } from "./read-tlvs.js";
import { HASH_TLVS, isSignature, signerTypes, type Verifier, verifyImage } from "./verify.js";

/** A key to check signatures with, under the name that reports use. */
export interface NamedKey {
	readonly name: string;
	readonly key: Verifier;
}

/** One signature of an image, and whether it is good. */
export interface SignatureReport {
	/** Of the TLV. */
	readonly name: string;
	/** Name of the key that the signature was checked with. */
	readonly key: string | null;
	readonly result: "good" | "bad" | "unchecked";
	/** Why a signature was not checked, in words that go on behind "not checked: ". */
	readonly reason?: string;
}

const TYPE_NAMES: Readonly<Record<Verifier["type"], string>> = {
	"ecdsa-p256": "ECDSA P-256",
	"ecdsa-p384": "ECDSA P-384",
	ed25519: "Ed25519",
	"rsa-2048": "RSA-2048",
	"rsa-3072": "RSA-3072",
};

const BEFORE_ENCRYPTION = "it covers the payload before encryption, which only the key to decrypt with gives back";

/**
 * Checks the signatures of an image as the boot loader does (MCUboot `image_validate.c`): each goes with the KEYHASH or
 * PUBKEY in front of it.
 *
 * @param signed - header, payload and protected TLVs, plain; undefined if they are encrypted and cannot be decrypted
 */
export function checkSignatures(
	tlvs: readonly TlvEntry[],
	signed: Uint8Array | undefined,
	keys: readonly NamedKey[],
): SignatureReport[] {
	const pure = isPure(tlvs);
	const hashTlv = tlvs.find((tlv) => HASH_TLVS.has(tlv.type))?.type ?? (pure ? TLV.SHA512 : TLV.SHA256);
	const digest = signed && HASH_TLVS.get(hashTlv)!(signed);
	const reports: SignatureReport[] = [];
	let owner: TlvEntry | undefined;
	for (const tlv of tlvs) {
		if (tlv.type === TLV.KEYHASH || tlv.type === TLV.PUBKEY) owner = tlv;
		if (!isSignature(tlv.type)) continue;
		const name = tlvName(tlv.type);
		const unchecked = (reason: string) => reports.push({ name, key: null, result: "unchecked", reason });
		const types = signerTypes(tlv.type, hashTlv);
		const candidates = keys.filter(({ key }) => types.includes(key.type));
		const by = types.map((type) => TYPE_NAMES[type]).join(" or ");
		if (types.length === 0) unchecked("ECDSA P-224 has gone from MCUboot and is not known here");
		else if (pure && !types.includes("ed25519")) unchecked(`a pure signature is by Ed25519, and this one by ${by}`);
		else if (keys.length === 0) unchecked(`no key was given${signed ? "" : `, and ${BEFORE_ENCRYPTION}`}`);
		else if (candidates.length === 0) unchecked(`it is by ${by}, and ${givenKeys(keys)}`);
		else if (!owner)
			unchecked("no KEYHASH or PUBKEY in front of it says whose it is, and a boot loader passes it over");
		else {
			const claim = owner;
			const named = candidates.find(({ key }) => names(claim, key, hashTlv));
			if (!named) unchecked(`it is by another key than ${list(candidates)}`);
			else if (!signed || !digest) unchecked(`it names ${named.name}, but ${BEFORE_ENCRYPTION}`);
			else {
				const good = verifyImage(named.key, pure ? signed : digest, tlv.value, pure);
				reports.push({ name, key: named.name, result: good ? "good" : "bad" });
			}
			if (named) owner = undefined;
		}
	}
	return reports;
}

/** Whether signatures cover the image itself instead of its hash. */
export const isPure = (tlvs: readonly TlvEntry[]): boolean =>
	tlvs.some((tlv) => tlv.type === TLV.SIG_PURE && tlv.value[0] === 1);

/**
 * What is wrong with the signatures if keys were given, in a sentence; undefined if the last that was checked, which
 * decides, is good.
 */
export function signatureProblem(reports: readonly SignatureReport[], keys: readonly NamedKey[]): string | undefined {
	const decisive = reports.filter(({ result }) => result !== "unchecked").at(-1);
	if (decisive) return decisive.result === "bad" ? "The signature does not verify." : undefined;
	if (keys.length === 0) return undefined;
	const [first] = reports;
	return first ? `The signature was not checked: ${first.reason}.` : "The image is not signed.";
}

/** Whether KEYHASH, which may be shortened, or PUBKEY names this key. */
function names({ type, value }: TlvEntry, { publicKey }: Verifier, hashTlv: number): boolean {
	if (type === TLV.PUBKEY) return value.length === publicKey.length && startsWith(publicKey, value);
	return startsWith(HASH_TLVS.get(hashTlv)!(publicKey), value);
}

const givenKeys = (keys: readonly NamedKey[]): string =>
	keys.map(({ name, key }) => `${name} is an ${TYPE_NAMES[key.type]} key`).join(", ");

const list = (keys: readonly NamedKey[]): string => keys.map(({ name }) => name).join(" and ");

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
	start.length <= bytes.length && start.every((byte, i) => bytes[i] === byte);
