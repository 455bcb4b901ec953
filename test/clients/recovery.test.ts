import assert from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import { Simulator } from "../../tools/simulator.js";
import { openProgram, type Program } from "../support/console-script.js";
import { describeWith, plain } from "../support/tools.js";
import { type Driver, drivers, lines, newtmgr } from "./drivers.js";
import { update } from "./images.js";

// Real clients rescue a device that has nothing to boot, over the line on which they else update it.

const serial = [newtmgr, ...drivers.filter(({ over, tool }) => over !== "UDP" && !tool.includes(":"))];

/** A client and the device that it speaks to. */
class Session {
	readonly #driver: Driver;
	readonly #program: Program;
	simulator!: Simulator;

	constructor(driver: Driver) {
		this.#driver = driver;
		this.#program = openProgram(driver.program?.[0] ?? driver.tool);
	}

	async command(args: readonly string[]): Promise<string> {
		const { tool, program = [], connect } = this.#driver;
		const outcome = await this.#program.run([...program.slice(1), ...connect(this.simulator), ...args]);
		const output = plain(outcome.output.toString());
		assert.equal(outcome.status, 0, `${tool} ${args.join(" ")}\n${output}`);
		return output;
	}

	async list(): Promise<string[]> {
		return lines(this.#driver.readImages(await this.command(this.#driver.list)));
	}

	async upload(image: number, file: Uint8Array): Promise<void> {
		const path = join(this.simulator.directory, `image-${image}.bin`);
		writeFileSync(path, file);
		await this.command(this.#driver.upload(image, path));
	}

	reset(): Promise<string> {
		return this.command(this.#driver.reset);
	}

	async stop(): Promise<void> {
		await this.#program.stop();
		await this.simulator.stop();
	}
}

/** Changes a byte of the payload of both images of a flash file. */
function damage(flash: string): void {
	const bytes = readFileSync(flash);
	for (const image of [0, 1]) {
		const { offset } = guideLayout.areas.find(({ id }) => id === slotAreaId(image, "primary"))!;
		bytes[offset + 0x300]! ^= 0x40;
	}
	writeFileSync(flash, bytes);
}

const versions = (event: { readonly [key: string]: unknown }): string[] =>
	(event["images"] as { version: string }[]).map(({ version }) => version);

for (const driver of serial)
	describeWith(driver.tool, `serial recovery over ${driver.over}`, () => {
		const session = new Session(driver);
		const options = driver.options ?? [];

		before(async () => {
			const { directory, flash } = await Simulator.start(options).then(async (device) => {
				await device.stop({ keep: true });
				return device;
			});
			damage(flash);
			session.simulator = await Simulator.startRecovery(["--recovery", "no-image", ...options], directory);
		});
		after(() => session.stop());

		it("finds no image that can be booted", async () => assert.deepEqual(await session.list(), []));
		it("uploads both images", async () => {
			await session.upload(0, update("0.0.1", 12_000).file);
			await session.upload(1, update("0.0.2", 17_003).file);
			assert.deepEqual(await session.list(), ["0/0 0.0.1 active confirmed", "1/0 0.0.2 active confirmed"]);
		});
		it("resets, and the device boots them", async () => {
			await session.reset();
			assert.deepEqual(versions(await session.simulator.next("boot")), ["0.0.1", "0.0.2"]);
			assert.deepEqual(await session.list(), ["0/0 0.0.1 active confirmed", "1/0 0.0.2 active confirmed"]);
		});
	});

for (const driver of serial)
	describeWith(driver.tool, `a single slot that is loaded to RAM over ${driver.over}`, () => {
		const session = new Session(driver);

		before(async () => {
			const options = ["--mode", "single-slot-ram-load", "--recovery", "pin", ...(driver.options ?? [])];
			session.simulator = await Simulator.start(options);
		});
		after(() => session.stop());

		it("finds the image of the factory running", async () =>
			assert.deepEqual(await session.list(), ["0/0 0.0.0 active confirmed"]));
		it("replaces it in serial recovery", async () => {
			await session.simulator.pressWithPin();
			await session.upload(0, update("0.0.1", 12_000, undefined, { loadAddress: 0x20000000 }).file);
		});
		it("resets, and the device boots it", async () => {
			await session.reset();
			assert.deepEqual(versions(await session.simulator.next("boot")), ["0.0.1"]);
			assert.deepEqual(await session.list(), ["0/0 0.0.1 active confirmed"]);
		});
	});

for (const driver of serial)
	describeWith(driver.tool, `a firmware loader over ${driver.over}`, () => {
		const session = new Session(driver);

		before(async () => {
			session.simulator = await Simulator.start(["--mode", "firmware-loader", ...(driver.options ?? [])]);
		});
		after(() => session.stop());

		it("finds the application running", async () =>
			assert.deepEqual(await session.list(), ["0/0 0.0.0 active confirmed", "0/1 0.0.0"]));
		it("finds the firmware loader running once the pin was held", async () => {
			await session.simulator.pressWithPin("boot");
			assert.deepEqual(await session.list(), ["0/0 0.0.0", "0/1 0.0.0 active confirmed"]);
		});
		it("uploads another application", async () => {
			await session.upload(0, update("0.0.1", 12_000).file);
			assert.deepEqual(await session.list(), ["0/0 0.0.1", "0/1 0.0.0 active confirmed"]);
		});
		it("resets, and the device boots it", async () => {
			await session.reset();
			assert.deepEqual(versions(await session.simulator.next("boot")), ["0.0.1"]);
			assert.deepEqual(await session.list(), ["0/0 0.0.1 active confirmed", "0/1 0.0.0"]);
		});
	});
