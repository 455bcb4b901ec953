import { type Command, Option } from "commander";
import { choiceOption, countOption, newProgram, readLine, type Streams } from "../../cli/command-line.js";
import { UsageError } from "../../cli/usage-error.js";

/** Applications of the simulator with groups or rules of their own. */
export const APPS = ["smp-svr", "own-group", "locked-down"] as const;
export type FuzzedApp = (typeof APPS)[number];

export interface CliOptions {
	readonly packets: number;
	readonly seed: number;
	readonly engine: "node" | "xs" | "sim";
	/** What the simulated device runs. */
	readonly app: FuzzedApp;
	/** Guided by the code that runs, too. */
	readonly coverage: boolean;
	/** Lists the code that never ran. */
	readonly uncovered: boolean;
	/** Where to write the packets that did something new. */
	readonly save: string | undefined;
	readonly json: boolean;
}

/** The command line, for `readOptions`. */
export function fuzzProgram(streams: Streams): Command {
	const most = 999_999_999;
	return newProgram("npm run fuzz --", streams)
		.description(
			"Sends packets that no client would send into the SMP server, by console, raw UART, UDP and Bluetooth LE, and checks that the server answers with well-formed responses, uses its flash by the rules, leaves the running images alone, and goes on.",
		)
		.addOption(countOption("--packets <N>", "how many packets", 1, most).default(20_000))
		.addOption(
			countOption("--seed <N>", "which packets; the same seed gives the same ones on node and xs", 1, most).default(1),
		)
		.addOption(
			choiceOption(
				"--engine <ENGINE>",
				"on Node, on XS, or to a simulated device over its serial line, and beside it UDP and TCP",
				["node", "xs", "sim"],
			).default("xs"),
		)
		.addOption(choiceOption("--app <NAME>", "what the simulated device runs (default smp-svr)", APPS))
		.option(
			"--coverage",
			"start again from packets that made new code run, too, and say how much of modules/smp ran (node)",
		)
		.option("--uncovered", "with --coverage: list the lines of modules/smp that never ran")
		.addOption(
			new Option(
				"--save <FILE>",
				"with --coverage: make FILE of the packets that add to the recorded ones, and only those",
			),
		)
		.option("--json", "print the report as JSON");
}

interface Given {
	readonly packets: number;
	readonly seed: number;
	readonly engine: "node" | "xs" | "sim";
	readonly app?: FuzzedApp;
	readonly coverage?: boolean;
	readonly uncovered?: boolean;
	readonly save?: string;
	readonly json?: boolean;
}

/** Reads a command line. Throws a UsageError. */
export function parseOptions(args: readonly string[]): CliOptions {
	const silent = { write: () => {} };
	return readOptions(readLine(fuzzProgram({ stdout: silent, stderr: silent }), args));
}

/** The options of a command line that was read. Throws a UsageError. */
export function readOptions(command: Command): CliOptions {
	const { app, coverage = false, uncovered = false, json = false, ...given } = command.opts<Given>();
	if (app !== undefined && given.engine !== "sim") throw new UsageError("--app goes with --engine sim.");
	if (coverage && given.engine !== "node") throw new UsageError("--coverage goes with --engine node.");
	if ((uncovered || given.save !== undefined) && !coverage)
		throw new UsageError(`${uncovered ? "--uncovered" : "--save"} goes with --coverage.`);
	return { app: app ?? APPS[0], coverage, uncovered, json, save: undefined, ...given };
}
