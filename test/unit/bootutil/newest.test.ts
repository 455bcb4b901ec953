import assert from "node:assert";
import type { LoaderConfig } from "../../../modules/bootutil/loader/config.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { Bench, everyCut, SLOT } from "./bench.js";
import type { TestImage } from "./support.js";

const RAM = { start: 0x20000000, size: 0x10000 };
const ROM_FIXED = 0x100;
const RAM_LOAD = 0x20;
const NON_BOOTABLE = 0x10;

/** An image, in the mode with RAM one that can be loaded there. */
const image = (mode: UpgradeMode, major: number, more: Partial<TestImage> = {}): TestImage => ({
	version: [major, 0, 0, 0],
	length: 1000 + major,
	...(mode === "ram-load" && { flags: RAM_LOAD, loadAddress: RAM.start }),
	...more,
});

function bench(mode: UpgradeMode, first: TestImage | undefined, second: TestImage | undefined, change = {}): Bench {
	const made = new Bench({ mode, ram: RAM, ...change } satisfies Partial<LoaderConfig>);
	if (first) made.put(1, first);
	if (second) made.put(2, second);
	return made;
}

for (const mode of ["direct-xip", "ram-load"] as const)
	describe(`boot loader, ${mode}`, () => {
		const one = image(mode, 1);
		const two = image(mode, 2);
		const three = image(mode, 3);
		const choices: [string, TestImage | undefined, TestImage | undefined, string][] = [
			["the only image, in the first slot", one, undefined, "1.0.0 none"],
			["the only image, in the second slot", undefined, one, "1.0.0 in slot 1 none"],
			["the newer image in the second slot", two, three, "3.0.0 in slot 1 none"],
			["the newer image in the first slot", three, two, "3.0.0 none"],
			["the first of two of one version", two, { ...two, length: 900 }, "2.0.0 none"],
			["nothing from empty slots", undefined, undefined, "nothing"],
		];
		for (const [what, first, second, expected] of choices)
			it(`runs ${what}, and writes nothing`, () => {
				const it = bench(mode, first, second);
				assert.equal(it.run(), expected);
				assert.equal(it.operations, 0);
			});

		it("needs no request, and takes none", () => {
			const it = bench(mode, two, one);
			it.api.boot_set_pending(true);
			assert.equal(it.run(), "2.0.0 none");
		});

		it("erases a newer image that is not valid and runs the other", () => {
			const it = bench(mode, one, two);
			it.bytes(2)[300]! ^= 1;
			assert.equal(it.run(), "1.0.0 none");
			assert.ok(it.isErased(2));
			assert.match(it.log.join("\n"), /secondary slot: refused and erased: wrong hash/);
			const other = bench(mode, two, one);
			other.bytes(1)[300]! ^= 1;
			everyCut(other, (did, where) => {
				// Without its header what is left of it is no image any more, and stays.
				assert.equal(did, "1.0.0 in slot 1 none", where);
			});
		});

		it("erases both and boots nothing if neither is valid", () => {
			const it = bench(mode, one, two);
			it.bytes(1)[300]! ^= 1;
			it.bytes(2)[300]! ^= 1;
			const { ok, reason } = it.boot();
			assert.deepStrictEqual([ok, reason], [false, "image 0: no slot holds an image to boot"]);
			assert.ok(it.isErased(1) && it.isErased(2));
		});

		it("passes over an image that is not bootable, and leaves it", () => {
			const it = bench(mode, one, { ...two, flags: (two.flags ?? 0) | NON_BOOTABLE });
			assert.equal(it.run(), "1.0.0 none");
			assert.equal(it.operations, 0);
		});

		it("compares build numbers only if it is told to", () => {
			const later = { ...one, version: [1, 0, 0, 7] } as const;
			assert.equal(bench(mode, one, later).run(), "1.0.0 none");
			assert.equal(bench(mode, one, later, { versionCmpBuildNumber: true }).run(), "1.0.0.7 in slot 1 none");
		});

		it("raises the hardware counter to the image that runs, and refuses what is below", () => {
			const count = (value: number) => ({ protectedTlvs: [{ type: 0x50, value: [value, 0, 0, 0] }] });
			const it = bench(mode, { ...one, ...count(1) }, { ...two, ...count(4) }, { hwRollback: true });
			assert.equal(it.run(), "2.0.0 in slot 1 none");
			assert.equal(it.counter, 4);
			it.put(1, { ...three, ...count(3) });
			assert.equal(it.run(), "2.0.0 in slot 1 none");
			assert.ok(it.isErased(1));
		});

		it("takes images up to swap_info", () => {
			const room = SLOT - 40 - 32 - 40;
			assert.equal(bench(mode, one, { ...two, length: room }).run(), "2.0.0 in slot 1 none");
			const it = bench(mode, one, { ...two, length: room + 4 });
			assert.equal(it.run(), "1.0.0 none");
			assert.match(it.log.join("\n"), /too large/);
		});

		it("chooses each image by itself, but passes over one that needs what is not there", () => {
			const needs = (major: number) => [{ type: 0x40, value: [1, 0, 0, 0, major, 0, 0, 0, 0, 0, 0, 0] }];
			const second = { loadAddress: mode === "ram-load" ? RAM.start + 0x8000 : 0 };
			const make = (needed: number) => {
				const it = bench(mode, one, { ...two, protectedTlvs: needs(needed) }, { images: 2 });
				it.put(3, { ...one, ...second });
				it.put(4, { ...two, ...second });
				return it;
			};
			assert.equal(make(2).run(), "2.0.0 in slot 1 none, 2.0.0 in slot 1 none");
			const unmet = make(3);
			assert.equal(unmet.run(), "1.0.0 none, 2.0.0 in slot 1 none");
			assert.equal(unmet.operations, 0);
			assert.match(unmet.log.join("\n"), /passed over: needs image 1 in version 3\.0\.0 or later, not 2\.0\.0/);
			const stuck = make(3);
			stuck.bytes(1).fill(0xff);
			assert.equal(stuck.run(), "nothing");
		});
	});

describe("boot loader, direct-xip", () => {
	it("runs an image that is linked for its slot, and leaves alone one that is not", () => {
		const linked = (address: number) => image("direct-xip", 2, { flags: ROM_FIXED, loadAddress: address });
		const one = image("direct-xip", 1);
		assert.equal(bench("direct-xip", one, linked(SLOT)).run(), "2.0.0 in slot 1 none");
		const it = bench("direct-xip", one, linked(0));
		assert.equal(it.run(), "1.0.0 none");
		assert.equal(it.operations, 0);
		assert.match(it.log.join("\n"), /linked for 0x0, not for 0x2000/);
	});
});

describe("boot loader, direct-xip with revert", () => {
	const mode = "direct-xip-revert";
	const one = image(mode, 1);
	const two = image(mode, 2);

	/** Version 1 confirmed in the first slot. */
	function settled(second?: TestImage): Bench {
		const it = bench(mode, one, second);
		it.api.boot_set_next(it.map.area(1), false, true);
		return it;
	}
	const mark = (it: Bench, confirm: boolean) => it.api.boot_set_next(it.map.area(2), false, confirm);

	it("runs what is marked once, and takes it back if it is not confirmed", () => {
		const it = settled(two);
		mark(it, false);
		assert.equal(it.run(), "2.0.0 in slot 1 test");
		assert.equal(it.run(), "1.0.0 revert");
		assert.ok(it.isErased(2));
		assert.equal(it.run(), "1.0.0 none");
	});

	it("starts an image of which a power cut has left copy_done half programmed", () => {
		const it = settled(two);
		mark(it, false);
		it.bytes(2)[SLOT - 32] = 0xf1;
		// Neither set nor unset, so that the trial never ends.
		for (let i = 0; i < 2; i++) assert.equal(it.run(), "2.0.0 in slot 1 test");
		assert.match(it.log.join("\n"), /not erased/);
	});

	it("keeps what is confirmed", () => {
		const it = settled(two);
		mark(it, false);
		assert.equal(it.run(), "2.0.0 in slot 1 test");
		it.api.boot_set_next(it.map.area(2), true, true);
		for (let i = 0; i < 2; i++) assert.equal(it.run(), "2.0.0 in slot 1 none");
		it.holds(1, one);
	});

	it("keeps what was marked for good in advance", () => {
		const it = settled(two);
		mark(it, true);
		for (let i = 0; i < 2; i++) assert.equal(it.run(), "2.0.0 in slot 1 none");
	});

	it("takes an image that was made confirmed, and says so", () => {
		const it = settled(two);
		const trailer = it.api.trailer(it.map.area(2));
		trailer.writeImageOk();
		trailer.writeMagic();
		assert.equal(it.run(), "2.0.0 in slot 1 permanent");
		assert.equal(it.run(), "2.0.0 in slot 1 none");
	});

	it("erases a newer image that nobody has marked", () => {
		const it = settled(two);
		assert.equal(it.run(), "1.0.0 none");
		assert.ok(it.isErased(2));
	});

	it("gives an image its one trial before it looks whether it is valid", () => {
		const it = settled(two);
		mark(it, false);
		it.bytes(2)[300]! ^= 1;
		assert.equal(it.run(), "1.0.0 none");
		assert.ok(it.isErased(2));
	});

	it("goes on where any operation of a trial or of its end was cut", () => {
		const it = settled(two);
		mark(it, false);
		// One operation: copy_done.
		it.boot(1, "torn");
		assert.equal(it.run(), "2.0.0 in slot 1 test");
		everyCut(it, (did, where) => {
			assert.match(did, /^1\.0\.0 (revert|none)$/, where);
			it.holds(1, one, where);
		});
	});

	it("raises the hardware counter only once the image is confirmed", () => {
		const count = (value: number) => ({ protectedTlvs: [{ type: 0x50, value: [value, 0, 0, 0] }] });
		const it = bench(mode, { ...one, ...count(1) }, { ...two, ...count(2) }, { hwRollback: true });
		it.api.boot_set_next(it.map.area(1), false, true);
		mark(it, false);
		assert.equal(it.run(), "2.0.0 in slot 1 test");
		assert.equal(it.counter, 0);
		it.api.boot_set_next(it.map.area(2), true, true);
		assert.equal(it.run(), "2.0.0 in slot 1 none");
		assert.equal(it.counter, 2);
	});
});

describe("boot loader, ram-load", () => {
	const mode = "ram-load";
	const one = image(mode, 1);

	it("says where it loaded an image to, with its TLVs", () => {
		const it = bench(mode, one, image(mode, 2, { loadAddress: RAM.start + 0x100 }));
		assert.equal(it.boot().images[0]?.ramAddress, RAM.start + 0x100);
	});

	const unloadable: [string, Partial<TestImage>, RegExp][] = [
		["that is not made for it", { flags: 0 }, /not made to be loaded to RAM/],
		["below the RAM", { loadAddress: RAM.start - 4 }, /outside the RAM/],
		["that would end above it", { loadAddress: RAM.start + RAM.size - 1000 }, /outside the RAM/],
	];
	for (const [what, change, why] of unloadable)
		it(`erases an image ${what}, and runs the other`, () => {
			const it = bench(mode, one, image(mode, 2, change));
			assert.equal(it.run(), "1.0.0 none");
			assert.ok(it.isErased(2));
			assert.match(it.log.join("\n"), why);
		});

	it("does not load one image over another", () => {
		const it = bench(mode, one, undefined, { images: 2 });
		it.put(3, image(mode, 1, { loadAddress: RAM.start + 0x2000 }));
		it.put(4, image(mode, 2, { loadAddress: RAM.start + 0x100 }));
		assert.equal(it.run(), "1.0.0 none, 1.0.0 none");
		assert.match(it.log.join("\n"), /would overlap image 0/);
	});
});
