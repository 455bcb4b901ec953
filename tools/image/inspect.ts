import type { WrapType } from "../../modules/bootutil/config.js";
import { decodeHeader } from "../../modules/bootutil/header.js";
import { unwrapKey } from "../../modules/bootutil/loader/encryption.js";
import { cryptPayload } from "../../modules/bootutil/loader/encryption-payload.js";
import { wrapping } from "../../modules/bootutil/validation.js";
import { ImageError } from "./error.js";
import * as format from "./format.js";
import { FLAGS, formatVersion, hex, readVersion, TLV, tlvName, viewOf } from "./format.js";
import { readTrailer, type Trailer } from "./trailer.js";
import { HASH_TLVS, isSignature, type Verifier, verifyImage } from "./verify.js";

/** A key to check signatures with, under the name that reports use. */
export interface NamedKey {
	readonly name: string;
	readonly key: Verifier;
}

/** What encrypted images are decrypted with: how their keys are wrapped, and the private key that `unwrapKey` takes. */
export interface Decrypter {
	readonly type: WrapType;
	readonly privateKey: Uint8Array;
}

export interface InspectOptions {
	readonly keys?: readonly NamedKey[];
	readonly decrypter?: Decrypter;
	/** Where in the file the image begins, bytes: swap using offset keeps updates at the second sector of the slot. */
	readonly offset?: number;
	/** What erased flash reads as; default 0xff. */
	readonly erasedValue?: number;
}

export interface TlvReport {
	/** Of the entry's header, from the start of the image. */
	readonly offset: number;
	readonly type: number;
	readonly name: string;
	readonly protected: boolean;
	readonly length: number;
	/** Content, hexadecimal. */
	readonly value: string;
	/** What the content says, where it is more than bytes. */
	readonly meaning?: string;
}

export interface SignatureReport {
	readonly name: string;
	/** Name of the key that the image asks for, if it is one of those given. */
	readonly key: string | null;
	/** `unchecked`: the image's key is not among those given. */
	readonly result: "good" | "bad" | "unchecked";
}

/** Everything an image file or a slot says about itself; plain data, to be printed as JSON. */
export interface ImageReport {
	readonly fileSize: number;
	readonly offset: number;
	/** Header to last TLV, bytes. */
	readonly imageSize: number;
	readonly header: {
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
	readonly trailer: Trailer | null;
	/** One sentence each. An image without any is complete and its hash right. */
	readonly problems: readonly string[];
}

/**
 * Takes an MCUboot image, or a slot with one, apart (MCUboot design.md, Image format and Image trailer). Checks the hash, and
 * the signatures as the boot loader does: each goes with the KEYHASH in front of it, and the last one checked decides.
 *
 * Throws an ImageError if there is no image header; everything else that is wrong is in `problems`.
 */
export function inspectImage(file: Uint8Array, options: InspectOptions = {}): ImageReport {
	const { offset = 0, keys = [], erasedValue = 0xff, decrypter } = options;
	const image = file.subarray(offset);
	const view = viewOf(image);
	if (image.length < format.HEADER_SIZE || view.getUint32(0, true) !== format.IMAGE_MAGIC) {
		throw new ImageError(noImage(file, offset));
	}
	const flags = view.getUint32(16, true);
	const header = {
		loadAddress: view.getUint32(4, true),
		headerSize: view.getUint16(8, true),
		protectedTlvSize: view.getUint16(10, true),
		payloadSize: view.getUint32(12, true),
		flags,
		flagNames: Object.entries(FLAGS).flatMap(([name, bit]) => (flags & bit ? [name] : [])),
		version: formatVersion(readVersion(view, 20)),
	};
	const problems: string[] = [];
	const { tlvs, end } = readTlvs(image, header, problems);
	const signed = image.subarray(0, header.headerSize + header.payloadSize + header.protectedTlvSize);
	const plain = plainOf(tlvs, signed, flags, decrypter, problems);
	const digest = checkDigest(tlvs, plain, problems);
	return {
		fileSize: file.length,
		offset,
		imageSize: end,
		header,
		tlvs: tlvs.map(describeTlv),
		digest,
		signatures: plain ? checkSignatures(tlvs, plain, keys, problems) : [],
		trailer: readTrailer(file, erasedValue) ?? null,
		problems,
	};
}

/**
 * Why hash or signature are not right, in one sentence, or `undefined` if they are: the signature must be by one of the
 * keys. Without keys only the hash counts.
 */
export function refusal(report: ImageReport, keys: readonly NamedKey[]): string | undefined {
	const [problem] = report.problems;
	if (report.digest?.good === null) return problem ?? "The image is encrypted: its hash cannot be checked.";
	if (problem !== undefined || keys.length === 0) return problem;
	if (report.signatures.length === 0) return "The image is not signed.";
	const checked = report.signatures.some((signature) => signature.result !== "unchecked");
	return checked ? undefined : "The image is signed with another key.";
}

interface TlvEntry {
	readonly offset: number;
	readonly type: number;
	readonly protected: boolean;
	readonly value: Uint8Array;
}

function noImage(file: Uint8Array, offset: number): string {
	const where = offset === 0 ? "begin with" : `have at ${hex(offset)}`;
	const view = viewOf(file);
	// Sectors are multiples of 512 bytes at least, and an image at the second one is the only other place that exists.
	for (let at = 512; at + format.HEADER_SIZE <= file.length && at <= 0x40000; at += 512) {
		if (at !== offset && view.getUint32(at, true) === format.IMAGE_MAGIC) {
			return `The file does not ${where} an image header; there is one at ${hex(at)}: give that as the offset.`;
		}
	}
	return `The file does not ${where} an image header.`;
}

/** The entries of both areas, up to the first thing that is wrong, and where the image ends. */
function readTlvs(
	image: Uint8Array,
	header: ImageReport["header"],
	problems: string[],
): { tlvs: TlvEntry[]; end: number } {
	const view = viewOf(image);
	const tlvs: TlvEntry[] = [];
	let at = header.headerSize + header.payloadSize;
	const wrong = (problem: string) => {
		problems.push(problem);
		return { tlvs, end: Math.min(at, image.length) };
	};
	for (const isProtected of header.protectedTlvSize > 0 ? [true, false] : [false]) {
		const area = isProtected ? "protected TLV area" : "TLV area";
		if (at + 4 > image.length) return wrong(`The file ends before the ${area} at ${hex(at)}.`);
		const magic = view.getUint16(at, true);
		const size = view.getUint16(at + 2, true);
		const wanted = isProtected ? format.TLV_PROTECTED_MAGIC : format.TLV_INFO_MAGIC;
		if (magic !== wanted)
			return wrong(`The ${area} at ${hex(at)} begins with ${hex(magic)} instead of ${hex(wanted)}.`);
		if (isProtected && size !== header.protectedTlvSize) {
			return wrong(`The protected TLV area has ${size} bytes, but the header says ${header.protectedTlvSize}.`);
		}
		const end = at + size;
		if (end > image.length) return wrong(`The file ends within the ${area} at ${hex(at)}.`);
		for (at += 4; at < end; ) {
			const length = at + 4 <= end ? view.getUint16(at + 2, true) : 0;
			if (at + 4 + length > end) return wrong(`The TLV at ${hex(at)} runs over the end of the ${area}.`);
			const value = image.subarray(at + 4, at + 4 + length);
			tlvs.push({ offset: at, type: view.getUint16(at, true), protected: isProtected, value });
			at += 4 + length;
		}
	}
	return { tlvs, end: at };
}

/**
 * Header, payload and protected TLVs as they were hashed: decrypted if the payload is encrypted, which it is not in the primary
 * slot. Undefined if that cannot be done.
 */
function plainOf(
	tlvs: readonly TlvEntry[],
	signed: Uint8Array,
	flags: number,
	decrypter: Decrypter | undefined,
	problems: string[],
): Uint8Array | undefined {
	if ((flags & (FLAGS.ENCRYPTED_AES128 | FLAGS.ENCRYPTED_AES256)) === 0) return signed;
	const claim = tlvs.find((tlv) => HASH_TLVS.has(tlv.type));
	if (claim && hashIs(claim, signed)) return signed;
	if (!decrypter) return undefined;
	const { type, privateKey } = decrypter;
	const wrapped = tlvs.find((tlv) => tlv.type === wrapping(type, 16)[0])?.value;
	const key = wrapped && unwrapKey(type, privateKey, flags & FLAGS.ENCRYPTED_AES256 ? 32 : 16, wrapped);
	if (!key) {
		problems.push("The image is not encrypted for this key.");
		return undefined;
	}
	const plain = signed.slice();
	cryptPayload(key, decodeHeader(plain), plain, 0);
	return plain;
}

const hashIs = ({ type, value }: TlvEntry, bytes: Uint8Array): boolean =>
	toHex(HASH_TLVS.get(type)!(bytes)) === toHex(value);

function checkDigest(
	tlvs: readonly TlvEntry[],
	plain: Uint8Array | undefined,
	problems: string[],
): ImageReport["digest"] {
	const claims = tlvs.filter((tlv) => HASH_TLVS.has(tlv.type));
	const [first] = claims;
	if (!first) {
		problems.push("The image has no hash.");
		return null;
	}
	if (!plain) return { name: tlvName(first.type), value: toHex(first.value), good: null };
	const digest = HASH_TLVS.get(first.type)!(plain);
	const good = claims.every((tlv) => hashIs(tlv, plain));
	if (!good) problems.push("The hash is wrong: the image is damaged or was changed.");
	return { name: tlvName(first.type), value: toHex(digest), good };
}

function checkSignatures(
	tlvs: readonly TlvEntry[],
	signed: Uint8Array,
	keys: readonly NamedKey[],
	problems: string[],
): SignatureReport[] {
	const hash = HASH_TLVS.get(tlvs.find((tlv) => HASH_TLVS.has(tlv.type))?.type ?? TLV.SHA256)!;
	const pure = tlvs.some((tlv) => tlv.type === TLV.SIG_PURE && tlv.value[0] === 1);
	const message = pure ? signed : hash(signed);
	const reports: SignatureReport[] = [];
	let pending: NamedKey | undefined;
	for (const { type, value } of tlvs) {
		if (type === TLV.KEYHASH) pending = keys.find(({ key }) => startsWith(hash(key.publicKey), value));
		else if (type === TLV.PUBKEY) pending = keys.find(({ key }) => toHex(key.publicKey) === toHex(value));
		else if (isSignature(type)) {
			const named = pending && isSignature(type, pending.key.type) ? pending : undefined;
			const good = named && verifyImage(named.key, message, value, pure);
			const result = good === undefined ? "unchecked" : good ? "good" : "bad";
			reports.push({ name: tlvName(type), key: named?.name ?? null, result });
			if (named) pending = undefined;
		}
	}
	if (reports.filter((report) => report.result !== "unchecked").at(-1)?.result === "bad") {
		problems.push("The signature does not verify.");
	}
	return reports;
}

function describeTlv(tlv: TlvEntry): TlvReport {
	const { type, value, offset } = tlv;
	const meaning = tlvMeaning(type, value);
	return {
		offset,
		type,
		name: tlvName(type),
		protected: tlv.protected,
		length: value.length,
		value: toHex(value),
		...(meaning === undefined ? {} : { meaning }),
	};
}

function tlvMeaning(type: number, value: Uint8Array): string | undefined {
	if (type === TLV.SEC_CNT && value.length === 4) return String(viewOf(value).getUint32(0, true));
	if (type === TLV.DEPENDENCY && value.length === 12) {
		return `image ${value[0]} at least ${formatVersion(readVersion(viewOf(value), 4))}`;
	}
	if ((type === TLV.UUID_VID || type === TLV.UUID_CID) && value.length === 16) {
		return toHex(value).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
	}
	return undefined;
}

const startsWith = (bytes: Uint8Array, start: Uint8Array): boolean =>
	start.length <= bytes.length && start.every((byte, i) => bytes[i] === byte);

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
