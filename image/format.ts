import { IMAGE_HEADER_SIZE, IMAGE_MAGIC, type ImageVersion } from "../modules/bootutil/header.js";
import { TlvMagic, TlvType } from "../modules/bootutil/tlv.js";
import { ImageError } from "./error.js";

// The format itself is bootutil's; these are the names that a tool for image files uses.
export {
	IMAGE_HEADER_SIZE as HEADER_SIZE,
	IMAGE_MAGIC,
	ImageFlag as FLAGS,
	type ImageVersion,
} from "../modules/bootutil/header.js";
export { TlvType as TLV } from "../modules/bootutil/tlv.js";

export const TLV_INFO_MAGIC = TlvMagic.UNPROTECTED;
export const TLV_PROTECTED_MAGIC = TlvMagic.PROTECTED;

const TLV_NAMES: ReadonlyMap<number, string> = new Map(Object.entries(TlvType).map(([name, type]) => [type, name]));

/** Vendor types have a low byte of 0xa0 and above in any page; 0xffff is reserved (MCUboot `image.h`). */
export const VENDOR_TLV_MIN = 0xa0;
export const VENDOR_TLV_MAX = 0xfffe;

/** The name of a TLV type, `vendor` or `unknown`. */
export function tlvName(type: number): string {
	return TLV_NAMES.get(type) ?? ((type & 0xff) >= 0xa0 && type !== 0xffff ? "vendor" : "unknown");
}

/**
 * Reads `major[.minor[.revision[+build]]]`; missing parts are 0, leading zeros are not allowed (imgtool.md, version).
 *
 * @throws ImageError if the text is no version or a part is too large for the header.
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

/** Order of the bytes in an image's numbers: that of the processor that MCUboot runs on. */
export type Endian = "little" | "big";

/** The order that an image header at the start of these bytes is in, by its magic; undefined if there is no header. */
export function endianOf(image: Uint8Array): Endian | undefined {
	if (image.length < IMAGE_HEADER_SIZE) return undefined;
	const view = viewOf(image);
	if (view.getUint32(0, true) === IMAGE_MAGIC) return "little";
	return view.getUint32(0, false) === IMAGE_MAGIC ? "big" : undefined;
}

/** The eight bytes of a version in header and DEPENDENCY TLV. */
export function writeVersion(view: DataView, at: number, version: ImageVersion, little: boolean): void {
	view.setUint8(at, version.major);
	view.setUint8(at + 1, version.minor);
	view.setUint16(at + 2, version.revision, little);
	view.setUint32(at + 4, version.build, little);
}

export function readVersion(view: DataView, at: number, little: boolean): ImageVersion {
	return {
		major: view.getUint8(at),
		minor: view.getUint8(at + 1),
		revision: view.getUint16(at + 2, little),
		build: view.getUint32(at + 4, little),
	};
}

export const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
	const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
	let at = 0;
	for (const part of parts) {
		whole.set(part, at);
		at += part.length;
	}
	return whole;
}
