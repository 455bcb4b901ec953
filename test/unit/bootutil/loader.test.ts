import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { BootResult, LoaderConfig, SwapEvent } from "../../../modules/bootutil/loader/config.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { loaderConfig, makeFlash, makeImage, SECTOR, type TestImage } from "./support.js";

const MODES: readonly UpgradeMode[] = ["swap-move", "swap-offset"];

/** A device with images in its slots, and a power supply that fails after `power` flash operations. */
class Device {
	readonly log: string[] = [];
	readonly events: SwapEvent[] = [];
	power = Number.POSITIVE_INFINITY;
	operations = 0;
	counter = 0;
	/** Images whose counter was locked since the last reset; undefined if this hardware has no lock. */
	locked: number[] | undefined = [];
	readonly #flash;
	readonly #config: LoaderConfig;
	readonly api: BootUtil;
	/** Where an update starts in a secondary slot. */
	readonly start: number;

	constructor(mode: UpgradeMode, change: Partial<LoaderConfig> = {}) {
		this.#config = loaderConfig({ mode, ...change });
		this.start = mode === "swap-offset" ? SECTOR : 0;
		this.#flash = makeFlash(this.#config.images, () => {
			if (this.operations >= this.power) throw new Error("no power");
			this.operations++;
		});
		this.api = new BootUtil(this.#flash.map, this.#config);
	}

	/** Puts an image into an area as an upload would. */
	put(area: number, image: TestImage): void {
		this.bytes(area).set(makeImage(image), area % 2 === 0 ? this.start : 0);
	}

	bytes(area: number): Uint8Array {
		return this.#flash.bytes(area);
	}

	boot(power = Number.POSITIVE_INFINITY): BootResult {
		this.operations = 0;
		this.power = power;
		const locked: number[] | undefined = this.locked && [];
		this.locked = locked;
		const result = new Loader(this.#flash.map, this.#config, {
			digest: nobleDigest,
			log: (line) => this.log.push(line),
			securityCounters: {
				get: () => this.counter,
				set: (_, value) => {
					this.counter = value;
				},
				...(locked && { lock: (image: number) => void locked.push(image) }),
			},
			report: (event) => this.events.push(event),
		}).boot();
		this.power = Number.POSITIVE_INFINITY;
		return result;
	}

	/** What a boot did, in short: versions and actions of the images, or "halted" or "nothing". */
	run(power?: number): string {
		const { ok, halted, images } = this.boot(power);
		if (!ok) return halted ? "halted" : "nothing";
		return images.map((image) => `${image.version} ${image.action}${image.resumed ? " resumed" : ""}`).join(", ");
	}
}

const OLD: TestImage = { version: [1, 0, 0, 0], length: 5000 };
const NEW: TestImage = { version: [2, 0, 0, 0], length: 9000 };

function device(mode: UpgradeMode, change: Partial<LoaderConfig> = {}, update = NEW): Device {
	const made = new Device(mode, change);
	made.put(1, OLD);
	made.put(2, update);
	return made;
}

for (const mode of MODES)
	describe(`boot loader, ${mode}`, () => {
		const lives: [string, string[], ((it: Device) => void)[]][] = [
			["without a request", ["1.0.0 none", "1.0.0 none"], [() => {}, () => {}]],
			[
				"test, not confirmed",
				["2.0.0 test", "1.0.0 revert", "1.0.0 none"],
				[(it) => it.api.boot_set_pending(false), () => {}, () => {}],
			],
			[
				"test, confirmed",
				["2.0.0 test", "2.0.0 none"],
				[(it) => it.api.boot_set_pending(false), (it) => it.api.boot_set_confirmed()],
			],
			["permanent", ["2.0.0 permanent", "2.0.0 none"], [(it) => it.api.boot_set_pending(true), () => {}]],
		];
		for (const [what, expected, steps] of lives)
			it(what, () => {
				const it = device(mode);
				for (const [i, step] of steps.entries()) {
					step(it);
					assert.equal(it.run(), expected[i]);
				}
			});

		it("resumes a test swap and its revert, cut after any operation", () => {
			const whole = device(mode);
			whole.api.boot_set_pending(false);
			whole.boot();
			const forward = whole.operations;
			whole.boot();
			const back = whole.operations;
			for (let cut = 1; cut < forward; cut += 3) {
				const it = device(mode);
				it.api.boot_set_pending(false);
				assert.equal(it.run(cut), "halted");
				assert.match(it.run(), /^2\.0\.0 test/, `cut after ${cut} operations`);
				assert.equal(it.run(), "1.0.0 revert");
			}
			for (let cut = 1; cut < back; cut += 3) {
				const it = device(mode);
				it.api.boot_set_pending(false);
				it.boot();
				it.boot(cut);
				assert.match(it.run(), /^1\.0\.0/, `cut after ${cut} operations`);
				assert.equal(it.run(), "1.0.0 none");
			}
		});

		it("reports the progress of a swap, and what is left of a resumed one", () => {
			const it = device(mode);
			it.api.boot_set_pending(true);
			it.boot();
			const { length } = it.events;
			assert.deepStrictEqual(it.events[0], {
				event: "start",
				image: 0,
				type: SwapType.PERM,
				resumed: false,
				done: 0,
				total: length - 2,
			});
			const end = it.events[length - 1];
			assert.deepStrictEqual([end?.event, end?.done], ["end", length - 2]);

			const cut = device(mode);
			cut.api.boot_set_pending(true);
			cut.boot(20);
			const done = cut.events[cut.events.length - 1]?.done;
			cut.events.length = 0;
			cut.boot();
			assert.deepStrictEqual([cut.events[0]?.resumed, cut.events[0]?.done], [true, done]);
		});

		const refused: [string, RegExp, (it: Device) => void][] = [
			["a flipped bit", /wrong hash/, (it) => (it.bytes(2)[it.start + 100]! ^= 1)],
			["a size past its slot", /larger than its slot/, (it) => it.bytes(2).set([0, 0, 0, 0xf0], it.start + 12)],
		];
		for (const [what, why, damage] of refused)
			it(`refuses an update with ${what}, erases it and says why`, () => {
				const it = device(mode);
				damage(it);
				it.api.boot_set_pending(false);
				assert.equal(it.run(), "1.0.0 none");
				assert.ok(it.bytes(2).every((byte) => byte === 0xff));
				assert.match(it.log.join("\n"), why);
			});

		it("refuses an update with an unprotected TLV that is not on the allow list", () => {
			const update = { ...NEW, tlvs: [{ type: 0xa0, value: [1] }] };
			const strict = device(mode, {}, update);
			strict.api.boot_set_pending(false);
			assert.equal(strict.run(), "1.0.0 none");
			const lax = device(mode, { tlvAllowList: false }, update);
			lax.api.boot_set_pending(false);
			assert.equal(lax.run(), "2.0.0 test");
		});

		it("takes only the trailer off an empty secondary slot", () => {
			const it = new Device(mode);
			it.put(1, OLD);
			it.api.boot_set_pending(false);
			assert.equal(it.run(), "1.0.0 none");
			assert.equal(it.operations, 1);
			assert.ok(it.bytes(2).every((byte) => byte === 0xff));
		});

		const nothing: [string, RegExp, (it: Device) => void][] = [
			["an empty primary slot", /primary slot: empty/, (it) => it.bytes(1).fill(0xff)],
			["a damaged one", /primary slot: wrong hash/, (it) => (it.bytes(1)[100] = 0x55)],
		];
		for (const [what, why, damage] of nothing)
			it(`boots nothing from ${what}, touches nothing and says why`, () => {
				const it = device(mode);
				damage(it);
				const result = it.boot();
				assert.deepStrictEqual([result.ok, result.halted, it.operations], [false, false, 0]);
				assert.match(String(result.reason), why);
			});

		it("fills an empty primary slot if it may, and confirms the image", () => {
			const it = device(mode, { bootstrap: true });
			it.bytes(1).fill(0xff);
			assert.equal(it.run(), "2.0.0 revert");
			assert.equal(it.run(), "2.0.0 none");
		});

		it("fills it for a test too, and takes back what nobody confirms, with nothing to bring back", () => {
			const fill = (): Device => {
				const it = device(mode, { bootstrap: true });
				it.bytes(1).fill(0xff);
				it.api.boot_set_pending(false);
				assert.equal(it.run(), "2.0.0 test");
				return it;
			};
			const confirmed = fill();
			confirmed.api.boot_set_confirmed();
			assert.equal(confirmed.run(), "2.0.0 none");
			// Both slots hold the image, so that move changes one for the other. By offset it waits in the second sector, and
			// what is in the first takes the place of the image that runs.
			const it = fill();
			assert.equal(it.run(), mode === "swap-move" ? "2.0.0 revert" : "nothing");
			assert.equal(it.run(), mode === "swap-move" ? "2.0.0 none" : "2.0.0 revert");
			assert.equal(it.run(), "2.0.0 none");
		});

		it("refuses an older version if it must, also by its security counter", () => {
			const old = { ...NEW, version: [0, 9, 0, 0] } as const;
			const byVersion = device(mode, { downgradePrevention: "version" }, old);
			byVersion.api.boot_set_pending(false);
			assert.equal(byVersion.run(), "1.0.0 none");
			assert.ok(byVersion.bytes(2).every((byte) => byte === 0xff));
			const count = (value: number) => [{ type: 0x50, value: [value, 0, 0, 0] }];
			const byCounter = new Device(mode, { downgradePrevention: "counter" });
			byCounter.put(1, { ...OLD, protectedTlvs: count(5) });
			byCounter.put(2, { ...NEW, protectedTlvs: count(4) });
			byCounter.api.boot_set_pending(false);
			assert.equal(byCounter.run(), "1.0.0 none");
		});

		it("raises the hardware counter when an image is confirmed, and refuses what is below", () => {
			const count = (value: number) => ({ protectedTlvs: [{ type: 0x50, value: [value, 0, 0, 0] }] });
			const it = new Device(mode, { hwRollback: true });
			it.put(1, { ...OLD, ...count(1) });
			it.put(2, { ...NEW, ...count(3) });
			it.api.boot_set_pending(false);
			assert.equal(it.run(), "2.0.0 test");
			assert.equal(it.counter, 0);
			it.api.boot_set_confirmed();
			assert.equal(it.run(), "2.0.0 none");
			assert.equal(it.counter, 3);
			it.bytes(2).fill(0xff);
			it.put(2, { ...NEW, version: [3, 0, 0, 0], ...count(2) });
			it.api.boot_set_pending(false);
			assert.equal(it.run(), "2.0.0 none");
		});

		it("locks the hardware counter of an image that stays, and only then", () => {
			const count = (value: number) => ({ protectedTlvs: [{ type: 0x50, value: [value, 0, 0, 0] }] });
			const it = new Device(mode, { hwRollback: true, hwRollbackLock: true });
			it.put(1, { ...OLD, ...count(1) });
			it.put(2, { ...NEW, ...count(3) });
			assert.equal(it.run(), "1.0.0 none");
			assert.deepEqual([it.counter, it.locked], [1, [0]]);
			it.api.boot_set_pending(false);
			assert.equal(it.run(), "2.0.0 test");
			assert.deepEqual([it.counter, it.locked], [1, []]);
			it.api.boot_set_confirmed();
			assert.equal(it.run(), "2.0.0 none");
			assert.deepEqual([it.counter, it.locked], [3, [0]]);
			it.locked = undefined;
			assert.equal(it.run(), "nothing");
			assert.match(it.log.at(-1)!, /security counter not locked: the hardware has no lock/);
		});

		it("swaps two images together, and neither while a dependency is not met", () => {
			const needs = (minor: number) => [{ type: 0x40, value: [1, 0, 0, 0, 2, minor, 0, 0, 0, 0, 0, 0] }];
			for (const [minor, expected] of [
				[0, "2.0.0 test, 2.0.0 test"],
				[1, "1.0.0 none, 1.0.0 none"],
			] as const) {
				const it = new Device(mode, { images: 2 });
				it.put(1, OLD);
				it.put(2, { ...NEW, protectedTlvs: needs(minor) });
				it.put(3, OLD);
				it.put(4, { ...NEW, length: 3000 });
				it.api.boot_set_pending_multi(0, false);
				it.api.boot_set_pending_multi(1, false);
				assert.equal(it.run(), expected);
			}
		});

		it("stops on a swap type that does not exist", () => {
			const it = device(mode);
			const trailer = it.api.trailer(it.api.map.area(1));
			trailer.writeSwapInfo(7, 0);
			trailer.writeMagic();
			assert.equal(it.run(), "halted");
		});

		it("says where image 0 starts", () => {
			const [image] = device(mode).boot().images;
			assert.deepStrictEqual(image, {
				image: 0,
				action: "none",
				resumed: false,
				slot: 0,
				version: "1.0.0",
				offset: 0x10000,
				headerSize: 32,
			});
		});
	});
