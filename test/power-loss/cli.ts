// npm run power-loss -- [--mode move|offset] [--full] [--seed N] [--json] | --replay ID | --help

import { parseArgs } from "node:util";
import { onClosedPipe } from "../../cli/closed-pipe.js";
import { DEFECTS } from "./defects.js";
import { MODES, missingDefects, plan, Summary } from "./plan.js";
import { sweepAll } from "./pool.js";
import { replay } from "./replay.js";
import { parseId } from "./run.js";
import type { LoaderLetter } from "./scenario.js";

const HELP = `npm run power-loss -- [options]

Cuts the power in every flash operation of upgrades, reverts, confirmations and requests, switches on again, and checks that
the device is as good as before.

  --mode move|offset  try one way of swapping only
  --full              more places in long writes, and many more chains of cuts; takes ten minutes and more
  --seed N            draw the chains of cuts anew (default 1)
  --json              print one JSON object instead of text
  --replay ID         play one run operation by operation, with what every sector holds
  --help              print this

Exit code 0: all passed but what known defects of MCUboot explain; 1: failures; 2: a wrong option.`;

/** Failures that are printed. */
const SHOWN = 50;

class UsageError extends Error {}

interface Options {
	readonly letters: readonly LoaderLetter[];
	readonly full: boolean;
	readonly seed: number;
	readonly json: boolean;
}

const print = (line: string): void => void process.stdout.write(`${line}\n`);

function parseOptions(args: readonly string[]): Options | (() => void) {
	const { values } = parseArgs({
		args: [...args],
		options: {
			mode: { type: "string" },
			full: { type: "boolean", default: false },
			seed: { type: "string" },
			json: { type: "boolean", default: false },
			replay: { type: "string" },
			help: { type: "boolean", default: false },
		},
	});
	const { mode, full, seed, json, replay: id, help } = values;
	if (help) return () => print(HELP);
	if (id !== undefined) {
		if (mode !== undefined || full || seed !== undefined || json) throw new UsageError("--replay goes alone");
		const run = parseId(id);
		if (!run) throw new UsageError(`${id} is no id, which looks like m4-same-up-37t2`);
		const story = replay(run);
		if (!story) throw new UsageError(`${id}: no such operation to cut at`);
		return () => story.forEach(print);
	}
	if (mode !== undefined && !Object.hasOwn(MODES, mode)) throw new UsageError(`--mode is move or offset, not ${mode}`);
	if (seed !== undefined && !/^\d{1,9}$/.test(seed)) throw new UsageError(`--seed is a number, not ${seed}`);
	const letters = mode === undefined ? Object.values(MODES).flat() : MODES[mode]!;
	return { letters, full, seed: Number(seed ?? 1), json };
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
try {
	const options = parseOptions(process.argv.slice(2));
	if (typeof options === "function") options();
	else process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
	const usage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
	if (!usage) throw error;
	process.stderr.write(`${(error as Error).message}\n`);
	process.exitCode = 2;
}
