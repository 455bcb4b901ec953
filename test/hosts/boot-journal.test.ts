import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { command, number } from "../../client/command.js";
import {
	type BootEntry,
	boots,
	changeWords,
	checkWords,
	outcomeWords,
	startWords,
	whyTakenBack,
} from "../../client/group/boot-journal.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { upgrade } from "../../client/upgrade.js";
import { Op } from "../../modules/smp/header.js";
import { freshDirectory, type Machine, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { describeWith } from "../support/tools.js";

// What a device remembers of its boots, and what a client says of it.

/** What the application of that name does wrong: 0 throws, 1 does not return. */
const trouble = command(Op.WRITE, 71, 0, { request: { how: number } });
const TROUBLE = join(root, "test/hosts/trouble");

const linkOf = (machine: Machine): string => (machine === "sim" ? "udp" : "uart");

async function withDevice(
	machine: Machine,
	options: readonly string[],
	use: (client: SmpClient, simulator: Simulator) => Promise<void>,
): Promise<void> {
	const simulator = await Simulator.start(["--images", "1", ...options], freshDirectory(), machine);
	const client = new SmpClient(machine === "sim" ? udpLink(simulator.udp) : serialLink(simulator.serial));
	try {
		await use(client, simulator);
	} finally {
		client.close();
		await simulator.stop();
	}
}

/** The boots in lines, newest first. */
const lines = (entries: readonly BootEntry[]): string[] =>
	entries.map((entry, at) =>
		[
			`#${entry.number}`,
			startWords(entry.start),
			changeWords(entry),
			checkWords(entry),
			outcomeWords(entry, entries[at - 1]),
		]
			.filter((words) => words !== "")
			.join(" | ")
			.replace(/\d+ s\b/g, "N s"),
	);

function describeBoard(machine: Machine): void {
	const client = `a client over ${linkOf(machine)}`;

	it("remembers an update and who confirmed it", () =>
		withDevice(machine, [], async (device, simulator) => {
			await upgrade(device, update("0.0.1", 9_000).file, { confirm: true });
			await device.reset();
			await simulator.next("boot", ({ images }) => (images as { action: string }[])[0]!.action === "none");
			assert.deepEqual(lines(await boots(device)), [
				`#3 | reset by ${client} | 0.0.1`,
				`#2 | reset by ${client} | 0.0.1 installed on trial | confirmed after N s by ${client}`,
				"#1 | power on | 0.0.0",
			]);
			assert.deepEqual(
				(await boots(device, 1)).map(({ number }) => number),
				[3],
			);
		}));

	it("says why an update was taken back that no client had reached", () =>
		withDevice(machine, ["--app", "self-confirm", "--trial", "1"], async (device, simulator) => {
			const { file, hash } = update("0.0.1", 9_000);
			await device.upload(file);
			await device.test(hash);
			await device.reset();
			await simulator.next("boot", ({ images }) => (images as { action: string }[])[0]!.action === "revert");
			const why = await whyTakenBack(device, hash);
			assert.match(why ?? "", /^0\.0\.1 ran \d+ s on trial and was taken back: check client: no request within 1 s$/);
			assert.equal(await whyTakenBack(device, "00".repeat(32)), undefined);
			const [now, trial] = lines(await boots(device));
			assert.equal(now, "#3 | reset by the application | 0.0.0 is back");
			assert.match(
				trial!,
				/ \| passed timer, flash; failed client: no request within N s \| 0\.0\.1 ran N s on trial and was taken back: check /,
			);
		}));

	it("says why an update was taken back that crashed", () =>
		withDevice(machine, ["--app", TROUBLE], async (device, simulator) => {
			const { file, hash } = update("0.0.1", 9_000);
			await upgrade(device, file);
			await device.request(trouble, { how: 0 });
			await simulator.next("boot", ({ images }) => (images as { action: string }[])[0]!.action === "revert");
			const why = await whyTakenBack(device, hash);
			assert.match(why ?? "", /^0\.0\.1 ran \d+ s on trial and was taken back: crash: uncaught Error: made to fail/);
		}));

	it("says why an update was taken back that hung: the watchdog restarts the device", () =>
		withDevice(machine, ["--app", TROUBLE, "--watchdog", "2"], async (device, simulator) => {
			const { file, hash } = update("0.0.1", 9_000);
			await upgrade(device, file);
			await device.request(trouble, { how: 1 });
			const { reason } = await simulator.next("crash");
			assert.equal(reason, "watchdog: JavaScript did not return within 2 s");
			await simulator.next("boot", ({ images }) => (images as { action: string }[])[0]!.action === "revert");
			assert.match(
				(await whyTakenBack(device, hash)) ?? "",
				/^0\.0\.1 ran \d+ s on trial and was taken back: watchdog: JavaScript did not return within 2 s$/,
			);
		}));

	it("leaves a device alone that waits for longer than its watchdog", () =>
		withDevice(machine, ["--watchdog", "1"], async (device, simulator) => {
			await new Promise((resolve) => setTimeout(resolve, 4000));
			assert.equal(await device.echo("hello"), "hello");
			assert.equal(simulator.events.filter(({ event }) => event === "boot").length, 1);
		}));
}

describe("boot journal on the simulator", () => {
	describeBoard("sim");

	it("remembers a reset in the middle of which the power failed", () =>
		withDevice("sim", ["--power-cut", "30"], async (device, simulator) => {
			const { file, hash } = update("0.0.1", 9_000);
			await device.upload(file);
			await device.test(hash);
			await device.reset();
			await simulator.next("power-cut");
			await simulator.next("boot", ({ images }) => (images as { action: string }[])[0]!.action === "test");
			const [now] = await boots(device, 1);
			assert.equal(
				lines([now!])[0],
				`#2 | power on: in the middle of the reset by a client over udp | 0.0.1 installed on trial`,
			);
		}));

	it("is printed by xs-smp, by the device's shell, and from the flash file", () =>
		withDevice("sim", ["--app", "self-confirm", "--trial", "1"], async (device, simulator) => {
			const { file, hash } = update("0.0.1", 9_000);
			await device.upload(file);
			await device.test(hash);
			await device.reset();
			await simulator.next("boot", ({ images }) => (images as { action: string }[])[0]!.action === "revert");
			await simulator.pressReset();
			const run = (...words: string[]): string =>
				execFileSync(process.execPath, [join(root, "dist/cli/main.js"), ...words], { encoding: "utf8" });
			const text = run("history", "--udp", simulator.udp);
			assert.match(text, /^boot {2}started by +runs +checks +outcome\n#1 {4}power on +0\.0\.0\n/);
			const checked = "passed timer, flash; failed client: no request within 1 s";
			const back = "0.0.1 ran 1 s on trial and was taken back: check client: no request within 1 s";
			assert.match(text, new RegExp(`\n#2 .* 0\\.0\\.1 installed on trial +${checked} +${back}\n`));
			assert.match(text, /\n#4 {4}reset button +0\.0\.0\n$/);
			const [second, fourth] = run("history", "--udp", simulator.udp, "--json", "--last", "3")
				.trim()
				.split("\n")
				.map((line) => JSON.parse(line) as BootEntry)
				.filter(({ number }) => number !== 3);
			assert.deepEqual([second!.number, second!.verdict?.confirmed, fourth!.start.cause], [2, false, "pin"]);
			assert.deepEqual(
				second!.checks.map(({ passed, words }) => [passed, words]),
				[
					[true, "timer"],
					[true, "flash"],
					[false, "client: no request within 1 s"],
				],
			);
			assert.deepEqual(fourth!.checks, []);
			assert.equal(second!.images[0]!.hash as unknown, hash.slice(0, 16));
			const shell = run("shell", "history", "--udp", simulator.udp);
			assert.match(shell, /^#4 reset button \| 0\.0\.0\n#3 reset by the application \| 0\.0\.0 is back\n#2 /);
			assert.ok(shell.includes(` 0.0.1 installed on trial | ${checked} | ${back}\n`));
			const explained = run("explain", simulator.flash, "--images", "1");
			assert.ok(explained.includes(` 0.0.1 installed on trial; ${checked}; ${back}\n`));
			assert.match(explained, /\n {2}#3 reset by the application: 0\.0\.0 is back\n {2}#4 reset button: 0\.0\.0\n/);
		}));

	it("is not there without its area, which nobody misses", () =>
		withDevice("sim", ["--layout", join(root, "layouts/guide-bare.json")], async (device) => {
			await assert.rejects(boots(device), /no such command/);
			assert.equal(await device.echo("hello"), "hello");
		}));
});

describeWith("arm-none-eabi-gcc", "boot journal on a Cortex-M55", () => {
	describeWith("qemu-system-arm", "on the board mps3-an547", () => describeBoard("mps3"));
});
