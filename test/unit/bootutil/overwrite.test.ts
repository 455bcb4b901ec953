import assert from "node:assert";
import { Bench, everyCut, SECTOR, SLOT } from "./bench.js";
import { makeImage, type TestImage } from "./support.js";

const OLD: TestImage = { version: [1, 0, 0, 0], length: 3000 };
const NEW: TestImage = { version: [2, 0, 0, 0], length: 1500 };

function bench(change = {}, update = NEW): Bench {
	const made = new Bench({ mode: "overwrite", ...change });
	made.put(1, OLD);
	made.put(2, update);
	return made;
}

describe("boot loader, overwrite only", () => {
	for (const permanent of [false, true])
		it(`${permanent ? "a permanent" : "a test"} request stays without being confirmed`, () => {
			const it = bench();
			it.api.boot_set_pending(permanent);
			assert.equal(it.run(), permanent ? "2.0.0 permanent" : "2.0.0 test");
			assert.equal(it.run(), "2.0.0 none");
			assert.equal(it.run(), "2.0.0 none");
		});

	it("erases what the new image covers and the trailer, leaves the rest, and takes header and trailer off the update", () => {
		const it = bench();
		it.api.boot_set_pending(false);
		it.boot();
		it.holds(1, NEW);
		const tail = makeImage(OLD).subarray(4 * SECTOR);
		assert.deepStrictEqual(it.bytes(1).subarray(4 * SECTOR, 4 * SECTOR + tail.length), tail);
		assert.equal(it.api.trailer(it.map.area(1)).read().magic, 1);
		assert.ok(
			it
				.bytes(2)
				.subarray(0, SECTOR)
				.every((byte) => byte === 0xff),
		);
		assert.ok(it.isErased(2, SLOT - SECTOR));
		assert.ok(
			it
				.bytes(2)
				.subarray(SECTOR, 2 * SECTOR)
				.some((byte) => byte !== 0xff),
		);
	});

	for (const permanent of [false, true])
		it(`copies again after a power cut, cut by any operation, ${permanent ? "permanent" : "test"}`, () => {
			const it = bench();
			it.api.boot_set_pending(permanent);
			everyCut(it, (did, where) => {
				assert.match(did, /^2\.0\.0 (test|permanent|none)$/, where);
				it.holds(1, NEW, where);
				assert.equal(it.run(), "2.0.0 none", where);
			});
		});

	it("takes images up to swap_info", () => {
		const most = bench().api.boot_app_max_size(0);
		assert.equal(most, SLOT - 40);
		const fits = bench({}, { ...NEW, length: most - 32 - 40 });
		fits.api.boot_set_pending(false);
		assert.equal(fits.run(), "2.0.0 test");
		const tooLarge = bench({}, { ...NEW, length: most - 32 - 40 + 4 });
		tooLarge.api.boot_set_pending(false);
		assert.equal(tooLarge.run(), "1.0.0 none");
		assert.match(tooLarge.log.join("\n"), /too large/);
	});

	it("refuses an invalid update and an older one, and erases it", () => {
		const damaged = bench();
		damaged.bytes(2)[700]! ^= 1;
		damaged.api.boot_set_pending(false);
		assert.equal(damaged.run(), "1.0.0 none");
		assert.ok(damaged.isErased(2));
		const older = bench({ downgradePrevention: "version" }, { ...NEW, version: [0, 9, 0, 0] });
		older.api.boot_set_pending(false);
		assert.equal(older.run(), "1.0.0 none");
		assert.ok(older.isErased(2));
		assert.match(older.log.join("\n"), /version 0\.9\.0 is older than 1\.0\.0/);
	});

	it("fills an erased primary slot on request, whatever the version", () => {
		const it = bench({ downgradePrevention: "version" }, { ...NEW, version: [0, 9, 0, 0] });
		it.bytes(1).fill(0xff);
		it.api.boot_set_pending(false);
		assert.equal(it.run(), "0.9.0 test");
	});

	it("raises the hardware counter with the copy: there is no way back", () => {
		const count = (value: number) => ({ protectedTlvs: [{ type: 0x50, value: [value, 0, 0, 0] }] });
		const it = new Bench({ mode: "overwrite", hwRollback: true });
		it.put(1, { ...OLD, ...count(1) });
		it.put(2, { ...NEW, ...count(2) });
		it.api.boot_set_pending(false);
		assert.equal(it.run(), "2.0.0 test");
		assert.equal(it.counter, 2);
	});
});
