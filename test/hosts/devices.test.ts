import assert from "node:assert";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { freshDirectory, Simulator, type SimulatorEvent } from "../../tools/simulator.js";

const COUNT = 5;

const numbers = Array.from({ length: COUNT }, (_, i) => i + 1);

describe("simulator: --devices", () => {
	let directory: string;
	let simulator: Simulator;
	const file = (name: string): string => join(directory, name);

	/** An event of each device; those of other names between them are passed over. */
	async function each(name: string): Promise<Map<number, SimulatorEvent>> {
		const found = new Map<number, SimulatorEvent>();
		while (found.size < COUNT) {
			const event = await simulator.next(name);
			found.set(Number(event["device"]), event);
		}
		return found;
	}

	beforeEach(() => {
		directory = freshDirectory();
		simulator = Simulator.spawn(["--images", "1", "--devices", String(COUNT)], directory);
	});
	afterEach(() => simulator.stop());

	it("starts devices that know nothing of each other, and ends them together", async () => {
		const ready = await each("ready");
		assert.deepEqual([...ready.keys()].sort(), numbers);
		const clients = numbers.map((number) => new SmpClient(udpLink(String(ready.get(number)!["udp"]))));
		try {
			assert.deepEqual(await Promise.all(clients.map((client, i) => client.echo(String(i)))), [
				"0",
				"1",
				"2",
				"3",
				"4",
			]);
		} finally {
			for (const client of clients) client.close();
		}
		for (const number of numbers) {
			assert.equal(ready.get(number)!["serial"], file(`uart-${number}`));
			assert.ok(existsSync(file(`flash-${number}.bin`)) && existsSync(file(`uart-${number}`)));
		}
		simulator.process.stdin!.write("q\n");
		assert.equal(await simulator.exited, 0);
		assert.equal(simulator.errors, "");
		for (const number of numbers) assert.equal(existsSync(file(`uart-${number}`)), false);
	});

	it("presses the reset button of one, or of all", async () => {
		await each("ready");
		simulator.process.stdin!.write("r 3\n");
		const { device } = await simulator.next("reset");
		assert.equal(device, 3);
		simulator.process.stdin!.write("r\n");
		const resets = await each("reset");
		assert.equal(resets.size, COUNT);
	});

	it("says which device has lost its flash file, and ends them all", async () => {
		await each("ready");
		rmSync(file("flash-4.bin"));
		assert.equal(await simulator.exited, 1);
		assert.match(simulator.errors, /^Device 4: The flash file \S+flash-4\.bin was deleted [^\n]+\n$/);
	});

	it("says which device cannot start", async () => {
		await each("ready");
		const second = Simulator.spawn(["--images", "1", "--devices", "2"], directory);
		assert.equal(await second.exited, 2);
		assert.match(second.errors, /^Device [12]: Another simulator is running on the flash file [^\n]+\n$/);
	});
});

describe("simulator: --devices and other options", () => {
	const refusals: [readonly string[], RegExp][] = [
		[["--devices", "0"], /^--devices is a number from 1 to 1000/],
		[["--devices", "1001"], /^--devices is a number from 1 to 1000/],
		[["--devices", "2", "--hci", "9000"], /^--hci is for one device/],
		[["--devices", "2", "--udp", "65535"], /^--udp leaves no ports for 2 devices/],
		[["--devices", "3", "--tcp", "65534"], /^--tcp leaves no ports for 3 devices/],
	];
	for (const [options, sentence] of refusals)
		it(`refuses ${options.join(" ")}`, async () => {
			const refused = Simulator.spawn(options, freshDirectory());
			assert.equal(await refused.exited, 2);
			assert.match(refused.errors, sentence);
			assert.equal(refused.errors.trim().split("\n").length, 1);
		});
});
