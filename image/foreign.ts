import { isIntelHex } from "./intel-hex.js";

/** First bytes of files that are taken for images, as hexadecimal digits. */
const MAGICS: readonly (readonly [magic: string, name: string])[] = [
	["7f454c46", "an ELF file (make a binary of it with objcopy -O binary)"],
	["504b0304", "a ZIP archive, such as an update package with several images"],
	["1f8b", "a gzip file"],
	["5546320a", "a UF2 file"],
	["5330", "a file of Motorola S-records"],
	["2d2d2d2d2d424547494e", "a PEM file"],
];

/** What a file is that is no image, in words with an article; undefined if that is not known. */
export function foreignName(file: Uint8Array): string | undefined {
	if (file.length === 0) return "empty";
	if (isIntelHex(file)) return "an Intel HEX file";
	const start = Array.from(file.subarray(0, 10), (byte) => byte.toString(16).padStart(2, "0")).join("");
	return MAGICS.find(([magic]) => start.startsWith(magic))?.[1];
}
