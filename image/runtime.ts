import { sha256 } from "@noble/hashes/sha2.js";
import { hexOf } from "../modules/bytes/hex.js";
import { ImageError } from "./error.js";

/** A runtime that applications can be made for. */
export interface RuntimeDescription {
	/** SHA-256 of the description, hexadecimal: another set of names, modules or another XS is another runtime. */
	readonly id: string;
	/** Whether its code has line numbers. */
	readonly lines: boolean;
	/** Whether its board can check a network for a confirm policy. */
	readonly network: boolean;
	/** Names of the modules that it offers to applications. */
	readonly modules: ReadonlySet<string>;
}

/**
 * Reads the description that the build of a runtime leaves (engine/README.md, Applications in images).
 *
 * @throws ImageError if it is none.
 */
export function readRuntime(description: Uint8Array): RuntimeDescription {
	const lines = new TextDecoder().decode(description).split("\n");
	if (!lines[0]?.startsWith("xs ")) throw new ImageError("This is no description of a runtime.");
	return {
		id: hexOf(sha256(description)),
		lines: lines.includes("code lines"),
		network: lines.includes("check network"),
		modules: new Set(lines.filter((line) => line.startsWith("module ")).map((line) => line.slice(7))),
	};
}
