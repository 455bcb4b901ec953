import assert from "node:assert";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { type ImageState, SmpClient, type SmpResponseError } from "../../client/client.js";
import { serialLink } from "../../client/node/serial.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";

// Serial recovery on the simulated device: every way in, and what our own client makes of it. Answers and flash are compared
// with MCUboot's in test/unit/bootutil, stock clients are in test/clients.

/** A device, and a client on its serial line. */
class Bench {
	readonly simulator: Simulator;
	readonly client: SmpClient;

	private constructor(simulator: Simulator, raw: boolean) {
		this.simulator = simulator;
		this.client = new SmpClient(serialLink(simulator.serial, 115200, { raw }), { timeout: 500, tries: 20 });
	}

	/** `recovers`: it begins in serial recovery; else with its application. */
	static async run(
		options: readonly string[],
		use: (bench: Bench) => Promise<void>,
		{ recovers = false, directory = freshDirectory() } = {},
	): Promise<void> {
		const start = recovers ? Simulator.startRecovery(options, directory) : Simulator.start(options, directory);
		const bench = new Bench(await start, options.includes("raw"));
		try {
			await use(bench);
		} finally {
			await bench.client.close();
			await bench.simulator.stop();
		}
	}

	/** Why the device goes into recovery; an error if it boots. */
	async recovers(): Promise<string> {
		return String((await this.simulator.next("recovery", () => true, "boot"))["by"]);
	}

	/** What the next boot did with each image: versions and actions. */
	async boots(): Promise<string[]> {
		const { images } = await this.simulator.next("boot", () => true, "recovery");
		return (images as { version: string; action: string }[]).map(({ version, action }) => `${version} ${action}`);
	}

	press(): void {
		this.simulator.process.stdin!.write("reset\n");
	}

	async list(): Promise<string[]> {
		return (await this.client.images()).map(flags);
	}
}

const flags = (image: ImageState): string =>
	[
		`${image.image}.${image.slot} ${image.version}`,
		...(["active", "confirmed", "pending", "permanent"] as const).filter((flag) => image[flag]),
	].join(" ");

const FACTORY = ["0.0 0.0.0 active confirmed", "1.0 0.0.0 active confirmed"];

/** A directory with a flash of the factory, changed. */
async function flashWith(
	change: (slot: (image: number, which: "primary" | "secondary") => Buffer) => void,
): Promise<string> {
	const { directory, flash } = await Simulator.start().then(async (device) => {
		await device.stop({ keep: true });
		return device;
	});
	const bytes = readFileSync(flash);
	change((image, which) => {
		const { offset, size } = guideLayout.areas.find(({ id }) => id === slotAreaId(image, which))!;
		return bytes.subarray(offset, offset + size);
	});
	writeFileSync(flash, bytes);
	return directory;
}

describe("serial recovery of the simulated device", () => {
	it("a pin that is held at a reset, or when the device starts", () =>
		Bench.run(
			["--recovery", "pin", "--hold-pin"],
			async (bench) => {
				assert.deepEqual(await bench.list(), FACTORY);
				bench.press();
				assert.deepEqual(await bench.boots(), ["0.0.0 none", "0.0.0 none"]);
				assert.equal((await bench.simulator.pressWithPin())["by"], "pin");
				assert.deepEqual(await bench.list(), FACTORY);
				await bench.client.reset();
				assert.deepEqual(await bench.boots(), ["0.0.0 none", "0.0.0 none"]);
			},
			{ recovers: true },
		));

	it("a boot mode, which a client sets and which counts once", () =>
		Bench.run(["--recovery", "boot-mode"], async (bench) => {
			await assert.rejects(bench.client.reset({ bootMode: 2 }), /the boot modes are 0 and 1/);
			await bench.client.reset({ bootMode: 1 });
			assert.equal(await bench.recovers(), "boot-mode");
			bench.press();
			assert.deepEqual(await bench.boots(), ["0.0.0 none", "0.0.0 none"]);
			// Neither is there a pin, nor is one looked for.
			bench.simulator.process.stdin!.write("pin\n");
			bench.press();
			await bench.boots();
			assert.match(bench.simulator.errors, /^There is no pin to hold: start the device with --recovery pin\.\n$/);
		}));

	it("a request while the boot loader listens", async () => {
		const { directory } = await Simulator.start(["--recovery", "wait", "--recovery-wait", "1"]).then(async (device) => {
			await device.stop({ keep: true });
			return device;
		});
		const device = Simulator.spawn(["--recovery", "wait", "--recovery-wait", "60000"], directory);
		// The line is there as soon as the boot loader is.
		while (!existsSync(device.serial)) await setTimeout(20);
		const client = new SmpClient(serialLink(device.serial), { timeout: 500, tries: 40 });
		assert.deepEqual((await client.images()).map(flags), FACTORY);
		assert.equal((await device.next("recovery"))["by"], "wait");
		await client.close();
		await device.stop();
	});

	for (const framing of ["console", "raw"])
		it(`two bad images, and a client that uploads others: ${framing} framing`, async () => {
			const directory = await flashWith((slot) => {
				slot(0, "primary")[0x400]! ^= 1;
				slot(1, "primary").fill(0xff);
			});
			await Bench.run(
				["--recovery", "no-image", "--uart", framing],
				async (bench) => {
					assert.deepEqual(await bench.list(), []);
					assert.deepEqual(await bench.client.parameters(), { bufferSize: 1024, bufferCount: 1 });
					assert.equal(await bench.client.echo("hello"), "hello");
					await assert.rejects(bench.client.erase(), (error: SmpResponseError) => error.code === 8);
					const [first, second] = [update("0.0.1", 12_001), update("0.0.2", 17_003)];
					await bench.client.upload(first.file);
					assert.deepEqual(await bench.list(), ["0.0 0.0.1 active confirmed"]);
					bench.press();
					// One image alone does not boot.
					assert.equal(await bench.recovers(), "no-image");
					await bench.client.upload(second.file, { image: 1 });
					await bench.client.reset();
					assert.deepEqual(await bench.boots(), ["0.0.1 none", "0.0.2 none"]);
				},
				{ recovers: true, directory },
			);
		});

	it("an image that nobody has signed does not boot, and the device stays in recovery", async () => {
		const directory = await flashWith((slot) => slot(0, "primary").fill(0xff));
		await Bench.run(
			["--recovery", "no-image"],
			async (bench) => {
				const { file } = update("0.0.1", 12_001);
				file[0x300]! ^= 1;
				await assert.rejects(bench.client.upload(file), /lists no such image in image 0/);
				bench.press();
				assert.equal(await bench.recovers(), "no-image");
			},
			{ recovers: true, directory },
		);
	});

	for (const mode of ["move", "offset"])
		it(`direct upload to a secondary slot, swap using ${mode}: marked there, it is swapped in`, () =>
			Bench.run(
				["--mode", mode, "--recovery", "pin", "--hold-pin", "--direct-upload"],
				async (bench) => {
					const next = update("0.0.1", 12_001);
					assert.deepEqual(
						(await bench.client.slots()).map(({ uploadImage }) => uploadImage),
						[1, 2, 3, 4],
					);
					await bench.client.upload(next.file, { image: 2 });
					assert.deepEqual(await bench.list(), [FACTORY[0], "0.1 0.0.1", FACTORY[1]]);
					const marked = (await bench.client.test(next.hash)).map(flags);
					assert.deepEqual(marked, ["0.0 0.0.0 confirmed", "0.1 0.0.1 pending", FACTORY[1]]);
					await bench.client.reset();
					assert.deepEqual(await bench.boots(), ["0.0.1 test", "0.0.0 none"]);
					bench.press();
					assert.deepEqual(await bench.boots(), ["0.0.0 revert", "0.0.0 none"]);
				},
				{ recovers: true },
			));
});

describe("bootstrap on the simulated device", () => {
	for (const mode of ["move", "offset", "overwrite"])
		it(`an empty primary slot is filled from the secondary, ${mode}`, () =>
			Bench.run(["--mode", mode, "--images", "1", "--bootstrap"], async (bench) => {
				await bench.client.upload(update("0.0.1", 12_001).file);
				const { directory, flash } = bench.simulator;
				await bench.simulator.stop({ keep: true });
				writeFileSync(flash, readFileSync(flash).fill(0xff, 0x14000, 0x14000 + 0x80000));
				await Bench.run(
					["--mode", mode, "--images", "1", "--bootstrap"],
					async (filled) => {
						assert.deepEqual(
							(await filled.list()).filter((line) => line.startsWith("0.0")),
							["0.0 0.0.1 active confirmed"],
						);
						filled.press();
						assert.deepEqual(await filled.boots(), ["0.0.1 none"]);
					},
					{ directory },
				);
			}));
});
