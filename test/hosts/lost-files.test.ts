import assert from "node:assert";
import { spawn, spawnSync } from "node:child_process";
import {
	copyFileSync,
	existsSync,
	mkdirSync,
	readFileSync,
	renameSync,
	rmSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { uploadFile } from "../../client/group/files.js";
import { udpLink } from "../../client/node/udp.js";
import { endsWithUs, freshDirectory, type Machine, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { describeWith } from "../support/tools.js";

// The file that counts is the one under the name. A device whose file is not there any more stops and says so.

describe("simulator: a file of the chip that is lost", () => {
	let directory = "";
	let simulator: Simulator | undefined;
	const flash = (): string => join(directory, "flash.bin");
	const start = async (options: readonly string[] = [], machine: Machine = "sim"): Promise<Simulator> => {
		simulator = await Simulator.start(["--images", "1", ...options], directory, machine);
		return simulator;
	};

	beforeEach(() => {
		directory = freshDirectory();
	});
	afterEach(async () => {
		await simulator?.stop();
		rmSync(directory, { recursive: true, force: true });
	});

	/** Waits for the end that a lost file has: an event, a sentence and exit code 1. */
	async function lost(device: Simulator, words: RegExp): Promise<void> {
		assert.equal(await device.exited, 1);
		assert.match(device.errors, words);
		assert.match(device.errors, /^The [^\n]+ while the device ran, which has stopped\.\n$/);
		const events = device.events.filter(({ event }) => event === "lost");
		assert.deepEqual([events.length, events[0]?.["reason"]], [1, device.errors.replace(/^The (.*)\.\n$/, "the $1")]);
		assert.equal(existsSync(device.serial), false, "the serial line is there no more");
	}

	const replace = (path: string): void => {
		copyFileSync(path, `${path}.new`);
		renameSync(`${path}.new`, path);
	};

	const suite = (machine: Machine) => (): void => {
		it("the flash file deleted", async () => {
			const device = await start([], machine);
			rmSync(flash());
			await lost(device, /^The flash file .*flash\.bin was deleted/);
			assert.equal(existsSync(flash()), false, "none is made");
		});

		it("the flash file replaced", async () => {
			const device = await start([], machine);
			replace(flash());
			const before = readFileSync(flash());
			await lost(device, /flash\.bin was replaced/);
			assert.deepEqual(readFileSync(flash()), before);
		});
	};
	describe("of the simulator", suite("sim"));
	describeWith("arm-none-eabi-gcc", "of the emulated board", () => {
		describeWith("qemu-system-arm", "mps3-an547", suite("mps3"));
	});

	it("the flash file moved away", async () => {
		const device = await start();
		renameSync(flash(), join(directory, "away.bin"));
		await lost(device, /flash\.bin was deleted/);
	});

	/** The system tells nobody that a link points elsewhere: the device sees it before it writes. */
	async function elsewhere(): Promise<Simulator> {
		await (await start()).stop({ keep: true });
		renameSync(flash(), join(directory, "one.bin"));
		copyFileSync(join(directory, "one.bin"), join(directory, "two.bin"));
		symlinkSync("one.bin", flash());
		const device = await start();
		symlinkSync("two.bin", join(directory, "link"));
		renameSync(join(directory, "link"), flash());
		return device;
	}

	it("seen by a write: an upload under way ends, and no byte goes to the wrong file", async () => {
		const device = await elsewhere();
		const files = () => ["one.bin", "two.bin"].map((name) => readFileSync(join(directory, name)));
		const before = files();
		const client = new SmpClient(udpLink(device.udp), { timeout: 200, tries: 2 });
		await assert.rejects(client.upload(update("2.0.0", 20_000).file));
		client.close();
		await lost(device, /flash\.bin was replaced/);
		assert.ok(files().every((bytes, i) => bytes.equals(before[i]!)));
	});

	it("seen by a reset", async () => {
		const device = await elsewhere();
		device.process.stdin!.write("r\n");
		await lost(device, /flash\.bin was replaced/);
	});

	it("the flash file cut short", async () => {
		const device = await start();
		truncateSync(flash(), 4096);
		device.process.stdin!.write("r\n");
		await lost(device, /flash\.bin was cut short/);
	});

	it("the OTP file deleted", async () => {
		const device = await start(["--downgrade-prevention", "hardware"]);
		rmSync(`${flash()}.otp`);
		await lost(device, /^The OTP file .*flash\.bin\.otp was deleted/);
	});

	// As after 128 devices: a user has no more watches of files. A namespace of one's own shows it with one device.
	const without = [
		"--user",
		"--map-root-user",
		"sh",
		"-c",
		'echo 0 > /proc/sys/user/max_inotify_instances && exec "$@"',
	];
	const title = "the flash file deleted, where the system has no watch left";
	if (spawnSync("unshare", [...without, "sh", "true"]).status !== 0)
		it.skip(`${title} (this machine has no user namespaces to show it in)`);
	else
		it(title, async () => {
			const command = [process.execPath, join(root, "dist/hosts/sim/cli.js"), "--images", "1", "--udp", "0", "--json"];
			const files = ["--flash", flash(), "--serial", join(directory, "uart")];
			const child = endsWithUs(
				spawn("unshare", [...without, "sh", ...command, ...files], { stdio: ["pipe", "pipe", "ignore"] }),
			);
			let output = "";
			for await (const data of child.stdout!) {
				output += data;
				if (output.includes('"event":"boot"')) rmSync(flash(), { force: true });
			}
			assert.match(output, /"event":"lost"/);
			assert.match(output, /"reason":"the flash file [^"]* was deleted/);
		});

	it("the same file with other contents is no other file", async () => {
		const device = await start();
		writeFileSync(flash(), readFileSync(flash()));
		await device.pressReset();
	});

	it("the directory of --files is the one under its name", async () => {
		const files = join(directory, "files");
		mkdirSync(files);
		const device = await start(["--files", files]);
		renameSync(files, join(directory, "away"));
		const client = new SmpClient(udpLink(device.udp));
		await assert.rejects(uploadFile(client, "/a", Buffer.from("one")), /No such file/);
		mkdirSync(files);
		await uploadFile(client, "/a", Buffer.from("two"));
		client.close();
		assert.equal(readFileSync(join(files, "a"), "utf8"), "two");
	});

	it("a link to nothing is refused, and nothing is made", async () => {
		symlinkSync("nothing.bin", flash());
		const device = Simulator.spawn([], directory);
		assert.equal(await device.exited, 2);
		assert.match(device.errors, /^The flash file .*flash\.bin is a link to nothing\.bin, which does not exist\.\n$/);
		assert.equal(existsSync(join(directory, "nothing.bin")), false);
	});
});
