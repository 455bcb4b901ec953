import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../vectors/smp/match.js";
import { corpusPackets, vectorRequests } from "./corpus.js";

export const XSRUN = "build/xsrun";

const VECTORS = "test/vectors/data/smp";
const CORPUS = "test/fuzz/corpus";

/** Where packets come from: the recorded ones of clients and servers, and those that were found. */
export const corpusFiles = (): string[] => [
	...readdirSync(VECTORS)
		.filter((name) => /^(client|server)-.*\.json$/.test(name))
		.sort()
		.map((name) => join(VECTORS, name)),
	...readdirSync(CORPUS)
		.filter((name) => name.endsWith(".txt"))
		.sort()
		.map((name) => join(CORPUS, name)),
];

export const readCorpus = (files = corpusFiles()): Uint8Array[] =>
	files.flatMap((file) =>
		file.endsWith(".json") ? vectorRequests(parseJson(readFileSync(file))) : corpusPackets(readFileSync(file, "utf8")),
	);
