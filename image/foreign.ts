import { hexOf } from "../modules/bytes/hex.js";
import { isIntelHex } from "./intel-hex.js";

// The client of a browser uses this file, too: it needs nothing of Node.

/** First bytes of files that are no image, as hexadecimal digits, the name of such a file, and advice for whoever wants an image. */
const MAGICS: readonly (readonly [magic: string, kind: string, advice?: string])[] = [
	["7f454c46", "an ELF file", " (make a binary of it with objcopy -O binary)"],
	["504b0304", "a ZIP archive", " (a package of images? xs-smp package inspect shows it)"],
	["1f8b", "a gzip file"],
	["5546320a", "a UF2 file"],
	["5330", "a Motorola S-record file"],
	["2d2d2d2d2d424547494e", "a PEM file"],
];

const known = (file: Uint8Array): (typeof MAGICS)[number] | undefined => {
	if (isIntelHex(file)) return ["", "an Intel HEX file", " (it has to be decoded first)"];
	const start = hexOf(file.subarray(0, 10));
	return MAGICS.find(([magic]) => start.startsWith(magic));
};

/** What a file is by its first bytes, in words with an article; undefined if that is not known. */
export const foreignKind = (file: Uint8Array): string | undefined => known(file)?.[1];

/** As `foreignKind`, for a file that should be an image, with advice. */
export function foreignName(file: Uint8Array): string | undefined {
	if (file.length === 0) return "empty";
	const [, kind, advice = ""] = known(file) ?? [];
	return kind && kind + advice;
}
