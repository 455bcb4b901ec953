import { bytes } from "../../image/explain-text.js";

export { duration } from "../../image/explain-text.js";

const MIB = 1024 * 1024;

/** A size, whole where it is. */
export function sizeWords(size: number): string {
	if (size < MIB) return bytes(size).replace(".0 ", " ");
	return `${Number.isInteger(size / MIB) ? size / MIB : (size / MIB).toFixed(1)} MiB`;
}

/** Hexadecimal digits, byte by byte. */
export const bytePairs = (digits: string): string => digits.replace(/..(?!$)/g, "$& ");

/** The beginning of a hash: enough to tell images apart. */
export const shortHash = (hash: string): string => hash.slice(0, 8);

/** What went wrong, as a sentence. */
export function sentence(error: unknown): string {
	const words = error instanceof Error ? error.message : String(error);
	const begun = `${words.charAt(0).toUpperCase()}${words.slice(1)}`;
	return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

/** Offers bytes as a file. */
export function offerFile(name: string, bytes: Uint8Array<ArrayBuffer>): void {
	const url = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
	const link = document.createElement("a");
	link.href = url;
	link.download = name;
	link.click();
	URL.revokeObjectURL(url);
}
