import type { SmpClient } from "../client/client.js";
import type { Arguments, CommandSpec, OptionSpec } from "./args.js";
import type { Output } from "./output.js";

/** What a command works with. */
export interface Job {
	readonly client: SmpClient;
	readonly args: Arguments;
	readonly output: Output;
	/** The content of the file, for commands that take one. */
	readonly file: Uint8Array;
	/** For how many seconds the device serves this client; undefined without `--access-key`, or if it needs none. */
	readonly unlocked: number | undefined;
}

export interface Command extends CommandSpec {
	/** Whether its first operand is a file, which is read, and checked if it is an image, before anything is sent. */
	readonly takes?: "image" | "file";
	/** Checks what stood on the command line before anything is sent. Throws an ImageError with one sentence. */
	readonly check?: (args: Arguments) => void;
	readonly run: (job: Job) => Promise<void>;
	/** The device is not locked behind it: it does that itself, or is to stay open. */
	readonly staysUnlocked?: boolean;
}

/** Where the key comes from; `unlock` cannot do without. */
export const ACCESS_KEY: OptionSpec = {
	name: "access-key",
	values: ["FILE"],
	help: "unlock the device first, with the key in this file. Every byte of the file counts, a line end too",
};

/** Options of every command. */
export const COMMON_OPTIONS: readonly OptionSpec[] = [
	{ name: "serial", values: ["PATH"], help: "the device is on this serial line, such as /dev/ttyACM0" },
	{ name: "baud", values: ["N"], help: "speed of the serial line (default 115200)" },
	{ name: "raw", help: "bare packets on the serial line, without framing" },
	{ name: "udp", values: ["HOST:PORT"], help: "the device is at this address, such as 192.0.2.1:1337" },
	{
		name: "tcp",
		values: ["HOST:PORT"],
		help: "the device, or a terminal server with its serial line, is at this address",
	},
	ACCESS_KEY,
	{
		name: "timeout",
		values: ["SECONDS"],
		help: "how long to wait for the first answer; each repetition waits longer (default 2)",
	},
	{ name: "json", help: "print JSON, one object a line" },
];

/** Numbers on the command line go by these names. */
export const NUMBERS: readonly string[] = ["N", "SECONDS"];
