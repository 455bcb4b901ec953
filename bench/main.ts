// npm run bench -- [NAME...] [OPTIONS]

import { existsSync } from "node:fs";
import { type Command, Option } from "commander";
import { onClosedPipe } from "../cli/closed-pipe.js";
import { countOption, newProgram, parsed, quote, runAlone } from "../cli/command-line.js";
import { UsageError } from "../cli/usage-error.js";
import { NoAnswerError, SmpResponseError } from "../client/client.js";
import { serialLink } from "../client/node/serial.js";
import { udpLink } from "../client/node/udp.js";
import { against } from "./against.js";
import { files } from "./files.js";
import { gaps } from "./gaps.js";
import { DEVICES, MOST_DEVICES, many } from "./many.js";
import { mps3 } from "./mps3.js";
import { server } from "./server.js";
import { type Benchmark, formatTable, markdownTable, type Rival, tableObject } from "./table.js";
import { wire } from "./wire.js";

const BENCHMARKS: readonly Benchmark[] = [wire, files, gaps, server, mps3, many, against];

interface Values {
	readonly json?: boolean;
	readonly markdown?: boolean;
	readonly devices?: number;
	readonly udp?: string;
	readonly serial?: string;
	readonly baud?: number;
	readonly pid?: number;
}

/** Undefined if the command line names none. */
function rivalOf({ udp, serial, baud, pid }: Values): Rival | undefined {
	if (udp === undefined && serial === undefined) {
		if (baud !== undefined || pid !== undefined) throw new UsageError("--baud and --pid go with --serial or --udp.");
		return undefined;
	}
	const process = pid === undefined ? {} : { pid };
	if (udp !== undefined) {
		if (baud !== undefined) throw new UsageError("--baud goes with --serial.");
		return {
			name: udp,
			open: async () => udpLink(udp),
			openSimulator: (simulator) => udpLink(simulator.udp),
			...process,
		};
	}
	const speed = baud === undefined ? {} : { baud };
	return {
		name: serial!,
		open: async () => {
			const link = serialLink(serial!, speed.baud);
			await link.opened.catch((error: Error) => {
				throw new UsageError(error.message);
			});
			return link;
		},
		openSimulator: (simulator) => serialLink(simulator.serial),
		...speed,
		...process,
	};
}

function addressOf(text: string, name: string): string {
	const port = Number(/^.+:(\d{1,5})$/.exec(text)?.[1] ?? 0);
	if (port >= 1 && port <= 65535) return text;
	throw new UsageError(`${name} is HOST:PORT, such as 192.0.2.1:1337, not ${quote(text)}.`);
}

function processOf(text: string, name: string): number {
	if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${name} is a positive number, not ${quote(text)}.`);
	if (!existsSync(`/proc/${text}`)) throw new UsageError(`There is no process ${text}.`);
	return Number(text);
}

async function main(names: readonly string[], values: Values): Promise<void> {
	const unknown = names.find((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
	if (unknown !== undefined)
		throw new UsageError(
			`There is no benchmark ${quote(unknown)}; there is ${BENCHMARKS.map(({ name }) => name).join(", ")}.`,
		);
	const rival = rivalOf(values);
	const chosen = BENCHMARKS.filter(({ name, needsRival = false, byName = false }) =>
		names.length > 0 ? names.includes(name) : !needsRival && !byName,
	);
	const { devices } = values;
	if (devices !== undefined && !chosen.includes(many)) throw new UsageError(`--devices is for "${many.name}".`);
	const alone = chosen.find(({ needsRival }) => needsRival && !rival);
	if (alone) throw new UsageError(`"${alone.name}" wants to know where: --udp HOST:PORT or --serial PATH.`);
	if (rival && !chosen.some(({ needsRival }) => needsRival))
		throw new UsageError(`The address of another server is for "${against.name}".`);
	const all: object[] = [];
	for (const benchmark of chosen)
		for (const table of await benchmark.run(rival, devices === undefined ? {} : { devices })) {
			all.push(tableObject(table));
			if (!values.json) process.stdout.write(`${values.markdown ? markdownTable(table) : formatTable(table)}\n`);
		}
	if (values.json) process.stdout.write(`${JSON.stringify(all, null, "\t")}\n`);
}

/** What the server at the other end has to put right. */
const refused = (error: unknown): error is Error => error instanceof NoAnswerError || error instanceof SmpResponseError;

/** The benchmarks, as the help lists options. */
function names({ command }: { command: Command }): string {
	const help = command.createHelp();
	help.prepareContext({});
	return ["", "Names:", ...BENCHMARKS.map(({ name, summary }) => help.formatItem(name, 8, summary, help))].join("\n");
}

onClosedPipe();
const context = { stdout: process.stdout, stderr: process.stderr, status: 0 };
const program = newProgram("npm run bench --", context)
	.description("Measures, and prints tables.")
	.argument("[NAME...]", 'what to measure (default everything but "many" and "against")')
	.addOption(new Option("--json", "print the tables as JSON").conflicts("markdown"))
	.option("--markdown", "print them as the documents have them")
	.addOption(countOption("--devices <N>", `how many devices "many" starts (default ${DEVICES})`, 1, MOST_DEVICES))
	.addOption(parsed("--udp <HOST:PORT>", "the other server's address", addressOf).conflicts("serial"))
	.option("--serial <PATH>", "the other server's serial line")
	.addOption(
		countOption(
			"--baud <N>",
			"speed of that line, which the simulator's line then has too; without it neither has one",
			1,
			999_999_999,
		),
	)
	.addOption(
		parsed("--pid <N>", "process of the other server, if it runs here: adds what it takes of the processor", processOf),
	)
	.addHelpText("after", names)
	.action(async (names: string[], values: Values) => {
		try {
			await main(names, values);
		} catch (error) {
			if (!refused(error)) throw error;
			context.stderr.write(`${error.message}\n`);
			context.status = 1;
		}
	});
process.exitCode = await runAlone(program, process.argv.slice(2), context);
