import assert from "node:assert";
import { bootForecast } from "../../../modules/bootutil/forecast.js";
import { DryRun } from "../../../modules/bootutil/loader/dry-run.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import { MODES, modeOf, type UpgradeMode } from "../../../modules/bootutil/modes.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { Bench, everyCut, SLOT } from "./bench.js";
import { keepBackup, keepBackupMode } from "./keep-backup.js";
import type { TestImage } from "./support.js";

const rows = Object.values(MODES);

describe("the table of modes", () => {
	it("has a number of its own for each mode, but for the two that load to RAM", () => {
		const sharing = Object.entries(MODES).filter(
			([, { number }]) => rows.filter((row) => row.number === number).length > 1,
		);
		assert.deepEqual(sharing.map(([name]) => name).sort(), ["ram-load", "ram-load-revert"]);
	});

	it("swaps only where an update is installed, and then has a way back", () => {
		for (const { swapRoom, newest, reverts } of rows.filter((row) => row.swapRoom !== undefined))
			assert.deepEqual({ swapRoom, newest, reverts }, { swapRoom, newest: undefined, reverts: true });
	});

	it("has updates beside the room of a swap in the secondary slot", () => {
		for (const { swapRoom, updateSector = 0 } of rows) assert.equal(updateSector, swapRoom === "secondary" ? 1 : 0);
	});

	it("is looked up by a name, and a row stands for itself", () => {
		assert.equal(modeOf("swap-move"), MODES["swap-move"]);
		assert.equal(modeOf(keepBackupMode), keepBackupMode);
	});

	it("is not asked for a name that it lacks, such as one with a slip of the pen in a manifest", () => {
		assert.throws(() => modeOf("swap-mvoe" as UpgradeMode), /^RangeError: no upgrade mode is called swap-mvoe$/);
	});
});

const OLD: TestImage = { version: [1, 0, 0, 0], length: 3000 };
const NEW: TestImage = { version: [2, 0, 0, 0], length: 1500 };

/** Version 1 runs in the mode of our own, version 2 is uploaded. */
function bench(update = NEW): Bench {
	const made = new Bench({ mode: keepBackupMode }, 0, keepBackup);
	made.put(1, OLD);
	made.put(2, update);
	return made;
}

describe("a mode of one's own: one row and one strategy", () => {
	it("installs an update for good and keeps its image in the secondary slot", () => {
		const it = bench();
		assert.equal(it.run(), "1.0.0 none");
		it.api.boot_set_pending(false);
		assert.equal(it.run(), "2.0.0 test");
		it.holds(1, NEW);
		it.holds(2, NEW);
		assert.equal(it.api.boot_swap_type(), SwapType.NONE);
		assert.equal(it.run(), "2.0.0 none");
	});

	it("installs again after a power cut, cut by any operation", () => {
		const it = bench();
		it.api.boot_set_pending(false);
		everyCut(it, (did, where) => {
			assert.match(did, /^2\.0\.0 (test|none)$/, where);
			it.holds(1, NEW, where);
			it.holds(2, NEW, where);
		});
	});

	it("refuses a damaged update, as any mode does", () => {
		const it = bench();
		it.bytes(2)[700]! ^= 1;
		it.api.boot_set_pending(false);
		assert.equal(it.run(), "1.0.0 none");
		assert.ok(it.isErased(2));
	});

	it("has the largest image that its row says, in application and boot loader", () => {
		const most = bench().api.boot_app_max_size(0);
		assert.equal(most, SLOT - 40);
		// A header of 32 bytes, and 40 of TLVs.
		for (const [length, version] of [
			[most - 72, "2.0.0 test"],
			[most - 68, "1.0.0 none"],
		] as const) {
			const it = bench({ ...NEW, length });
			it.api.boot_set_pending(false);
			assert.equal(it.run(), version);
		}
	});

	it("is forecast and rehearsed", () => {
		const it = bench();
		it.api.boot_set_pending(false);
		const [forecast] = bootForecast(it.api);
		assert.deepEqual([forecast!.state, forecast!.action, forecast!.confirmed], ["II", SwapType.TEST, true]);
		const next = new DryRun(it.map, it.config, { digest: nobleDigest, strategy: keepBackup }).boot();
		assert.deepEqual([next.images[0]!.version, next.dry[0]!.confirmed], ["2.0.0", true]);
	});

	it("needs its strategy", () => {
		const { map, config } = bench();
		const services = { digest: nobleDigest, log: () => {}, securityCounters: { get: () => 0, set: () => {} } };
		assert.throws(() => new Loader(map, config, services), RangeError);
	});
});
