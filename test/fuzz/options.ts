import { parseArgs } from "node:util";

/** Applications of the simulator with groups or rules of their own. */
export const APPS = ["smp-svr", "own-group", "locked-down"] as const;
export type FuzzedApp = (typeof APPS)[number];

/** What the user gave cannot be used. The message is one sentence. */
export class UsageError extends Error {}

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

export const HELP = `Usage: npm run fuzz -- [OPTION]...

Sends packets that no client would send into the SMP server, by console, raw UART, UDP and Bluetooth LE, and checks that it
answers with well-formed responses, uses its flash by the rules, leaves the running images alone, and goes on.

  --packets N              how many (default 20000)
  --seed N                 which ones; the same seed gives the same packets on node and xs (default 1)
  --engine node|xs|sim     on Node, on XS, or to a simulated device over its serial line, and beside it UDP and TCP
                           (default xs)
  --app NAME               what the simulated device runs: smp-svr (default), own-group, locked-down (sim)
  --coverage               starts again from packets that made new code run, too, and says how much of modules/smp ran (node)
  --uncovered              with --coverage: lists the lines of modules/smp that never ran
  --save FILE              with --coverage: makes FILE of the packets that add to the recorded ones, and only those
  --json                   the report as JSON
  --help                   this text
`;

/** Reads the command line. Throws a UsageError. */
export function parseOptions(args: readonly string[]): CliOptions | "help" {
	const text = { type: "string" } as const;
	const flag = { type: "boolean", default: false } as const;
	const { values } = attempt(() =>
		parseArgs({
			args: [...args],
			options: {
				packets: text,
				seed: text,
				engine: text,
				app: text,
				coverage: flag,
				uncovered: flag,
				save: text,
				json: flag,
				help: flag,
			},
		}),
	);
	if (values.help) return "help";
	const { engine = "xs", coverage, uncovered, save } = values;
	if (engine !== "node" && engine !== "xs" && engine !== "sim")
		throw new UsageError(`--engine is node, xs or sim, not "${engine}".`);
	const app = APPS.find((each) => each === (values.app ?? APPS[0]));
	if (!app) throw new UsageError(`--app is ${APPS.join(", ")}, not "${values.app}".`);
	if (values.app !== undefined && engine !== "sim") throw new UsageError("--app goes with --engine sim.");
	if (coverage && engine !== "node") throw new UsageError("--coverage goes with --engine node.");
	if ((uncovered || save !== undefined) && !coverage)
		throw new UsageError(`${uncovered ? "--uncovered" : "--save"} goes with --coverage.`);
	return {
		packets: count("--packets", values.packets ?? "20000"),
		seed: count("--seed", values.seed ?? "1"),
		engine,
		app,
		coverage,
		uncovered,
		save,
		json: values.json,
	};
}

function count(name: string, value: string): number {
	if (!/^\d{1,9}$/.test(value) || Number(value) === 0)
		throw new UsageError(`${name} is a number from 1 to 999999999, not "${value}".`);
	return Number(value);
}

function attempt<T>(parse: () => T): T {
	try {
		return parse();
	} catch (error) {
		throw new UsageError(`${(error as Error).message.split(/[.\n]/)[0]}; --help lists the options.`);
	}
}
