import { sha256 } from "@noble/hashes/sha2.js";
import { formatVersion, parseHeader, signedSize } from "../modules/bootutil/header.js";
import { findTlv, TlvType, tlvContent } from "../modules/bootutil/tlv.js";
import { FlashArea } from "../modules/flash/area.js";
import { NorPartition } from "../modules/flash/nor.js";
import { hexOf } from "./hex.js";

/** What a device will call an image file. */
export interface ImageFile {
	readonly version: string;
	/** The image's own SHA-256, in hexadecimal. */
	readonly hash: string;
}

/** The file is no image that a boot loader would take. The message is a sentence. */
export class ImageFileError extends Error {
	override readonly name: string = "ImageFileError";
}

/** Reads the version and the hash of an MCUboot image (design.md, Image format). Throws an `ImageFileError`. */
export function readImageFile(file: Uint8Array): ImageFile {
	const header = parseHeader(file);
	if (!header) throw new ImageFileError("The file is no MCUboot image: it does not begin with an image header.");
	const area = new FlashArea(0, "file", 0, new NorPartition(file, { sectorSize: 1, writeAlign: 1 }));
	const tlv = findTlv(area, header, { type: TlvType.SHA256 });
	const hash = tlv && tlvContent(area, tlv);
	if (!hash) throw new ImageFileError("The image is cut short or was never signed: it carries no SHA-256.");
	if (hexOf(sha256(file.subarray(0, signedSize(header)))) !== hexOf(hash))
		throw new ImageFileError("The image is damaged: its SHA-256 is not the one that it carries.");
	return { version: formatVersion(header.version), hash: hexOf(hash) };
}
