/// <reference path="../../engine/xsrun.d.ts" />
// The fuzzer on XS: build/xsrun xs-smp/test/fuzz/xs PACKETS SEED FILE...
import { utf8Decode } from "../../modules/bytes/utf8.js";
import { parseJson } from "../vectors/smp/match.js";
import { corpusPackets, vectorRequests } from "./corpus.js";
import { fuzz } from "./fuzz.js";
import { STORIES } from "./stories.js";

const [packets, seed, ...files] = xsrun.args;

const read = (path: string): Uint8Array => new Uint8Array(xsrun.readFile(path));

const memory = (): number => {
	xsrun.collect();
	const { slots, chunks } = xsrun.memory();
	return slots + chunks;
};

try {
	const corpus = files.flatMap((file) =>
		file.endsWith(".json") ? vectorRequests(parseJson(read(file))) : corpusPackets(utf8Decode(read(file))),
	);
	corpus.push(...STORIES);
	const { peakSlots, peakChunks, stack } = xsrun.memory();
	const report = fuzz({ packets: Number(packets), seed: Number(seed), corpus, memory });
	const peak = xsrun.memory();
	xsrun.print(
		JSON.stringify({
			...report,
			peakBefore: peakSlots + peakChunks,
			peakAfter: peak.peakSlots + peak.peakChunks,
			stack,
		}),
	);
} catch (error) {
	xsrun.print(JSON.stringify({ failure: (error as Error).message }));
	xsrun.exit(1);
}
