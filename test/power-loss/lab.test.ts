import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { type Cut, cutName, parseCut } from "../../page/flash/cut.js";
import { partialUnits, tornUnits } from "./cut.js";
import { DEFECTS } from "./defects.js";
import { JOURNAL_MUTANTS } from "./journal-mutants.js";
import { journalScenarios } from "./journal-scenario.js";
import { MUTANTS } from "./mutants.js";
import { MODES, missingDefects, plan, Summary } from "./plan.js";
import { sweepAll, type Task } from "./pool.js";
import { replay } from "./replay.js";
import { anyScenarioNamed, parseId, verdictOf } from "./run.js";
import { allScenarios, LOADERS, scenarioNamed } from "./scenario.js";
import type { Failure } from "./sweep.js";

/** A part of the standard sweep: these devices, and images of these sizes. */
const DEVICES = /^(m4|m4p|m32w|m4d|o4|o4p|o32w|o4d|e8w|f4|f32w|s4|s32w|l4|l4p|r4|r4p|r32w)-(one|same|shrink|max)-/;
/** So many runs pass at least. */
const LEAST: Readonly<Record<string, number>> = {
	move: 50_000,
	offset: 50_000,
	"firmware-loader": 1_000,
	"single-slot": 1_000,
	"ram-load-revert": 800,
};
const SEED = Number(process.env["XS_SMP_SEED"] ?? 1);

describe("power loss in every flash operation", () => {
	for (const [mode, letters] of Object.entries(MODES).filter(([name]) => name !== "journal"))
		it(`${mode}: only known defects of MCUboot do harm (XS_SMP_SEED=${SEED})`, async () => {
			const summary = new Summary();
			const tasks = plan(letters, false, SEED).filter(({ scenario }) => DEVICES.test(scenario));
			await sweepAll(tasks, (result) => summary.add(result));
			assert.deepEqual(summary.failures, []);
			assert.ok(summary.passed > LEAST[mode]!, `only ${summary.passed} runs`);
			if (mode !== "offset") assert.equal(summary.bricks, 0);
		});

	it(`boot journal: no more is lost than the record that is being written (XS_SMP_SEED=${SEED})`, async () => {
		const summary = new Summary();
		await sweepAll(plan(["j"], false, SEED), (result) => summary.add(result));
		assert.deepEqual(summary.failures, []);
		assert.ok(summary.passed > 7_000, `only ${summary.passed} runs`);
		assert.equal(summary.knownRuns, 0);
	});

	it("every known defect still occurs where it is said to", () => {
		assert.deepEqual(missingDefects(["m", "o", "e", "r"]), []);
		for (const { name, examples } of DEFECTS) assert.ok(examples.length > 0, name);
	});
});

describe("the laboratory finds mistakes", () => {
	/** Phases that are tried with each mistake, by single cuts alone. */
	const PHASES = ["up", "perm", "rev", "set", "ok", "bad"];
	const extent = { full: false, pairs: 0, triples: 0, allPairs: false, seed: SEED };

	for (const mutant of MUTANTS)
		for (const letter of ["m", "o"] as const) {
			if (!mutant.modes.includes(LOADERS[letter].mode)) continue;
			it(`${LOADERS[letter].title}: ${mutant.title}`, async () => {
				const tasks = PHASES.map(
					(phase): Task => ({ scenario: `${letter}4-same-${phase}`, extent, mutant: mutant.name }),
				);
				const found: Failure[] = [];
				await sweepAll(tasks, ({ failures }) => found.push(...failures.filter(({ symptom }) => symptom !== undefined)));
				const [first] = found;
				assert.ok(first, "not found");
				const run = parseId(first.id);
				assert.ok(run);
				assert.equal(verdictOf(run, mutant.name)?.symptom, first.symptom, `${first.id} shows it again`);
				// The same cut of a device without the mistake, where it is one: the operations may be others.
				assert.equal(verdictOf(run)?.symptom, undefined, `${first.id} without it`);
			});
		}
});

describe("the laboratory finds mistakes of the boot journal", () => {
	const extent = { full: false, pairs: 0, triples: 0, allPairs: false, seed: SEED };
	for (const { name, title, steps } of JOURNAL_MUTANTS)
		it(title, async () => {
			const found: Failure[] = [];
			const tasks = steps.flatMap((step): Task[] =>
				["some", "full"].map((contents) => ({ scenario: `j4-${contents}-${step}`, extent, mutant: name })),
			);
			await sweepAll(tasks, ({ failures }) => found.push(...failures));
			const [first] = found;
			assert.ok(first, "not found");
			const run = parseId(first.id)!;
			assert.equal(verdictOf(run, name)?.symptom, first.symptom, `${first.id} shows it again`);
			assert.equal(verdictOf(run)?.symptom, undefined, `${first.id} without it`);
		});
});

describe("ids of runs", () => {
	it("name one scenario each", () => {
		const ids = allScenarios(["m", "o", "e", "f", "s", "l", "r"]).map(({ id }) => id);
		assert.equal(new Set(ids).size, ids.length);
		for (const id of ids) assert.equal(scenarioNamed(id)?.id, id);
		for (const { id } of journalScenarios()) assert.equal(anyScenarioNamed(id)?.id, id);
	});

	it("name cuts", () => {
		const cuts: Cut[] = [
			{ done: 37 },
			{ done: 37, units: 2 },
			{ done: 37, units: 2, partial: true },
			{ done: 9, units: 0, partial: true },
			{ done: 0, half: "first" },
			{ done: 5, half: "second" },
		];
		assert.deepEqual(cuts.map(cutName), ["37", "37t2", "37t2h", "9h", "0a", "5z"]);
		for (const cut of cuts) assert.deepEqual(parseCut(cutName(cut)), cut);
	});

	for (const id of [
		"",
		"m4-same-up",
		"m4-same-up-",
		"m4-same-up-x",
		"m4-same-up-1t0",
		"m4-same-up-1t1a",
		"x4-same-up-1",
		"m4-same-first-1",
		"j4-same-ok-1",
		"j4-junk-ok-1",
	])
		it(`${JSON.stringify(id)} is none`, () => assert.equal(parseId(id), undefined));

	it("have an operation at each cut", () => {
		const verdict = (id: string) => verdictOf(parseId(id)!);
		assert.deepEqual(verdict("m4-same-up-60"), { symptom: undefined, culprit: undefined });
		assert.deepEqual(verdict("j4-full-ok-0h"), { symptom: undefined, culprit: undefined });
		for (const id of [
			"m4-same-up-61",
			"m4-same-up-60t1",
			"m4-same-up-1a",
			"m4-same-up-0t1",
			"m4-same-up-1t1",
			"m4-same-ok-1-99",
			"j4-full-ok-4",
		])
			assert.equal(verdict(id), undefined, id);
	});
});

describe("torn writes", () => {
	it("are torn after each of a few units", () => assert.deepEqual(tornUnits(4, false), [1, 2, 3]));
	it("have no place to be torn at with one unit", () => assert.deepEqual(tornUnits(1, true), []));
	it("are torn after a sample of many", () => {
		assert.deepEqual(tornUnits(256, false), [1, 2, 128, 255]);
		assert.deepEqual(partialUnits(256), [128]);
		assert.deepEqual(tornUnits(32, true), [1, 2, 3, 4, 8, 12, 16, 20, 24, 28, 30, 31]);
	});
});

describe("replay of a run", () => {
	const story = (id: string): string[] => replay(parseId(id)!) ?? [];

	it("shows every operation and what the slots hold", () => {
		const lines = story("m4-one-up-12t32");
		const operations = lines.filter((line) => /^ +\d+ {2}(erase|write) /.test(line));
		assert.equal(operations.length, 13);
		assert.match(operations[0]!, /erase primary 0 0x7000\+0x1000/);
		assert.match(operations[12]!, /write primary 0 0x0\+0x400: 32 units of it/);
		const atCut = lines.indexOf("  ---- power fails (12t32)");
		assert.match(lines[atCut + 1]!, /primary 0 {3}n0 O0 -- -- -- -- -- T magic good, swap_info test/);
		assert.ok(lines.includes("boot 1: runs new; expected new"));
		assert.ok(lines.includes("boot 2: runs old; expected old"));
		assert.equal(lines.at(-1), "passed");
	});

	it("shows the records of the boot journal, and what it says afterwards", () => {
		const lines = story("j8-last-ok-1t2");
		assert.match(lines[0]!, /boot journal in 3 of 8 sectors of 2048, writes of 8; room for one record/);
		assert.equal(lines.filter((line) => /^ +\d {2}(erase|write) (journal|slot) /.test(line)).length, 1);
		const atCut = lines.indexOf("  ---- power fails (1t2)");
		assert.match(lines[atCut + 1]!, /sector 0 {2}25:start 26:start .* 31:start \?\?$/);
		assert.match(lines.join("\n"), /\nstart 1: #32 power on \| 11\.0\.0\n/);
		assert.equal(lines.at(-1), "passed");
	});

	it("shows a chain of cuts and names the defect", () => {
		const lines = story("o4-same-rev-21-6");
		assert.equal(lines.filter((line) => line.includes("power fails")).length, 2);
		assert.equal(lines.at(-1), "known defect revert-restarted: brick");
	});
});

describe("npm run power-loss", () => {
	const cli = fileURLToPath(new URL("./cli.js", import.meta.url));
	const run = (...args: string[]) => spawnSync(process.execPath, [cli, ...args], { encoding: "utf8" });

	it("--help names every option", () => {
		const { status, stdout } = run("--help");
		assert.equal(status, 0);
		for (const option of ["mode", "full", "seed", "json", "replay", "help"])
			assert.match(stdout, new RegExp(`^ {2}(-h, )?--${option}`, "m"));
	});

	it("--replay plays a run", () => {
		const { status, stdout } = run("--replay", "m4-same-ok-0");
		assert.equal(status, 0);
		assert.match(stdout, /\npassed\n$/);
	});

	for (const args of [
		["--mode", "scratch"],
		["--seed", "x"],
		["--replay", "m4"],
		["--replay", "m4-same-up-99"],
		["--fast"],
		["x"],
	])
		it(`refuses ${args.join(" ")}`, () => {
			const { status, stdout, stderr } = run(...args);
			assert.equal(status, 2);
			assert.equal(stdout, "");
			assert.match(stderr, /^[^\n]+\n$/);
		});
	it("refuses --replay with other options", () => assert.equal(run("--replay", "m4-same-up-1", "--json").status, 2));
});
