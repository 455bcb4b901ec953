import type { ResponseMap } from "../cbor.js";
import { GroupError, Rc, SmpError } from "../errors.js";
import { flag, text } from "../fields.js";
import { type Command, type Operation, operation } from "../group.js";
import { OS_GROUP, OsError } from "./os.js";

// Commands of the OS group that not every board has, each by its number, for `OsOptions.commands`. A board without them does not
// load this file.

/** A wall clock. Times are milliseconds since 1970, in whatever time zone the clients use. */
export interface Clock {
	/** Undefined before the clock was set. */
	now(): number | undefined;
	set(time: number): void;
}

/** One entry of the task statistics. Stack sizes are counted in 4-byte words. */
export interface Task {
	readonly prio: number;
	readonly tid: number;
	readonly state: number;
	readonly stkuse: number;
	readonly stksiz: number;
	/** Extra counters, where the system has them. */
	readonly cswcnt?: number;
	readonly runtime?: number;
	/** Of mynewt's watchdog; newtmgr and smpclient want to see them. */
	readonly last_checkin?: number;
	readonly next_checkin?: number;
}

/** One entry of the memory pools (mynewt's `mpstat`, the shape that newtmgr reads). */
export interface MemoryPool {
	/** Bytes of a block. */
	readonly blksiz: number;
	/** Blocks in all, free now, and free when fewest were. */
	readonly nblks: number;
	readonly nfree: number;
	readonly min: number;
}

/** Task statistics, by the names of the tasks. */
export const taskCommand = (tasks: () => Readonly<Record<string, Task>>): Readonly<Record<number, Command>> => ({
	2: { name: "task statistics", read: { handle: () => ({ tasks: mapOf(tasks()) }) } },
});

/** Memory pools, by their names. */
export const poolCommand = (pools: () => Readonly<Record<string, MemoryPool>>): Readonly<Record<number, Command>> => ({
	3: { name: "memory pools", read: { handle: () => ({ mpools: mapOf(pools()) }) } },
});

function mapOf(entries: Readonly<Record<string, Task | MemoryPool>>): ResponseMap {
	// Not by assignment: an application may call a task as a property that every object inherits, and those are read-only.
	return Object.fromEntries(Object.keys(entries).map((name) => [name, { ...entries[name] }]));
}

/**
 * Console echo control, for a console that never echoes: what a client wants before it speaks SMP on one is the case already. To
 * turn the echo on is refused.
 */
export const echoCommand: Readonly<Record<number, Command>> = Object.freeze({
	1: Object.freeze({
		name: "console echo control",
		write: Object.freeze(
			operation(Object.freeze({ echo: flag }), ({ echo }) => {
				if (echo === undefined) throw new SmpError(Rc.INVALID, "the console echo control needs echo, 0 or 1");
				if (echo) throw new SmpError(Rc.NOT_SUPPORTED, "this console has no echo that could be turned on");
				return {};
			}),
		) as Operation,
	}),
});

/** A clock that runs on the uptime (milliseconds), for hosts without a real one. */
export function uptimeClock(uptime: () => number): Clock {
	let offset: number | undefined;
	return {
		now: () => (offset === undefined ? undefined : offset + uptime()),
		set: (time) => {
			offset = time - uptime();
		},
	};
}

/** Date and time of a clock, read and set. */
export const clockCommand = (clock: Clock): Readonly<Record<number, Command>> => ({ 4: dateTime(clock) });

function dateTime(clock: Clock): Command {
	return {
		name: "date and time",
		read: {
			handle: () => {
				const now = clock.now();
				if (now === undefined) throw new GroupError(OS_GROUP, OsError.RTC_NOT_SET, "the clock was never set");
				return { datetime: new Date(now).toISOString().slice(0, 19) };
			},
		},
		write: operation({ datetime: text }, ({ datetime }) => {
			clock.set(parseDateTime(datetime ?? ""));
			return {};
		}),
	};
}

/** Where each number of `YYYY-MM-DDThh:mm:ss` starts and ends, and its limits. Delimiters can be any character. */
const DATE_PARTS = Object.freeze([
	Object.freeze([0, 4, 1900, 9999] as const),
	Object.freeze([5, 7, 1, 12] as const),
	Object.freeze([8, 10, 1, 31] as const),
	Object.freeze([11, 13, 0, 23] as const),
	Object.freeze([14, 16, 0, 59] as const),
	Object.freeze([17, 19, 0, 59] as const),
]);

/** What follows the seconds (fractions, a time zone) is ignored, up to 25 characters in all, as in Zephyr. */
function parseDateTime(datetime: string): number {
	const refuse = (): never => {
		throw new SmpError(Rc.INVALID, "a date and time reads YYYY-MM-DDThh:mm:ss");
	};
	if (datetime.length < 19 || datetime.length > 25) return refuse();
	const numbers = DATE_PARTS.map(([start, end, least, most]) => {
		let value = 0;
		for (let i = start; i < end; i++) {
			const digit = datetime.charCodeAt(i) - 0x30;
			if (digit < 0 || digit > 9) return refuse();
			value = value * 10 + digit;
		}
		return value < least || value > most ? refuse() : value;
	});
	return Date.UTC(numbers[0]!, numbers[1]! - 1, numbers[2]!, numbers[3]!, numbers[4]!, numbers[5]!);
}
