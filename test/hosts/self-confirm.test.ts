import assert from "node:assert";
import { SmpClient } from "../../client/client.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { freshDirectory, type Machine, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { describeWith } from "../support/tools.js";

// The application that confirms its update itself, or goes back.

function describeBoard(machine: Machine): void {
	/** A device with an update on trial, right after the boot that installed it. */
	async function onTrial(trial: string) {
		const options = ["--images", "1", "--app", "self-confirm", "--trial", trial];
		const simulator = await Simulator.start(options, freshDirectory(), machine);
		const client = new SmpClient(machine === "sim" ? udpLink(simulator.udp) : serialLink(simulator.serial));
		const { file, hash } = update("0.0.1", 9_000);
		await client.upload(file);
		await client.test(hash);
		await client.reset();
		const boot = await simulator.next("boot");
		assert.deepEqual(boot["images"], [
			{ image: 0, version: "0.0.1", action: "test", resumed: false, confirmed: false },
		]);
		return { simulator, client };
	}
	const log = (simulator: Simulator, line: RegExp) =>
		simulator.next("log", (event) => line.test(String(event["line"])));
	const running = async (client: SmpClient) => {
		const active = (await client.images()).find((image) => image.active)!;
		return `${active.version} ${active.confirmed ? "confirmed" : "on trial"}`;
	};

	it("confirms an update that a client reaches", async () => {
		const { simulator, client } = await onTrial("3600");
		assert.strictEqual(await client.echo("hello"), "hello");
		await log(simulator, /confirm: image 0 is confirmed/);
		assert.strictEqual(await running(client), "0.0.1 confirmed");
		await simulator.pressReset();
		assert.strictEqual(await running(client), "0.0.1 confirmed");
		client.close();
		await simulator.stop();
	});

	it("goes back when no client comes", async () => {
		const { simulator, client } = await onTrial("1");
		await log(simulator, /confirm: check client: no request within 1 s; reset, to go back/);
		assert.strictEqual((await simulator.next("reset"))["by"], "application");
		const boot = await simulator.next("boot");
		assert.deepEqual(boot["images"], [
			{ image: 0, version: "0.0.0", action: "revert", resumed: false, confirmed: true },
		]);
		assert.strictEqual(await running(client), "0.0.0 confirmed");
		client.close();
		await simulator.stop();
	});

	it("does not take a request for a reset as a sign of life", async () => {
		const { simulator, client } = await onTrial("3600");
		await client.reset();
		const boot = await simulator.next("boot");
		assert.strictEqual((boot["images"] as { action: string }[])[0]!.action, "revert");
		client.close();
		await simulator.stop();
	});
}

describe("self-confirm on the simulator", () => {
	describeBoard("sim");

	for (const [what, options, sentence] of [
		[
			"--trial where there is no trial",
			["--app", "flash-conformance", "--trial", "5"],
			"--trial is not for --app flash-conformance.",
		],
		["--confirm with it", ["--app", "self-confirm", "--confirm", "self"], "--confirm is not for --app self-confirm."],
	] as const)
		it(`refuses ${what}`, async () => {
			const directory = freshDirectory();
			const simulator = Simulator.spawn(options, directory);
			assert.strictEqual(await simulator.exited, 2);
			assert.strictEqual(simulator.errors.trim(), sentence);
			await simulator.stop();
		});
});

describeWith("arm-none-eabi-gcc", "self-confirm on a Cortex-M55", () => {
	describeWith("qemu-system-arm", "on the board mps3-an547", () => describeBoard("mps3"));
});
