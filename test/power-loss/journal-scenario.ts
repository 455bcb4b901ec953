import { GEOMETRIES, type Geometry } from "./scenario.js";

// The boot journal's part of the laboratory: what is in its area, and what is being written when power fails.

/** Sectors of the journal's area. */
export const SECTORS = 3;
/** Bytes of a record (docs/SMP.md, Storage). */
export const RECORD = 256;

/** What is in the area before. */
export interface Contents {
	readonly name: string;
	readonly title: string;
	/** How many records are to be there, given those of a sector; undefined: no matter. */
	readonly records?: (perSector: number) => number;
	readonly junk?: true;
}

export const CONTENTS: readonly Contents[] = [
	{ name: "new", title: "an area that is erased" },
	{ name: "some", title: "a few records", records: () => 7 },
	{
		name: "last",
		title: "room for one record in its sector",
		records: (perSector) => SECTORS * perSector + perSector - 1,
	},
	{ name: "full", title: "no room before the oldest sector is erased", records: (perSector) => SECTORS * perSector },
	{ name: "junk", title: "an area full of garbage", junk: true },
];

/** What is done. "trial": a start with an update on trial; "crashed": starts up to one in safe mode. */
export interface Step {
	readonly name: "start" | "safe" | "ok" | "check" | "fail" | "reset" | "left" | "lived";
	readonly title: string;
	/** Starts before it, which belong to it. */
	readonly before: "none" | "trial" | "crashed";
}

export const STEPS: readonly Step[] = [
	{ name: "start", title: "a start", before: "none" },
	{ name: "safe", title: "a start in safe mode", before: "crashed" },
	{ name: "ok", title: "boot_set_confirmed, and the record of that", before: "trial" },
	{ name: "check", title: "a check that passed", before: "trial" },
	{ name: "fail", title: "a check that failed, and the verdict", before: "trial" },
	{ name: "reset", title: "a reset that a client asked for", before: "trial" },
	{ name: "left", title: "a client that asks for the application", before: "crashed" },
	{ name: "lived", title: "an application that still runs", before: "trial" },
];

/** Starts in front of a step. */
export const STARTS: Readonly<Record<Step["before"], number>> = { none: 0, trial: 1, crashed: 4 };

/** What is written into which area when power fails. */
export interface JournalScenario {
	/** `j4-full-ok`: geometry, contents, step. */
	readonly id: string;
	readonly letter: "j";
	readonly geometry: Geometry;
	readonly contents: Contents;
	readonly step: Step;
}

/** Sectors and write units that a journal is tried on; all else of a geometry does not matter to it. */
const DEVICES = ["1", "4", "8", "16", "32"];

const scenario = (geometry: Geometry, contents: Contents, step: Step): JournalScenario => ({
	...{ id: `j${geometry.name}-${contents.name}-${step.name}`, letter: "j", geometry, contents, step },
});

/** Every scenario. Garbage is met by a start alone. */
export const journalScenarios = (): JournalScenario[] =>
	GEOMETRIES.filter(({ name }) => DEVICES.includes(name)).flatMap((geometry) =>
		CONTENTS.flatMap((contents) =>
			STEPS.filter(({ name }) => !contents.junk || name === "start").map((step) => scenario(geometry, contents, step)),
		),
	);

/** The scenario with an id; undefined if there is none. */
export const journalScenarioNamed = (id: string): JournalScenario | undefined =>
	id.startsWith("j") ? journalScenarios().find((each) => each.id === id) : undefined;
