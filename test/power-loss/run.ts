import { type Cut, parseCut } from "../../page/flash/cut.js";
import type { Mutant } from "./mutants.js";
import { type Scenario, scenarioNamed } from "./scenario.js";
import { Bench, culpritOf } from "./sweep.js";
import type { Symptom } from "./verdict.js";

/** What an id such as `m4-same-up-37t2-5` says: a scenario, and power cuts one after the other. */
export interface Run {
	readonly id: string;
	readonly scenario: Scenario;
	readonly cuts: readonly Cut[];
}

/** Undefined if `id` is none. Whether there is something to cut at each of its places turns out when it is played. */
export function parseId(id: string): Run | undefined {
	const parts = id.split("-");
	const scenario = scenarioNamed(parts.slice(0, 3).join("-"));
	const cuts = parts.slice(3).map(parseCut);
	if (!scenario || cuts.length === 0 || !cuts.every((cut) => cut !== undefined)) return undefined;
	return { id, scenario, cuts };
}

/** How a run ends: the name of the known defect that spoils it, if one does. */
export interface Verdict {
	readonly symptom: Symptom | undefined;
	readonly culprit: string | undefined;
}

/** Plays a run; undefined if one of its cuts has no operation to be at. */
export function verdictOf({ scenario, cuts }: Run, mutant?: Mutant): Verdict | undefined {
	const bench = new Bench(scenario, mutant);
	const moment = bench.play(cuts);
	if (!moment) return undefined;
	const symptom = bench.judge(moment);
	return { symptom, culprit: culpritOf(symptom, moment.defects)?.name };
}
