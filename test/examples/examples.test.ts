import assert from "node:assert";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { upgrade } from "../../client/upgrade.js";
import { freshDirectory, type Machine, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { application } from "../support/application.js";
import { describeWith, type Outcome, run } from "../support/tools.js";

// The programs of examples/, run as their users run them.

const KEY = join(root, "keys/development-ec-p256.pem");

const example = (name: string, ...args: string[]): Promise<Outcome> =>
	run(process.execPath, [join(root, "dist/examples", `${name}.js`), ...args]);

async function withDevice(options: readonly string[], use: (simulator: Simulator) => Promise<void>): Promise<void> {
	const simulator = await Simulator.start(["--images", "1", ...options]);
	try {
		await use(simulator);
	} finally {
		await simulator.stop();
	}
}

/** The path of a new file with an update, in the simulator's directory. */
function updateFile({ directory }: Simulator, version: string): string {
	const path = join(directory, "update.bin");
	writeFileSync(path, update(version, 20_000).file);
	return path;
}

describe("examples", () => {
	it("README.md explains each, and each says how it is used", async () => {
		const text = readFileSync(join(root, "examples/README.md"), "utf8");
		const entries = readdirSync(join(root, "examples")).filter((name) => name !== "README.md");
		for (const name of entries) assert.ok(text.includes(`[${name}]`), `README.md does not name ${name}`);
		for (const name of entries.filter((entry) => entry.endsWith(".ts"))) {
			const stem = name.replace(/\.ts$/, "");
			const { status, output } = await example(stem);
			assert.equal(status, 2);
			assert.match(output, new RegExp(`^Usage: ${stem} `));
		}
	});

	it("upgrade", () =>
		withDevice([], async (simulator) => {
			const { status, output } = await example("upgrade", updateFile(simulator, "1.2.3"), simulator.udp);
			assert.equal(
				output,
				"found\nuploaded\nmarked\nforecast\nrestarting\nrunning\nconfirmed\nVersion 1.2.3 runs in place of 0.0.0.\n",
			);
			assert.equal(status, 0);
			const refused = await example("upgrade", KEY, simulator.udp);
			assert.match(refused.output, /development-ec-p256\.pem: The file is no MCUboot image/);
			assert.equal(refused.status, 1);
		}));

	it("progress-bar", () =>
		withDevice([], async (simulator) => {
			const { status, output } = await example("progress-bar", updateFile(simulator, "1.0.0"), simulator.udp);
			assert.equal(status, 0, output);
			const bars = output.split("\r").slice(1);
			assert.ok(bars.length > 10);
			for (const bar of bars) assert.match(bar, /^\[#* *\] +\d+ %/);
			assert.match(bars.at(-1)!, /^\[#{40}\] 100 %\nThe device had 0 bytes already; \d+ packets were sent again\.\n$/);
		}));

	it("lamp and lamp-client", () =>
		withDevice(["--app", "./examples/lamp"], async (simulator) => {
			assert.equal((await example("lamp-client", simulator.udp)).output, "The lamp is at 0 percent.\n");
			assert.equal((await example("lamp-client", simulator.udp, "70")).output, "The lamp is at 70 percent.\n");
			await simulator.next("log", ({ line }) => line === "lamp: 70 %");
			const refused = await example("lamp-client", simulator.udp, "170");
			assert.equal(refused.output, "The lamp refuses (error 2): the level is 0 to 100 percent, not 170.\n");
			assert.equal(refused.status, 1);
			assert.equal((await example("lamp-client", simulator.udp)).output, "The lamp is at 70 percent.\n");
		}));

	describe("thermostat and thermostat-client", () => {
		const session = async (machine: Machine, runtime: string): Promise<void> => {
			const simulator = await Simulator.start(["--images", "1"], freshDirectory(), machine);
			const address = machine === "sim" ? simulator.udp : simulator.serial;
			const source = readFileSync(join(root, "examples/thermostat/thermostat.ts"), "utf8");
			try {
				const before = await example("thermostat-client", address);
				assert.equal(before.output, "The device refuses: there is no such command.\n");
				assert.equal(before.status, 1);
				const client = new SmpClient(machine === "sim" ? udpLink(address) : serialLink(address));
				const image = application(source, "1.1.0", runtime);
				await upgrade(client, image, { confirm: true }).finally(() => client.close());
				const set = await example("thermostat-client", address, "23");
				assert.equal(set.output, "The target is 23 degrees, and the room has 19.\n");
				const refused = await example("thermostat-client", address, "99");
				assert.equal(refused.output, "The device refuses: a target is 5 to 30 degrees.\n");
			} finally {
				await simulator.stop();
			}
		};
		it("on the simulator", () => session("sim", "sim:smp-svr"));
		describeWith("arm-none-eabi-gcc", "as firmware", () => {
			describeWith("qemu-system-arm", "in QEMU", () => {
				it("on the Cortex-M55", () => session("mps3", "mps3:smp-svr"));
			});
		});
	});

	it("sign-image", () =>
		withDevice([], async (simulator) => {
			const raw = join(simulator.directory, "firmware.raw");
			const signed = join(simulator.directory, "firmware.bin");
			writeFileSync(raw, new Uint8Array(5000).fill(7));
			const { status, output } = await example("sign-image", raw, "2.1.0", KEY, signed);
			assert.match(output, /MCUboot image, version 2\.1\.0\n(?:.*\n)* {2}signature .*: good\n$/);
			assert.equal(status, 0);
			// The boot loader agrees.
			assert.match((await example("upgrade", signed, simulator.udp)).output, /Version 2\.1\.0 runs/);
			const wrong = await example("sign-image", raw, "2.1", raw, signed);
			assert.equal(wrong.output, "The key is not a PEM file.\n");
			assert.equal(wrong.status, 1);
		}));

	it("self-check", () =>
		withDevice(["--app", "./examples/self-check"], async (simulator) => {
			const client = new SmpClient(udpLink(simulator.udp));
			try {
				const { confirmed } = await upgrade(client, update("3.0.0", 9000).file);
				assert.equal(confirmed, false);
				await simulator.next("log", ({ line }) => line === "<inf> self_check: the update stays");
				const [running] = await client.images();
				assert.deepEqual([running?.version, running?.confirmed], ["3.0.0", true]);
			} finally {
				client.close();
			}
		}));
});

describe("npm start -- --app FOLDER", () => {
	const start = (...args: string[]): Promise<Outcome> =>
		run(process.execPath, [join(root, "tools/start.mjs"), "sim", ...args]);

	let folders: string[];

	beforeEach(() => {
		// tsc compiles neither: one is elsewhere, the other in a folder of this repository that is not of the project.
		folders = [freshDirectory(), mkdtempSync(join(root, "build/app-"))];
	});
	afterEach(() => {
		for (const folder of folders) rmSync(folder, { recursive: true });
	});

	it("says what is missing in a folder without an application", async () => {
		const { status, output } = await start("--app", folders[0]!);
		assert.match(output, /has no application: an application\.ts that exports "application" is needed/);
		assert.equal(status, 1);
	});

	for (const [i, where] of ["elsewhere", "below the repository"].entries())
		it(`builds and runs an application ${where}`, async () => {
			const folder = join(folders[i]!, "greeter");
			mkdirSync(folder);
			writeFileSync(
				join(folder, "application.ts"),
				`import type { Application } from "xs-smp/modules/agent/application";
import { greeting } from "./greeting.js";
export const application: Application = (board) => {
	board.host.log(greeting);
	board.start();
};
`,
			);
			writeFileSync(join(folder, "greeting.ts"), `export const greeting: string = "hello from ${where}";\n`);
			const built = await run(process.execPath, [join(root, "tools/build.mjs"), `sim:${folder}`]);
			assert.equal(built.status, 0, built.output);
			const simulator = await Simulator.start(["--app", folder]);
			try {
				assert.ok(simulator.events.some(({ line }) => line === `hello from ${where}`));
			} finally {
				await simulator.stop();
			}
		});
});
