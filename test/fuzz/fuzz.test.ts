import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { UsageError } from "../../cli/usage-error.js";
import type { Uncovered } from "./coverage.js";
import { corpusFiles, readCorpus, XSRUN } from "./files.js";
import { fuzz, judge } from "./fuzz.js";
import type { GuidedReport } from "./guided.js";
import { parseOptions } from "./options.js";
import { fuzzSimulator } from "./sim.js";

const CLI = "dist/test/fuzz/cli.js";

type Guided = Pick<GuidedReport, "found" | "covered"> & { readonly uncovered: readonly Uncovered[] };

describe("fuzzing", () => {
	it("the packets that were found do what the recorded ones do not", () => {
		const all = readCorpus();
		const recorded = readCorpus(corpusFiles().filter((file) => file.endsWith(".json")));
		const behaviours = (corpus: Uint8Array[]) => fuzz({ packets: corpus.length, seed: 1, corpus }).behaviours;
		assert.ok(all.length > recorded.length + 100);
		assert.ok(behaviours(all) > behaviours(recorded) + 50);
	});

	it("on Node and on XS: the same answers, and memory that does not grow", () => {
		const seed = 1;
		const packets = 2000;
		const onNode = fuzz({ packets, seed, corpus: readCorpus() });
		const { stdout, stderr, status } = spawnSync(
			XSRUN,
			["xs-smp/test/fuzz/xs", String(packets), String(seed), ...corpusFiles()],
			{ encoding: "utf8" },
		);
		assert.equal(status, 0, `${stdout}${stderr}`);
		const onXS = JSON.parse(stdout) as ReturnType<typeof fuzz>;
		assert.ok(onNode.behaviours > 100);
		assert.deepEqual(
			[onXS.packets, onXS.responses, onXS.behaviours],
			[onNode.packets, onNode.responses, onNode.behaviours],
		);
		assert.ok(onXS.memoryBefore! > 0);
		// Not to the byte: a clock that was set has another number than one that was not.
		assert.ok(Math.abs(onXS.memoryAfter! - onXS.memoryBefore!) < 128, `${onXS.memoryBefore} to ${onXS.memoryAfter}`);
	});

	it("guided by the code that runs: it reaches what clients can reach", () => {
		const args = ["--engine", "node", "--coverage", "--uncovered", "--packets", "12000", "--seed", "3", "--json"];
		const { status, stdout, stderr } = spawnSync(process.execPath, [CLI, ...args], { encoding: "utf8" });
		assert.equal(status, 0, stderr);
		const { found, covered, uncovered } = JSON.parse(stdout) as Guided;
		assert.ok(found > 20, `${found} found`);
		// Safe mode and the verdict on an update take applications that crash, which this device has not.
		assert.ok(Number.parseFloat(covered) > 92, covered);
		// What cannot be reached from outside is on the list, and what everybody reaches is not.
		assert.ok(uncovered.some(({ text }) => text.includes("an access key has")));
		assert.ok(!uncovered.some(({ file }) => file === "modules/smp/header.ts"));
	});

	it("a simulated device answers on", async () => {
		const report = await fuzzSimulator({ packets: 2000, seed: 5, app: "smp-svr", corpus: readCorpus() });
		assert.ok(!("failure" in report), JSON.stringify(report));
	});

	it("notices responses that are wrong", () => {
		const right = Uint8Array.from([0x09, 0, 0, 2, 0, 0, 1, 0, 0xbf, 0xff]);
		assert.equal(typeof judge(right), "number");
		const wrong: [number, number, RegExp][] = [
			[0, 0x08, /op 0/],
			[0, 0x11, /version 2/],
			[3, 1, /another length/],
			[8, 0x81, /no CBOR map/],
		];
		for (const [at, byte, message] of wrong) {
			const response = right.slice();
			response[at] = byte;
			assert.match(String(judge(response)), message);
		}
		const flash = [0xbf, 0x63, 0x65, 0x72, 0x72, 0xbf, 0x65, 0x67, 0x72, 0x6f, 0x75, 0x70, 1, 0x62, 0x72, 0x63, 12];
		const response = Uint8Array.from([0x0b, 0, 0, flash.length + 2, 0, 1, 1, 1, ...flash, 0xff, 0xff]);
		assert.match(String(judge(response)), /image error 12/);
		assert.match(String(judge(new Uint8Array(600))), /600 bytes/);
	});

	it("refuses options that cannot be used", () => {
		const flags = { coverage: false, uncovered: false, save: undefined, json: false };
		assert.deepEqual(parseOptions([]), { packets: 20000, seed: 1, engine: "xs", app: "smp-svr", ...flags });
		for (const args of [
			["--packets", "0"],
			["--seed", "x"],
			["--engine", "v8"],
			["--save", "f"],
			["--coverage"],
			["--fast"],
			["more"],
		])
			assert.throws(() => parseOptions(args), UsageError);
	});
});
