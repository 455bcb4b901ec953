import { parseArgs } from "node:util";

/** What the user gave cannot be used. The message is one sentence. */
export class UsageError extends Error {}

export interface CliOptions {
	readonly packets: number;
	readonly seed: number;
	readonly engine: "node" | "xs" | "sim";
	/** Where to write the packets that did something new. */
	readonly save: string | undefined;
	readonly json: boolean;
}

export const HELP = `Usage: npm run fuzz -- [OPTION]...

Sends packets that no client would send into the SMP server, by console, raw UART, UDP and Bluetooth LE, and checks that it
answers with well-formed responses, uses its flash by the rules, leaves the running images alone, and goes on.

  --packets N              how many (default 20000)
  --seed N                 which ones; the same seed gives the same packets on node and xs (default 1)
  --engine node|xs|sim     on Node, on XS, or to a simulated device over its serial line (default xs)
  --save FILE              appends the packets that made the device do something new to FILE (node)
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
			options: { packets: text, seed: text, engine: text, save: text, json: flag, help: flag },
		}),
	);
	if (values.help) return "help";
	const { engine = "xs", save } = values;
	if (engine !== "node" && engine !== "xs" && engine !== "sim")
		throw new UsageError(`--engine is node, xs or sim, not "${engine}".`);
	if (save !== undefined && engine !== "node") throw new UsageError("--save goes with --engine node.");
	return {
		packets: count("--packets", values.packets ?? "20000"),
		seed: count("--seed", values.seed ?? "1"),
		engine,
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
