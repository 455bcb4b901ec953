/// <reference path="../../../engine/xsrun.d.ts" />
// The vectors on XS: build/xsrun test/vectors/mcuboot/xs [--sample=N|all] FILE... Prints one report a line, as JSON. The
// files lie in a directory whose ".gz" files are unpacked; `npm run vectors -- --engine xs` makes one.
import "../../../hosts/desk/xs/text-encoder.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import type { VectorFile } from "./format.js";
import { fromHex } from "./hex.js";
import { runVectorFile } from "./run.js";

const read = (path: string): Uint8Array => new Uint8Array(xsrun.readFile(path));

/** The text of a file in ASCII. */
function readText(path: string): string {
	const bytes = read(path);
	const parts: string[] = [];
	for (let at = 0; at < bytes.length; at += 1024)
		parts.push(String.fromCharCode(...bytes.subarray(at, Math.min(at + 1024, bytes.length))));
	return parts.join("");
}

let sample: number | undefined;
for (const argument of xsrun.args) {
	if (argument.startsWith("--sample=")) {
		const value = argument.slice("--sample=".length);
		sample = value === "all" ? undefined : Number(value);
		continue;
	}
	const directory = argument.slice(0, argument.lastIndexOf("/") + 1);
	const report = runVectorFile(
		JSON.parse(readText(argument)) as VectorFile,
		{
			digest: nobleDigest,
			read: (path) => read(directory + path.replace(/\.gz$/, "")),
			unpack: fromHex,
		},
		sample,
	);
	const { passed, failures, skipped } = report;
	xsrun.print(JSON.stringify({ passed, failures, skipped }));
}
