// npm run bench -- [NAME...] [--json]
import { parseArgs } from "node:util";
import { mps3 } from "./mps3.js";
import { server } from "./server.js";
import { type Benchmark, formatTable, tableObject } from "./table.js";
import { wire } from "./wire.js";

const BENCHMARKS: readonly Benchmark[] = [wire, server, mps3];

const HELP = `Usage: npm run bench -- [NAME]... [--json]

Measures, and prints a table. Without a name, everything:

${BENCHMARKS.map(({ name, summary }) => `  ${name.padEnd(8)} ${summary}`).join("\n")}
`;

class UsageError extends Error {}

async function main(): Promise<void> {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { json: { type: "boolean", default: false }, help: { type: "boolean", default: false } },
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
	const all: object[] = [];
	for (const benchmark of BENCHMARKS) {
		if (positionals.length > 0 && !positionals.includes(benchmark.name)) continue;
		for (const table of await benchmark.run()) {
			all.push(tableObject(table));
			if (!values.json) process.stdout.write(`${formatTable(table)}\n`);
		}
	}
	if (values.json) process.stdout.write(`${JSON.stringify(all, null, "\t")}\n`);
}

try {
	await main();
} catch (error) {
	if (!(error instanceof UsageError) && !(error instanceof TypeError && "code" in error)) throw error;
	process.stderr.write(`${(error as Error).message}\n`);
	process.exitCode = 2;
}
