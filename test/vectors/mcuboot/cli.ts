// npm run vectors -- [DIR...] [--engine node|xs] [--sample N|all] [--file NAME]

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { onClosedPipe } from "../../../cli/closed-pipe.js";
import { choiceOption, newProgram, parsed, quote, runAlone } from "../../../cli/command-line.js";
import { UsageError } from "../../../cli/usage-error.js";
import { defaultDirectory, vectorFiles } from "./node.js";
import { runOnNode, runOnXS, type Task, xsrun } from "./pool.js";

/** XS hashes about a thousandth as fast as Node: by default it runs this many scenarios and cuts of each kind. */
const XS_SAMPLE = 1;
/** Failures that are shown of each file. */
const SHOWN = 5;

interface Given {
	readonly engine: "node" | "xs";
	readonly sample?: number | "all";
	readonly file?: string;
}

function parseSample(text: string, name: string): number | "all" {
	if (text === "all") return text;
	if (/^[1-9][0-9]{0,8}$/.test(text)) return Number(text);
	throw new UsageError(`${name} is a number from 1 or "all", not ${quote(text)}.`);
}

function tasksOf(folders: readonly string[], { engine, file, sample: given }: Given): Task[] {
	if (engine === "xs" && !existsSync(xsrun())) throw new UsageError(`${xsrun()} is not built.`);
	const sample = given ?? (engine === "xs" ? XS_SAMPLE : "all");
	const tasks: Task[] = [];
	for (const directory of folders.length > 0 ? folders.map((path) => resolve(path)) : [defaultDirectory()]) {
		if (!existsSync(directory)) throw new UsageError(`There is no directory ${directory}.`);
		for (const name of vectorFiles(directory))
			if (file === undefined || name === file || name === `${file}.json`)
				tasks.push({ directory, name, sample: sample === "all" ? undefined : sample });
	}
	if (tasks.length === 0)
		throw new UsageError(file === undefined ? "There are no vector files." : `No vector file is called ${file}.`);
	return tasks;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

async function run(engine: Given["engine"], tasks: readonly Task[]): Promise<boolean> {
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
const context = { stdout: process.stdout, stderr: process.stderr, status: 0 };
const program = newProgram("npm run vectors --", context)
	.description("Plays the recorded runs of MCUboot and imgtool, and compares every byte.")
	.argument("[DIR...]", "folders with vector files (default test/vectors/data/mcuboot)")
	.addOption(choiceOption("--engine <ENGINE>", "what runs the boot loader", ["node", "xs"]).default("node"))
	.addOption(
		parsed(
			"--sample <N|all>",
			`how many scenarios and cuts of each kind to play (default all; ${XS_SAMPLE} on XS)`,
			parseSample,
		),
	)
	.option("--file <NAME>", "play this file alone")
	.action(async (folders: string[], given: Given) => {
		context.status = (await run(given.engine, tasksOf(folders, given))) ? 0 : 1;
	});
process.exitCode = await runAlone(program, process.argv.slice(2), context);
