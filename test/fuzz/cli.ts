// npm run fuzz -- [--packets N] [--seed N] [--engine node|xs|sim] [--save FILE] [--json]
import { spawnSync } from "node:child_process";
import { appendFileSync } from "node:fs";
import { hex } from "../unit/smp/support.js";
import { corpusFiles, readCorpus, XSRUN } from "./files.js";
import { FuzzFailure, fuzz } from "./fuzz.js";
import { type CliOptions, HELP, parseOptions, UsageError } from "./options.js";
import { fuzzSimulator } from "./sim.js";

async function main(): Promise<number> {
	const options = parseOptions(process.argv.slice(2));
	if (options === "help") {
		process.stdout.write(HELP);
		return 0;
	}
	const started = Date.now();
	const report = await runOn(options);
	const seconds = (Date.now() - started) / 1000;
	if (options.json) process.stdout.write(`${JSON.stringify({ ...report, seconds })}\n`);
	else {
		for (const [name, value] of Object.entries(report)) process.stdout.write(`${name.padEnd(16)} ${value}\n`);
		process.stdout.write(`${"seconds".padEnd(16)} ${seconds.toFixed(1)}\n`);
	}
	return "failure" in report ? 1 : 0;
}

async function runOn({ engine, packets, seed, save }: CliOptions): Promise<object> {
	switch (engine) {
		case "node":
			try {
				const onFound = (packet: Uint8Array) => {
					if (save !== undefined) appendFileSync(save, `${hex(packet)}\n`);
				};
				return fuzz({ packets, seed, corpus: readCorpus(), onFound });
			} catch (error) {
				if (error instanceof FuzzFailure) return { failure: error.message };
				throw error;
			}
		case "xs": {
			const args = ["test/fuzz/xs", String(packets), String(seed), ...corpusFiles()];
			const { stdout, stderr, status } = spawnSync(XSRUN, args, { encoding: "utf8" });
			if (stdout === "") return { failure: `the machine was lost (exit code ${status}): ${stderr.trim()}` };
			return JSON.parse(stdout) as object;
		}
		case "sim":
			return fuzzSimulator({ packets, seed, corpus: readCorpus() });
	}
}

try {
	process.exitCode = await main();
} catch (error) {
	if (!(error instanceof UsageError)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = 2;
}
