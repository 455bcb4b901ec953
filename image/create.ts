import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { cryptPayload } from "../modules/bootutil/loader/encryption-payload.js";
import { hex } from "../modules/bytes/hex.js";
import { ImageError } from "./error.js";
import * as format from "./format.js";
import { concat, FLAGS, type ImageVersion, TLV, viewOf } from "./format.js";
import type { HashName, ImageOptions, Signer } from "./options.js";
import { checkFit, fillSlot } from "./slot.js";
import { bootRecord, dependency, dnsNamespace, TlvArea, u32, uuid } from "./tlv-area.js";

export type { Encrypter, HashName, ImageOptions, Signer } from "./options.js";

/** An image, and what went into it. */
export interface SignedImage {
	/** Header to last TLV. */
	readonly image: Uint8Array;
	/** Content of the signature TLV; undefined without a signer. */
	readonly signature: Uint8Array | undefined;
	/** Content of the TLV with the AES key, bytes; 0 if the image is not encrypted. */
	readonly encryptionTlvSize: number;
}

const HASHES = {
	"256": { hash: sha256, tlv: TLV.SHA256, name: "SHA256" },
	"384": { hash: sha384, tlv: TLV.SHA384, name: "SHA384" },
	"512": { hash: sha512, tlv: TLV.SHA512, name: "SHA512" },
} as const;

const SIGNATURES = {
	"ecdsa-p256": { tlv: TLV.ECDSA_SIG, hashes: ["256"] },
	"ecdsa-p384": { tlv: TLV.ECDSA_SIG, hashes: ["384"] },
	ed25519: { tlv: TLV.ED25519, hashes: ["256", "512"] },
	"rsa-2048": { tlv: TLV.RSA2048_PSS, hashes: ["256"] },
	"rsa-3072": { tlv: TLV.RSA3072_PSS, hashes: ["256"] },
} as const satisfies Record<Signer["type"], { tlv: number; hashes: readonly HashName[] }>;

/** What an ECDSA signature is filled up to with `padSignature`, as imgtool does. */
const PADDED_SIGNATURE: Readonly<Partial<Record<Signer["type"], number>>> = { "ecdsa-p256": 72, "ecdsa-p384": 103 };

/**
 * Makes an MCUboot image of a payload: byte for byte what `imgtool sign` writes for the same options (MCUboot design.md, Image
 * format; imgtool.md, sign). Needs no host: the signer is given.
 *
 * @example
 * ```ts
 * import { createImage, parseKey } from "xs-smp/image";
 *
 * const { type, publicKey, sign } = parseKey(pem);
 * if (!sign) throw new Error("signing needs a private key");
 * const signer = { type, publicKey, sign };
 * const image = createImage(file, { version: "1.2.0", headerSize: 0x200, padHeader: true, signer });
 * console.log(image.length);
 * ```
 *
 * @throws ImageError with one sentence if an option is wrong or the image does not fit the slot.
 */
export const createImage = (payload: Uint8Array, options: ImageOptions): Uint8Array =>
	fillSlot(signImage(payload, options).image, options);

/** As `createImage`, without padding. */
export function signImage(payload: Uint8Array, options: ImageOptions): SignedImage {
	const { signer, endian = "little" } = options;
	const { body, signed, digest } = vectors(payload, options);
	const { hash, tlv: hashTlv } = HASHES[hashFor(options)];
	const tlvs = new TlvArea(format.TLV_INFO_MAGIC, endian);
	tlvs.add(hashTlv, digest);
	if (options.pure) tlvs.add(TLV.SIG_PURE, Uint8Array.of(1));
	const signature = signer && padSignature(signer.sign(options.pure ? signed : digest), signer, options);
	if (signer && signature) {
		if (options.publicKeyFormat === "full") tlvs.add(TLV.PUBKEY, signer.publicKey);
		else tlvs.add(TLV.KEYHASH, hash(signer.publicKey));
		tlvs.add(SIGNATURES[signer.type].tlv, signature);
	}
	const sealed = options.encrypt?.makeKey(keySizeOf(options));
	if (options.encrypt && sealed) tlvs.add(options.encrypt.tlv, sealed.wrapped);
	const image = concat(signed, tlvs.bytes());
	if (sealed && !options.clear) {
		const { headerSize } = options;
		cryptPayload(sealed.key, { headerSize, imageSize: body.length - headerSize }, image, 0);
	}
	const encryptionTlvSize = sealed?.wrapped.length ?? 0;
	checkFit(image, options, encryptionTlvSize);
	return { image, signature, encryptionTlvSize };
}

/** What a signer elsewhere signs (`--vector-to-sign`): the digest, or header, payload and protected TLVs. */
export function vectorToSign(payload: Uint8Array, options: ImageOptions, what: "payload" | "digest"): Uint8Array {
	const { signed, digest } = vectors(payload, options);
	return what === "digest" ? digest : signed;
}

function vectors(
	payload: Uint8Array,
	options: ImageOptions,
): { body: Uint8Array; signed: Uint8Array; digest: Uint8Array } {
	const version = toVersion(options.version);
	const { hash, name: hashName } = HASHES[hashFor(options)];
	const { signer, bootRecord: record } = options;
	const keyHash = signer ? hash(signer.publicKey) : new Uint8Array(32);
	const protectedArea = protectedTlvs(
		options,
		version,
		record === undefined ? undefined : bootRecord(record, version, keyHash, hashName, hash.outputLen),
	);
	const body = padPayload(placePayload(payload, options), options);
	writeHeader(body, options, version, protectedArea.length);
	const signed = concat(body, protectedArea);
	return { body, signed, digest: hash(signed) };
}

function padSignature(signature: Uint8Array, { type }: Signer, options: ImageOptions): Uint8Array {
	const size = options.padSignature ? (PADDED_SIGNATURE[type] ?? 0) : 0;
	return concat(signature, new Uint8Array(Math.max(0, size - signature.length)));
}

const keySizeOf = ({ encryptKeyLength }: ImageOptions): 16 | 32 => (encryptKeyLength === 256 ? 32 : 16);

const toVersion = (version: string | ImageVersion): ImageVersion =>
	typeof version === "string" ? format.parseVersion(version) : version;

function hashFor({ signer, sha = "auto", pure }: ImageOptions): HashName {
	if (pure) {
		if (signer && signer.type !== "ed25519") throw new ImageError("A pure signature needs an Ed25519 key.");
		if (sha !== "auto") throw new ImageError("With a pure signature the hash cannot be chosen.");
		return signer ? "512" : "256";
	}
	if (!signer) return sha === "auto" ? "256" : sha;
	const allowed: readonly HashName[] = SIGNATURES[signer.type].hashes;
	if (sha === "auto") return allowed[0]!;
	if (allowed.includes(sha)) return sha;
	throw new ImageError(`A key of type ${signer.type} goes with SHA-${allowed.join(" or SHA-")}, not with SHA-${sha}.`);
}

/** The order of entries is imgtool's: it decides the bytes, and so the digest. */
function protectedTlvs(options: ImageOptions, version: ImageVersion, record: Uint8Array | undefined): Uint8Array {
	const { endian = "little", securityCounter } = options;
	const area = new TlvArea(format.TLV_PROTECTED_MAGIC, endian);
	if (securityCounter !== undefined) area.add(TLV.SEC_CNT, u32(counter(securityCounter, version), endian));
	if (record) area.add(TLV.BOOT_RECORD, record);
	for (const { image, version: least } of options.dependencies ?? []) {
		if (!isUint(image, 0xff)) throw new ImageError(`A dependency's image number is 0 to 255, not ${image}.`);
		area.add(TLV.DEPENDENCY, dependency(image, toVersion(least), endian));
	}
	const vendor = options.vid === undefined ? undefined : uuid(options.vid, dnsNamespace());
	if (vendor) area.add(TLV.UUID_VID, vendor);
	if (options.cid !== undefined) area.add(TLV.UUID_CID, uuid(options.cid, vendor));
	const seen = new Set<number>();
	for (const { type, value } of options.customTlvs ?? []) {
		if (!Number.isInteger(type) || type < format.VENDOR_TLV_MIN || type > format.VENDOR_TLV_MAX) {
			throw new ImageError(`The custom TLV type ${hex(type)} is outside 0xa0 to 0xfffe.`);
		}
		if (seen.has(type)) throw new ImageError(`The custom TLV type ${hex(type)} is given twice.`);
		seen.add(type);
		area.add(type, value);
	}
	return area.bytes();
}

function counter(value: number | "auto", { major, minor, revision }: ImageVersion): number {
	if (value === "auto") return major * 0x1000000 + minor * 0x10000 + revision;
	if (isUint(value, 0xffffffff)) return value;
	throw new ImageError(`The security counter ${value} does not fit 32 bits.`);
}

/** Header space and payload in one buffer. */
function placePayload(payload: Uint8Array, options: ImageOptions): Uint8Array {
	const { headerSize, padHeader } = options;
	if (!isUint(headerSize, 0xffff) || headerSize < format.HEADER_SIZE) {
		throw new ImageError(`The header size is 32 to 65535 bytes, not ${headerSize}.`);
	}
	if (padHeader) return concat(new Uint8Array(headerSize).fill(options.erasedValue ?? 0xff), payload);
	if (payload.length < headerSize) {
		throw new ImageError(
			`The input has ${payload.length} bytes, fewer than the header size ${headerSize}; add --pad-header?`,
		);
	}
	if (payload.subarray(0, headerSize).some((byte) => byte !== 0)) {
		throw new ImageError(`The input does not begin with ${headerSize} zero bytes for the header; add --pad-header?`);
	}
	return payload.slice();
}

/** imgtool fills up the last block of the cipher, which would not need it, with zeros. */
const padPayload = (body: Uint8Array, { encrypt }: ImageOptions): Uint8Array =>
	encrypt ? concat(body, new Uint8Array(-body.length & 15)) : body;

function writeHeader(body: Uint8Array, options: ImageOptions, version: ImageVersion, protectedSize: number): void {
	const { loadAddress = 0, romFixed = 0 } = options;
	if (loadAddress !== 0 && romFixed !== 0) {
		throw new ImageError("An image has either a load address or a fixed flash address, not both.");
	}
	for (const address of [loadAddress, romFixed]) {
		if (!isUint(address, 0xffffffff)) throw new ImageError(`The address ${address} does not fit 32 bits.`);
	}
	const flags =
		(loadAddress === 0 ? 0 : FLAGS.RAM_LOAD) |
		(romFixed === 0 ? 0 : FLAGS.ROM_FIXED) |
		(options.nonBootable ? FLAGS.NON_BOOTABLE : 0) |
		(options.encrypt ? (keySizeOf(options) === 32 ? FLAGS.ENCRYPTED_AES256 : FLAGS.ENCRYPTED_AES128) : 0);
	body.fill(0, 0, format.HEADER_SIZE);
	const header = viewOf(body);
	const little = options.endian !== "big";
	header.setUint32(0, format.IMAGE_MAGIC, little);
	header.setUint32(4, romFixed || loadAddress, little);
	header.setUint16(8, options.headerSize, little);
	header.setUint16(10, protectedSize, little);
	header.setUint32(12, body.length - options.headerSize, little);
	header.setUint32(16, flags, little);
	format.writeVersion(header, 20, version, little);
}

const isUint = (value: number, max: number): boolean => Number.isInteger(value) && value >= 0 && value <= max;
