import { NorPartition } from "../modules/flash/nor.js";
import { run } from "../test/support/tools.js";
import type { Benchmark, Table } from "./table.js";
import { type Cost, costs, GEOMETRY } from "./work.js";

const XSRUN = "build/xsrun";
const MODULE = "xs-smp/bench/xs";

/** Operations that instructions are counted for. */
const OPERATIONS = 40;

/** What the server takes for a request, without the operating system and the line. */
export const server: Benchmark = {
	name: "server",
	summary: "what the server takes for a request, on XS and on Node, in memory",
	run: async () => {
		const onXs = JSON.parse(await output(XSRUN, [MODULE])) as Cost[];
		const onNode = costs(() => performance.now(), {
			flash: (memory) => new NorPartition(memory, GEOMETRY),
			codec: undefined,
		});
		const rows: Table["rows"][number][] = [];
		for (const { name, microseconds } of onXs) {
			const node = onNode.find((each) => each.name === name)?.microseconds;
			const instructions = await countInstructions(name);
			rows.push([
				name,
				rounded(microseconds),
				node === undefined ? null : rounded(node),
				rounded(microseconds / onXs[0]!.microseconds),
				node === undefined ? null : rounded(node / onNode[0]!.microseconds),
				node === undefined ? null : rounded(microseconds / node),
				instructions === undefined ? null : Math.round(instructions / 1000),
			]);
		}
		return [
			{
				title: "Requests in memory",
				columns: ["what", "XS, us", "Node, us", "XS, CRCs", "Node, CRCs", "XS / Node", "XS, 1000 instructions"],
				rows,
				note: "CRCs: as multiples of the first row on the same engine. Instructions are counted by Valgrind, where it is installed.",
			},
		];
	},
};

const rounded = (value: number): number => Number(value.toPrecision(value < 10 ? 2 : 3));

/** Instructions of the processor for one operation on XS, no garbage collection among them; undefined without Valgrind. */
async function countInstructions(name: string): Promise<number | undefined> {
	const before = await collected(name, 0);
	const after = await collected(name, OPERATIONS);
	return before && after && (after.instructions - before.instructions) / after.operations;
}

async function collected(
	name: string,
	operations: number,
): Promise<Record<"instructions" | "operations", number> | undefined> {
	const tool = ["--tool=callgrind", "--callgrind-out-file=/dev/null"];
	try {
		const text = await output("valgrind", [...tool, XSRUN, MODULE, name, String(operations)]);
		const number = (pattern: RegExp): number => Number(pattern.exec(text)![1]);
		return { instructions: number(/Collected : (\d+)/), operations: number(/^(\d+)$/m) };
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
		throw error;
	}
}

async function output(command: string, args: readonly string[]): Promise<string> {
	const { status, output } = await run(command, args);
	if (status !== 0) throw new Error(`${command} ${args.join(" ")} failed: ${output}`);
	return output;
}
