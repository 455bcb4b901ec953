import { type Cut, parseCut } from "../../page/flash/cut.js";
import { JournalBench } from "./journal-bench.js";
import { journalMutantNamed } from "./journal-mutants.js";
import { type JournalScenario, journalScenarioNamed } from "./journal-scenario.js";
import { mutantNamed } from "./mutants.js";
import { type Scenario, scenarioNamed } from "./scenario.js";
import { Bench, type Verdict } from "./sweep.js";

/** What an id such as `m4-same-up-37t2-5` says: a scenario, and power cuts one after the other. */
export interface Run {
	readonly id: string;
	readonly scenario: Scenario | JournalScenario;
	readonly cuts: readonly Cut[];
}

/** Undefined if `id` is none. Whether there is something to cut at each of its places turns out when it is played. */
export function parseId(id: string): Run | undefined {
	const parts = id.split("-");
	const scenario = anyScenarioNamed(parts.slice(0, 3).join("-"));
	const cuts = parts.slice(3).map(parseCut);
	if (!scenario || cuts.length === 0 || !cuts.every((cut) => cut !== undefined)) return undefined;
	return { id, scenario, cuts };
}

/** Of the images or of the journal; undefined if there is none. */
export const anyScenarioNamed = (id: string): Run["scenario"] | undefined =>
	journalScenarioNamed(id) ?? scenarioNamed(id);

/** A bench for a scenario, with the mistake of that name. */
export function benchFor(scenario: Run["scenario"], mutant = ""): Bench | JournalBench {
	if (scenario.letter === "j") return new JournalBench(scenario, journalMutantNamed(mutant));
	return new Bench(scenario, mutantNamed(mutant));
}

/** Plays a run; undefined if one of its cuts has no operation to be at. */
export const verdictOf = ({ scenario, cuts }: Run, mutant?: string): Verdict | undefined =>
	benchFor(scenario, mutant).verdict(cuts);
