import assert from "node:assert";
import { readFileSync } from "node:fs";
import { type ImageState, SmpClient, SmpResponseError } from "../../client/client.js";
import { boots } from "../../client/group/boot-journal.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { upgrade } from "../../client/upgrade.js";
import type { ImageOptions } from "../../image/create.js";
import { Simulator } from "../../tools/simulator.js";
import { type Update, update } from "../clients/images.js";

// Every upgrade method, as a client sees it. The methods' own rules are tested in test/unit/bootutil.

const KEY = "keys/development-ec-p256.pem";
const RAM = 0x20000000;

/** A simulated device and a client. */
class Bench {
	readonly simulator: Simulator;
	readonly client: SmpClient;

	private constructor(simulator: Simulator) {
		this.simulator = simulator;
		this.client = new SmpClient(udpLink(simulator.udp));
	}

	static async run(mode: string, use: (bench: Bench) => Promise<void>, ...options: string[]): Promise<void> {
		const bench = new Bench(await Simulator.start(["--mode", mode, "--images", "1", ...options]));
		try {
			await use(bench);
		} finally {
			bench.client.close();
			await bench.simulator.stop();
		}
	}

	/** What the boot after a reset did: version, action, and whether the image is on trial. */
	async reset(): Promise<string> {
		return bootOf(await this.simulator.pressReset());
	}

	/** Version and flags of each image that is there, in order of the slots. */
	async list(): Promise<string[]> {
		return (await this.client.images()).map(flags);
	}

	async upload(image: Update): Promise<void> {
		await this.client.upload(image.file);
	}

	async install(image: Update, permanent = false): Promise<string[]> {
		await this.upload(image);
		return (await (permanent ? this.client.confirm(image.hash) : this.client.test(image.hash))).map(flags);
	}

	get log(): string {
		return this.simulator.events.map(({ event, line }) => (event === "log" ? String(line) : "")).join("\n");
	}
}

function bootOf({ images }: { readonly [key: string]: unknown }): string {
	const [image] = images as { version: string; action: string; resumed: boolean; confirmed: boolean }[];
	const { version, action, resumed, confirmed } = image!;
	return `${version} ${action}${resumed ? " resumed" : ""}${confirmed ? "" : ", on trial"}`;
}

const flags = (image: ImageState): string =>
	[
		`${image.slot}: ${image.version}`,
		...(["active", "confirmed", "pending", "permanent"] as const).filter((flag) => image[flag]),
	].join(" ");

const make = (version: string, size: number, options: Partial<ImageOptions> = {}): Update =>
	update(version, size, KEY, options);

const forRam = (version: string, size: number): Update => make(version, size, { loadAddress: RAM });

/** The client is told that there is no such command. */
const notSupported = (error: unknown): boolean => error instanceof SmpResponseError && error.code === 8;

describe("upgrade methods", () => {
	const numbers = {
		"single-slot": 0,
		scratch: 1,
		overwrite: 2,
		move: 3,
		"direct-xip": 4,
		"direct-xip-revert": 5,
		"ram-load": 6,
		"ram-load-revert": 6,
		"single-slot-ram-load": 8,
		offset: 9,
	};
	for (const [mode, number] of Object.entries(numbers))
		it(`${mode} boots the factory image, and tells its number`, () =>
			Bench.run(mode, async (bench) => {
				assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed"]);
				assert.equal((await bench.client.bootloaderMode()).mode, number);
				assert.equal(await bench.reset(), "0.0.0 none");
			}));

	it("firmware-loader boots the application of the factory, and tells its number", () =>
		Bench.run("firmware-loader", async (bench) => {
			assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed", "1: 0.0.0"]);
			assert.equal((await bench.client.bootloaderMode()).mode, 7);
			assert.equal(await bench.reset(), "0.0.0 none");
		}));

	it("firmware-loader: the application takes no update, the firmware loader takes one without a mark", () =>
		Bench.run("firmware-loader", async (bench) => {
			const next = make("1.0.0", 60_000);
			const uploads = async () => (await bench.client.slots()).map(({ uploadImage }) => uploadImage);
			assert.deepEqual(await uploads(), [undefined, undefined]);
			await assert.rejects(bench.upload(next), /firmware loader takes updates.*reset with boot mode 1/);
			await assert.rejects(bench.client.erase(), (error: SmpResponseError) => error.group === 1 && error.code === 9);
			await bench.client.reset({ bootMode: 1 });
			await bench.simulator.next("boot");
			assert.deepEqual(await bench.list(), ["0: 0.0.0", "1: 0.0.0 active confirmed"]);
			assert.deepEqual(await uploads(), [0, undefined]);
			await assert.rejects(bench.client.test(next.hash), notSupported);
			const { version } = await upgrade(bench.client, next.file);
			assert.equal(version, "1.0.0");
			assert.deepEqual(await bench.list(), ["0: 1.0.0 active confirmed", "1: 0.0.0"]);
			assert.deepEqual(
				(await boots(bench.client)).map(({ images }) => images[0]!.change),
				["permanent", "none", "first"],
			);
		}));

	it("firmware-loader: starts the firmware loader where the application is gone, until there is one", () =>
		Bench.run("firmware-loader", async (bench) => {
			await bench.simulator.pressWithPin("boot");
			await bench.client.erase();
			assert.equal(await bench.reset(), "0.0.0 none");
			assert.deepEqual(await bench.list(), ["1: 0.0.0 active confirmed"]);
			await bench.upload(make("1.0.0", 9_000));
			assert.equal(await bench.reset(), "1.0.0 none");
			assert.deepEqual(await bench.list(), ["0: 1.0.0 active confirmed", "1: 0.0.0"]);
		}));

	it("firmware-loader: has the entrances that the command line names", async () => {
		await Bench.run(
			"firmware-loader",
			async (bench) => {
				await assert.rejects(bench.client.reset({ bootMode: 1 }), /no boot mode but 0/);
				await bench.simulator.pressWithPin("boot");
				await bench.client.erase();
				bench.simulator.process.stdin!.write("reset\n");
				assert.match(String((await bench.simulator.next("halt"))["reason"]), /neither an application/);
			},
			...["--recovery", "pin"],
		);
	});

	for (const mode of ["single-slot", "single-slot-ram-load"]) {
		const inRam = mode === "single-slot-ram-load";
		it(`${mode}: an image is replaced by serial recovery alone`, () =>
			Bench.run(
				mode,
				async (bench) => {
					const next = inRam ? forRam("1.0.0", 60_000) : make("1.0.0", 60_000);
					await assert.rejects(bench.upload(next), /the only slot is in use.*serial recovery takes updates/);
					await assert.rejects(bench.client.test(next.hash), notSupported);
					await assert.rejects(bench.client.erase(), /there is no slot 1/);
					assert.equal((await bench.client.slots()).length, 1);
					await bench.client.reset({ bootMode: 1 });
					await bench.simulator.next("recovery");
					await using recovery = new SmpClient(serialLink(bench.simulator.serial));
					assert.deepEqual(await recovery.slots(), [
						{ image: 0, slot: 0, size: 0x80000, uploadImage: inRam ? undefined : 0, maxImageSize: 524_240 },
					]);
					await assert.rejects(recovery.test(next.hash), notSupported);
					await recovery.upload(next.file);
					await recovery.reset();
					assert.equal(bootOf(await bench.simulator.next("boot")), "1.0.0 none");
					assert.deepEqual(await bench.list(), ["0: 1.0.0 active confirmed"]);
				},
				...["--recovery", "boot-mode"],
			));
	}

	it("single-slot-ram-load: what cannot be loaded does not start, and stays", () =>
		Bench.run(
			"single-slot-ram-load",
			async (bench) => {
				await bench.simulator.pressWithPin();
				await using recovery = new SmpClient(serialLink(bench.simulator.serial));
				for (const [image, why] of [
					[make("2.0.0", 9_000), /application: image is not made to be loaded to RAM/],
					[make("2.0.0", 9_000, { loadAddress: RAM - 4 }), /application: \d+ bytes at 0x1ffffffc are outside the RAM/],
				] as const) {
					await recovery.upload(image.file);
					await recovery.reset();
					await bench.simulator.next("recovery");
					assert.match(bench.log, why);
					assert.deepEqual(
						(await recovery.images()).map(({ version }) => version),
						["2.0.0"],
					);
				}
			},
			...["--recovery", "pin", "--recovery", "no-image"],
		));

	it("scratch: test, revert, test, confirm, and a way back", () =>
		Bench.run("scratch", async (bench) => {
			const next = make("1.0.0", 60_000);
			assert.deepEqual(await bench.install(next), ["0: 0.0.0 active confirmed", "1: 1.0.0 pending"]);
			assert.equal(await bench.reset(), "1.0.0 test, on trial");
			assert.deepEqual(await bench.list(), ["0: 1.0.0 active", "1: 0.0.0 confirmed"]);
			assert.equal(await bench.reset(), "0.0.0 revert");
			await bench.client.test(next.hash);
			assert.equal(await bench.reset(), "1.0.0 test, on trial");
			assert.deepEqual((await bench.client.confirm()).map(flags), ["0: 1.0.0 active confirmed", "1: 0.0.0"]);
			assert.equal(await bench.reset(), "1.0.0 none");
		}));

	it("scratch: an image that shares the trailer's sector", () =>
		Bench.run("scratch", async (bench) => {
			// 128 sectors: 1536 bytes of status and 48 of fields; without signature and header that much is left.
			const next = make("1.0.0", 0x80000 - 1584 - 0x200 - 200);
			await bench.install(next);
			assert.equal(await bench.reset(), "1.0.0 test, on trial");
			assert.equal(await bench.reset(), "0.0.0 revert");
		}));

	it("scratch: goes on after a power cut", () =>
		Bench.run(
			"scratch",
			async (bench) => {
				await bench.install(make("1.0.0", 60_000));
				bench.simulator.process.stdin!.write("reset\n");
				await bench.simulator.next("power-cut");
				assert.equal(bootOf(await bench.simulator.next("boot")), "1.0.0 test resumed, on trial");
				assert.equal(await bench.reset(), "0.0.0 revert");
			},
			"--power-cut",
			"100",
		));

	it("overwrite: a test is for good, and the update is gone from its slot", () =>
		Bench.run("overwrite", async (bench) => {
			assert.deepEqual(await bench.install(make("1.0.0", 60_000)), ["0: 0.0.0 active confirmed", "1: 1.0.0 pending"]);
			assert.equal(await bench.reset(), "1.0.0 test");
			assert.deepEqual(await bench.list(), ["0: 1.0.0 active confirmed"]);
			assert.equal(await bench.reset(), "1.0.0 none");
		}));

	it("overwrite: copies again after a power cut", () =>
		Bench.run(
			"overwrite",
			async (bench) => {
				await bench.install(make("1.0.0", 60_000));
				bench.simulator.process.stdin!.write("reset\n");
				await bench.simulator.next("power-cut");
				assert.equal(bootOf(await bench.simulator.next("boot")), "1.0.0 test");
			},
			"--power-cut",
			"40",
		));

	it("direct-xip: what is newer runs from where it is, and cannot be marked", () =>
		Bench.run("direct-xip", async (bench) => {
			const next = make("1.0.0", 60_000, { romFixed: 0x94000 });
			await bench.upload(next);
			assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed", "1: 1.0.0 pending permanent"]);
			await assert.rejects(bench.client.test(next.hash), notSupported);
			await assert.rejects(bench.client.confirm(), notSupported);
			assert.equal(await bench.reset(), "1.0.0 none");
			assert.deepEqual(await bench.list(), ["0: 0.0.0", "1: 1.0.0 active confirmed"]);
			// The next goes to the other slot; an older one stays there unused.
			await bench.upload(make("0.9.0", 9_000));
			assert.deepEqual(await bench.list(), ["0: 0.9.0", "1: 1.0.0 active confirmed"]);
			assert.equal(await bench.reset(), "1.0.0 none");
			await bench.upload(make("2.0.0", 9_000));
			assert.equal(await bench.reset(), "2.0.0 none");
			assert.deepEqual(await bench.list(), ["0: 2.0.0 active confirmed", "1: 1.0.0"]);
			assert.deepEqual(
				(await bench.client.slots()).map(({ uploadImage }) => uploadImage),
				[undefined, 0],
			);
		}));

	for (const mode of ["direct-xip", "direct-xip-revert"])
		for (const guards of ["on", "off"])
			it(`${mode}, guards ${guards}: an image for the other slot is refused at its first packet, one for this slot runs`, () =>
				Bench.run(
					mode,
					async (bench) => {
						const upload = bench.upload(make("1.0.0", 9_000, { romFixed: 0x14000 }));
						await assert.rejects(upload, (error: SmpResponseError) => error.group === 1 && error.code === 25);
						assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed"]);
						const right = make("1.0.0", 9_000, { romFixed: 0x94000 });
						await (mode === "direct-xip" ? bench.upload(right) : bench.install(right));
						assert.match(await bench.reset(), /^1\.0\.0 /);
					},
					...["--guards", guards],
				));

	it("direct-xip-revert: an image that is not newer is not marked, as the boot loader would pass it over", () =>
		Bench.run("direct-xip-revert", async (bench) => {
			const old = make("0.0.0", 9_000);
			await bench.upload(old);
			// The primary slot goes first, and of two equal versions the first slot's image runs.
			await assert.rejects(bench.client.test(old.hash), /runs the newest image, and this one is not newer/);
			assert.equal(await bench.reset(), "0.0.0 none");
		}));

	it("direct-xip-revert: a trial that is not confirmed is erased", () =>
		Bench.run("direct-xip-revert", async (bench) => {
			const next = make("1.0.0", 60_000);
			assert.deepEqual(await bench.install(next), ["0: 0.0.0 active confirmed", "1: 1.0.0 pending"]);
			assert.equal(await bench.reset(), "1.0.0 test, on trial");
			assert.deepEqual(await bench.list(), ["0: 0.0.0 confirmed", "1: 1.0.0 active"]);
			assert.equal(await bench.reset(), "0.0.0 revert");
			assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed"]);
		}));

	it("direct-xip-revert: a trial that is confirmed stays", () =>
		Bench.run("direct-xip-revert", async (bench) => {
			await bench.install(make("1.0.0", 60_000));
			assert.equal(await bench.reset(), "1.0.0 test, on trial");
			assert.deepEqual((await bench.client.confirm()).map(flags), ["0: 0.0.0", "1: 1.0.0 active confirmed"]);
			assert.equal(await bench.reset(), "1.0.0 none");
			// From the second slot to the first.
			await bench.install(make("2.0.0", 9_000), true);
			assert.deepEqual(await bench.list(), ["0: 2.0.0 pending permanent", "1: 1.0.0 active confirmed"]);
			assert.equal(await bench.reset(), "2.0.0 none");
		}));

	it("direct-xip-revert: an image that brings its trailer needs no mark", () =>
		Bench.run("direct-xip-revert", async (bench) => {
			await bench.upload(make("1.0.0", 9_000, { slotSize: 0x80000, pad: "confirm" }));
			assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed", "1: 1.0.0 pending permanent"]);
			assert.equal(await bench.reset(), "1.0.0 permanent");
		}));

	it("direct-xip-revert: confirms itself", () =>
		Bench.run(
			"direct-xip-revert",
			async (bench) => {
				await bench.install(make("1.0.0", 9_000));
				assert.equal(await bench.reset(), "1.0.0 test");
				assert.equal(await bench.reset(), "1.0.0 none");
			},
			"--confirm",
			"self",
		));

	it("ram-load: what is newer is loaded, and what cannot be is refused", () =>
		Bench.run("ram-load", async (bench) => {
			await bench.upload(forRam("1.0.0", 60_000));
			assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed", "1: 1.0.0 pending permanent"]);
			assert.equal(await bench.reset(), "1.0.0 none");
			await assert.rejects(bench.upload(make("2.0.0", 9_000)), /image is not made to be loaded to RAM/);
			assert.deepEqual(await bench.list(), ["0: 0.0.0", "1: 1.0.0 active confirmed"]);
		}));

	it("ram-load-revert: a trial that is not confirmed is erased, one that is confirmed stays", () =>
		Bench.run("ram-load-revert", async (bench) => {
			const next = make("1.0.0", 60_000, { loadAddress: RAM });
			assert.deepEqual(await bench.install(next), ["0: 0.0.0 active confirmed", "1: 1.0.0 pending"]);
			assert.equal(await bench.reset(), "1.0.0 test, on trial");
			assert.equal(await bench.reset(), "0.0.0 revert");
			assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed"]);
			await bench.install(next);
			assert.equal(await bench.reset(), "1.0.0 test, on trial");
			assert.deepEqual((await bench.client.confirm()).map(flags), ["0: 0.0.0", "1: 1.0.0 active confirmed"]);
			assert.equal(await bench.reset(), "1.0.0 none");
			// An image that cannot be loaded is not even marked.
			await assert.rejects(bench.install(make("2.0.0", 9_000)), /not made to be loaded to RAM/);
		}));

	it("ram-load, guards off: what cannot be loaded is not pending, and erased", () =>
		Bench.run(
			"ram-load",
			async (bench) => {
				await bench.upload(make("2.0.0", 9_000));
				assert.deepEqual(await bench.list(), ["0: 0.0.0 active confirmed", "1: 2.0.0"]);
				assert.equal(await bench.reset(), "0.0.0 none");
				assert.match(bench.log, /secondary slot: refused and erased: image is not made to be loaded to RAM/);
			},
			...["--guards", "off"],
		));

	for (const mode of ["direct-xip", "direct-xip-revert", "ram-load", "overwrite"])
		it(`${mode}: the chip's counter keeps out what is below it`, () =>
			Bench.run(
				mode,
				async (bench) => {
					const counted = (version: string, size: number, securityCounter: number) =>
						make(version, size, { securityCounter, ...(mode === "ram-load" && { loadAddress: RAM }) });
					const put = (image: Update) =>
						mode === "overwrite" || mode === "direct-xip-revert" ? bench.install(image) : bench.upload(image);
					await put(counted("1.0.0", 20_000, 3));
					await bench.reset();
					if (mode === "direct-xip-revert") await bench.client.confirm();
					assert.equal(await bench.reset(), "1.0.0 none");
					assert.equal(readFileSync(`${bench.simulator.flash}.otp`)[0], 0xf8);
					await put(counted("2.0.0", 21_000, 2));
					assert.equal(await bench.reset(), "1.0.0 none");
					assert.match(bench.log, /refused and erased: security counter 2 is below the stored 3/);
				},
				// The application would refuse it first.
				...["--downgrade-prevention", "hardware", "--guards", "off"],
			));

	it("overwrite: an older version is kept out", () =>
		Bench.run(
			"overwrite",
			async (bench) => {
				await bench.install(make("1.0.0", 20_000));
				assert.equal(await bench.reset(), "1.0.0 test");
				await bench.install(make("0.9.0", 21_000));
				assert.equal(await bench.reset(), "1.0.0 none");
				assert.match(bench.log, /version 0\.9\.0 is older than 1\.0\.0/);
			},
			...["--downgrade-prevention", "version", "--guards", "off"],
		));

	for (const [mode, prevention] of [
		["direct-xip", "version"],
		["ram-load", "version"],
		["direct-xip-revert", "counter"],
		["overwrite", "counter"],
	] as const)
		it(`${mode} has no downgrade prevention by ${prevention}, and says so`, async () => {
			const simulator = Simulator.spawn(["--mode", mode, "--downgrade-prevention", prevention]);
			try {
				assert.equal(await simulator.exited, 2);
				assert.equal(simulator.errors, `There is no --downgrade-prevention ${prevention} with --mode ${mode}.\n`);
			} finally {
				await simulator.stop();
			}
		});

	it("two images: scratch and direct-xip", async () => {
		for (const mode of ["scratch", "direct-xip"]) {
			const simulator = await Simulator.start(["--mode", mode, "--images", "2"]);
			const client = new SmpClient(udpLink(simulator.udp));
			try {
				for (const image of [0, 1]) {
					const { file, hash } = make("1.0.0", 20_000 + image);
					await client.upload(file, { image });
					if (mode === "scratch") await client.test(hash);
				}
				const { images } = await simulator.pressReset();
				assert.deepEqual(
					(images as { version: string }[]).map(({ version }) => version),
					["1.0.0", "1.0.0"],
				);
				const active = (await client.images()).filter((image) => image.active).map(({ slot }) => slot);
				assert.deepEqual(active, mode === "scratch" ? [0, 0] : [1, 1]);
			} finally {
				client.close();
				await simulator.stop();
			}
		}
	});
});
