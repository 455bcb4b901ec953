import type { Cut } from "../../page/flash/cut.js";
import type { Operation } from "../../page/flash/operation.js";

// Which cuts the laboratory tries.

/** Writes of up to so many program units are torn after every one of them. */
const ALL_UNITS = 16;

/** After how many units a write of `units` is torn: all of them if they are few, else some at both ends and between. */
export function tornUnits(units: number, full: boolean): number[] {
	if (units <= ALL_UNITS) return Array.from({ length: units - 1 }, (_, i) => i + 1);
	const inner = full
		? [3, 4, ...Array.from({ length: 7 }, (_, i) => Math.floor(((i + 1) * units) / 8)), units - 2]
		: [];
	return [...new Set([1, 2, ...inner, Math.floor(units / 2), units - 1])].sort((a, b) => a - b);
}

/** After how many units of a write the next one is half programmed: none and all but one; of long writes, half. */
export const partialUnits = (units: number): number[] =>
	units <= ALL_UNITS ? [...new Set([0, units - 1])] : [Math.floor(units / 2)];

/** Every cut within one operation, the `done`th. */
export function cutsWithin(operation: Operation, done: number, writeAlign: number, full: boolean): Cut[] {
	if (!operation.bytes)
		return [
			{ done, half: "first" },
			{ done, half: "second" },
		];
	const units = operation.length / writeAlign;
	return [
		...tornUnits(units, full).map((whole): Cut => ({ done, units: whole })),
		...partialUnits(units).map((whole): Cut => ({ done, units: whole, partial: true })),
	];
}
