import { ARCHIVE_MAGIC } from "../modules/bootutil/archive.js";
import { cryptPayload } from "../modules/bootutil/loader/encryption-payload.js";
import { hex, hexOf } from "../modules/bytes/hex.js";
import { RUNTIME_TLV, readArchive } from "./archive.js";
import { type CompressionReport, readCompression } from "./compression.js";
import { type Decrypter, type EncryptionReport, readEncryption } from "./decrypt.js";
import { ImageError } from "./error.js";
import { foreignName } from "./foreign.js";
import * as format from "./format.js";
import { type Endian, endianOf, FLAGS, formatVersion, readVersion, TLV, tlvName, viewOf } from "./format.js";
import { policyFault } from "./policy-words.js";
import { readTlvs, type TlvEntry } from "./read-tlvs.js";
import { checkSignatures, isPure, type NamedKey, type SignatureReport, signatureProblem } from "./signatures.js";
import { readTrailer, type Trailer } from "./trailer.js";
import { HASH_TLVS } from "./verify.js";

export type { CompressionReport } from "./compression.js";
export type { Decrypter, EncryptionReport } from "./decrypt.js";
export type { NamedKey, SignatureReport } from "./signatures.js";

/** How an image is taken apart. */
export interface InspectOptions {
	/** Keys that signatures are checked with. */
	readonly keys?: readonly NamedKey[];
	readonly decrypter?: Decrypter;
	/** Where in the file the image begins, bytes: swap using offset keeps updates at the second sector of the slot. */
	readonly offset?: number;
	/** What erased flash reads as; default 0xff. */
	readonly erasedValue?: number;
}

/** One entry of the TLV areas. */
export interface TlvReport {
	/** Of the entry's header, from the start of the image. */
	readonly offset: number;
	readonly type: number;
	readonly name: string;
	readonly protected: boolean;
	/** Of the content, bytes. */
	readonly length: number;
	/** Content, hexadecimal. */
	readonly value: string;
	/** What the content says, where it is more than bytes. */
	readonly meaning?: string;
}

/** What an application archive says of itself (docs/SPEC.md, Application archive). */
export interface ArchiveReport {
	/** Id of the runtime that it was made for, hexadecimal. */
	readonly runtime: string;
	readonly main: string;
	/** `size` is that of the code, bytes. */
	readonly modules: readonly { readonly name: string; readonly size: number }[];
	/** Names of the runtime's modules. */
	readonly imports: readonly string[];
	/** How many names of properties the application brings along. */
	readonly keys: number;
	/** The confirm policy, JSON as it was declared; empty if there is none. */
	readonly policy: string;
}

/** Everything an image file or a slot says about itself; plain data, to be printed as JSON. */
export interface ImageReport {
	/** Bytes of the file or the slot. */
	readonly fileSize: number;
	/** Where in it the image begins, bytes. */
	readonly offset: number;
	/** Header to last TLV, bytes. */
	readonly imageSize: number;
	/** The header's fields; sizes are bytes. */
	readonly header: {
		/** MCUboot takes images in the order of its own processor alone. */
		readonly endian: Endian;
		readonly loadAddress: number;
		readonly headerSize: number;
		readonly protectedTlvSize: number;
		readonly payloadSize: number;
		readonly flags: number;
		readonly flagNames: readonly string[];
		readonly version: string;
	};
	readonly tlvs: readonly TlvReport[];
	/** The image hash as this tool computes it and the image claims it. `null` if it cannot be checked: encrypted, and no key was given. */
	readonly digest: { readonly name: string; readonly value: string; readonly good: boolean | null } | null;
	readonly signatures: readonly SignatureReport[];
	/** The TLVs with the AES key, if the image is marked as encrypted. */
	readonly encryption: readonly EncryptionReport[];
	/** What a compressed image says of what it decompresses to; null if it is not compressed. */
	readonly compression: CompressionReport | null;
	/** The application in the payload; null if the image is opaque, encrypted, or its archive damaged. */
	readonly archive: ArchiveReport | null;
	readonly trailer: Trailer | null;
	/** One sentence each. An image without any is complete and its hash right. */
	readonly problems: readonly string[];
}

/**
 * Takes an MCUboot image, or a slot with one, apart (MCUboot design.md, Image format and Image trailer). Checks the hash, and
 * the signatures as the boot loader does: each goes with the KEYHASH in front of it, and the last one checked decides. A
 * key that was given and is not the image's is a problem.
 *
 * @example
 * ```ts
 * import { inspectImage, parseKey, refusal } from "xs-smp/image";
 *
 * const keys = [{ name: "production", key: parseKey(pem) }];
 * const report = inspectImage(file, { keys });
 * console.log(report.header.version, refusal(report) ?? "is good");
 * ```
 *
 * @throws ImageError if there is no image header. Everything else that is wrong is in `problems`.
 */
export function inspectImage(file: Uint8Array, options: InspectOptions = {}): ImageReport {
	const { offset = 0, keys = [], erasedValue = 0xff, decrypter } = options;
	const image = file.subarray(offset);
	const endian = endianOf(image);
	if (!endian) throw new ImageError(noImage(file, offset));
	const header = readHeader(image, endian);
	const problems: string[] = [];
	const { tlvs, end } = readTlvs(image, header, problems);
	const signed = image.subarray(0, header.headerSize + header.payloadSize + header.protectedTlvSize);
	const { plain, encryption } = decrypt(tlvs, signed, header, decrypter, problems);
	const digest = checkDigest(tlvs, plain, problems);
	const signatures = checkSignatures(tlvs, plain, keys);
	const unsigned = signatureProblem(signatures, keys);
	if (unsigned !== undefined) problems.push(unsigned);
	return {
		fileSize: file.length,
		offset,
		imageSize: end,
		header,
		tlvs: tlvs.map((tlv) => describeTlv(tlv, endian)),
		digest,
		signatures,
		encryption,
		compression: readCompression(tlvs, plain, header, keys, signatures, problems),
		archive: readApplication(tlvs, plain, header, problems),
		trailer: readTrailer(file, erasedValue, endian) ?? null,
		problems,
	};
}

function readApplication(
	tlvs: readonly TlvEntry[],
	plain: Uint8Array | undefined,
	{ headerSize, payloadSize }: ImageReport["header"],
	problems: string[],
): ArchiveReport | null {
	const claim = tlvs.find((tlv) => tlv.type === RUNTIME_TLV && tlv.protected);
	if (claim?.value.length !== 32 || !plain || plain.length < headerSize + 4) return null;
	if (viewOf(plain).getUint32(headerSize, true) !== ARCHIVE_MAGIC) return null;
	try {
		const { modules, keys, lines: _, ...archive } = readArchive(plain.subarray(headerSize, headerSize + payloadSize));
		if (archive.runtime !== hexOf(claim.value)) problems.push("The archive is for another runtime than its TLV says.");
		const fault = policyFault(archive.policy);
		if (fault !== undefined) problems.push(`The confirm policy does not count on a device: ${fault}.`);
		return {
			...archive,
			modules: modules.map(({ name, code }) => ({ name, size: code.length })),
			keys: keys.length,
		};
	} catch (error) {
		if (!(error instanceof ImageError)) throw error;
		problems.push(error.message);
		return null;
	}
}

function readHeader(image: Uint8Array, endian: Endian): ImageReport["header"] {
	const view = viewOf(image);
	const little = endian === "little";
	const flags = view.getUint32(16, little);
	return {
		endian,
		loadAddress: view.getUint32(4, little),
		headerSize: view.getUint16(8, little),
		protectedTlvSize: view.getUint16(10, little),
		payloadSize: view.getUint32(12, little),
		flags,
		flagNames: Object.entries(FLAGS).flatMap(([name, bit]) => (flags & bit ? [name] : [])),
		version: formatVersion(readVersion(view, 20, little)),
	};
}

/** Why the image is not right as far as it was to be checked, in one sentence, or `undefined` if it is. */
export function refusal({ problems, digest }: ImageReport): string | undefined {
	return digest?.good === null ? (problems[0] ?? ENCRYPTED) : problems[0];
}

const ENCRYPTED = "The image is encrypted: its hash cannot be checked without the key to decrypt it.";

function noImage(file: Uint8Array, offset: number): string {
	const foreign = offset === 0 ? foreignName(file) : undefined;
	if (foreign) return `The file is ${foreign}, not an MCUboot image.`;
	const where = offset === 0 ? "begin with" : `have at ${hex(offset)}`;
	// Sectors are multiples of 512 bytes at least, and an image at the second one is the only other place that exists.
	for (let at = 512; at + format.HEADER_SIZE <= file.length && at <= 0x40000; at += 512) {
		if (at !== offset && endianOf(file.subarray(at))) {
			return `The file does not ${where} an image header; there is one at ${hex(at)}: give that as the offset.`;
		}
	}
	return `The file does not ${where} an image header.`;
}

/**
 * Header, payload and protected TLVs as they were hashed: decrypted if the payload is encrypted, which it is not in the primary
 * slot. `plain` is undefined if that cannot be done.
 */
function decrypt(
	tlvs: readonly TlvEntry[],
	signed: Uint8Array,
	header: ImageReport["header"],
	decrypter: Decrypter | undefined,
	problems: string[],
): { plain: Uint8Array | undefined; encryption: readonly EncryptionReport[] } {
	if ((header.flags & (FLAGS.ENCRYPTED_AES128 | FLAGS.ENCRYPTED_AES256)) === 0)
		return { plain: signed, encryption: [] };
	const keySize = header.flags & FLAGS.ENCRYPTED_AES256 ? 32 : 16;
	const { reports: encryption, key } = readEncryption(tlvs, keySize, decrypter);
	const claim = tlvs.find((tlv) => HASH_TLVS.has(tlv.type));
	const isPlain = claim !== undefined && hashIs(claim, signed);
	const misfit = encryption.find(({ result }) => result === "malformed" || (decrypter && result !== "fits"));
	if (!key && (!isPlain || decrypter)) {
		if (encryption.length === 0) problems.push("The image is marked as encrypted and has no TLV with its key.");
		else if (misfit) {
			problems.push(`The image cannot be decrypted: ${misfit.name} ${verb(misfit)}${misfit.meaning}.`);
		}
	}
	if (isPlain) return { plain: signed, encryption };
	if (!key) return { plain: undefined, encryption };
	const plain = signed.slice();
	cryptPayload(key, { headerSize: header.headerSize, imageSize: header.payloadSize }, plain, 0);
	return { plain, encryption };
}

const verb = ({ result }: EncryptionReport): string => (result === "malformed" ? "" : "is ");

const hashIs = ({ type, value }: TlvEntry, bytes: Uint8Array): boolean =>
	hexOf(HASH_TLVS.get(type)!(bytes)) === hexOf(value);

function checkDigest(
	tlvs: readonly TlvEntry[],
	plain: Uint8Array | undefined,
	problems: string[],
): ImageReport["digest"] {
	const claims = tlvs.filter((tlv) => HASH_TLVS.has(tlv.type));
	const [first] = claims;
	if (!first) {
		// A pure signature does without.
		if (!isPure(tlvs)) problems.push("The image has no hash.");
		return null;
	}
	if (!plain) return { name: tlvName(first.type), value: hexOf(first.value), good: null };
	const digest = HASH_TLVS.get(first.type)!(plain);
	const good = claims.every((tlv) => hashIs(tlv, plain));
	if (!good) problems.push("The hash is wrong: the image is damaged or was changed.");
	return { name: tlvName(first.type), value: hexOf(digest), good };
}

function describeTlv(tlv: TlvEntry, endian: Endian): TlvReport {
	const { type, value, offset } = tlv;
	const meaning = tlvMeaning(type, value, endian === "little");
	return {
		offset,
		type,
		name: tlvName(type),
		protected: tlv.protected,
		length: value.length,
		value: hexOf(value),
		...(meaning === undefined ? {} : { meaning }),
	};
}

function tlvMeaning(type: number, value: Uint8Array, little: boolean): string | undefined {
	if ((type === TLV.DECOMP_SIZE || type === TLV.COMP_DEC_SIZE) && value.length === 4)
		return `${viewOf(value).getUint32(0, little)} bytes`;
	if (type === TLV.SEC_CNT && value.length === 4) return String(viewOf(value).getUint32(0, little));
	if (type === TLV.DEPENDENCY && value.length === 12) {
		return `image ${value[0]} at least ${formatVersion(readVersion(viewOf(value), 4, little))}`;
	}
	if ((type === TLV.UUID_VID || type === TLV.UUID_CID) && value.length === 16) {
		return hexOf(value).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
	}
	return undefined;
}
