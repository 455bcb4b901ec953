import type { ResponseMap } from "../cbor.js";
import { GroupError, Rc, SmpError } from "../errors.js";
import { flag, text, uint, utf8 } from "../fields.js";
import { type Command, type Group, type Operation, type Origin, operation } from "../group.js";

// As in modules/smp/protocol, which small devices do not load: each module and each name there would cost them RAM. A test
// compares both.

/** Id of the OS group. */
export const OS_GROUP = 0;

/** Error codes of the OS group (Zephyr SMP group 0, Default/OS management). */
export const OsError = Object.freeze({
	INVALID_FORMAT: 2,
	QUERY_YIELDS_NO_ANSWER: 3,
	RTC_NOT_SET: 4,
	RTC_COMMAND_FAILED: 5,
	QUERY_RESPONSE_VALUE_NOT_VALID: 6,
} as const);

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

/** What OS info tells, by the letter of `uname` that asks for it. `b`, the build date, may be missing. */
export interface OsInfo {
	/** Kernel name. */
	readonly s: string;
	/** Node name. */
	readonly n: string;
	/** Kernel release. */
	readonly r: string;
	/** Kernel version. */
	readonly v: string;
	/** Build date and time. */
	readonly b?: string;
	/** Machine. */
	readonly m: string;
	/** Processor. */
	readonly p: string;
	/** Hardware platform. */
	readonly i: string;
	/** Operating system. */
	readonly o: string;
}

/** What bootloader info tells. `mode` is one of the protocol's numbers: 3 swap using move, 9 swap using offset. */
export interface BootloaderInfo {
	readonly name: string;
	readonly mode: number;
	readonly noDowngrade?: boolean;
	/** Answers further queries; undefined: no answer. */
	readonly answer?: (query: string) => ResponseMap | undefined;
}

/** A reset that a client asks for. */
export interface ResetRequest {
	/** Even if the device is busy. */
	readonly force: boolean;
	/** What is to start: 0 the application, 1 the boot loader's serial recovery; others are a device's own. */
	readonly bootMode: number;
	readonly origin: Origin;
}

/** A command whose provider is missing is answered with `rc` 8 (not supported), but for echo, which needs none. */
export interface OsOptions {
	/** Called after the response to a reset has left the server. The host lets it leave the device first (Zephyr: 250 ms). */
	readonly reset?: (bootMode: number) => void;
	/** Refuses a reset by throwing, customarily an `SmpError` with code 10 (busy) unless forced. */
	readonly mayReset?: (wanted: ResetRequest) => void;
	/** Longest packet that gets through, bytes, and how many may be on their way. */
	readonly buffers?: { readonly size: number; readonly count: number };
	readonly tasks?: () => Readonly<Record<string, Task>>;
	readonly pools?: () => Readonly<Record<string, MemoryPool>>;
	/** Answers that the console's echo was turned off, which it always is, and refuses to turn it on. */
	readonly silentConsole?: boolean;
	readonly clock?: Clock;
	readonly info?: OsInfo;
	/** Further information, by a letter that `OsInfo` has not: comes behind it, in this order. */
	readonly ownInfo?: Readonly<Record<string, () => string>>;
	readonly bootloader?: BootloaderInfo;
}

/** The OS group (Zephyr SMP group 0, Default/OS management). */
export function osGroup(options: OsOptions): Group {
	const { reset, mayReset, buffers, tasks, pools, silentConsole, clock, info, ownInfo = {}, bootloader } = options;
	const echo: Operation = operation({ d: utf8 }, ({ d }) => ({ r: d ?? "" }));
	const commands: Record<number, Command> = { 0: { name: "echo", read: echo, write: echo } };
	if (silentConsole) commands[1] = { name: "console echo control", write: consoleEcho };
	if (tasks) commands[2] = { name: "task statistics", read: { handle: () => ({ tasks: mapOf(tasks()) }) } };
	if (pools) commands[3] = { name: "memory pools", read: { handle: () => ({ mpools: mapOf(pools()) }) } };
	if (clock) commands[4] = dateTime(clock);
	if (reset) {
		commands[5] = {
			name: "reset",
			write: operation(
				{ force: flag, boot_mode: uint },
				({ force = false, boot_mode: bootMode = 0 }, context) => {
					mayReset?.({ force, bootMode, origin: context.origin });
					context.after(() => reset(bootMode));
					return {};
				},
				true,
			),
		};
	}
	if (buffers) {
		const { size, count } = buffers;
		commands[6] = { name: "parameters", read: { handle: () => ({ buf_size: size, buf_count: count }) } };
	}
	if (info) {
		commands[7] = {
			name: "info",
			read: operation({ format: text }, ({ format }) => ({ output: osInfo(info, ownInfo, format || "s") })),
		};
	}
	if (bootloader) {
		commands[8] = {
			name: "bootloader info",
			read: operation({ query: text }, ({ query }) => bootloaderInfo(bootloader, query)),
		};
	}
	return { id: OS_GROUP, name: "os mgmt", commands, errors: V1_ERRORS };
}

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

const V1_ERRORS = Object.freeze({
	[OsError.INVALID_FORMAT]: Rc.INVALID,
	[OsError.QUERY_YIELDS_NO_ANSWER]: Rc.NO_ENTRY,
	[OsError.RTC_NOT_SET]: Rc.NO_ENTRY,
});

/** For consoles that never echo: what a client wants before it speaks SMP on one is the case already. */
const consoleEcho: Operation = Object.freeze(
	operation(Object.freeze({ echo: flag }), ({ echo }) => {
		if (echo === undefined) throw new SmpError(Rc.INVALID, "the console echo control needs echo, 0 or 1");
		if (echo) throw new SmpError(Rc.NOT_SUPPORTED, "this console has no echo that could be turned on");
		return {};
	}),
);

function mapOf(entries: Readonly<Record<string, Task | MemoryPool>>): ResponseMap {
	// Not by assignment: an application may call a task as a property that every object inherits, and those are read-only.
	return Object.fromEntries(Object.keys(entries).map((name) => [name, { ...entries[name] }]));
}

const INFO_LETTERS = "snrvbmpio";

/** The wanted fields in the order of the protocol, whatever the order and number of their letters. */
function osInfo(info: OsInfo, own: NonNullable<OsOptions["ownInfo"]>, format: string): string {
	const ownLetters = Object.keys(own);
	let wanted = "";
	for (let i = 0; i < format.length; i++) {
		const letter = format[i]!;
		const known =
			letter === "a" ||
			ownLetters.includes(letter) ||
			(INFO_LETTERS.includes(letter) && info[letter as keyof OsInfo] !== undefined);
		if (!known) throw new GroupError(OS_GROUP, OsError.INVALID_FORMAT, `no information goes by the letter "${letter}"`);
		wanted += letter;
	}
	const output: string[] = [];
	for (let i = 0; i < INFO_LETTERS.length; i++) {
		const letter = INFO_LETTERS[i]!;
		const value = info[letter as keyof OsInfo];
		if (value !== undefined && (wanted.includes("a") || wanted.includes(letter))) output.push(value);
	}
	for (const letter of ownLetters) if (wanted.includes("a") || wanted.includes(letter)) output.push(own[letter]!());
	return output.join(" ");
}

function bootloaderInfo(bootloader: BootloaderInfo, query: string | undefined): ResponseMap {
	if (query === undefined) return { bootloader: bootloader.name };
	if (query === "mode")
		return { mode: bootloader.mode, "no-downgrade": bootloader.noDowngrade === true ? true : undefined };
	const answer = bootloader.answer?.(query);
	if (answer) return answer;
	throw new GroupError(OS_GROUP, OsError.QUERY_YIELDS_NO_ANSWER, `the boot loader has no answer to "${query}"`);
}

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
