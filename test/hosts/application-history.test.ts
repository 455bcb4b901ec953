import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { whyTakenBack } from "../../client/group/boot-journal.js";
import { type Machine, root } from "../../tools/simulator.js";
import { application } from "../support/application.js";
import { Bench } from "../support/application-bench.js";
import { describeWith } from "../support/tools.js";

// An update whose application fails goes back, and the device remembers why.

const example = (name: string): string => readFileSync(join(root, `examples/thermostat/${name}.ts`), "utf8");

const TAKEN_BACK = String.raw`1\.9\.0 ran \d+ s on trial and was taken back: `;

/** The applications, and the reason that the device gives. Only the simulator's runtime knows lines. */
const CASES: readonly [what: string, source: string, reason: string, line: string][] = [
	["hangs", example("hangs"), "watchdog: JavaScript did not return within 1 s", ""],
	["throws later", example("throws"), "crash: uncaught TypeError: .*", String.raw`\(thermostat\.ts:13\)`],
	[
		"throws at its start",
		"export default () => {\n\tthrow new TypeError('no sensor');\n};",
		"crash: uncaught TypeError: no sensor",
		String.raw` \(thermostat\.ts:2\)`,
	],
	[
		"cannot be loaded",
		"export default () => {};\nthrow new TypeError('no sensor');",
		"crash: uncaught TypeError: no sensor",
		String.raw` \(thermostat\.ts:2\)`,
	],
	[
		"takes all memory",
		"export default () => {\n\tconst all = [];\n\tfor (;;) all.push(new Uint8Array(1000));\n};",
		"crash: heap exhausted at .*",
		"",
	],
	[
		"recurses for ever",
		"const deep = (n) => deep(n + 1) + 1;\nexport default () => deep(0);",
		"crash: JavaScript stack overflow.*",
		"",
	],
];

function describeBoard(machine: Machine): void {
	for (const [what, source, reason, line] of CASES)
		it(`one that ${what} goes back, and the device says why`, () =>
			Bench.on(
				machine,
				async (bench) => {
					await bench.install(application(source, "1.9.0", `${machine}:smp-svr`));
					await bench.simulator.next("crash");
					await bench.simulator.next("boot", ({ images }) => (images as { action: string }[])[0]!.action === "revert");
					assert.strictEqual(await bench.state(), "0.0.0");
					const why = (await whyTakenBack(bench.client, bench.hash)) ?? "";
					const said = `${TAKEN_BACK}${reason}${machine === "sim" ? line : ""}`;
					assert.match(why, new RegExp(`^${said}$`));
					// A serial port has one user at a time.
					bench.client.close();
					const address = machine === "sim" ? ["--udp", bench.simulator.udp] : ["--serial", bench.simulator.serial];
					const words = [join(root, "dist/cli/main.js"), "history", ...address];
					const text = execFileSync(process.execPath, words, { encoding: "utf8" });
					assert.match(text, new RegExp(`1\\.9\\.0 installed on trial +${said}`));
				},
				1,
				...["--watchdog", "1"],
			));
}

describe("history of an application that fails", () => {
	describe("on the simulator", () => describeBoard("sim"));

	describeWith("arm-none-eabi-gcc", "on a Cortex-M55", () => {
		describeWith("qemu-system-arm", "in QEMU", () => describeBoard("mps3"));
	});
});
