import { DEFECTS, type Defect } from "./defects.js";
import { journalScenarios } from "./journal-scenario.js";
import type { Task } from "./pool.js";
import { parseId, verdictOf } from "./run.js";
import { allScenarios, type LoaderLetter, type Scenario } from "./scenario.js";
import type { SweepResult } from "./sweep.js";

/** Loaders, and the boot journal. */
export type LabLetter = LoaderLetter | "j";

/** Modes as the command line calls them; the journal is the same in each. */
export const MODES: Readonly<Record<string, readonly LabLetter[]>> = {
	move: ["m"],
	offset: ["o", "e"],
	"firmware-loader": ["f"],
	"single-slot": ["s", "l"],
	"ram-load-revert": ["r"],
	journal: ["j"],
};

/** Random chains of two and of three cuts in each scenario. */
const CHAINS = { standard: { pairs: 10, triples: 10 }, full: { pairs: 200, triples: 200 } };

const chainsOf = ({ phase }: Scenario, full: boolean) =>
	phase.single ? { pairs: 0, triples: 0 } : CHAINS[full ? "full" : "standard"];

/** Of images of one sector all pairs of cuts are tried; `full` does it with those of three sectors too. */
const allPairs = ({ sizes }: Scenario, full: boolean): boolean =>
	sizes.name === "one" || (full && sizes.name === "same");

/** The sweep of the command line: every scenario. */
export const plan = (letters: readonly LabLetter[], full: boolean, seed: number): Task[] => {
	const chains = CHAINS[full ? "full" : "standard"];
	const images = allScenarios(letters.filter((letter) => letter !== "j")).map((scenario) => ({
		scenario: scenario.id,
		extent: { full, seed, allPairs: allPairs(scenario, full), ...chainsOf(scenario, full) },
	}));
	const journals = letters.includes("j") ? journalScenarios() : [];
	return [
		...images,
		...journals.map(({ id }) => ({ scenario: id, extent: { full, seed, allPairs: true, ...chains } })),
	];
};

/** The results of many scenarios together. */
export class Summary {
	passed = 0;
	operations = 0;
	cuts = { single: 0, double: 0, triple: 0 };
	bricks = 0;
	/** Runs that a known defect spoilt, by its name. */
	readonly known: Record<string, number> = {};
	readonly failures: { readonly id: string; readonly what: string }[] = [];

	add({ passed, operations, cuts, bricks, known, failures }: SweepResult): void {
		this.passed += passed;
		this.operations += operations;
		for (const kind of ["single", "double", "triple"] as const) this.cuts[kind] += cuts[kind];
		this.bricks += bricks;
		for (const [name, count] of Object.entries(known)) this.known[name] = (this.known[name] ?? 0) + count;
		for (const { id, what } of failures) this.failures.push({ id, what });
	}

	/** Runs that known defects spoilt. */
	get knownRuns(): number {
		return Object.values(this.known).reduce((sum, count) => sum + count, 0);
	}

	/** All cuts, those in a chain counted one by one. */
	get allCuts(): number {
		const { single, double, triple } = this.cuts;
		return single + 2 * double + 3 * triple;
	}
}

/** Checks that the examples of the known defects still show them. Returns the ones that do not, as failures. */
export function missingDefects(letters: readonly LabLetter[]): { readonly id: string; readonly what: string }[] {
	const wanted = (id: string): boolean => letters.some((letter) => id.startsWith(letter));
	const shows = (defect: Defect, id: string): boolean => {
		const run = parseId(id);
		return run !== undefined && verdictOf(run)?.culprit === defect.name;
	};
	return DEFECTS.flatMap((defect) =>
		defect.examples
			.filter((id) => wanted(id) && !shows(defect, id))
			.map((id) => ({ id, what: `the known defect ${defect.name} does not occur any more` })),
	);
}
