import { hexOf } from "../modules/bytes/hex.js";
import { type Endian, FLAGS, TLV, viewOf } from "./format.js";
import type { TlvEntry } from "./read-tlvs.js";
import { isPure, type NamedKey, type SignatureReport } from "./signatures.js";
import { HASH_TLVS, verifyImage } from "./verify.js";

/** What a compressed image says of the image that it decompresses to. Nothing is decompressed here. */
export interface CompressionReport {
	readonly method: "LZMA1" | "LZMA2";
	readonly filter: "none" | "Arm Thumb";
	/** The memory that decompressing takes beside the output, bytes; null if the payload is encrypted, or not LZMA2. */
	readonly dictionary: number | null;
	/** Bytes of the payload once it is decompressed (DECOMP_SIZE); null if the image does not say. */
	readonly size: number | null;
	/** Hash of the image once it is decompressed, as it claims (DECOMP_SHA), hexadecimal; null if it does not. */
	readonly digest: string | null;
	/** The signature over that hash (DECOMP_SIGNATURE); null if there is none. */
	readonly signature: SignatureReport | null;
}

const COMPRESSED = FLAGS.COMPRESSED_LZMA1 | FLAGS.COMPRESSED_LZMA2;

/** The header fields that matter here. */
interface Header {
	readonly flags: number;
	readonly headerSize: number;
	readonly payloadSize: number;
	readonly endian: Endian;
}

/**
 * Reads what a compressed image carries (MCUboot compression_format.md). What is wrong goes to `problems`. Null if the image is
 * not marked as compressed.
 *
 * @param plain - header, payload and protected TLVs; undefined if they are encrypted and cannot be decrypted
 * @param signatures - what was found of the image's own signatures: the key of the first that was checked counts here too
 */
export function readCompression(
	tlvs: readonly TlvEntry[],
	plain: Uint8Array | undefined,
	header: Header,
	keys: readonly NamedKey[],
	signatures: readonly SignatureReport[],
	problems: string[],
): CompressionReport | null {
	if ((header.flags & COMPRESSED) === 0) return null;
	const find = (type: number) => tlvs.find((tlv) => tlv.type === type && tlv.protected)?.value;
	const [size, digest, signature] = [find(TLV.DECOMP_SIZE), find(TLV.DECOMP_SHA), find(TLV.DECOMP_SIGNATURE)];
	if (size?.length !== 4) problems.push("The image is compressed, and does not say how long it is when decompressed.");
	const hash = tlvs.find(({ type }) => HASH_TLVS.has(type));
	if (!digest) problems.push("The image is compressed, and has no hash of what it decompresses to.");
	else if (hash && hash.value.length !== digest.length)
		problems.push("The hash of what the image decompresses to is not of the kind that the image itself has.");
	const report = signature ? checkSignature(signature, digest, tlvs, keys, signatures) : null;
	if (report?.result === "bad") problems.push("The signature of what the image decompresses to does not verify.");
	if (!signature && signatures.length > 0) problems.push("The image is signed, and what it decompresses to is not.");
	return {
		method: header.flags & FLAGS.COMPRESSED_LZMA2 ? "LZMA2" : "LZMA1",
		filter: header.flags & FLAGS.COMPRESSED_ARM_THUMB ? "Arm Thumb" : "none",
		dictionary: dictionaryOf(plain, header),
		size: size?.length === 4 ? viewOf(size).getUint32(0, header.endian === "little") : null,
		digest: digest ? hexOf(digest) : null,
		signature: report,
	};
}

/** The first byte in front of an LZMA2 stream (MCUboot compression_format.md, Adjusting dictionary size). */
function dictionaryOf(plain: Uint8Array | undefined, { flags, headerSize, payloadSize }: Header): number | null {
	const code = payloadSize >= 2 && flags & FLAGS.COMPRESSED_LZMA2 ? plain?.[headerSize] : undefined;
	if (code === undefined || code >= 40) return null;
	return (2 | (code & 1)) * 2 ** ((code >> 1) + 11);
}

function checkSignature(
	value: Uint8Array,
	digest: Uint8Array | undefined,
	tlvs: readonly TlvEntry[],
	keys: readonly NamedKey[],
	signatures: readonly SignatureReport[],
): SignatureReport {
	const name = "DECOMP_SIGNATURE";
	const unchecked = (reason: string): SignatureReport => ({ name, key: null, result: "unchecked", reason });
	if (isPure(tlvs)) return unchecked("it covers the image itself once it is decompressed, which is not done here");
	if (!digest) return unchecked("the hash that it covers is missing");
	const own = signatures.find(({ key }) => key !== null);
	const key = keys.find((each) => each.name === own?.key);
	if (!key) return unchecked(signatures[0]?.reason ?? "the image itself is not signed");
	const good = verifyImage(key.key, digest, value, false);
	return { name, key: key.name, result: good ? "good" : "bad" };
}
