import type { ResponseMap } from "../cbor.js";
import { GroupError, Rc } from "../errors.js";
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
	readonly info?: OsInfo;
	/** Further information, by a letter that `OsInfo` has not: comes behind it, in this order. */
	readonly ownInfo?: Readonly<Record<string, () => string>>;
	readonly bootloader?: BootloaderInfo;
	/** Commands that not every board has, by number: os-commands.ts makes them. */
	readonly commands?: Readonly<Record<number, Command>>;
}

/** The OS group (Zephyr SMP group 0, Default/OS management). */
export function osGroup(options: OsOptions): Group {
	const { reset, mayReset, buffers, info, ownInfo = {}, bootloader } = options;
	const echo: Operation = operation({ d: utf8 }, ({ d }) => ({ r: d ?? "" }));
	const commands: Record<number, Command> = { 0: { name: "echo", read: echo, write: echo }, ...options.commands };
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

const V1_ERRORS = Object.freeze({
	[OsError.INVALID_FORMAT]: Rc.INVALID,
	[OsError.QUERY_YIELDS_NO_ANSWER]: Rc.NO_ENTRY,
	[OsError.RTC_NOT_SET]: Rc.NO_ENTRY,
});

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
