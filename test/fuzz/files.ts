import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseJson } from "../vectors/smp/match.js";
import { corpusPackets, vectorRequests } from "./corpus.js";
import { STORIES } from "./stories.js";

export const XSRUN = "build/xsrun";

const VECTORS = "test/vectors/data/smp";
const CORPUS = "test/fuzz/corpus";

/** Packets of clients, and for servers. */
export const recordedFiles = (): string[] =>
	readdirSync(VECTORS)
		.filter((name) => /^(client|server)-.*\.json$/.test(name))
		.sort()
		.map((name) => join(VECTORS, name));

/** Where packets come from: the recorded ones, and those that were found. */
export const corpusFiles = (): string[] => [
	...recordedFiles(),
	...readdirSync(CORPUS)
		.filter((name) => name.endsWith(".txt"))
		.sort()
		.map((name) => join(CORPUS, name)),
];

/** Packets of these files, and those of the stories. */
export const readCorpus = (files = corpusFiles()): Uint8Array[] => [
	...files.flatMap((file) =>
		file.endsWith(".json") ? vectorRequests(parseJson(readFileSync(file))) : corpusPackets(readFileSync(file, "utf8")),
	),
	...STORIES,
];
