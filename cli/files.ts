import { mkdtempSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ImageError } from "../image/error.js";
import { decodeIntelHex, isIntelHex, type Segment } from "../image/intel-hex.js";

/** The bytes of a file. Throws an ImageError with one sentence if the system refuses. */
export const readBytes = (path: string): Uint8Array =>
	attempt(path, "be read", () => new Uint8Array(readFileSync(path)));

/** The file is there whole or not at all: written under another name in a directory beside it, then renamed. */
export function writeAtomically(path: string, bytes: Uint8Array | string): void {
	attempt(path, "be written", () => {
		// A device such as /dev/stdout is written to; a rename would put a file in its place.
		if (statSync(path, { throwIfNoEntry: false })?.isFile() === false) return writeFileSync(path, bytes);
		const directory = mkdtempSync(join(dirname(path), ".image-"));
		try {
			const draft = join(directory, "draft");
			writeFileSync(draft, bytes);
			renameSync(draft, path);
		} finally {
			rmSync(directory, { recursive: true, force: true });
		}
	});
}

const REASONS: Readonly<Record<string, string>> = {
	ENOENT: "it does not exist",
	EACCES: "permission denied",
	EISDIR: "it is a directory",
	EEXIST: "it exists already",
	ENOTDIR: "its folder is a file",
	ENOSPC: "the disk is full",
};

/** Does something with a file. Throws an ImageError with one sentence if the system refuses. */
export function attempt<Result>(path: string, what: string, action: () => Result): Result {
	try {
		return action();
	} catch (error) {
		const code = (error as { code?: string }).code;
		if (code === undefined) throw error;
		const reason = code === "ENOENT" && what === "be written" ? "its folder does not exist" : (REASONS[code] ?? code);
		throw new ImageError(`${path} cannot ${what}: ${reason}.`);
	}
}

/** Reads a file with `parse`, whose sentences then name the file. */
export function fromFile<Result>(path: string, parse: (file: Uint8Array) => Result): Result {
	const file = readBytes(path);
	try {
		return parse(file);
	} catch (error) {
		throw error instanceof ImageError ? new ImageError(`${path}: ${error.message}`) : error;
	}
}

/** As `fromFile`, of a text. */
export const fromText = <Result>(path: string, parse: (text: string) => Result): Result =>
	fromFile(path, (file) => parse(new TextDecoder().decode(file)));

/** Whether a file is Intel HEX by its name, which is how imgtool goes. */
export const isHexName = (path: string): boolean => /\.hex$/i.test(path);

/** A binary file, or an Intel HEX file, which has an address too. */
export const readBinary = (path: string): { readonly bytes: Uint8Array; readonly address?: number } =>
	fromFile<Segment | { bytes: Uint8Array }>(path, (bytes) =>
		isHexName(path) || isIntelHex(bytes) ? decodeIntelHex(bytes) : { bytes },
	);
