import { writeFileSync } from "node:fs";
import { hex } from "../unit/smp/support.js";
import type { BlockCoverage, Uncovered } from "./coverage.js";
import { readCorpus, recordedFiles } from "./files.js";
import { Fleet, type FuzzReport, fuzz } from "./fuzz.js";

// A run on Node that is guided by the code that runs. To be loaded when the coverage is there.

const FOLDER = "modules/smp/";

export interface GuidedOptions {
	readonly packets: number;
	readonly seed: number;
	readonly save: string | undefined;
}

export interface GuidedReport extends FuzzReport {
	/** Packets that were started from again. */
	readonly found: number;
	/** Those of them and of the corpus that were saved. */
	readonly saved?: number;
	/** Share of the code of modules/smp that ran, in percent. */
	readonly covered: string;
}

/** Throws a `FuzzFailure`. */
export function guided({ packets, seed, save }: GuidedOptions, coverage: BlockCoverage): [GuidedReport, Uncovered[]] {
	const corpus = readCorpus();
	const found: Uint8Array[] = [];
	const report = fuzz({ packets, seed, corpus, coverage, onFound: (packet) => found.push(packet.slice()) });
	const covered = `${(100 * coverage.share(FOLDER)).toFixed(1)} %`;
	const uncovered = coverage.uncovered(FOLDER);
	if (save === undefined) return [{ ...report, found: found.length, covered }, uncovered];
	const kept = distil([...corpus, ...found], coverage);
	writeFileSync(save, [HEAD, ...kept.map(hex), ""].join("\n"));
	return [{ ...report, found: found.length, saved: kept.length, covered }, uncovered];
}

const HEAD = "# Packets that made the server do something that none of the recorded ones did. Hexadecimal, one a line.";

/**
 * The packets that add to the recorded ones, each sent to devices of every kind in turn: code that runs, or something that a
 * device is seen to do. What only comes of several packets, or of a state that a device is hardly ever in, is not found again.
 */
function distil(candidates: readonly Uint8Array[], coverage: BlockCoverage): Uint8Array[] {
	const fleet = new Fleet();
	/** Whether it did something new. */
	const send = (packet: Uint8Array): boolean => {
		let fresh = false;
		for (const kind of fleet.devices.keys()) {
			fleet.send({ kind, way: "udp", peer: 0, packet }, 0, () => 1);
			fresh ||= fleet.fresh;
		}
		return fresh;
	};
	coverage.forget();
	for (const packet of readCorpus(recordedFiles())) send(packet);
	coverage.isNew();
	coverage.learn();
	return candidates.filter((packet) => {
		const fresh = send(packet);
		const isNew = coverage.isNew();
		coverage.learn();
		return fresh || isNew;
	});
}
