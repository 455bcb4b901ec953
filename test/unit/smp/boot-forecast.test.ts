import assert from "node:assert";
import { bootForecast } from "../../../modules/bootutil/forecast.js";
import { DryRun } from "../../../modules/bootutil/loader/dry-run.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { TYPICAL_NOR } from "../../../modules/flash/timing.js";
import { forecastCommands } from "../../../modules/smp/group/boot-forecast.js";
import type { Context } from "../../../modules/smp/group.js";
import { Bench, SECTOR } from "../bootutil/bench.js";
import { makeImage, type TestImage } from "../bootutil/support.js";

const OLD: TestImage = { version: [1, 0, 0, 0], length: 1200 };
const NEW: TestImage = { version: [2, 0, 0, 0], length: 4200 };

interface Forecast {
	readonly images: readonly {
		readonly image: number;
		readonly action: string;
		readonly stays: boolean;
		readonly ms?: number;
	}[];
	readonly ms?: number;
}

/** What a device tells of its next boot. */
const forecastOf = ({ api }: Bench): Forecast =>
	forecastCommands(TYPICAL_NOR)(api)[2]!.read!.handle({}, {} as Context) as unknown as Forecast;

const short = ({ images }: Forecast): string =>
	images.map(({ action, stays }) => `${action}${stays ? "" : ", on trial"}`).join("; ");

const NAMES: Readonly<Record<number, string>> = {
	[SwapType.NONE]: "none",
	[SwapType.TEST]: "test",
	[SwapType.PERM]: "permanent",
	[SwapType.REVERT]: "revert",
};

/** A device with a version to run and one that waits. */
function device(mode: UpgradeMode, { old = OLD, update = NEW, images = 1 } = {}): Bench {
	const bench = new Bench({ mode, images }, 2);
	for (let image = 0; image < images; image++) {
		bench.put(2 * image + 1, old);
		bench.bytes(2 * image + 2).set(makeImage(update), mode === "swap-offset" ? SECTOR : 0);
	}
	return bench;
}

const dryRun = (bench: Bench) => new DryRun(bench.map, bench.config, { digest: nobleDigest }).boot();

describe("forecast over SMP", () => {
	for (const mode of ["swap-move", "swap-offset", "swap-scratch"] as const)
		it(`${mode}: follows an update, and agrees with the boot loader`, () => {
			const bench = device(mode);
			const agrees = (expected: string): void => {
				const forecast = forecastOf(bench);
				assert.equal(short(forecast), expected);
				const [known] = bootForecast(bench.api);
				assert.deepEqual(
					[forecast.images[0]!.action, forecast.images[0]!.stays],
					[NAMES[known!.action], known!.confirmed],
				);
				const { images, seconds } = dryRun(bench);
				assert.equal(forecast.images[0]!.action, images[0]!.action);
				const ms = forecast.ms!;
				if (seconds === 0) assert.equal(ms, 0);
				else assert.ok(ms > 650 * seconds && ms < 1500 * seconds, `${expected}: ${ms} ms for ${seconds} s`);
			};
			agrees("none");
			bench.api.boot_set_pending(false);
			agrees("test, on trial");
			bench.boot();
			agrees("revert");
			bench.boot();
			agrees("none");
			bench.api.boot_set_pending(true);
			agrees("permanent");
			bench.boot();
			agrees("none");
		});

	for (const mode of ["swap-move", "swap-offset", "swap-scratch", "overwrite"] as const)
		it(`${mode}: its time is that of images of any size`, () => {
			for (const [old, update] of [
				[900, 900],
				[900, 5000],
				[5000, 900],
				[3000, 3100],
			] as const) {
				const bench = device(mode, { old: { ...OLD, length: old }, update: { ...NEW, length: update } });
				bench.api.boot_set_pending(false);
				const { seconds } = dryRun(bench);
				const { ms } = forecastOf(bench);
				assert.ok(ms! > 650 * seconds && ms! < 1500 * seconds, `${old}, ${update}: ${ms} ms for ${seconds} s`);
			}
		});

	it("lets the revert of an image wait while a later one is upgraded", () => {
		const bench = device("swap-move", { images: 2 });
		bench.api.boot_set_pending_multi(0, false);
		bench.boot();
		bench.api.boot_set_pending_multi(1, false);
		assert.equal(short(forecastOf(bench)), "none, on trial; test, on trial");
		bench.boot();
		assert.equal(short(forecastOf(bench)), "revert; revert");
		const { images, ms } = forecastOf(bench);
		assert.equal(ms, images[0]!.ms! + images[1]!.ms!);
	});

	it("overwriting, every update stays", () => {
		const bench = device("overwrite");
		bench.api.boot_set_pending(false);
		assert.equal(short(forecastOf(bench)), "test");
	});

	it("running the newest image, nothing is written", () => {
		for (const [mode, said] of [
			["direct-xip", "permanent"],
			["direct-xip-revert", "none"],
		] as const) {
			const forecast = forecastOf(device(mode));
			assert.equal(forecast.images[0]!.action, said, mode);
			assert.equal(forecast.ms, 0, mode);
		}
	});

	it("has no time where an image cannot be measured", () => {
		const bench = device("swap-move");
		bench.api.boot_set_pending(false);
		bench.bytes(1).fill(0);
		const { images, ms } = forecastOf(bench);
		assert.deepEqual([images[0]!.action, images[0]!.ms, ms], ["test", undefined, undefined]);
	});
});
