// npm run bench -- [NAME...] [OPTIONS]

import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { onClosedPipe } from "../cli/closed-pipe.js";
import { NoAnswerError, SmpResponseError } from "../client/client.js";
import { serialLink } from "../client/node/serial.js";
import { udpLink } from "../client/node/udp.js";
import { against } from "./against.js";
import { mps3 } from "./mps3.js";
import { server } from "./server.js";
import { type Benchmark, formatTable, markdownTable, type Rival, tableObject } from "./table.js";
import { wire } from "./wire.js";

const BENCHMARKS: readonly Benchmark[] = [wire, server, mps3, against];

const HELP = `Usage: npm run bench -- [NAME]... [--json | --markdown]
       npm run bench -- against --udp HOST:PORT | --serial PATH [--baud N] [--pid N] [--json | --markdown]

Measures, and prints tables. Without a name, everything but "against":

${BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`).join("\n")}

  --json            print the tables as JSON
  --markdown        print them as the documents have them
  --udp HOST:PORT   the other server's address
  --serial PATH     the other server's serial line
  --baud N          speed of that line, which the simulator's line then has too; without it neither has one
  --pid N           process of the other server, if it runs here: adds what it takes of the processor
`;

class UsageError extends Error {}

interface Values {
	readonly udp?: string | undefined;
	readonly serial?: string | undefined;
	readonly baud?: string | undefined;
	readonly pid?: string | undefined;
}

/** Undefined if the command line names none. */
function rivalOf({ udp, serial, baud, pid }: Values): Rival | undefined {
	if (udp === undefined && serial === undefined) {
		if (baud !== undefined || pid !== undefined) throw new UsageError("--baud and --pid go with --serial or --udp.");
		return undefined;
	}
	if (udp !== undefined && serial !== undefined)
		throw new UsageError("One server at a time: --udp or --serial, not both.");
	const process = pid === undefined ? {} : { pid: processOf(pid) };
	if (udp !== undefined) {
		const port = Number(/^.+:(\d{1,5})$/.exec(udp)?.[1] ?? 0);
		if (port < 1 || port > 65535) throw new UsageError(`--udp is HOST:PORT, such as 192.0.2.1:1337, not "${udp}".`);
		if (baud !== undefined) throw new UsageError("--baud goes with --serial.");
		return { name: udp, open: () => udpLink(udp), openSimulator: (simulator) => udpLink(simulator.udp), ...process };
	}
	const speed = baud === undefined ? {} : { baud: positive("--baud", baud) };
	return {
		name: serial!,
		open: () => {
			try {
				return serialLink(serial!, speed.baud);
			} catch (error) {
				throw new UsageError((error as Error).message);
			}
		},
		openSimulator: (simulator) => serialLink(simulator.serial),
		...speed,
		...process,
	};
}

function positive(option: string, text: string): number {
	if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`${option} is a positive number, not "${text}".`);
	return Number(text);
}

function processOf(text: string): number {
	const pid = positive("--pid", text);
	if (!existsSync(`/proc/${pid}`)) throw new UsageError(`There is no process ${pid}.`);
	return pid;
}

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: {
			json: { type: "boolean", default: false },
			markdown: { type: "boolean", default: false },
			help: { type: "boolean", default: false },
			udp: { type: "string" },
			serial: { type: "string" },
			baud: { type: "string" },
			pid: { type: "string" },
		},
	});
	if (values.help) {
		process.stdout.write(HELP);
		return;
	}
	const unknown = positionals.find((name) => !BENCHMARKS.some((benchmark) => benchmark.name === name));
	if (unknown !== undefined)
		throw new UsageError(
			`There is no benchmark "${unknown}"; there is ${BENCHMARKS.map(({ name }) => name).join(", ")}.`,
		);
	if (values.json && values.markdown) throw new UsageError("--json or --markdown, not both.");
	const rival = rivalOf(values);
	const chosen = BENCHMARKS.filter(({ name, needsRival = false }) =>
		positionals.length > 0 ? positionals.includes(name) : !needsRival,
	);
	const alone = chosen.find(({ needsRival }) => needsRival && !rival);
	if (alone) throw new UsageError(`"${alone.name}" wants to know where: --udp HOST:PORT or --serial PATH.`);
	if (rival && !chosen.some(({ needsRival }) => needsRival))
		throw new UsageError(`The address of another server is for "${against.name}".`);
	const all: object[] = [];
	for (const benchmark of chosen)
		for (const table of await benchmark.run(rival)) {
			all.push(tableObject(table));
			if (!values.json) process.stdout.write(`${values.markdown ? markdownTable(table) : formatTable(table)}\n`);
		}
	if (values.json) process.stdout.write(`${JSON.stringify(all, null, "\t")}\n`);
}

/** What the user, or the server at the other end, has to put right. */
const expected = (error: unknown): error is Error =>
	error instanceof UsageError ||
	error instanceof NoAnswerError ||
	error instanceof SmpResponseError ||
	(error instanceof TypeError && "code" in error);

onClosedPipe();
try {
	await main();
} catch (error) {
	if (!expected(error)) throw error;
	process.stderr.write(`${error.message}\n`);
	process.exitCode = error instanceof NoAnswerError || error instanceof SmpResponseError ? 1 : 2;
}
