// npm run fuzz -- [OPTION]...

import { spawnSync } from "node:child_process";
import { onClosedPipe } from "../../cli/closed-pipe.js";
import { runAlone } from "../../cli/command-line.js";
import type { Uncovered } from "./coverage.js";
import { type CliOptions, fuzzProgram, readOptions } from "./options.js";

// What runs the device's code is loaded when it is needed: coverage has to be there first.

async function main(options: CliOptions): Promise<number> {
	const started = Date.now();
	const [report, uncovered] = await runOn(options);
	const seconds = (Date.now() - started) / 1000;
	if (options.json) {
		process.stdout.write(`${JSON.stringify({ ...report, seconds, ...(options.uncovered && { uncovered }) })}\n`);
	} else {
		for (const [name, value] of Object.entries(report)) process.stdout.write(`${name.padEnd(16)} ${value}\n`);
		process.stdout.write(`${"seconds".padEnd(16)} ${seconds.toFixed(1)}\n`);
		if (options.uncovered) process.stdout.write(`\nNever ran:\n${uncovered.map(lineOf).join("")}`);
	}
	return "failure" in report ? 1 : 0;
}

const lineOf = ({ file, from, to, text }: Uncovered): string =>
	`${`${file}:${from}${to > from ? `-${to}` : ""}`.padEnd(45)} ${text}\n`;

async function runOn({ engine, app, packets, seed, coverage, save }: CliOptions): Promise<[object, Uncovered[]]> {
	if (engine === "node") return onNode({ packets, seed, coverage, save });
	const { corpusFiles, readCorpus, XSRUN } = await import("./files.js");
	if (engine === "sim") {
		const { fuzzSimulator } = await import("./sim.js");
		return [await fuzzSimulator({ packets, seed, app, corpus: readCorpus() }), []];
	}
	const args = ["xs-smp/test/fuzz/xs", String(packets), String(seed), ...corpusFiles()];
	const { stdout, stderr, status } = spawnSync(XSRUN, args, { encoding: "utf8" });
	if (stdout === "") return [{ failure: `the machine was lost (exit code ${status}): ${stderr.trim()}` }, []];
	return [JSON.parse(stdout) as object, []];
}

async function onNode({
	packets,
	seed,
	coverage: wanted,
	save,
}: Omit<CliOptions, "engine" | "app" | "uncovered" | "json">): Promise<[object, Uncovered[]]> {
	const coverage = wanted ? new (await import("./coverage.js")).BlockCoverage() : undefined;
	const { FuzzFailure, fuzz } = await import("./fuzz.js");
	try {
		if (coverage) return (await import("./guided.js")).guided({ packets, seed, save }, coverage);
		return [fuzz({ packets, seed, corpus: (await import("./files.js")).readCorpus() }), []];
	} catch (error) {
		if (error instanceof FuzzFailure) return [{ failure: error.message }, []];
		throw error;
	}
}

onClosedPipe();
const context = { stdout: process.stdout, stderr: process.stderr, status: 0 };
const program = fuzzProgram(context).action(async () => {
	context.status = await main(readOptions(program));
});
process.exitCode = await runAlone(program, process.argv.slice(2), context);
