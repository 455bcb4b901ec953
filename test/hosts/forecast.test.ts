import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { forecast, forecastWords } from "../../client/group/boot-journal.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { freshDirectory, type Machine, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { describeWith } from "../support/tools.js";

// What a device says of its next boot, against the boot loader itself.

const run = (...words: string[]): string =>
	execFileSync(process.execPath, [join(root, "dist/cli/main.js"), ...words], { encoding: "utf8" });

async function withDevice(
	machine: Machine,
	options: readonly string[],
	use: (client: SmpClient, simulator: Simulator) => Promise<void>,
): Promise<void> {
	const simulator = await Simulator.start(options, freshDirectory(), machine);
	const client = new SmpClient(machine === "sim" ? udpLink(simulator.udp) : serialLink(simulator.serial));
	try {
		await use(client, simulator);
	} finally {
		client.close();
		await simulator.stop();
	}
}

const words = async (client: SmpClient): Promise<string> =>
	forecastWords(await forecast(client), await client.images());

function describeBoard(machine: Machine): void {
	it("tells what the boot loader then does, with two images", () =>
		withDevice(machine, ["--images", "2"], async (client, simulator) => {
			const boot = async (): Promise<string> => {
				await simulator.pressReset();
				const [event] = simulator.events.filter(({ event }) => event === "boot").slice(-1);
				return (event!["images"] as { action: string }[]).map(({ action }) => action).join();
			};
			assert.strictEqual(await words(client), "the next start changes nothing");
			const { file, hash } = update("0.0.1", 9000);
			await client.upload(file, { image: 1 });
			await client.test(hash);
			assert.strictEqual(await words(client), "the next start installs image 1, version 0.0.1 on trial");
			assert.deepEqual((await forecast(client)).images[1], { image: 1, action: "test", stays: false, time: 0 });
			assert.strictEqual(await boot(), "none,test");
			assert.strictEqual(await words(client), "the next start brings image 1, version 0.0.0 back");
			assert.strictEqual(await boot(), "none,revert");
			assert.strictEqual(await words(client), "the next start changes nothing");
		}));
}

describe("forecast of the simulator", () => {
	describeBoard("sim");

	for (const mode of ["move", "offset", "overwrite"])
		it(`estimates the time as long as the boot loader's own rehearsal: ${mode}`, () =>
			withDevice("sim", ["--images", "1", "--mode", mode, "--flash-timing", "w25q32jv"], async (client, simulator) => {
				const { file, hash } = update("0.0.1", 60_000);
				await client.upload(file);
				await client.test(hash);
				const { time } = await forecast(client);
				const explained = run("explain", simulator.flash, "--images", "1", "--mode", mode, "--json");
				const { seconds } = (JSON.parse(explained) as { next: { seconds: number } }).next;
				assert.ok(time! > 700 * seconds && time! < 1300 * seconds, `${time} ms for ${seconds} s`);
			}));

	it("is printed by xs-smp, and before a reset, which then waits", () =>
		withDevice("sim", ["--images", "1", "--flash-timing", "mx25r6435f"], async (client, simulator) => {
			const device = ["--udp", simulator.udp];
			assert.strictEqual(run("forecast", ...device), "The next start changes nothing.\n");
			assert.strictEqual(run("reset", ...device), "The device restarts.\n");
			await simulator.next("boot");
			const { file, hash } = update("0.0.1", 60_000);
			await client.upload(file);
			await client.test(hash);
			const sentence = String.raw`The next start installs version 0\.0\.1 on trial; the flash takes about \d+ s for that\.\n`;
			assert.match(run("forecast", ...device), new RegExp(`^${sentence}$`));
			const { images, time } = JSON.parse(run("forecast", "--json", ...device)) as Awaited<ReturnType<typeof forecast>>;
			assert.deepEqual([images[0]!.action, images[0]!.time], ["test", time]);
			const said = run("reset", ...device);
			assert.match(said, new RegExp(`^${sentence}The device restarts\\.\nIt is back after [\\d.]+ s\\.\n$`));
			assert.match(run("list", ...device), /slot 0 {2}0\.0\.1/);
			const { reset, forecast: plan } = JSON.parse(run("reset", "--json", ...device)) as Record<string, unknown>;
			assert.deepEqual([reset, (plan as { images: { action: string }[] }).images[0]!.action], [true, "revert"]);
		}));

	it("is there without a boot journal", () =>
		withDevice("sim", ["--layout", join(root, "layouts/guide-bare.json")], async (client) => {
			assert.strictEqual(await words(client), "the next start changes nothing");
		}));
});

describeWith("arm-none-eabi-gcc", "forecast of a Cortex-M55", () => {
	describeWith("qemu-system-arm", "in QEMU", () => describeBoard("mps3"));
});
