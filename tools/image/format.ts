import { ImageError } from "./error.js";

/** Image header magic, TLV area magics and sizes (MCUboot design.md, Image format). */
export const IMAGE_MAGIC = 0x96f3b83d;
export const HEADER_SIZE = 32;
export const TLV_INFO_MAGIC = 0x6907;
export const TLV_PROTECTED_MAGIC = 0x6908;

/** Bits of `ih_flags` (MCUboot design.md, Image format). */
export const FLAGS = Object.freeze({
	PIC: 0x1,
	ENCRYPTED_AES128: 0x4,
	ENCRYPTED_AES256: 0x8,
	NON_BOOTABLE: 0x10,
	RAM_LOAD: 0x20,
	ROM_FIXED: 0x100,
	COMPRESSED_LZMA1: 0x200,
	COMPRESSED_LZMA2: 0x400,
	COMPRESSED_ARM_THUMB: 0x800,
});

/** TLV types (MCUboot design.md, TLV area). */
export const TLV = Object.freeze({
	KEYHASH: 0x01,
	PUBKEY: 0x02,
	SHA256: 0x10,
	SHA384: 0x11,
	SHA512: 0x12,
	RSA2048_PSS: 0x20,
	ECDSA224: 0x21,
	ECDSA_SIG: 0x22,
	RSA3072_PSS: 0x23,
	ED25519: 0x24,
	SIG_PURE: 0x25,
	ENC_RSA2048: 0x30,
	ENC_KW: 0x31,
	ENC_EC256: 0x32,
	ENC_X25519: 0x33,
	ENC_X25519_SHA512: 0x34,
	DEPENDENCY: 0x40,
	SEC_CNT: 0x50,
	BOOT_RECORD: 0x60,
	DECOMP_SIZE: 0x70,
	DECOMP_SHA: 0x71,
	DECOMP_SIGNATURE: 0x72,
	COMP_DEC_SIZE: 0x73,
	UUID_VID: 0x74,
	UUID_CID: 0x75,
});

const TLV_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(TLV).map(([name, type]) => [type, name]));

/** Vendor types have a low byte of 0xa0 and above in any page; 0xffff is reserved (MCUboot `image.h`). */
export const VENDOR_TLV_MIN = 0xa0;
export const VENDOR_TLV_MAX = 0xfffe;

/** The name of a TLV type, `vendor` or `unknown`. */
export function tlvName(type: number): string {
	return TLV_NAMES.get(type) ?? ((type & 0xff) >= 0xa0 && type !== 0xffff ? "vendor" : "unknown");
}

/** An image version, as in the header: two bytes, a 16-bit and a 32-bit number. */
export interface ImageVersion {
	readonly major: number;
	readonly minor: number;
	readonly revision: number;
	readonly build: number;
}

/**
 * Reads `major[.minor[.revision[+build]]]`; missing parts are 0, leading zeros are not allowed (imgtool.md, version).
 * Throws an ImageError if the text is no version or a part is too large for the header.
 */
export function parseVersion(text: string): ImageVersion {
	const match = /^(0|[1-9]\d*)(?:\.(0|[1-9]\d*)(?:\.(0|[1-9]\d*)(?:\+(0|[1-9]\d*))?)?)?$/.exec(text);
	if (!match)
		throw new ImageError(`"${text}" is not a version: write major.minor.revision+build, later parts optional.`);
	const [major = 0, minor = 0, revision = 0, build = 0] = match.slice(1).map((part) => Number(part ?? 0));
	if (major > 0xff || minor > 0xff || revision > 0xffff || build > 0xffffffff) {
		throw new ImageError(`The version ${text} is too large: the limits are 255.255.65535+4294967295.`);
	}
	return { major, minor, revision, build };
}

/** `major.minor.revision`, and `+build` unless it is 0. */
export function formatVersion(version: ImageVersion): string {
	const { major, minor, revision, build } = version;
	return `${major}.${minor}.${revision}${build === 0 ? "" : `+${build}`}`;
}

/** The eight bytes of a version in header and DEPENDENCY TLV. */
export function writeVersion(view: DataView, at: number, version: ImageVersion): void {
	view.setUint8(at, version.major);
	view.setUint8(at + 1, version.minor);
	view.setUint16(at + 2, version.revision, true);
	view.setUint32(at + 4, version.build, true);
}

export function readVersion(view: DataView, at: number): ImageVersion {
	return {
		major: view.getUint8(at),
		minor: view.getUint8(at + 1),
		revision: view.getUint16(at + 2, true),
		build: view.getUint32(at + 4, true),
	};
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export const hex = (number: number): string => `0x${number.toString(16)}`;

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}

/** UTF-8 of a text; the engine itself has no TextEncoder. Lone surrogates become U+FFFD, as there. */
export function utf8(text: string): Uint8Array {
	const bytes: number[] = [];
	for (const character of text) {
		let code = character.codePointAt(0)!;
		if (code >= 0xd800 && code <= 0xdfff) code = 0xfffd;
		if (code < 0x80) bytes.push(code);
		else if (code < 0x800) bytes.push(0xc0 | (code >> 6), 0x80 | (code & 63));
		else if (code < 0x10000) bytes.push(0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
		else bytes.push(0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63));
	}
	return Uint8Array.from(bytes);
}
