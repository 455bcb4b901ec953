import assert from "node:assert";
import type { LoaderConfig } from "../../../modules/bootutil/loader/config.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { loaderConfig, makeFlash, makeImage, SLOT, type TestImage } from "./support.js";

/** A boot loader of which the second slot holds a firmware loader. No boot may write to its flash. */
class Device {
	readonly log: string[] = [];
	readonly flash = makeFlash(1, () => {
		throw new Error("a boot has written");
	});
	readonly #loader: Loader;

	constructor(change: Partial<LoaderConfig> = {}) {
		this.#loader = new Loader(this.flash.map, loaderConfig({ mode: "firmware-loader", ...change }), {
			digest: nobleDigest,
			log: (line) => this.log.push(line),
			securityCounters: { get: () => 0, set: () => {} },
		});
	}

	put(id: number, image: Partial<TestImage> = {}): this {
		this.flash.bytes(id).set(makeImage({ version: [id, 0, 0, 0], length: 3000, ...image }));
		return this;
	}

	/** Where a boot loads the application to. */
	ramAddress(): number | undefined {
		return this.#loader.boot().images[0]!.ramAddress;
	}

	/** Slot and version of what a boot starts; "-" if it is nothing. */
	boot(wanted = false): string {
		const { ok, halted, images } = this.#loader.boot(wanted);
		assert.equal(halted, false);
		return ok ? images.map(({ slot, version, action }) => `${slot} ${version} ${action}`).join() : "-";
	}
}

const APPLICATION = "0 1.0.0 none";
const LOADER = "1 2.0.0 none";

describe("a firmware loader", () => {
	it("runs if it is wanted, the application otherwise", () => {
		const it = new Device().put(1).put(2);
		assert.equal(it.boot(), APPLICATION);
		assert.equal(it.boot(true), LOADER);
		assert.equal(it.boot(), APPLICATION);
	});

	const faults: readonly [what: string, spoil: (it: Device, id: number) => void][] = [
		["is missing", (it, id) => it.flash.bytes(id).fill(0xff)],
		["is damaged", (it, id) => (it.flash.bytes(id)[100] = 0x55)],
		["is not made to be booted", (it, id) => it.put(id, { flags: 0x10 })],
		["is compressed", (it, id) => it.put(id, { flags: 0x400 })],
		["reaches into the trailer", (it, id) => it.put(id, { length: SLOT - 48 - 32 - 40 + 4 })],
		["is larger than its slot", (it, id) => it.put(id, { length: 100 }).flash.bytes(id).fill(0x7f, 12, 16)],
	];
	for (const [what, spoil] of faults) {
		it(`runs without being wanted if the application ${what}`, () => {
			const it = new Device().put(1).put(2);
			spoil(it, 1);
			assert.equal(it.boot(), LOADER);
			assert.equal(it.boot(true), LOADER);
		});

		it(`gives way to the application if it ${what} itself`, () => {
			const it = new Device().put(1).put(2);
			spoil(it, 2);
			assert.equal(it.boot(true), APPLICATION);
			spoil(it, 1);
			assert.equal(it.boot(true), "-");
			assert.equal(it.boot(), "-");
			assert.match(it.log.at(-1)!, /neither an application nor a firmware loader/);
		});
	}

	it("runs only if it is wanted where the boot loader is built so", () => {
		const it = new Device({ loaderWithoutImage: false }).put(2);
		assert.equal(it.boot(), "-");
		assert.equal(it.boot(true), LOADER);
	});

	it("takes the whole slot below the trailer", () => {
		const it = new Device().put(1, { length: SLOT - 48 - 32 - 40 }).put(2);
		assert.equal(it.boot(), APPLICATION);
	});

	it("heeds no trailer", () => {
		const it = new Device().put(1).put(2);
		it.flash
			.bytes(2)
			.set([0x77, 0xc2, 0x95, 0xf3, 0x60, 0xd2, 0xef, 0x7f, 0x35, 0x52, 0x50, 0x0f, 0x2c, 0xb6, 0x79, 0x80], SLOT - 16);
		assert.equal(it.boot(), APPLICATION);
	});

	it("is not looked for with a single slot", () => {
		const it = new Device({ mode: "single-slot" }).put(1).put(2);
		assert.equal(it.boot(), APPLICATION);
		assert.equal(it.boot(true), APPLICATION);
		it.flash.bytes(1)[100] = 0x55;
		assert.equal(it.boot(), "-");
		assert.match(it.log.at(-1)!, /no application can be started/);
	});

	it("is not looked for with a single slot that is loaded to RAM", () => {
		const ram = { start: 0x20000000, size: 0x10000 };
		const it = new Device({ mode: "single-slot-ram-load", ram }).put(2);
		const loaded = { flags: 0x20, loadAddress: ram.start + 0x100 };
		it.put(1, loaded);
		assert.equal(it.boot(), APPLICATION);
		assert.equal(it.ramAddress(), loaded.loadAddress);
		for (const [image, why] of [
			[{ flags: 0, loadAddress: loaded.loadAddress }, /not made to be loaded to RAM/],
			[{ ...loaded, loadAddress: ram.start - 4 }, /outside the RAM for images/],
			[{ ...loaded, loadAddress: ram.start + ram.size - 100 }, /outside the RAM for images/],
		] as const) {
			it.put(1, image);
			assert.equal(it.boot(), "-");
			assert.equal(it.ramAddress(), undefined);
			assert.match(it.log.at(-2)!, why);
		}
		it.put(1, loaded).flash.bytes(1)[100] = 0x55;
		assert.equal(it.boot(), "-");
		assert.equal(it.ramAddress(), undefined);
		assert.match(it.log.at(-1)!, /no application can be started/);
	});

	it("is loaded to RAM even where the boot loader does not validate", () => {
		const ram = { start: 0x20000000, size: 0x10000 };
		const it = new Device({ mode: "single-slot-ram-load", ram, validatePrimary: false });
		it.put(1, { flags: 0x20, loadAddress: ram.start }).flash.bytes(1)[100] = 0x55;
		assert.equal(it.boot(), APPLICATION);
		assert.equal(it.ramAddress(), ram.start);
		it.put(1);
		assert.equal(it.boot(), "-");
	});

	it("is not hashed where the boot loader does not validate", () => {
		const it = new Device({ validatePrimary: false }).put(1);
		it.flash.bytes(1)[100] = 0x55;
		assert.equal(it.boot(), APPLICATION);
	});
});
