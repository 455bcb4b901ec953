import assert from "node:assert";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { lstatSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { SmpClient } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { generateKey } from "../../image/keys.js";
import { Op } from "../../modules/smp/header.js";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { commandLine, outcome, publicHalf } from "./command-line.js";

/** Process ids of the processes below `pid`. */
const descendants = (pid: number): number[] => {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
	return children.flatMap((child) => [child, ...descendants(child)]);
};

const alive = (pid: number): boolean => {
	try {
		return !/\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
	} catch {
		return false;
	}
};

/** Waits until it is so; mocha would wait for ever, so a failure shows as the test that hangs. */
async function until(condition: () => boolean): Promise<void> {
	while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function withClient<T>(simulator: Simulator, use: (client: SmpClient) => Promise<T>): Promise<T> {
	const client = new SmpClient(udpLink(simulator.udp));
	try {
		return await use(client);
	} finally {
		client.close();
	}
}

/** Uploads an update of image 0 and marks it for a trial. */
const install = (simulator: Simulator, version: string, size: number): Promise<unknown> =>
	withClient(simulator, async (client) => {
		const { file, hash } = update(version, size);
		await client.upload(file);
		await client.test(hash);
	});

describe("simulator", () => {
	let simulator: Simulator;
	const start = async (...options: string[]): Promise<Simulator> => {
		simulator = await Simulator.start(options);
		return simulator;
	};
	afterEach(() => simulator.stop());

	it("says first of all that it is ready, and where", async () => {
		await start();
		assert.deepEqual(simulator.events[0], { event: "ready", serial: simulator.serial, udp: simulator.udp });
		assert.match(simulator.udp, /^127\.0\.0\.1:\d+$/);
		assert.match(readlinkSync(simulator.serial), /^\/dev\/pts\/\d+$/);
		assert.deepEqual(
			simulator.events.find(({ event }) => event === "boot"),
			{
				event: "boot",
				images: [0, 1].map((image) => ({
					image,
					version: "0.0.0",
					action: "none",
					resumed: false,
					confirmed: true,
				})),
			},
		);
	});

	it("listens on IPv6", async () => {
		await start("--udp", "[::1]:0");
		assert.match(simulator.udp, /^\[::1\]:\d+$/);
		assert.equal(await withClient(simulator, (client) => client.echo("six")), "six");
	});

	it("keeps the serial line open through a reset", async () => {
		await start();
		const client = new SmpClient(serialLink(simulator.serial));
		assert.equal(await client.echo("before"), "before");
		await client.reset();
		assert.deepEqual(await simulator.next("reset"), { event: "reset", by: "application" });
		await simulator.next("boot");
		assert.equal(await client.echo("after"), "after");
		client.close();
	});

	it("paces the serial line", async () => {
		await start("--baud", "1000000");
		const client = new SmpClient(serialLink(simulator.serial));
		const text = "x".repeat(700);
		assert.equal(await client.echo(text), text);
		client.close();
	});

	it("waits for its flash as a data sheet says, and serves others after each sector", async () => {
		await start("--images", "1", "--flash-timing", "w25q32jv");
		const client = new SmpClient(udpLink(simulator.udp));
		const other = new SmpClient(serialLink(simulator.serial));
		const { file } = update("0.0.1", 10 * 4096);
		await client.upload(file);
		const order: string[] = [];
		const began = performance.now();
		await Promise.all([
			client.erase().then(() => order.push("erased")),
			other.echo("meanwhile").then((text) => order.push(text)),
		]);
		// At least: the chip erases no faster, however busy this machine is.
		assert.ok(performance.now() - began >= 11 * 45);
		assert.deepEqual(order, ["meanwhile", "erased"]);
		client.close();
		other.close();
	});

	it("has a reset button", async () => {
		await start();
		simulator.process.stdin!.write("r\n");
		assert.deepEqual(await simulator.next("reset"), { event: "reset", by: "button" });
		await simulator.next("boot");
		assert.equal(await withClient(simulator, (client) => client.echo("up")), "up");
	});

	it("does not mind the end of standard input, and ends by q", async () => {
		await start();
		simulator.process.stdin!.end();
		assert.equal(await withClient(simulator, (client) => client.echo("up")), "up");
		await simulator.stop();
		await start();
		simulator.process.stdin!.write("q\n");
		assert.equal(await simulator.exited, 0);
	});

	it("starts by itself from the file of --save", async () => {
		const directory = freshDirectory();
		const saved = join(directory, "device");
		const first = await Simulator.start(["--images", "1", "--save", saved], directory);
		const update1 = update("0.0.1", 4096);
		await withClient(first, (client) => client.upload(update1.file));
		await first.stop({ keep: true });
		const program = join(root, "build/xs-smp-sim-smp-svr");
		const alone = spawn(program, [saved], { stdio: ["ignore", "pipe", "inherit"] });
		const lines = createInterface({ input: alone.stdout })[Symbol.asyncIterator]();
		const next = async () => JSON.parse((await lines.next()).value as string) as Record<string, unknown>;
		const opened = await next();
		assert.equal(opened["event"], "open");
		const client = new SmpClient(udpLink(String(opened["udp"])));
		assert.ok((await client.images()).some(({ version }) => version === "0.0.1"));
		client.close();
		alone.kill("SIGTERM");
		await once(alone, "close");
		rmSync(first.flash);
		const gone = spawn(program, [saved], { stdio: ["ignore", "pipe", "inherit"] });
		const [text] = (await once(gone.stdout, "data")) as [Buffer];
		assert.match(String(text), /"refused".*is missing: npm start makes one/);
		assert.deepEqual(await once(gone, "close"), [2, null]);
		writeFileSync(saved, "mine\n");
		const other = spawn(program, [saved], { stdio: ["ignore", "pipe", "inherit"] });
		assert.match(String((await once(other.stdout, "data"))[0]), /is no file of --save/);
		await once(other, "close");
		const refused = Simulator.spawn(["--save", saved], directory);
		assert.equal(await refused.exited, 2);
		assert.match(refused.errors, /would replace a file that --save has not written/);
		assert.equal(readFileSync(saved, "utf8"), "mine\n");
		rmSync(directory, { recursive: true });
	});

	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
		it(`ends by ${signal} and takes its link away`, async () => {
			await start();
			const processes = descendants(simulator.process.pid!);
			simulator.process.kill(signal);
			assert.equal(await simulator.exited, 0);
			assert.equal(lstatSync(simulator.serial, { throwIfNoEntry: false }), undefined);
			assert.deepEqual(processes.filter(alive), []);
		});

	for (const victim of ["command line", "supervisor"] as const)
		it(`is gone as a whole when its ${victim} is killed, and comes back`, async () => {
			await start();
			const before = readFileSync(simulator.flash);
			const pid = simulator.process.pid!;
			const processes = descendants(pid);
			assert.equal(processes.length, 2);
			process.kill(victim === "supervisor" ? processes[0]! : pid, "SIGKILL");
			await simulator.exited;
			await until(() => !processes.some(alive));
			assert.deepEqual(readFileSync(simulator.flash), before);
			simulator = await Simulator.start([], simulator.directory);
			assert.equal(await withClient(simulator, (client) => client.echo("back")), "back");
		});

	it("reports a crash and boots again", async () => {
		await start();
		const [, device] = descendants(simulator.process.pid!);
		process.kill(device!, "SIGSEGV");
		const crash = await simulator.next("crash");
		assert.match(String(crash["reason"]), /signal 11/);
		await simulator.next("boot");
		assert.equal(await withClient(simulator, (client) => client.echo("up")), "up");
	});

	it("swaps, survives a power cut on the way, and reports both", async () => {
		await start("--images", "1", "--power-cut", "30");
		await install(simulator, "0.0.1", 20_000);
		await withClient(simulator, (client) => client.reset());
		assert.deepEqual(await simulator.next("power-cut"), { event: "power-cut", operation: 30 });
		assert.deepEqual(await simulator.next("swap", ({ phase }) => phase === "end"), {
			event: "swap",
			phase: "end",
			image: 0,
			type: "test",
		});
		const boot = await simulator.next("boot");
		assert.deepEqual(boot["images"], [{ image: 0, version: "0.0.1", action: "test", resumed: true, confirmed: false }]);
		const reverted = await simulator.pressReset();
		assert.deepEqual(reverted["images"], [
			{ image: 0, version: "0.0.0", action: "revert", resumed: false, confirmed: true },
		]);
	});

	it("hashes uploads of any length", async () => {
		await start();
		await withClient(simulator, async (client) => {
			for (let size = 0; size <= 64; size++) {
				const { file } = update("0.0.1", size);
				const sha = createHash("sha256").update(file).digest();
				const answer = await client.request(anyCommand(Op.WRITE, 1, 1), {
					image: 0,
					len: file.length,
					off: 0,
					sha,
					data: file,
				});
				assert.deepEqual([size, answer["off"], answer["match"]], [size, file.length, true]);
			}
		});
	});

	it("confirms itself if that is wanted", async () => {
		await start("--images", "1", "--confirm", "self");
		await install(simulator, "0.0.1", 20_000);
		await withClient(simulator, (client) => client.reset());
		await simulator.next("boot");
		const [image] = await withClient(simulator, (client) => client.images());
		assert.deepEqual([image?.version, image?.confirmed], ["0.0.1", true]);
	});

	it("stays down without a bootable image until it is reset with one", async () => {
		await start("--images", "1");
		await simulator.stop({ keep: true });
		const good = readFileSync(simulator.flash);
		const bad = Uint8Array.from(good);
		bad[0x14000 + 0x300]! ^= 1;
		writeFileSync(simulator.flash, bad);
		simulator = Simulator.spawn(["--images", "1"], simulator.directory);
		const halt = await simulator.next("halt");
		assert.match(String(halt["reason"]), /image 0/);
		writeFileSync(simulator.flash, good);
		await simulator.pressReset();
	});

	it("makes its link again at a reset, if somebody has removed it", async () => {
		await start();
		const target = readlinkSync(simulator.serial);
		rmSync(simulator.serial);
		await simulator.pressReset();
		assert.equal(readlinkSync(simulator.serial), target);
	});

	it("takes the place of a stale link", async () => {
		const directory = freshDirectory();
		symlinkSync("/dev/pts/99999", join(directory, "uart"));
		simulator = await Simulator.start([], directory);
		assert.notEqual(readlinkSync(simulator.serial), "/dev/pts/99999");
	});

	it("trusts the development key as well where no private key is given", async () => {
		const directory = freshDirectory();
		const key = join(directory, "public.pem");
		writeFileSync(key, publicHalf(generateKey("ecdsa-p256")));
		simulator = await Simulator.start(["--key", key, "--images", "1"], directory);
	});

	for (const options of [
		["--trailer", "2.2", "--mode", "offset"],
		["--layout", join(root, "layouts/rtl8721f-evb.json")],
	])
		it(`updates and reverts with ${options[0]}`, async () => {
			await start(...options);
			await install(simulator, "0.0.1", 20_000);
			const versions = (event: { readonly [key: string]: unknown }): string[] =>
				(event["images"] as { version: string }[]).map(({ version }) => version);
			assert.deepEqual(versions(await simulator.pressReset()), ["0.0.1", "0.0.0"]);
			assert.deepEqual(versions(await simulator.pressReset()), ["0.0.0", "0.0.0"]);
		});

	it("trusts the given key alone, and signs the factory images with it", async () => {
		const directory = freshDirectory();
		const key = join(directory, "own.pem");
		writeFileSync(key, generateKey("ed25519"));
		simulator = await Simulator.start(["--key", key, "--images", "1"], directory);
		await install(simulator, "0.0.1", 20_000);
		const boot = await simulator.pressReset();
		assert.deepEqual(boot["images"], [{ image: 0, version: "0.0.0", action: "none", resumed: false, confirmed: true }]);
	});
});

describe("simulator: command line", () => {
	it("explains itself", async () => {
		const help = await outcome(["--help"], freshDirectory());
		assert.equal(help.status, 0);
		const text = help.output.replace(/\s+/g, " ");
		for (const option of [
			"flash",
			"serial",
			"udp",
			"images",
			"mode",
			"layout",
			"key",
			"confirm",
			"guards",
			"trailer",
			"baud",
			"json",
		])
			assert.ok(text.includes(` --${option} `), `--${option} is missing`);
	});

	it("counts the erases of each sector for as long as there is this flash file", async () => {
		const directory = freshDirectory();
		const wear = join(directory, "flash.bin.wear");
		/** Erases in all. */
		const erases = (): number => {
			const file = readFileSync(wear);
			let sum = 0;
			for (let at = 16; at < file.length; at += 8) sum += file.readUInt32LE(at);
			return sum;
		};
		const first = await Simulator.start(["--images", "1"], directory);
		const fresh = erases();
		await install(first, "0.0.1", 20_000);
		await first.pressReset();
		const worn = erases();
		assert.ok(worn > fresh + 7, `${fresh}, then ${worn}`);
		await first.stop({ keep: true });
		const again = await Simulator.start(["--images", "1"], directory);
		assert.ok(erases() >= worn);
		await again.stop({ keep: true });
		rmSync(join(directory, "flash.bin"));
		const other = await Simulator.start(["--images", "1"], directory);
		assert.ok(erases() <= fresh);
		await other.stop();
	});

	it("refuses a wear file that is none", () => {
		const directory = freshDirectory();
		symlinkSync("/dev/null", join(directory, "flash.bin.wear"));
		writeFileSync(join(directory, "flash.bin"), new Uint8Array(0x400000).fill(0xff));
		const refused = Simulator.spawn([], directory);
		return refused.exited.then((code) => {
			assert.equal(code, 2);
			assert.match(refused.errors, /^The wear file .*flash\.bin\.wear is not a regular file\.\n$/);
		});
	});

	it("keeps the recordings of 8 boots that changed the flash, and none if it is told so", async () => {
		const device = await Simulator.start(["--images", "1"]);
		const boots = join(device.directory, "flash.bin.boots");
		assert.deepEqual(readdirSync(boots), []);
		// Each boot after a request swaps, or swaps back.
		for (let n = 0; n < 5; n++) {
			await install(device, `0.0.${n + 1}`, 20_000 + 100 * n);
			await device.pressReset();
			await device.pressReset();
		}
		const numbers = readdirSync(boots).map(Number);
		assert.deepEqual(
			numbers.sort((a, b) => a - b),
			[3, 4, 5, 6, 7, 8, 9, 10],
		);
		await device.stop({ keep: true });
		assert.ok(!readdirSync(device.directory).includes("flash.bin.boots"));
		const silent = await Simulator.start(["--images", "1", "--record", "off"], device.directory);
		assert.ok(!readdirSync(device.directory).includes("flash.bin.boots"));
		await silent.stop();
	});

	it("makes its default files", async () => {
		const directory = freshDirectory();
		const child = spawn(process.execPath, [commandLine, "--udp", "0", "--json"], { cwd: directory, stdio: "pipe" });
		const [line] = (await once(createInterface({ input: child.stdout }), "line")) as [string];
		assert.equal(JSON.parse(line).serial, join(directory, ".sim/uart"));
		assert.deepEqual(readdirSync(join(directory, ".sim")), ["flash.bin", "flash.bin.boots", "flash.bin.wear", "uart"]);
		child.kill();
		await once(child, "close");
		rmSync(directory, { recursive: true });
	});
});
