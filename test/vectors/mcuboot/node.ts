import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";
import { type SignatureType, verifySignature } from "../../../modules/bootutil/signature/signature.js";
import { withForecast } from "./forecast.js";
import type { VectorFile } from "./format.js";
import { toHex } from "./hex.js";
import { checkImgtoolSign } from "./imgtool-sign.js";
import type { Report } from "./report.js";
import { runVectorFile, type VectorHost } from "./run.js";
import type { Sample } from "./scenario.js";

/** The nearest directory above this file that has a package.json. */
export function repositoryRoot(): string {
	let directory = fileURLToPath(new URL(".", import.meta.url));
	while (!existsSync(join(directory, "package.json"))) directory = join(directory, "..");
	return directory;
}

export const defaultDirectory = (): string => join(repositoryRoot(), "test/vectors/data/mcuboot");

/** The vector files of a directory, in order of their names. */
export const vectorFiles = (directory: string): string[] =>
	readdirSync(directory)
		.filter((name) => name.endsWith(".json"))
		.sort();

/** A file, unpacked if its name ends in ".gz", as plain bytes. */
export function readUnpacked(path: string): Uint8Array {
	const bytes = readFileSync(path);
	return new Uint8Array(path.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

export const unpackBase64 = (packed: string): Uint8Array => new Uint8Array(gunzipSync(Buffer.from(packed, "base64")));

/** One verification of each signature is enough: the sweeps boot the same images thousands of times. */
const verified = new Map<string, boolean>();

function verifyOnce(type: SignatureType, key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean {
	const id = [key, digest, signature].map(toHex).join();
	let good = verified.get(id);
	if (good === undefined) {
		good = verifySignature(type, key, digest, signature);
		verified.set(id, good);
	}
	return good;
}

/** Node as the machine to run the vectors of a directory on. */
export const nodeHost = (directory: string): VectorHost => ({
	digest: { sha256: () => createHash("sha256") },
	verifySignature: verifyOnce,
	read: (path) => readUnpacked(join(directory, path)),
	unpack: unpackBase64,
	checkSigning: (row) => checkImgtoolSign(row, (name) => readFileSync(join(directory, "keys", `${name}.pem`), "utf8")),
});

/** With `forecast`, every boot is also compared with what was forecast of it. */
export function runFileOnNode(directory: string, name: string, sample: Sample, forecast = false): Report {
	const file = JSON.parse(readFileSync(join(directory, name), "utf8")) as VectorFile;
	const host = nodeHost(directory);
	return runVectorFile(file, forecast ? { ...host, ...withForecast(host) } : host, sample);
}
