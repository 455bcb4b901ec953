import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import { bootForecast, type ImageForecast } from "../../../modules/bootutil/forecast.js";
import type { LoaderConfig } from "../../../modules/bootutil/loader/config.js";
import { DryRun } from "../../../modules/bootutil/loader/dry-run.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import { secondsOf } from "../../../modules/bootutil/loader/shadow-flash.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { TYPICAL_NOR } from "../../../modules/flash/timing.js";
import { Bench, operationsOf } from "./bench.js";
import { loaderConfig, makeFlash, makeImage, SLOT, type TestImage } from "./support.js";

/** Small, so that every cut of a swap can be tried. */
const SECTOR = 1024;

const OLD: TestImage = { version: [1, 0, 0, 0], length: 1200 };
const NEW: TestImage = { version: [2, 0, 0, 0], length: 2200 };

/** A device with version 1 running and version 2 uploaded. Power fails after `power` operations. */
function device(mode: UpgradeMode, change: Partial<LoaderConfig> = {}) {
	let power = Number.POSITIVE_INFINITY;
	const config = loaderConfig({ mode, ...change });
	const operation = (): void => {
		if (power-- <= 0) throw new Error("no power");
	};
	const flash = makeFlash(config.images, operation, { sectorSize: SECTOR });
	const api = new BootUtil(flash.map, config);
	for (let image = 0; image < config.images; image++) {
		flash.bytes(2 * image + 1).set(makeImage(OLD));
		flash.bytes(2 * image + 2).set(makeImage(NEW), mode === "swap-offset" ? SECTOR : 0);
	}
	const boot = (operations = Number.POSITIVE_INFINITY) => {
		power = operations;
		const securityCounters = { get: () => 0, set: () => {} };
		const result = new Loader(flash.map, config, { digest: nobleDigest, log: () => {}, securityCounters }).boot();
		power = Number.POSITIVE_INFINITY;
		return result;
	};
	return { ...flash, config, api, boot, rehearse: () => new DryRun(flash.map, config, { digest: nobleDigest }) };
}

/** State, action, resumed and confirmed in short. */
const short = ({ state, action, resumed, confirmed }: ImageForecast): string =>
	`${state} ${action}${resumed ? " resumed" : ""}${confirmed ? " confirmed" : ""}`;

const { NONE, TEST, PERM, REVERT } = SwapType;

for (const mode of ["swap-move", "swap-offset"] as const)
	describe(`boot forecast, ${mode}`, () => {
		it("follows an update through test, trial, confirmation and revert", () => {
			const { api, boot } = device(mode);
			const now = () => bootForecast(api).map(short).join();
			assert.equal(now(), `V ${NONE} confirmed`);
			api.boot_set_pending(false);
			assert.equal(now(), `II ${TEST}`);
			boot();
			assert.equal(now(), `IV ${REVERT} confirmed`);
			boot();
			assert.equal(now(), `V ${NONE} confirmed`);
			api.boot_set_pending(false);
			boot();
			api.boot_set_confirmed();
			assert.equal(now(), `V ${NONE} confirmed`);
		});

		it("knows a permanent request", () => {
			const { api } = device(mode);
			api.boot_set_pending(true);
			assert.equal(bootForecast(api).map(short).join(), `III ${PERM} confirmed`);
		});

		it("finds an interrupted swap and how far it is, at every cut", () => {
			let operations = 0;
			let last = 0;
			const phases = new Set<string>();
			for (; ; operations++) {
				const { api, boot, rehearse } = device(mode);
				api.boot_set_pending(false);
				if (boot(operations).ok) break;
				const [forecast] = bootForecast(api);
				const { images } = rehearse().boot();
				assert.equal(forecast!.action, TEST, `cut after ${operations}`);
				assert.deepStrictEqual([images[0]!.action, images[0]!.resumed], ["test", forecast!.resumed]);
				const { interrupted } = forecast!;
				if (!interrupted) continue;
				phases.add(interrupted.phase);
				assert.ok(interrupted.done >= last);
				last = interrupted.done;
				assert.equal(interrupted.total, (mode === "swap-move" ? 3 : 2) * 3);
				assert.equal(interrupted.swapSize, makeImage(NEW).length);
			}
			assert.ok(operations > 20);
			assert.equal(last, (mode === "swap-move" ? 3 : 2) * 3);
			assert.deepStrictEqual([...phases], mode === "swap-move" ? ["begin", "move", "swap"] : ["begin", "swap"]);
		});

		it("lets the revert of an image wait while a later one is upgraded", () => {
			const { api, boot } = device(mode, { images: 2 });
			api.boot_set_pending_multi(0, false);
			boot();
			api.boot_set_pending_multi(1, false);
			assert.deepStrictEqual(bootForecast(api).map(short), [`IV ${NONE}`, `II ${TEST}`]);
			assert.deepStrictEqual(
				boot().images.map(({ action }) => action),
				["none", "test"],
			);
			assert.deepStrictEqual(bootForecast(api).map(short), [`IV ${REVERT} confirmed`, `IV ${REVERT} confirmed`]);
		});

		it("rehearses what happens without touching the flash", () => {
			const { api, bytes, boot, rehearse, config } = device(mode);
			api.boot_set_pending(false);
			const before = [bytes(1).slice(), bytes(2).slice()];
			const run = rehearse();
			const next = run.boot();
			assert.deepStrictEqual([bytes(1), bytes(2)], before);
			assert.deepStrictEqual([next.images[0]!.action, next.images[0]!.version], ["test", "2.0.0"]);
			assert.deepStrictEqual([next.dry[0]!.confirmed, next.ok], [false, true]);
			assert.equal(next.work.erases, mode === "swap-move" ? 4 + 9 : 4 + 6);

			const nobody = run.fork().boot();
			const confirmed = run.fork();
			confirmed.api.boot_set_confirmed();
			assert.deepStrictEqual([nobody.images[0]!.action, nobody.images[0]!.version], ["revert", "1.0.0"]);
			const stays = confirmed.boot();
			assert.deepStrictEqual([stays.images[0]!.action, stays.images[0]!.version], ["none", "2.0.0"]);
			assert.equal(stays.work.erases + stays.work.writes, 0);

			boot();
			for (const id of [1, 2]) assert.deepStrictEqual(run.api.map.area(id).bytes(0, SLOT), bytes(id));
			assert.equal(config.mode, mode);
		});

		it("shows what the boot loader refuses, and why", () => {
			const { api, bytes, rehearse } = device(mode);
			bytes(2)[SECTOR + 100]! ^= 1;
			api.boot_set_pending(false);
			const { images, log, ok } = rehearse().boot();
			assert.deepStrictEqual([images[0]!.action, images[0]!.version, ok], ["none", "1.0.0", true]);
			assert.match(log.join("\n"), /refused and erased: wrong hash/);
		});

		it("raises security counters only in the copy", () => {
			const made = device(mode, { hwRollback: true });
			const counted = { ...OLD, protectedTlvs: [{ type: 0x50, value: [5, 0, 0, 0] }] };
			made.bytes(1).set(makeImage(counted));
			const asked: number[] = [];
			const run = new DryRun(made.map, made.config, {
				digest: nobleDigest,
				securityCounters: { get: (image) => asked.push(image) && 3 },
			});
			assert.equal(run.boot().ok, true);
			const before = asked.length;
			assert.ok(before > 0);
			assert.equal(run.fork().boot().ok, true);
			assert.equal(asked.length, before);
		});
	});

const NAMES: Readonly<Record<number, string>> = {
	[NONE]: "none",
	[TEST]: "test",
	[PERM]: "permanent",
	[REVERT]: "revert",
};

describe("boot forecast, other modes", () => {
	const shapes: [what: string, old: number, update: number, scratch: number][] = [
		["scratch of one sector", 1000, 1400, 1],
		["scratch of three sectors", 1400, 2000, 3],
		["an image that shares the trailer's sector", 7100, 600, 2],
	];
	for (const [what, old, update, scratch] of shapes)
		it(`swap using scratch, at every cut of an update and of its revert: ${what}`, () => {
			const bench = new Bench({ mode: "swap-scratch" }, scratch);
			bench.put(1, { ...OLD, length: old });
			bench.put(2, { ...NEW, length: update });
			bench.api.boot_set_pending(false);
			for (const type of ["test", "revert"]) {
				const start = bench.save();
				const total = operationsOf(bench);
				let resumed = 0;
				for (let cut = 1; cut <= total; cut++) {
					start();
					bench.boot(cut);
					const [forecast] = bootForecast(bench.api);
					const [done] = bench.boot().images;
					const where = `${type}, cut at operation ${cut}`;
					assert.equal(NAMES[forecast!.action], done!.action, where);
					assert.equal(forecast!.resumed, done!.resumed, where);
					assert.equal(forecast!.confirmed, bench.api.boot_is_img_confirmed(), where);
					const { interrupted } = forecast!;
					if (interrupted) assert.ok(interrupted.done <= interrupted.total, where);
					if (interrupted && interrupted.done > 0) resumed++;
				}
				assert.ok(resumed > 0);
				start();
				bench.boot();
			}
		});

	it("overwriting, every update is for good", () => {
		const bench = new Bench({ mode: "overwrite" });
		bench.put(1, OLD);
		bench.put(2, NEW);
		bench.api.boot_set_pending(false);
		assert.deepStrictEqual(bootForecast(bench.api).map(short), [`II ${TEST} confirmed`]);
		const { dry, images } = new DryRun(bench.map, bench.config, { digest: nobleDigest }).boot();
		assert.deepStrictEqual([images[0]!.version, dry[0]!.confirmed], ["2.0.0", true]);
	});

	it("running the newest image, no state applies; the copy is booted from its slot", () => {
		const bench = new Bench({ mode: "direct-xip-revert" });
		bench.put(1, OLD);
		bench.put(2, NEW);
		for (const id of [1, 2]) {
			const trailer = bench.api.trailer(bench.map.area(id));
			if (id === 1) trailer.writeImageOk();
			trailer.writeMagic();
		}
		const [forecast] = bootForecast(bench.api);
		assert.deepStrictEqual([forecast!.state, forecast!.action], [undefined, NONE]);
		const run = new DryRun(bench.map, bench.config, { digest: nobleDigest });
		const { dry, images } = run.boot();
		assert.deepStrictEqual([images[0]!.slot, images[0]!.version, dry[0]!.confirmed], [1, "2.0.0", false]);
		assert.equal(run.fork().boot().images[0]!.version, "1.0.0");
		const kept = run.fork();
		kept.api.boot_set_confirmed();
		const stays = kept.boot();
		assert.deepStrictEqual([stays.images[0]!.version, stays.dry[0]!.confirmed], ["2.0.0", true]);
	});
});

describe("flash timing", () => {
	it("counts sectors erased and pages programmed", () => {
		assert.equal(secondsOf({ erases: 10, writes: 1, bytes: 1024, pages: 4 }, TYPICAL_NOR), 0.4516);
		const timing = { sectorErase: 100, pageProgram: 1, pageSize: 128 };
		assert.equal(secondsOf({ erases: 1, writes: 1, bytes: 1, pages: 1 }, timing), 0.101);
	});

	it("counts a write across the edge of a page twice", () => {
		const { map, config } = device("swap-move");
		const run = new DryRun(map, config, { digest: nobleDigest, timing: { ...TYPICAL_NOR, pageSize: 16 } });
		run.api.boot_set_pending(false);
		const { dry, work } = run.boot();
		assert.ok(dry[0]!.work.pages > work.bytes / 16);
	});
});
