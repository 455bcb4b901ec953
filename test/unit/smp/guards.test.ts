import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { LoaderConfig } from "../../../modules/bootutil/loader/config.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { BootFlag, SwapType } from "../../../modules/bootutil/trailer.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { imageGroup } from "../../../modules/smp/group/image/image.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { loaderConfig, makeFlash, makeImage, SLOT, type TestImage } from "../bootutil/support.js";
import { answer, request } from "./support.js";

/** Small, so that every cut of a swap can be tried. */
const SECTOR = 1024;

const VERSION_1: TestImage = { version: [1, 0, 0, 0], length: 1200 };
const VERSION_2: TestImage = { version: [2, 0, 0, 0], length: 2200 };
const VERSION_3: TestImage = { version: [3, 0, 0, 0], length: 1700 };
const DONE = { rc: undefined, rsn: undefined };

/** The SHA-256 that names an image. */
function hashOf(image: TestImage): Uint8Array {
	const hasher = nobleDigest.sha256();
	hasher.update(makeImage(image).subarray(0, 32 + image.length));
	return hasher.digest();
}

/** A device as a client sees it, with the real boot loader. Version 1 runs. */
class Bench {
	readonly log: string[] = [];
	readonly api: BootUtil;
	/** Protocol version of the client: 1, or 0, whose errors are all plain numbers. */
	version = 1;
	readonly #config: LoaderConfig;
	readonly #flash;
	readonly #guards: boolean;
	#power = Number.POSITIVE_INFINITY;
	#server!: SmpServer;

	constructor(mode: UpgradeMode, guards: boolean, running = VERSION_1, change: Partial<LoaderConfig> = {}) {
		this.#config = loaderConfig({ mode, ...change });
		this.#guards = guards;
		const operation = (): void => {
			if (this.#power-- <= 0) throw new Error("no power");
		};
		this.#flash = makeFlash(1, operation, { sectorSize: SECTOR });
		this.api = new BootUtil(this.#flash.map, this.#config);
		this.bytes(1).set(makeImage(running));
		this.#start();
	}

	bytes(area: number): Uint8Array {
		return this.#flash.bytes(area);
	}

	upload(image: TestImage) {
		const file = makeImage(image);
		let last = this.#write(1, { off: 0, len: file.length, data: file.subarray(0, 1024) });
		while (last.off !== undefined && last.off < file.length)
			last = this.#write(1, { off: last.off, data: file.subarray(last.off, last.off + 1024) });
		return { rc: last.rc, rsn: last.rsn };
	}

	mark(image: TestImage, confirm = false) {
		const { rc, rsn } = this.#write(0, { hash: hashOf(image), confirm });
		return { rc, rsn };
	}

	erase() {
		const { rc, rsn } = this.#write(5, { slot: 1 });
		return { rc, rsn };
	}

	/** Boots; the power fails after `power` operations. Says what runs then, in short. */
	boot(power = Number.POSITIVE_INFINITY): string {
		this.#power = power;
		const securityCounters = { get: () => 0, set: () => {} };
		const services = { digest: nobleDigest, log: () => {}, securityCounters };
		const { ok, images } = new Loader(this.#flash.map, this.#config, services).boot();
		this.#power = Number.POSITIVE_INFINITY;
		this.#start();
		return ok ? `${images[0]!.version} ${images[0]!.action}` : "nothing";
	}

	/** A reset loses what the server holds in memory. */
	#start(): void {
		const log = (line: string) => this.log.push(line);
		const group = imageGroup({ boot: this.api, digest: nobleDigest, guards: this.#guards, log });
		this.#server = new SmpServer({ groups: [group], bufferSize: 2048, verbose: true });
	}

	#write(command: number, map: Parameters<typeof request>[2]) {
		return answer(this.#server, request(1, command, map, this.version));
	}
}

/** Runs `act` with guards and asserts that it is refused with words that fit, and logged, and that nothing was written. */
function isRefused(bench: Bench, words: RegExp, act: (bench: Bench) => ReturnType<Bench["mark"]>): void {
	const before = [bench.bytes(1).slice(), bench.bytes(2).slice()];
	const { rc, rsn } = act(bench);
	assert.equal(rc, 6);
	assert.match(String(rsn), words);
	assert.equal(bench.log.at(-1), `refused: ${rsn}`);
	assert.deepStrictEqual([bench.bytes(1), bench.bytes(2)], before);
}

describe("image guards", () => {
	describe("an image that fits one sector, over another, by offset", () => {
		const SMALL_1: TestImage = { version: [1, 0, 0, 0], length: 300 };
		const SMALL_2: TestImage = { version: [2, 0, 0, 0], length: 500 };

		/** Cuts of the swap after which the device never starts again. */
		function fatalCuts(guards: boolean, running: TestImage, update: TestImage): number[] {
			const fatal: number[] = [];
			for (let cut = 0; ; cut++) {
				const bench = new Bench("swap-offset", guards, running);
				assert.deepStrictEqual(bench.upload(update), DONE);
				assert.deepStrictEqual(bench.mark(update), DONE);
				if (bench.boot(cut) === "2.0.0 test") return fatal;
				const lives = [bench.boot(), bench.boot(), bench.boot()];
				if (lives.every((life) => life === "nothing")) fatal.push(cut);
			}
		}

		it("without guards: a power cut at the wrong moment is the end", () => {
			assert.ok(fatalCuts(false, SMALL_1, SMALL_2).length > 0);
		});

		it("is not uploaded, and not marked if it is there", () => {
			isRefused(new Bench("swap-offset", true, SMALL_1), /one sector of 1024 bytes.*longer/, (it) =>
				it.upload(SMALL_2),
			);
			const bench = new Bench("swap-offset", true, SMALL_1);
			bench.bytes(2).set(makeImage(SMALL_2), SECTOR);
			for (const confirm of [false, true]) isRefused(bench, /never start again/, (it) => it.mark(SMALL_2, confirm));
		});

		it("passes where either is longer, and by move, and survives every cut", () => {
			assert.deepStrictEqual(fatalCuts(true, VERSION_1, SMALL_2), []);
			assert.deepStrictEqual(fatalCuts(true, SMALL_1, VERSION_2), []);
			const bench = new Bench("swap-move", true, SMALL_1);
			assert.deepStrictEqual([bench.upload(SMALL_2), bench.mark(SMALL_2), bench.boot()], [DONE, DONE, "2.0.0 test"]);
		});
	});

	describe("an image behind the old one in the first sector, by offset", () => {
		function bench(guards: boolean): Bench {
			const made = new Bench("swap-offset", guards);
			made.bytes(2).set(makeImage({ version: [0, 9, 0, 0], length: 300 }));
			made.bytes(2).set(makeImage(VERSION_2), SECTOR);
			return made;
		}

		it("without guards: marked, it is erased instead of installed", () => {
			const it = bench(false);
			assert.deepStrictEqual(it.mark(VERSION_2), DONE);
			assert.equal(it.boot(), "1.0.0 none");
			assert.ok(it.bytes(2).every((byte) => byte === 0xff));
		});

		it("is not marked; uploaded again, it is", () => {
			const it = bench(true);
			isRefused(it, /first sector.*upload/, () => it.mark(VERSION_2));
			assert.deepStrictEqual([it.upload(VERSION_2), it.mark(VERSION_2), it.boot()], [DONE, DONE, "2.0.0 test"]);
		});
	});

	for (const mode of ["swap-move", "swap-offset"] as const) {
		describe(`the way back of an image on trial, ${mode}`, () => {
			/** Version 2 is on trial, and the application has asked for the old image, which hides the revert. */
			function bench(guards: boolean, asked = true): Bench {
				const made = new Bench(mode, guards);
				made.upload(VERSION_2);
				made.mark(VERSION_2);
				assert.equal(made.boot(), "2.0.0 test");
				if (asked) assert.equal(made.api.boot_request_upgrade(false), 0);
				return made;
			}

			it("without guards: an upload over it ends the trial, or the device", () => {
				const it = bench(false);
				assert.deepStrictEqual(it.upload(VERSION_3), DONE);
				assert.equal(it.boot(), mode === "swap-offset" ? "nothing" : "3.0.0 revert");
			});

			it("without guards: erasing it makes the image on trial stay", () => {
				const it = bench(false);
				assert.deepStrictEqual(it.erase(), DONE);
				assert.deepStrictEqual([it.boot(), it.boot()], ["2.0.0 none", "2.0.0 none"]);
			});

			it("is neither overwritten nor erased until the image is confirmed", () => {
				const it = bench(true);
				isRefused(it, /on trial.*confirm/, () => it.upload(VERSION_3));
				isRefused(it, /on trial.*confirm/, () => it.erase());
				it.api.boot_set_confirmed();
				assert.deepStrictEqual([it.upload(VERSION_3), it.mark(VERSION_3), it.boot()], [DONE, DONE, "3.0.0 test"]);
			});

			it("is in use with and without guards where no request hides the revert", () => {
				for (const guards of [false, true]) {
					const it = bench(guards, false);
					it.version = 0;
					assert.equal(it.upload(VERSION_3).rc, 6);
					assert.equal(it.boot(), "1.0.0 revert");
				}
			});
		});

		describe(`a running image that is too large to be swapped, ${mode}`, () => {
			/** Reaches into the first sector of the trailer. */
			const HUGE: TestImage = { version: [1, 0, 0, 0], length: SLOT - 2 * SECTOR + 100 };
			const bench = (guards: boolean) => new Bench(mode, guards, HUGE, { validatePrimary: false });

			it("without guards: the update is not installed but noted as done, and then nothing starts", () => {
				const it = bench(false);
				assert.deepStrictEqual([it.upload(VERSION_2), it.mark(VERSION_2)], [DONE, DONE]);
				assert.equal(it.boot(), "1.0.0 none");
				const { copyDone } = it.api.trailer(it.api.map.area(1)).read();
				assert.equal(copyDone, BootFlag.SET);
				assert.equal(it.boot(), "nothing");
			});

			it("gets no update, uploaded or there already", () => {
				const it = bench(true);
				isRefused(it, /only 29696 can be swapped/, () => it.upload(VERSION_2));
				it.bytes(2).set(makeImage(VERSION_2), mode === "swap-offset" ? SECTOR : 0);
				isRefused(it, /only 29696 can be swapped/, () => it.mark(VERSION_2));
				assert.equal(it.boot(), "1.0.0 none");
			});
		});

		describe(`a damaged mark, ${mode}`, () => {
			/** Power failed while the image_ok of a permanent request was written. */
			function bench(guards: boolean): Bench {
				const made = new Bench(mode, guards);
				made.upload(VERSION_2);
				made.api.boot_set_pending(false);
				made.bytes(2)[SLOT - 24] = 0x03;
				return made;
			}

			it("without guards: the next mark succeeds and nothing comes of it", () => {
				const it = bench(false);
				assert.deepStrictEqual(it.mark(VERSION_2), DONE);
				assert.equal(it.boot(), "1.0.0 none");
			});

			it("is no ground to mark again; erased, the slot is as good as new", () => {
				const it = bench(true);
				isRefused(it, /damaged.*erase/, () => it.mark(VERSION_2));
				assert.deepStrictEqual([it.erase(), it.upload(VERSION_2), it.mark(VERSION_2)], [DONE, DONE, DONE]);
				assert.equal(it.boot(), "2.0.0 test");
			});
		});

		it(`a test request does not become permanent, ${mode}: MCUboot says it did, SMP refuses`, () => {
			const it = new Bench(mode, true);
			it.upload(VERSION_2);
			assert.deepStrictEqual(it.mark(VERSION_2), DONE);
			assert.equal(it.api.boot_request_upgrade(true), 0);
			assert.equal(it.api.boot_swap_type(), SwapType.TEST);
			it.version = 0;
			assert.equal(it.mark(VERSION_2, true).rc, 6);
			assert.deepStrictEqual([it.boot(), it.boot()], ["2.0.0 test", "1.0.0 revert"]);
		});
	}

	describe("an update much shorter than the running image, by offset", () => {
		const LONG: TestImage = { version: [1, 0, 0, 0], length: 5000 };
		const SHORT: TestImage = { version: [2, 0, 0, 0], length: 1500 };

		function bench(guards: boolean, update = SHORT, permanent = false): Bench {
			const made = new Bench("swap-offset", guards, LONG);
			assert.deepStrictEqual(made.upload(update), DONE);
			assert.deepStrictEqual(made.mark(update, permanent), DONE);
			return made;
		}

		/** Cuts of the swap after which the trial goes on and the way back is gone. */
		function lostReverts(update: TestImage): number[] {
			const lost: number[] = [];
			for (let cut = 0; ; cut++) {
				const it = bench(false, update);
				if (it.boot(cut) === "2.0.0 test") return lost;
				assert.equal(it.boot(), "2.0.0 test");
				if (it.boot() !== "1.0.0 revert") lost.push(cut);
			}
		}

		it("a power cut near the end of the swap loses the way back", () => {
			assert.ok(lostReverts(SHORT).length > 0);
		});

		it("is warned of, and only for a test", () => {
			assert.match(bench(true).log.join(), /no way back; an image of at least (\d+) bytes would be safe/);
			assert.deepStrictEqual(bench(true, SHORT, true).log, []);
			assert.deepStrictEqual(bench(false).log, []);
		});

		it("is safe from the length on that the warning tells", () => {
			const [line = ""] = bench(true).log;
			const least = Number(/at least (\d+) bytes/.exec(line)![1]);
			// Header and TLVs take 72 bytes of it.
			const update = { ...SHORT, length: least - 72 };
			assert.deepStrictEqual(bench(true, update).log, []);
			assert.deepStrictEqual(lostReverts(update), []);
			assert.equal(bench(true, { ...SHORT, length: update.length - SECTOR }).log.length, 1);
		});
	});
});
