import { Option } from "commander";
import type { SmpClient } from "../client/client.js";
import type { FirmwarePackage } from "../client/package.js";
import { numberOption, parsed, parseInteger, textOption } from "./command-line.js";
import type { Output } from "./output.js";
import { UsageError } from "./usage-error.js";

/** The options of a command line; those that were not given, or that the command has not, are undefined. */
export interface DeviceOptions {
	readonly serial?: string;
	readonly baud?: number;
	readonly raw?: boolean;
	readonly udp?: string;
	readonly tcp?: string;
	readonly accessKey?: string;
	/** Seconds. */
	readonly timeout?: number;
	readonly json?: boolean;
	readonly image?: number;
	readonly slot?: number;
	readonly upgrade?: boolean;
	readonly window?: number;
	readonly confirm?: boolean;
	/** Seconds. */
	readonly wait?: number;
	readonly force?: boolean;
	readonly bootMode?: number;
	readonly last?: number;
	readonly hex?: boolean;
	readonly type?: string;
	readonly anyBoard?: boolean;
}

/** What stood on the command line of a command. */
export interface Given {
	readonly operands: readonly string[];
	readonly options: DeviceOptions;
}

/** What a command works with. */
export interface Job extends Given {
	readonly client: SmpClient;
	readonly output: Output;
	/** The content of the file, for commands that take one. */
	readonly file: Uint8Array;
	/** What is in the file, if it is a package of images; `file` is empty then. */
	readonly package: FirmwarePackage | undefined;
	/** For how many seconds the device serves this client; undefined without `--access-key`, or if it needs none. */
	readonly unlocked: number | undefined;
}

/** What a command does to a device. */
export interface Action {
	/** Whether its first operand is a file, which is read, and checked if it is an image or a package, before anything is sent. */
	readonly takes?: "image" | "firmware" | "file";
	/** Checks what stood on the command line before anything is sent. Throws a UsageError. */
	readonly check?: (given: Given) => void;
	readonly run: (job: Job) => Promise<void>;
	/** The device is not locked behind it: it does that itself, or is to stay open. */
	readonly staysUnlocked?: boolean;
}

/** A command for devices: all that its help says, and how to get what it does. */
export interface DeviceCommand {
	/** One word or two. */
	readonly name: string;
	/** In commander's words: `<FILE>` is needed, `[NAME]` is not, `<WORD...>` is one or more. */
	readonly operands?: string;
	readonly summary: string;
	readonly options?: () => readonly Option[];
	/** Loaded only when it runs, so that the help is there at once. */
	readonly load: () => Promise<Action>;
}

/** Where the key comes from; `unlock` cannot do without. */
export const accessKeyOption = (): Option =>
	textOption(
		"--access-key <FILE>",
		"unlock the device first, with the key in this file. Every byte of the file counts, a line end too",
	);

function secondsFrom1(text: string, name: string): number {
	const seconds = parseInteger(text, name);
	if (seconds === 0) throw new UsageError(`${name} is at least 1.`);
	return seconds;
}

/** Options of every command. */
export const commonOptions = (): readonly Option[] =>
	[
		textOption("--serial <PATH>", "the device is on this serial line, such as /dev/ttyACM0"),
		numberOption("--baud <N>", "speed of the serial line (default 115200)"),
		new Option("--raw", "bare packets on the serial line, without framing"),
		textOption("--udp <HOST:PORT>", "the device is at this address, such as 192.0.2.1:1337"),
		textOption("--tcp <HOST:PORT>", "the device, or a terminal server with its serial line, is at this address"),
		accessKeyOption(),
		parsed(
			"--timeout <SECONDS>",
			"how long to wait for the first answer; each repetition waits longer (default 2)",
			secondsFrom1,
		),
		new Option("--json", "print JSON, one object a line"),
	].map((option) => option.helpGroup("Options of every command:"));
