// npm run vectors -- [DIR...] [--engine node|xs] [--sample N|all] [--file NAME]

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { onClosedPipe } from "../../../cli/closed-pipe.js";
import { defaultDirectory, vectorFiles } from "./node.js";
import { runOnNode, runOnXS, type Task, xsrun } from "./pool.js";

/** XS hashes about a thousandth as fast as Node: by default it runs this many scenarios and cuts of each kind. */
const XS_SAMPLE = 1;
/** Failures that are shown of each file. */
const SHOWN = 5;

class UsageError extends Error {}

interface Options {
	readonly engine: "node" | "xs";
	readonly tasks: readonly Task[];
}

function parseSample(text: string): number | undefined {
	if (text === "all") return undefined;
	if (!/^[1-9][0-9]*$/.test(text)) throw new UsageError(`--sample is a number from 1 or "all", not ${text}`);
	return Number(text);
}

function parseOptions(args: readonly string[]): Options {
	const { values, positionals } = parseArgs({
		args: [...args],
		allowPositionals: true,
		options: {
			engine: { type: "string", default: "node" },
			sample: { type: "string" },
			file: { type: "string" },
		},
	});
	const { engine, file } = values;
	if (engine !== "node" && engine !== "xs") throw new UsageError(`--engine is node or xs, not ${engine}`);
	if (engine === "xs" && !existsSync(xsrun())) throw new UsageError(`${xsrun()} is not built`);
	const sample = parseSample(values.sample ?? (engine === "xs" ? String(XS_SAMPLE) : "all"));
	const tasks: Task[] = [];
	for (const directory of positionals.length > 0 ? positionals.map((path) => resolve(path)) : [defaultDirectory()]) {
		if (!existsSync(directory)) throw new UsageError(`there is no directory ${directory}`);
		for (const name of vectorFiles(directory))
			if (file === undefined || name === file || name === `${file}.json`) tasks.push({ directory, name, sample });
	}
	if (tasks.length === 0)
		throw new UsageError(file === undefined ? "no vector files there" : `no vector file is called ${file}`);
	return { engine, tasks };
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function main({ engine, tasks }: Options): Promise<boolean> {
	const sample = tasks[0]?.sample;
	if (sample !== undefined)
		print(
			`A sample on ${engine}: ${sample} of the scenarios of each file, of the cuts of each sweep; --sample all runs everything.`,
		);
	const { reports, close } = engine === "xs" ? runOnXS(tasks) : runOnNode(tasks);
	const total = { passed: 0, failed: 0, skipped: 0 };
	for (const [index, task] of tasks.entries()) {
		const report = await reports[index];
		if (!report) continue;
		const { passed, failures, skipped } = report;
		total.passed += passed;
		total.failed += failures.length;
		total.skipped += skipped.length;
		print(`${failures.length > 0 ? "FAIL" : "ok  "} ${task.name}: ${passed} of ${passed + failures.length}`);
		for (const failure of failures.slice(0, SHOWN)) print(`    ${failure}`);
		if (failures.length > SHOWN) print(`    and ${failures.length - SHOWN} more`);
		for (const reason of skipped) print(`    skipped: ${reason}`);
	}
	await close();
	print(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
	return total.failed === 0;
}

onClosedPipe();
try {
	process.exitCode = (await main(parseOptions(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
	const usage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
	if (!usage) throw error;
	process.stderr.write(`${(error as Error).message}\n`);
	process.exitCode = 2;
}
