import { ERASED, type Operation } from "./flash.js";

/**
 * Where power fails: after `done` complete operations, or within the next one. Of a write the first `units` program units come
 * through; of an erase the first or the second half of its bytes is erased and the rest is as it was.
 */
export interface Cut {
	readonly done: number;
	readonly units?: number;
	readonly half?: "first" | "second";
}

/** "37", "37t2" (torn after two units), "37a" and "37z" (first or second half erased). */
export const cutName = ({ done, units, half }: Cut): string =>
	`${done}${units === undefined ? "" : `t${units}`}${half === undefined ? "" : half === "first" ? "a" : "z"}`;

/** Undefined if `name` is none. */
export function parseCut(name: string): Cut | undefined {
	const [, done, units, half] = /^(\d+)(?:t([1-9]\d*)|([az]))?$/.exec(name) ?? [];
	if (done === undefined) return undefined;
	if (units !== undefined) return { done: Number(done), units: Number(units) };
	if (half !== undefined) return { done: Number(done), half: half === "a" ? "first" : "second" };
	return { done: Number(done) };
}

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

/** Every cut within one operation, the `index`th. */
export function cutsWithin(operation: Operation, index: number, writeAlign: number, full: boolean): Cut[] {
	if (!operation.bytes)
		return [
			{ done: index, half: "first" },
			{ done: index, half: "second" },
		];
	return tornUnits(operation.length / writeAlign, full).map((units) => ({ done: index, units }));
}

/** Carries out an operation on the memory of a device. */
export function apply(memory: Uint8Array, { at, length, bytes }: Operation): void {
	if (bytes) memory.set(bytes, at);
	else memory.fill(ERASED, at, at + length);
}

/** Carries out the part of an operation that came through before the cut. */
export function applyPart(memory: Uint8Array, operation: Operation, cut: Cut, writeAlign: number): void {
	const { at, length, bytes } = operation;
	if (bytes) {
		memory.set(bytes.subarray(0, (cut.units ?? 0) * writeAlign), at);
		return;
	}
	const middle = at + length / 2;
	if (cut.half === "first") memory.fill(ERASED, at, middle);
	else if (cut.half === "second") memory.fill(ERASED, middle, at + length);
}
