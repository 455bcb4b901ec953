import { readU16, readU32 } from "../bytes/little-endian.js";

/** First word of every image (MCUboot design.md, Image format: `IMAGE_MAGIC`). */
export const IMAGE_MAGIC = 0x96f3b83d;

/** Bytes of the header that carry information; `headerSize` says how far it is padded. */
export const IMAGE_HEADER_SIZE = 32;

/** Bits of `ImageHeader.flags` (MCUboot design.md, Image format: `IMAGE_F_…`). */
export const ImageFlag = Object.freeze({
	PIC: 0x1,
	ENCRYPTED_AES128: 0x4,
	ENCRYPTED_AES256: 0x8,
	NON_BOOTABLE: 0x10,
	RAM_LOAD: 0x20,
	ROM_FIXED: 0x100,
	COMPRESSED_LZMA1: 0x200,
	COMPRESSED_LZMA2: 0x400,
	COMPRESSED_ARM_THUMB: 0x800,
} as const);

/** Either says that an image goes encrypted through the secondary slot. */
export const ENCRYPTED = ImageFlag.ENCRYPTED_AES128 | ImageFlag.ENCRYPTED_AES256;

/** MCUboot's `struct image_version`. */
export interface ImageVersion {
	readonly major: number;
	readonly minor: number;
	readonly revision: number;
	readonly build: number;
}

/** MCUboot's `struct image_header` (design.md, Image format). Sizes are bytes. */
export interface ImageHeader {
	readonly magic: number;
	/** RAM address (flag RAM_LOAD) or flash address (flag ROM_FIXED). */
	readonly loadAddress: number;
	/** Offset of the payload. */
	readonly headerSize: number;
	/** Protected TLV area with its info header, 0 if there is none. */
	readonly protectedTlvSize: number;
	/** The payload alone. */
	readonly imageSize: number;
	readonly flags: number;
	readonly version: ImageVersion;
}

/** Decodes the first 32 of `bytes`, whatever the magic. */
export const decodeHeader = (bytes: Uint8Array): ImageHeader => ({
	magic: readU32(bytes, 0),
	loadAddress: readU32(bytes, 4),
	headerSize: readU16(bytes, 8),
	protectedTlvSize: readU16(bytes, 10),
	imageSize: readU32(bytes, 12),
	flags: readU32(bytes, 16),
	version: {
		major: bytes[20]!,
		minor: bytes[21]!,
		revision: readU16(bytes, 22),
		build: readU32(bytes, 24),
	},
});

/** The header at the start of `bytes`; undefined if they are fewer than 32 or do not start with the image magic. */
export function parseHeader(bytes: Uint8Array): ImageHeader | undefined {
	if (bytes.length < IMAGE_HEADER_SIZE) return undefined;
	const header = decodeHeader(bytes);
	return header.magic === IMAGE_MAGIC ? header : undefined;
}

/** True if the image goes encrypted through the secondary slot. In the primary slot it has the flag too, but is plain. */
export const isEncrypted = (header: ImageHeader): boolean => (header.flags & ENCRYPTED) !== 0;

/** Bytes that the digest covers: header, payload and protected TLVs. */
export const signedSize = (header: ImageHeader): number =>
	header.headerSize + header.imageSize + header.protectedTlvSize;

/**
 * Negative, zero or positive as `a` is older than, equal to or newer than `b`. The build number counts only if
 * asked for, as with `MCUBOOT_VERSION_CMP_USE_BUILD_NUMBER`.
 */
export const compareVersions = (a: ImageVersion, b: ImageVersion, useBuild = false): number =>
	a.major - b.major || a.minor - b.minor || a.revision - b.revision || (useBuild ? a.build - b.build : 0);

/** "1.2.3", with a build number other than 0 "1.2.3.4": the spelling of MCUmgr's image list. */
export const formatVersion = ({ major, minor, revision, build }: ImageVersion): string =>
	`${major}.${minor}.${revision}${build ? `.${build}` : ""}`;
