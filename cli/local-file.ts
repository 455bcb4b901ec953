import { ImageFileError, readImageFile } from "../client/image-file.js";
import { ImageError } from "../image/error.js";
import { binaryOf } from "../image/intel-hex.js";
import { readBytes } from "./files.js";

/** Shortest access key, bytes (docs/SMP.md, Access). */
const LEAST_KEY = 16;

/** How a ZIP archive begins: with a file, or with its end if it has none (APPNOTE.TXT, 4.3.7 and 4.3.16). */
const ZIP_BEGINNINGS: readonly (readonly number[])[] = [
	[0x50, 0x4b, 0x03, 0x04],
	[0x50, 0x4b, 0x05, 0x06],
];

/** Whether a file is a ZIP archive, by how it begins. */
export const isZip = (bytes: Uint8Array): boolean =>
	ZIP_BEGINNINGS.some((beginning) => beginning.every((byte, i) => bytes[i] === byte));

/** Whether a file is meant to be a package of images. */
export const isPackage = (path: string, bytes: Uint8Array): boolean => /\.zip$/i.test(path) || isZip(bytes);

/** As `readBytes`, and it has to be an image. Of an Intel HEX file the bytes that it stands for. */
export function readImage(path: string, file = readBytes(path)): Uint8Array {
	try {
		const image = binaryOf(file);
		readImageFile(image);
		return image;
	} catch (error) {
		if (error instanceof ImageFileError || error instanceof ImageError)
			throw new ImageError(`${path}: ${error.message}`);
		throw error;
	}
}

/** As `readBytes`, and it has to be long enough for an access key. */
export function readKey(path: string): Uint8Array {
	const key = readBytes(path);
	if (key.length >= LEAST_KEY) return key;
	throw new ImageError(`${path} is no access key: it has ${key.length} bytes, and a key has ${LEAST_KEY} or more.`);
}
