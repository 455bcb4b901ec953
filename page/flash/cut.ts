import { ERASED, type Operation } from "./operation.js";

/**
 * Where power fails: after `done` complete operations, or within the next one. Of a write the first `units` program units come
 * through, and with `partial` some bits of the next one; of an erase the first or the second half of its bytes is erased and
 * the rest is as it was.
 */
export interface Cut {
	readonly done: number;
	readonly units?: number;
	readonly partial?: true;
	readonly half?: "first" | "second";
}

/** "37", "37t2" (torn after two units), "37h", "37t2h" (then a unit half programmed), "37a", "37z" (first or second half erased). */
export const cutName = ({ done, units, partial, half }: Cut): string =>
	`${done}${units ? `t${units}` : ""}${partial ? "h" : ""}${half === undefined ? "" : half === "first" ? "a" : "z"}`;

/** Undefined if `name` is none. */
export function parseCut(name: string): Cut | undefined {
	const [, count, units, part] = /^(\d+)(?:t([1-9]\d*))?([haz])?$/.exec(name) ?? [];
	if (count === undefined) return undefined;
	const done = Number(count);
	if (part === "h") return { done, units: Number(units ?? 0), partial: true };
	if (units !== undefined) return part === undefined ? { done, units: Number(units) } : undefined;
	return part === undefined ? { done } : { done, half: part === "a" ? "first" : "second" };
}

/** Whether there is an operation that a cut can be in. */
export function isWithin({ done, units, partial, half }: Cut, ops: readonly Operation[], writeAlign: number): boolean {
	if (units === undefined && half === undefined) return done <= ops.length;
	const operation = ops[done];
	if (!operation) return false;
	if (units === undefined) return !operation.bytes;
	return operation.bytes !== undefined && (units > 0 || partial === true) && units * writeAlign < operation.length;
}

/** Carries out an operation on the memory of a device. */
export function apply(memory: Uint8Array, { at, length, bytes }: Operation): void {
	if (bytes) memory.set(bytes, at);
	else memory.fill(ERASED, at, at + length);
}

/** Bits that a half-programmed byte keeps as they were erased. */
const UNPROGRAMMED = 0xf0;

/** Carries out the part of an operation that came through before the cut. */
export function applyPart(memory: Uint8Array, operation: Operation, cut: Cut, writeAlign: number): void {
	const { at, length, bytes } = operation;
	if (bytes) {
		const whole = (cut.units ?? 0) * writeAlign;
		memory.set(bytes.subarray(0, whole), at);
		for (let i = whole; cut.partial && i < whole + writeAlign; i++) memory[at + i] = bytes[i]! | UNPROGRAMMED;
		return;
	}
	const middle = at + length / 2;
	if (cut.half === "first") memory.fill(ERASED, at, middle);
	else if (cut.half === "second") memory.fill(ERASED, middle, at + length);
}
