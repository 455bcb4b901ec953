import assert from "node:assert";
import { trailerLayout } from "../../../modules/bootutil/trailer.js";
import { override } from "../../support/override.js";
import { Bench, everyCut, SECTOR, SLOT } from "./bench.js";
import { bootConfig, type TestImage } from "./support.js";

/** Header and TLVs of a test image. */
const OVERHEAD = 32 + 40;
/** Below the trailer of slots of 16 sectors: status of 16 sectors, fields, magic. */
const MOST = SLOT - (16 * 3 * 4 + 48);

const image = (major: number, size: number): TestImage => ({ version: [major, 0, 0, 0], length: size - OVERHEAD });

/** Sizes of the old and the new image, sectors of scratch. */
const SHAPES: readonly [what: string, old: number, update: number, scratch: number][] = [
	["images of one sector", 400, 500, 1],
	["a larger image", 900, 4 * SECTOR, 1],
	["a smaller image, scratch of two sectors", 5 * SECTOR + 4, 900, 2],
	["regions that do not come out even", 5 * SECTOR, 4 * SECTOR + 8, 3],
	["scratch as large as the images", 2000, 2400, 8],
	["an update that shares the trailer's sector", 3000, MOST, 1],
	["an old image that shares it, scratch of three sectors", MOST - 100, 600, 3],
	["both, scratch of two sectors", MOST - 4, MOST - 60, 2],
];

function bench(old: number, update: number, scratch: number): [Bench, TestImage, TestImage] {
	const made = new Bench({ mode: "swap-scratch" }, scratch);
	const images = [image(1, old), image(2, update)] as const;
	made.put(1, images[0]);
	made.put(2, images[1]);
	return [made, ...images];
}

describe("boot loader, swap using scratch", () => {
	for (const [what, oldSize, newSize, scratch] of SHAPES)
		describe(what, () => {
			it("test, reverted; test, confirmed; permanent", () => {
				const [it, old, update] = bench(oldSize, newSize, scratch);
				it.api.boot_set_pending(false);
				assert.equal(it.run(), "2.0.0 test");
				it.holds(1, update);
				it.holds(2, old);
				assert.equal(it.run(), "1.0.0 revert");
				it.holds(1, old);
				it.holds(2, update);
				assert.equal(it.run(), "1.0.0 none");
				it.api.boot_set_pending(false);
				assert.equal(it.run(), "2.0.0 test");
				it.api.boot_set_confirmed();
				assert.equal(it.run(), "2.0.0 none");
				it.api.boot_set_pending(true);
				assert.equal(it.run(), "1.0.0 permanent");
				assert.equal(it.run(), "1.0.0 none");
			});

			it("goes on where any operation of a test was cut, and can still revert", () => {
				const [it, old, update] = bench(oldSize, newSize, scratch);
				it.api.boot_set_pending(false);
				everyCut(it, (did, where) => {
					assert.match(did, /^2\.0\.0 (test|test resumed|none)$/, where);
					it.holds(1, update, where);
					it.holds(2, old, where);
					// A cut in the last operation of all, copy_done, is a boot that was complete but for that.
					assert.match(it.run(), /^1\.0\.0 revert$/, where);
				});
			});

			it("goes on where any operation of a permanent swap was cut", () => {
				const [it, , update] = bench(oldSize, newSize, scratch);
				it.api.boot_set_pending(true);
				everyCut(it, (did, where) => {
					assert.match(did, /^2\.0\.0 permanent( resumed)?$/, where);
					it.holds(1, update, where);
					assert.equal(it.run(), "2.0.0 none", where);
				});
			});

			it("goes on where any operation of a revert was cut", () => {
				const [it, old, update] = bench(oldSize, newSize, scratch);
				it.api.boot_set_pending(false);
				it.boot();
				everyCut(it, (did, where) => {
					assert.match(did, /^1\.0\.0 revert( resumed)?$/, where);
					it.holds(1, old, where);
					it.holds(2, update, where);
					assert.equal(it.run(), "1.0.0 none", where);
				});
			});
		});

	it("does the steps of the published procedure in their order", () => {
		const [it] = bench(400, 500, 1);
		const names = ["", "primary", "secondary", "scratch"];
		const steps: string[] = [];
		for (const area of it.map.areas()) {
			const { write, erase } = area;
			const name = names[area.id];
			override(area, "write", (bytes, offset) => {
				steps.push(`write ${name} ${offset === 0 ? "0" : `-${area.size - offset}`}`);
				write.call(area, bytes, offset);
			});
			override(area, "erase", (offset, length) => {
				steps.push(`erase ${name} ${offset === 0 ? "0" : `-${area.size - offset}`}`);
				erase.call(area, offset, length);
			});
		}
		it.api.boot_set_pending(false);
		steps.length = 0;
		it.boot();
		const trailer = (name: string) => [`write ${name} -40`, `write ${name} -48`, `write ${name} -16`];
		assert.deepStrictEqual(steps, [
			"erase scratch 0",
			...trailer("scratch"),
			"erase primary -512",
			...trailer("primary"),
			"erase scratch 0",
			"write scratch 0",
			"write primary -240",
			"erase secondary 0",
			"write secondary 0",
			"erase secondary -512",
			"write primary -236",
			"erase primary 0",
			"write primary 0",
			"write primary -232",
			"write primary -32",
		]);
	});

	it("swaps two images one after the other, and goes on with either", () => {
		const it = new Bench({ mode: "swap-scratch", images: 2 }, 1);
		const [old, update] = [image(1, 900), image(2, MOST)];
		for (const area of [1, 3]) it.put(area, old);
		for (const area of [2, 4]) it.put(area, update);
		for (const each of [0, 1]) it.api.boot_set_pending_multi(each, false);
		everyCut(it, (_did, where) => {
			it.holds(1, update, where);
			it.holds(3, update, where);
		});
		assert.equal(it.run(), "2.0.0 test, 2.0.0 test");
		assert.equal(it.run(), "1.0.0 revert, 1.0.0 revert");
	});

	it("allows images up to the trailer, less what the trailer in scratch needs of a shared sector", () => {
		const size = (maxSectors: number) => {
			const it = new Bench({ mode: "swap-scratch", maxSectors }, 1);
			return it.api.boot_app_max_size(0);
		};
		assert.equal(size(16), MOST);
		// 3 · 4 · 37 + 48 bytes: the trailer begins 20 bytes above a sector; scratch needs 60 of it.
		assert.equal(SLOT - size(37), 492);
		// One record more than a sector: 508 bytes of the second sector are the image's, too many by 56.
		const config = bootConfig({ mode: "swap-scratch", maxSectors: 39 });
		const { status } = trailerLayout(config, SLOT, 4);
		assert.equal(SLOT - status, 516);
		assert.equal(size(39), status - 56);
	});

	it("does not swap where the slots differ or scratch is missing", () => {
		assert.throws(() => new Bench({ mode: "swap-scratch" }).boot(), /no flash area is called image-scratch/);
	});
});
