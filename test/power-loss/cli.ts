// npm run power-loss -- [--mode move|offset] [--full] [--seed N] [--json] | --replay ID | --help

import { Option } from "commander";
import { onClosedPipe } from "../../cli/closed-pipe.js";
import { choiceOption, countOption, newProgram, quote, runAlone } from "../../cli/command-line.js";
import { UsageError } from "../../cli/usage-error.js";
import { DEFECTS } from "./defects.js";
import { type LabLetter, MODES, missingDefects, plan, Summary } from "./plan.js";
import { sweepAll } from "./pool.js";
import { replay } from "./replay.js";
import { parseId } from "./run.js";

/** Failures that are printed. */
const SHOWN = 50;

interface Options {
	readonly letters: readonly LabLetter[];
	readonly full: boolean;
	readonly seed: number;
	readonly json: boolean;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

/** What the options ask for. */
function optionsOf({ mode, full = false, seed = 1, json = false }: Given): Options {
	return { letters: mode === undefined ? Object.values(MODES).flat() : MODES[mode]!, full, seed, json };
}

interface Given {
	readonly mode?: string;
	readonly full?: boolean;
	readonly seed?: number;
	readonly json?: boolean;
	readonly replay?: string;
}

function play(id: string): void {
	const run = parseId(id);
	if (!run) throw new UsageError(`${quote(id)} is no id, which looks like m4-same-up-37t2.`);
	const story = replay(run);
	if (!story) throw new UsageError(`${id} has no such operation to cut at.`);
	story.forEach(print);
}

const devices = (count: number): string => `${count} device${count === 1 ? "" : "s"}`;

async function main({ letters, full, seed, json }: Options): Promise<boolean> {
	const started = performance.now();
	const tasks = plan(letters, full, seed);
	if (!json) {
		print(
			`${tasks.length} scenarios, seed ${seed}. Power fails before, in and after every flash operation. Erases leave one half or`,
		);
		print(
			"the other. Writes of up to 16 program units are torn after each unit, longer ones after a sample of them; and",
		);
		print("units are left half programmed.");
	}
	const summary = new Summary();
	const groups = new Map<string, Summary>();
	await sweepAll(tasks, (result) => {
		const group = result.scenario.split("-")[0]!;
		if (!groups.has(group)) groups.set(group, new Summary());
		groups.get(group)!.add(result);
		summary.add(result);
	});
	summary.failures.push(...missingDefects(letters));
	summary.failures.sort((a, b) => a.id.localeCompare(b.id));
	const seconds = Math.round((performance.now() - started) / 100) / 10;
	const { passed, failures, known, knownRuns, operations, cuts, allCuts, bricks } = summary;
	if (json) {
		print(
			JSON.stringify({
				seed,
				full,
				passed,
				failed: failures.length,
				known,
				failures,
				operations,
				cuts,
				bricks,
				seconds,
			}),
		);
		return failures.length === 0;
	}
	for (const [name, group] of [...groups].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true })))
		print(
			`${group.failures.length > 0 ? "FAIL" : "ok  "} ${name.padEnd(4)} ${group.operations} operations, ${group.allCuts} cuts, ${group.knownRuns} known defects, ${group.bricks} bricked`,
		);
	for (const { id, what } of failures.slice(0, SHOWN)) print(`     ${id}: ${what}`);
	if (failures.length > SHOWN) print(`     and ${failures.length - SHOWN} more`);
	for (const { name, title, cuts: least } of DEFECTS)
		if (known[name])
			print(`known defect ${name} (${least === 1 ? "one cut" : "two cuts"}), ${known[name]} times: ${title}`);
	print(
		`${passed} passed, ${failures.length} failed, ${knownRuns} known defects; ${operations} operations, ${allCuts} cuts, ${devices(bricks)} bricked, ${seconds} s`,
	);
	return failures.length === 0;
}

onClosedPipe();
const context = { stdout: process.stdout, stderr: process.stderr, status: 0 };
const program = newProgram("npm run power-loss --", context)
	.description(
		"Cuts the power in every flash operation of upgrades, reverts, confirmations, requests and of the boot journal, switches on again, and checks that the device is as good as before. The exit code is 0 if all passed but what known defects of MCUboot explain, 1 if something failed, and 2 for a wrong option.",
	)
	.addOption(choiceOption("--mode <MODE>", "try one mode only, or only the boot journal", Object.keys(MODES)))
	.option("--full", "more places in long writes, and many more chains of cuts; takes ten minutes and more")
	.addOption(countOption("--seed <N>", "draw the chains of cuts anew (default 1)", 0, 999_999_999))
	.option("--json", "print one JSON object instead of text")
	.addOption(
		new Option("--replay <ID>", "play one run operation by operation, with what every sector holds").conflicts([
			"mode",
			"full",
			"seed",
			"json",
		]),
	)
	.action(async (given: Given) => {
		if (given.replay !== undefined) play(given.replay);
		else context.status = (await main(optionsOf(given))) ? 0 : 1;
	});
process.exitCode = await runAlone(program, process.argv.slice(2), context);
