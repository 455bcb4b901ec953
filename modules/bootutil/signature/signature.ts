import { pow } from "@noble/curves/abstract/modular.js";
import { ed25519 } from "@noble/curves/ed25519.js";
import { p256, p384 } from "@noble/curves/nist.js";
import { bytesToNumberBE, bytesToNumberLE, numberToBytesBE } from "@noble/curves/utils.js";
import type { Hasher } from "../../bytes/digest.js";
import { DER_INTEGER, DER_SEQUENCE, DerReader } from "./der.js";
import { verifyPss } from "./pss.js";

/** What a boot loader is built to check: one of MCUboot's `MCUBOOT_SIGN_*`, or hashes only. */
export type SignatureType = "none" | "ecdsa-p256" | "ecdsa-p384" | "ed25519" | "rsa-2048" | "rsa-3072";

interface Scheme {
	/** The signature's TLV type (MCUboot design.md, TLV area). */
	readonly tlv: number;
	/** Signature length in bytes: all schemes but ECDSA have a fixed one. */
	readonly length: number;
	readonly variable?: boolean;
}

const SCHEMES: Readonly<Record<Exclude<SignatureType, "none">, Scheme>> = Object.freeze({
	"rsa-2048": { tlv: 0x20, length: 256 },
	"ecdsa-p256": { tlv: 0x22, length: 128, variable: true },
	"ecdsa-p384": { tlv: 0x22, length: 128, variable: true },
	"rsa-3072": { tlv: 0x23, length: 384 },
	ed25519: { tlv: 0x24, length: 64 },
});

/** SubjectPublicKeyInfo up to the uncompressed point's first byte 04 (RFC 5480, section 2; curve secp256r1). */
const P256_SPKI = "3059301306072a8648ce3d020106082a8648ce3d030107034200";
/** The same of curve secp384r1. */
const P384_SPKI = "3076301006072a8648ce3d020106052b81040022036200";
/** SubjectPublicKeyInfo up to the 32-byte key (RFC 8410, section 4). */
const ED25519_SPKI = "302a300506032b6570032100";
/** Public exponents are 65537 in practice; a limit keeps a strange key from taking minutes. */
const MAX_EXPONENT_BYTES = 4;

/** The TLV type that carries a signature of this type; 0, which no signature has, for `none`. */
export function signatureTlv(type: SignatureType): number {
	return type === "none" ? 0 : SCHEMES[type].tlv;
}

/** Bytes of the longest signature of a type. */
export const longestSignature = (type: Exclude<SignatureType, "none">): number => SCHEMES[type].length;

/**
 * Whether a signature TLV may have this length, in bytes: exactly that of RSA or Ed25519, at most 128 for DER-encoded ECDSA
 * (MCUboot `image_validate.c`, the check in front of the verification).
 */
export function signatureLengthOk(type: SignatureType, length: number): boolean {
	if (type === "none") return false;
	const scheme = SCHEMES[type];
	return scheme.variable ? length <= scheme.length : length === scheme.length;
}

/**
 * Checks a signature over an image digest as MCUboot does (MCUboot design.md, Image format and Signature; imgtool.md).
 *
 * Never throws: whatever is malformed does not verify.
 *
 * @param type - scheme; `none` verifies nothing
 * @param key - public key as MCUboot compiles it in and hashes for KEYHASH: DER SubjectPublicKeyInfo for ECDSA (uncompressed
 * point, 91 bytes, of P-384 120) and Ed25519 (44 bytes), DER RSAPublicKey (RFC 8017, A.1.1) for RSA
 * @param digest - image digest: SHA-256 (32 bytes); with P-384 SHA-384 (48 bytes); with Ed25519, whose message it is, also
 * SHA-512 (64 bytes)
 * @param signature - content of the signature TLV: DER ECDSA-Sig-Value, 64 bytes of Ed25519, or RSASSA-PSS with SHA-256,
 * MGF1-SHA-256 and 32 bytes of salt
 */
export function verifySignature(
	type: SignatureType,
	key: Uint8Array,
	digest: Uint8Array,
	signature: Uint8Array,
): boolean {
	if (!signatureLengthOk(type, signature.length)) return false;
	if (!digestLengthOk(type, digest.length)) return false;
	try {
		switch (type) {
			case "ecdsa-p256":
				return verifyEcdsa(p256, after(P256_SPKI, key, 65), digest, signature);
			case "ecdsa-p384":
				return verifyEcdsa(p384, after(P384_SPKI, key, 97), digest, signature);
			case "ed25519":
				return verifyEd25519(key, digest, signature);
			case "rsa-2048":
				return verifyRsa(2048, key, digest, signature);
			case "rsa-3072":
				return verifyRsa(3072, key, digest, signature);
			case "none":
				return false;
		}
	} catch {
		// noble throws on points off the curve and on numbers out of range.
		return false;
	}
}

/**
 * Checks a pure signature of Ed25519, over a message that is too long to be held in one piece (RFC 8032, 5.1.7; MCUboot
 * imgtool.md, `--pure`). Never throws: whatever is malformed does not verify.
 *
 * @param key - DER SubjectPublicKeyInfo, 44 bytes
 * @param signature - 64 bytes
 * @param hasher - a new SHA-512
 * @param feed - hashes the whole message
 */
export function verifyPure(
	key: Uint8Array,
	signature: Uint8Array,
	hasher: Hasher,
	feed: (hasher: Hasher) => void,
): boolean {
	const point = after(ED25519_SPKI, key, 32);
	if (!point || signature.length !== 64) return false;
	const { Point } = ed25519;
	const first = signature.subarray(0, 32);
	let a: InstanceType<typeof Point>;
	let r: typeof a;
	let sb: typeof a;
	try {
		a = Point.fromBytes(point);
		r = Point.fromBytes(first);
		// Throws for a number that is not below the order of the group.
		sb = Point.BASE.multiplyUnsafe(bytesToNumberLE(signature.subarray(32)));
	} catch {
		return false;
	}
	if (a.isSmallOrder()) return false;
	hasher.update(first);
	hasher.update(point);
	feed(hasher);
	const k = Point.Fn.create(bytesToNumberLE(hasher.digest()));
	return r.add(a.multiplyUnsafe(k)).subtract(sb).clearCofactor().is0();
}

function digestLengthOk(type: SignatureType, length: number): boolean {
	if (type === "ecdsa-p384") return length === 48;
	return length === 32 || (type === "ed25519" && length === 64);
}

function verifyEcdsa(
	curve: typeof p256,
	point: Uint8Array | undefined,
	digest: Uint8Array,
	signature: Uint8Array,
): boolean {
	const compact = point && compactEcdsa(signature, (point.length - 1) / 2);
	return compact ? curve.verify(compact, digest, point, { prehash: false, lowS: false, format: "compact" }) : false;
}

function verifyEd25519(key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
	const point = after(ED25519_SPKI, key, 32);
	return point ? ed25519.verify(signature, digest, point, { zip215: false }) : false;
}

function verifyRsa(bits: number, key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
	const numbers = new DerReader(key).enter(DER_SEQUENCE);
	const modulus = stripZeros(numbers?.read(DER_INTEGER));
	const exponent = stripZeros(numbers?.read(DER_INTEGER));
	if (!modulus || modulus.length * 8 !== bits || modulus[0]! < 0x80 || (modulus[modulus.length - 1]! & 1) === 0)
		return false;
	if (!exponent || exponent.length === 0 || exponent.length > MAX_EXPONENT_BYTES) return false;
	const n = bytesToNumberBE(modulus);
	const s = bytesToNumberBE(signature);
	if (s >= n) return false;
	return verifyPss(digest, numberToBytesBE(pow(s, bytesToNumberBE(exponent), n), bits / 8));
}

/**
 * r and s, `size` bytes each, of a DER signature. As lenient as the loader's small ASN.1 reader: bytes behind the sequence and
 * a sequence length that is too short are let pass, and of a longer integer the low `size` bytes count.
 */
function compactEcdsa(signature: Uint8Array, size: number): Uint8Array | undefined {
	const reader = new DerReader(signature);
	if (!reader.stepInto(DER_SEQUENCE)) return undefined;
	const compact = new Uint8Array(2 * size);
	for (const end of [size, 2 * size]) {
		const integer = reader.read(DER_INTEGER);
		if (integer === undefined) return undefined;
		const low = integer.subarray(Math.max(0, integer.length - size));
		compact.set(low, end - low.length);
	}
	return compact;
}

/** The `length` bytes that follow a fixed prefix and end the key. */
function after(prefix: string, key: Uint8Array, length: number): Uint8Array | undefined {
	const start = prefix.length / 2;
	if (key.length !== start + length) return undefined;
	for (let i = 0; i < start; i++) if (key[i] !== Number.parseInt(prefix.slice(2 * i, 2 * i + 2), 16)) return undefined;
	return key.subarray(start);
}

function stripZeros(bytes: Uint8Array | undefined): Uint8Array | undefined {
	let start = 0;
	while (bytes && bytes[start] === 0) start++;
	return bytes?.subarray(start);
}
