import { sha256 } from "@noble/hashes/sha2.js";
import { parseSignArguments, UnsupportedOption } from "../../../cli/sign-options.js";
import { createImage, type ImageOptions } from "../../../image/create.js";
import { parseKey } from "../../../image/keys.js";
import { type SignatureType, verifySignature } from "../../../modules/bootutil/signature/signature.js";

/** A row of `imgtool-sign.json`: what imgtool wrote for these arguments. */
export interface ImgtoolSignRow {
	/** Name of the private key, or null. */
	readonly key: string | null;
	readonly payload: { readonly seed: number; readonly len: number };
	/** Arguments behind `sign [-k key]`. */
	readonly args: readonly string[];
	readonly size: number;
	readonly sha256: string;
	readonly header: string;
	readonly tlv_offset: number;
	readonly tlvs: string;
	/** Runs of bytes other than 0xff behind the TLVs: offset and hex. */
	readonly after_tlvs?: readonly (readonly [number, string])[];
}

/** `reason` says what differs, or why the row is skipped. */
export interface ImgtoolSignResult {
	readonly status: "passed" | "failed" | "skipped";
	readonly reason?: string;
}

const SIGNATURE_TLVS = [0x20, 0x22, 0x23, 0x24];

/**
 * Makes the image of a row with this project's tool and compares it with what imgtool made: byte for byte where the output is
 * reproducible (no key, or Ed25519); with a randomised signature (ECDSA, RSA) everything but the signature's bytes, and both
 * signatures against the public key.
 *
 * @param readKey - the PEM text of a key by its name in the vectors
 */
export function checkImgtoolSign(row: ImgtoolSignRow, readKey: (name: string) => string): ImgtoolSignResult {
	const key = row.key === null ? undefined : parseKey(readKey(row.key));
	if (key && !key.sign) return failed(`${row.key} is not a private key`);
	let options: ImageOptions;
	try {
		options = parseSignArguments([...row.args, "in", "out"], {
			signer: () => {
				throw new Error("a key among the arguments");
			},
			bytes: () => {
				throw new Error("a file among the arguments");
			},
		}).options;
	} catch (error) {
		if (error instanceof UnsupportedOption) return { status: "skipped", reason: error.message };
		return failed(String(error));
	}
	let image: Uint8Array;
	try {
		const signer = key?.sign && { type: key.type, publicKey: key.publicKey, sign: key.sign };
		image = createImage(vectorPayload(row.payload), signer ? { ...options, signer } : options);
	} catch (error) {
		return failed(String(error));
	}
	return key && key.type !== "ed25519" ? compareRandomised(row, image, key) : compareBytes(row, image);
}

/** 32-bit little-endian words (seed << 24) | i, cut to the length. */
function vectorPayload({ seed, len }: ImgtoolSignRow["payload"]): Uint8Array {
	const bytes = new Uint8Array(Math.ceil(len / 4) * 4);
	const view = new DataView(bytes.buffer);
	for (let i = 0; i * 4 < len; i++) view.setUint32(i * 4, ((seed << 24) | i) >>> 0, true);
	return bytes.subarray(0, len);
}

function compareBytes(row: ImgtoolSignRow, image: Uint8Array): ImgtoolSignResult {
	const tlvEnd = row.tlv_offset + row.tlvs.length / 2;
	const header = toHex(image.subarray(0, 32));
	const tlvs = toHex(image.subarray(row.tlv_offset, tlvEnd));
	if (header !== row.header) return failed(`header ${header}, not ${row.header}`);
	if (tlvs !== row.tlvs) return failed(`TLVs ${tlvs}, not ${row.tlvs}`);
	if (image.length !== row.size) return failed(`${image.length} bytes, not ${row.size}`);
	for (const [offset, bytes] of row.after_tlvs ?? []) {
		const ours = toHex(image.subarray(offset, offset + bytes.length / 2));
		if (ours !== bytes) return failed(`at ${offset} ${ours}, not ${bytes}`);
	}
	const hash = toHex(sha256(image));
	return hash === row.sha256 ? { status: "passed" } : failed(`SHA-256 ${hash}, not ${row.sha256}`);
}

function compareRandomised(
	row: ImgtoolSignRow,
	image: Uint8Array,
	key: { type: SignatureType; publicKey: Uint8Array },
): ImgtoolSignResult {
	const header = toHex(image.subarray(0, 32));
	if (header !== row.header) return failed(`header ${header}, not ${row.header}`);
	const theirs = readTlvs(fromHex(row.tlvs));
	const ours = readTlvs(image.subarray(row.tlv_offset));
	if (ours.length !== theirs.length) return failed(`${ours.length} TLVs, not ${theirs.length}`);
	const digest = ours.find((tlv) => tlv.type === 0x10)?.value ?? new Uint8Array(0);
	for (const [i, { type, value }] of theirs.entries()) {
		const own = ours[i]!;
		if (own.type !== type) return failed(`TLV ${i} has type ${own.type}, not ${type}`);
		if (SIGNATURE_TLVS.includes(type)) {
			if (!verifySignature(key.type, key.publicKey, digest, own.value))
				return failed("the signature made does not verify");
			if (!verifySignature(key.type, key.publicKey, digest, value))
				return failed("imgtool's signature does not verify");
		} else if (toHex(own.value) !== toHex(value)) return failed(`TLV ${i} is ${toHex(own.value)}, not ${toHex(value)}`);
	}
	return compareTail(row, image, theirs, ours);
}

/** An ECDSA signature has 70 to 72 bytes: the end of the TLVs, and of a file without padding, moves with it. */
function compareTail(
	row: ImgtoolSignRow,
	image: Uint8Array,
	theirs: readonly TlvEntry[],
	ours: readonly TlvEntry[],
): ImgtoolSignResult {
	const sum = (tlvs: readonly TlvEntry[]): number => tlvs.reduce((total, tlv) => total + tlv.value.length, 0);
	const moved = sum(ours) - sum(theirs);
	const padded = (row.after_tlvs ?? []).length > 0;
	if (image.length !== row.size + (padded ? 0 : moved)) return failed(`${image.length} bytes, not ${row.size}`);
	const tail = new Uint8Array(padded ? row.size - row.tlv_offset - row.tlvs.length / 2 - moved : 0).fill(0xff);
	for (const [offset, bytes] of row.after_tlvs ?? []) tail.set(fromHex(bytes), offset - (row.size - tail.length));
	const own = toHex(image.subarray(image.length - tail.length));
	return own === toHex(tail) ? { status: "passed" } : failed("the bytes behind the TLVs differ");
}

interface TlvEntry {
	readonly type: number;
	readonly value: Uint8Array;
}

/** The entries of one or two TLV areas, protected ones first. */
function readTlvs(bytes: Uint8Array): TlvEntry[] {
	const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
	const entries: TlvEntry[] = [];
	let at = 0;
	for (let last = false; !last; ) {
		last = view.getUint16(at, true) === 0x6907;
		const end = at + view.getUint16(at + 2, true);
		for (at += 4; at < end; ) {
			const length = view.getUint16(at + 2, true);
			entries.push({ type: view.getUint16(at, true), value: bytes.subarray(at + 4, at + 4 + length) });
			at += 4 + length;
		}
	}
	return entries;
}

const failed = (reason: string): ImgtoolSignResult => ({ status: "failed", reason });

const toHex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const fromHex = (text: string): Uint8Array =>
	Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
