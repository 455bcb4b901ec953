import assert from "node:assert";
import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { announce, runningDevices } from "../../cli/running.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { xsSmp } from "./command.js";

// Where the device is, if no option says it: in the environment, or else the simulated device that runs here.

describe("xs-smp: the default device", () => {
	const before = { ...process.env };
	let folder: string;
	beforeEach(() => {
		folder = freshDirectory();
		process.env["XDG_RUNTIME_DIR"] = folder;
		delete process.env["XS_SMP_DEVICE"];
	});
	afterEach(() => {
		process.env = { ...before };
		rmSync(folder, { recursive: true, force: true });
	});

	it("is the simulated device that runs, and none once it has ended", async () => {
		const simulator = await Simulator.start(["--images", "1"], folder);
		assert.match((await xsSmp("list")).output, /^image 0 slot 0 {2}0\.0\.0 /);
		await simulator.stop({ keep: true });
		const { status, errors } = await xsSmp("list");
		assert.equal(status, 2);
		assert.match(errors, /No simulated device runs here\.\n$/);
		assert.deepEqual(readdirSync(join(folder, "xs-smp")), []);
	});

	it("is not one that was killed", async () => {
		const simulator = await Simulator.start(["--images", "1"], folder);
		await simulator.kill();
		assert.equal(readdirSync(join(folder, "xs-smp")).length, 1);
		assert.match((await xsSmp("list")).errors, /No simulated device runs here\.\n$/);
		assert.deepEqual(readdirSync(join(folder, "xs-smp")), []);
	});

	it("is on the serial line where there is no network, with its framing", () => {
		const serial = join(folder, "uart");
		writeFileSync(serial, "");
		const retract = announce({ serial, raw: true });
		assert.deepEqual(runningDevices(), [{ pid: process.pid, serial, raw: true }]);
		retract();
		assert.deepEqual(runningDevices(), []);
	});

	it("is not to be guessed where several run", async () => {
		const serial = join(folder, "uart");
		writeFileSync(serial, "");
		const retract = announce({ serial, raw: false, udp: "127.0.0.1:9" });
		// Another process that runs.
		const other = spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
		const file = join(folder, "xs-smp", `${other.pid}.json`);
		writeFileSync(file, JSON.stringify({ pid: other.pid, serial, raw: false }));
		const { status, errors } = await xsSmp("list");
		assert.equal(status, 2);
		assert.match(errors, /^2 simulated devices run here; say which: --\w+ \S+ or --\w+ \S+\.\n$/);
		assert.ok(errors.includes("--udp 127.0.0.1:9") && errors.includes(`--serial ${serial}`));
		other.kill();
		retract();
	});

	it("is not read from a folder that others may write to, nor from what is no device", () => {
		const serial = join(folder, "uart");
		writeFileSync(serial, "");
		mkdirSync(join(folder, "xs-smp"), { mode: 0o700 });
		const file = join(folder, "xs-smp", `${process.pid}.json`);
		for (const text of ["", "null", '{"pid":"1"}']) {
			writeFileSync(file, text);
			assert.deepEqual(runningDevices(), []);
			assert.ok(!existsSync(file), text);
		}
		rmSync(join(folder, "xs-smp"), { recursive: true });
		mkdirSync(join(folder, "xs-smp"));
		writeFileSync(file, JSON.stringify({ pid: process.pid, serial }));
		assert.equal(runningDevices().length, 1);
		process.umask(0);
		rmSync(join(folder, "xs-smp"), { recursive: true });
		mkdirSync(join(folder, "xs-smp"), { mode: 0o777 });
		process.umask(0o022);
		writeFileSync(file, JSON.stringify({ pid: process.pid, serial }));
		assert.deepEqual(runningDevices(), []);
	});

	it("is named by XS_SMP_DEVICE, which an option overrides", async () => {
		process.env["XS_SMP_DEVICE"] = "serial:/nowhere/at/all";
		assert.match((await xsSmp("list")).errors, /^\/nowhere\/at\/all cannot be opened: it does not exist\.\n$/);
		assert.match((await xsSmp("list", "--serial", "/dev/null")).errors, /^\/dev\/null is no serial line\.\n$/);
		process.env["XS_SMP_DEVICE"] = "udp:nowhere";
		assert.match((await xsSmp("list")).errors, /^XS_SMP_DEVICE behind "udp:" is HOST:PORT, .*, not "nowhere"\.\n$/);
		assert.match((await xsSmp("list", "--baud", "9600")).errors, /^--baud goes with --serial\.\n$/);
		process.env["XS_SMP_DEVICE"] = "/dev/ttyACM0";
		assert.deepEqual(await xsSmp("list"), {
			status: 2,
			output: "",
			errors: 'XS_SMP_DEVICE is serial:PATH, udp:HOST:PORT or tcp:HOST:PORT, not "/dev/ttyACM0".\n',
		});
	});
});
