import assert from "node:assert";
import { createSocket } from "node:dgram";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { markdownTable } from "../../bench/table.js";
import { uploads } from "../../bench/wire.js";
import { workNames } from "../../bench/work.js";
import { osGroup } from "../../modules/smp/group/os.js";
import { SmpServer } from "../../modules/smp/server.js";
import { root, Simulator } from "../../tools/simulator.js";
import { deviceProcess } from "../fuzz/sim.js";
import { run } from "../support/tools.js";

const bench = (...args: string[]) => run(process.execPath, [join(root, "dist/bench/main.js"), ...args]);

const document = (path: string): string => readFileSync(join(root, path), "utf8");

/** The cells of a document's table that begins with this column. */
function tableIn(text: string, column: string): string[][] {
	const lines = text.split("\n");
	const start = lines.findIndex((line) => line.startsWith("|") && cells(line)[0] === column);
	assert.notEqual(start, -1, `there is no table of "${column}"`);
	const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
	return lines.slice(start, end).map(cells);
}

const cells = (line: string): string[] =>
	line
		.split("|")
		.slice(1, -1)
		.map((cell) => cell.trim());

// command line, what it says
const refusals: [string[], RegExp][] = [
	[["nothing"], /^There is no benchmark "nothing"; there is wire, /],
	[["against"], /^"against" wants to know where/],
	[["wire", "--udp", "127.0.0.1:1337"], /^The address of another server is for "against"/],
	[["against", "--udp", "127.0.0.1"], /^--udp is HOST:PORT/],
	[["against", "--udp", "127.0.0.1:1", "--serial", "/dev/null"], /^--udp and --serial do not go together/],
	[["against", "--udp", "127.0.0.1:1", "--baud", "9600"], /^--baud goes with --serial/],
	[["against", "--serial", "/dev/null", "--baud", "fast"], /^--baud is a number from 1 to/],
	[["against", "--serial", "/dev/null"], /^\/dev\/null is no serial line/],
	[["wire", "--pid", "1"], /^--baud and --pid go with/],
	[["against", "--udp", "127.0.0.1:1", "--pid", "999999999"], /^There is no process 999999999/],
	[["wire", "--devices", "5"], /^--devices is for "many"/],
	[["many", "--devices", "0"], /^--devices is a number from 1 to 1000/],
	[["wire", "--json", "--markdown"], /^--json and --markdown do not go together/],
];

describe("bench", () => {
	it("prints the uploads of docs/MEASURING.md", async () => {
		const computed = await uploads(false);
		const expected = tableIn(markdownTable(computed), "client");
		const actual = tableIn(document("docs/MEASURING.md"), "client");
		// All but what is measured.
		const fixed = (rows: string[][]): string[][] => rows.map(([client, line, , ceiling]) => [client!, line!, ceiling!]);
		assert.deepEqual(actual[0], computed.columns);
		assert.deepEqual(actual[1]!.map(align), expected[1]!.map(align));
		assert.deepEqual(fixed(actual.slice(2)), fixed(expected.slice(2)));
		for (const [, , rate, ceiling, share] of actual.slice(2)) {
			assert.ok(Number(rate) > 0, rate);
			assert.equal(share, ceiling === "" ? "" : `${((100 * Number(rate)) / Number(ceiling)).toFixed(1)} %`);
		}
	});

	it("prints the requests of docs/MEASURING.md", () => {
		const [, , ...rows] = tableIn(document("docs/MEASURING.md").split("\n## The server\n")[1]!, "what");
		assert.deepEqual(
			rows.map(([name]) => name),
			workNames,
		);
	});

	for (const [args, message] of refusals)
		it(`refuses ${args.join(" ")}`, async () => {
			const { status, output } = await bench(...args);
			assert.match(output, message);
			assert.equal(output.trim().split("\n").length, 1, output);
			assert.equal(status, 2);
		});

	it("measures many devices, and has the rows of docs/MEASURING.md", async () => {
		const { status, output } = await bench("many", "--devices", "6", "--json");
		assert.equal(status, 0, output);
		const tables = JSON.parse(output) as { title: string; rows: Record<string, string | number | null>[] }[];
		assert.equal(tables.length, 3);
		for (const { title, rows } of tables) {
			const [column] = Object.keys(rows[0]!);
			const documented = documentedRows(String(rows[0]![column!]));
			assert.deepEqual(
				documented,
				rows.map((row) => row[column!]),
				title,
			);
			for (const row of rows)
				for (const [cell, value] of Object.entries(row))
					assert.ok(typeof value !== "number" || value > 0 || cell === "ms", `${title}: ${JSON.stringify(row)}`);
		}
	});

	/** The first cells of the rows of the document from this one on. */
	function documentedRows(first: string): string[] {
		const lines = document("docs/MEASURING.md").split("\n");
		const start = lines.findIndex((line) => cells(line)[0] === first);
		assert.notEqual(start, -1, `there is no row "${first}"`);
		const end = lines.findIndex((line, i) => i > start && !line.startsWith("|"));
		return lines.slice(start, end).map((line) => cells(line)[0]!);
	}

	it("measures another server beside the simulator", async () => {
		const other = await Simulator.start(["--images", "1"]);
		try {
			for (const where of [
				["--udp", other.udp, "--pid", String(deviceProcess(other.process.pid!))],
				["--serial", other.serial],
			]) {
				const { status, output } = await bench("against", ...where, "--json");
				assert.equal(status, 0, output);
				const [table] = JSON.parse(output) as { rows: Record<string, string | number | null>[] }[];
				const [buffers, ...rows] = table!.rows;
				assert.equal(buffers!["other"], "4 of 1024");
				assert.equal(buffers!["simulator"], "4 of 1024");
				assert.equal(rows.length, 12);
				for (const { what, other, simulator } of rows) {
					assert.ok(Number(simulator) > 0, `${what}: ${simulator}`);
					const known = where.includes("--pid") || !String(what).includes("processor");
					assert.ok(known ? Number(other) > 0 : other === null, `${what}: ${other}`);
				}
			}
		} finally {
			await other.stop();
		}
	});

	it("measures what a server without an image group has", async () => {
		const server = new SmpServer({ groups: [osGroup({})] });
		const socket = createSocket("udp4");
		socket.on("message", (packet, { port, address }) =>
			server.receive(packet, (response) => socket.send(response.slice(), port, address)),
		);
		await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
		try {
			const { status, output } = await bench("against", "--udp", `127.0.0.1:${socket.address().port}`);
			assert.equal(status, 0, output);
			assert.match(output, /echo of 16 bytes, ms +\d/);
			assert.doesNotMatch(output, /upload|list/);
			assert.match(output, /The other server has no image group/);
		} finally {
			socket.close();
		}
	});
});

/** A column's alignment. */
const align = (rule: string): string => rule.replace(/-+/, "-");
