import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { boots, leaveSafeMode, outcomeWords, safeMode } from "../../client/group/boot-journal.js";
import { runShell } from "../../client/group/shell.js";
import { type Machine, root } from "../../tools/simulator.js";
import { application, imageApp } from "../support/application.js";
import { Bench } from "../support/application-bench.js";
import { describeWith } from "../support/tools.js";

// A confirmed application that fails at each start: the device goes on without it.

const good = (machine: Machine): Uint8Array =>
	application(readFileSync(join(root, "examples/thermostat/thermostat.ts"), "utf8"), "2.0.0", `${machine}:smp-svr`);

/** What the application does, and what the device says of it. Only the simulator's runtime knows lines. */
const CASES: readonly [what: string, body: string, words: string, line: string][] = [
	[
		"throws at its start",
		"\n\tthrow new TypeError('no sensor');",
		"uncaught TypeError: no sensor",
		" (thermostat.ts:2)",
	],
	["hangs", "for (;;) {}", "watchdog: JavaScript did not return within 1 s", ""],
	["takes all memory", "const all = []; for (;;) all.push(new Uint8Array(1000));", "heap exhausted at", ""],
	["recurses for ever", "const deep = (n) => deep(n + 1) + 1; deep(0);", "JavaScript stack overflow", ""],
];

/** Marks the application for good at once: there is no trial to fail. */
async function installForGood(bench: Bench, body: string, machine: Machine): Promise<void> {
	const image = application(`export default (device: any) => {${body}};`, "1.9.0", `${machine}:smp-svr`);
	await bench.client.confirm(await bench.upload(image));
	await bench.simulator.pressReset();
}

function describeBoard(machine: Machine): void {
	for (const [what, body, words, line] of CASES)
		it(`a confirmed one that ${what}: after three crashes the agent runs without it, and takes a better one`, () =>
			Bench.on(
				machine,
				async (bench) => {
					const { client, simulator } = bench;
					await installForGood(bench, body, machine);
					await bench.log(/app: safe mode, crashes in a row: 3, the last: /);
					assert.strictEqual(simulator.events.filter(({ event }) => event === "crash").length, 3);
					const safe = await safeMode(client);
					assert.ok(safe);
					assert.ok(safe.words.startsWith(words), safe.words);
					assert.ok(machine !== "sim" || safe.words.includes(line), safe.words);
					assert.deepEqual([safe.crashes, safe.left], [3, false]);
					assert.match((await client.info("a")) ?? "", / safe-mode$/);
					const [entry] = await boots(client, 1);
					assert.strictEqual(
						outcomeWords(entry!),
						`started in safe mode: the application crashed 3 times: ${safe.words}`,
					);
					await bench.install(good(machine));
					await bench.log(/app: thermostat 2\.0\.0/);
					assert.strictEqual(await safeMode(client), undefined);
					assert.ok(!/safe-mode/.test((await client.info("a")) ?? ""));
				},
				1,
				...["--watchdog", "1"],
			));

	it("begins sooner if the application's confirm policy says so", () =>
		Bench.on(machine, async (bench) => {
			const source = "export default () => {\n\tthrow new Error('no');\n};";
			const options = ["--version", "1.9.0", "--runtime", `${machine}:smp-svr`];
			const { image } = imageApp(source, options, { "thermostat.policy.json": '{"crashes": 1}' });
			await bench.client.confirm(await bench.upload(image));
			await bench.simulator.pressReset();
			await bench.log(/app: safe mode, crashes in a row: 1, the last: /);
			assert.strictEqual((await safeMode(bench.client))?.crashes, 1);
		}));

	it("lasts until a client asks for the application, which then has its chances again", () =>
		Bench.on(machine, async (bench) => {
			const { client, simulator } = bench;
			const crashes = () => simulator.events.filter(({ event }) => event === "crash").length;
			await assert.rejects(leaveSafeMode(client), /not in safe mode/);
			await installForGood(bench, "throw new Error('no');", machine);
			await bench.log(/app: safe mode/);
			await simulator.next("boot");
			await simulator.pressReset();
			assert.strictEqual((await safeMode(client))?.words.slice(0, 18), "uncaught Error: no");
			assert.strictEqual(crashes(), 3);
			await leaveSafeMode(client);
			assert.strictEqual((await safeMode(client))?.left, true);
			await client.reset();
			await bench.log(/app: safe mode/);
			assert.strictEqual(crashes(), 6);
			assert.strictEqual((await safeMode(client))?.left, false);
		}));
}

describe("safe mode on the simulator", () => {
	describeBoard("sim");

	it("is told by xs-smp and by the device's shell, and left by both", () =>
		Bench.on("sim", async (bench) => {
			const run = (...words: string[]): string =>
				execFileSync(process.execPath, [join(root, "dist/cli/main.js"), ...words, "--udp", bench.simulator.udp], {
					encoding: "utf8",
				});
			assert.match(run("safe-mode"), /^The device is not in safe mode\.\n$/);
			assert.strictEqual((await runShell(bench.client, ["safe-mode"])).output, "not in safe mode\n");
			await installForGood(bench, "throw new Error('no');", "sim");
			await bench.log(/app: safe mode/);
			const sentence = /safe mode: the application crashed 3 times: uncaught Error: no \(thermostat\.ts:1\)/;
			assert.match(run("history"), new RegExp(`1\\.9\\.0 +started in ${sentence.source}\n$`));
			assert.match(run("info"), new RegExp(`runs in +${sentence.source}`));
			assert.match(run("safe-mode"), new RegExp(`^The device runs in ${sentence.source}\\.\n"xs-smp safe-mode leave"`));
			assert.match((await runShell(bench.client, ["safe-mode"])).output, sentence);
			assert.strictEqual((await runShell(bench.client, ["safe-mode", "now"])).status, -22);
			assert.match(
				(await runShell(bench.client, ["safe-mode", "leave"])).output,
				/the next start runs the application/,
			);
			assert.match(run("safe-mode", "leave"), /The next start runs the application\.\n$/);
			assert.match(run("history"), /; left\n$/);
		}));

	it("is not entered by an image without an application", () =>
		Bench.on("sim", async (bench) => {
			assert.strictEqual(await safeMode(bench.client), undefined);
			await assert.rejects(leaveSafeMode(bench.client), /not in safe mode/);
		}));
});

describeWith("arm-none-eabi-gcc", "safe mode on a Cortex-M55", () => {
	describeWith("qemu-system-arm", "in QEMU", () => describeBoard("mps3"));
});
