import assert from "node:assert";
import { FlashArea } from "../../../modules/flash/area.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { FlashStore } from "../../../modules/flash/store.js";

const SECTOR = 256;

/** Power fails. */
class Cut extends Error {}

/** A flash that loses power at operation `cutAt`: before it, half-way, or just after it. */
class Chip extends NorPartition {
	operations = 0;
	cutAt = 0;
	how: "before" | "half" | "scrambled" | "after" = "before";

	constructor(memory: Uint8Array, writeAlign: number) {
		super(memory, { sectorSize: SECTOR, writeAlign });
	}

	override write(bytes: Uint8Array | ArrayBuffer, at: number): void {
		const data = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
		this.#operation(at, data.length, () => super.write(bytes, at), data);
	}

	override eraseBlock(first: number, end = first + 1): void {
		this.#operation(first * SECTOR, (end - first) * SECTOR, () => super.eraseBlock(first, end));
	}

	#operation(at: number, length: number, run: () => void, data?: Uint8Array): void {
		if (++this.operations !== this.cutAt) {
			run();
			return;
		}
		if (this.how === "after") run();
		const touched = this.memory.subarray(at, at + length);
		if (this.how === "half") {
			if (data) touched.set(data.subarray(0, length >> 1));
			else touched.fill(0xff, 0, length >> 1);
		}
		if (this.how === "scrambled") for (let i = 0; i < length; i++) touched[i] = i & 1 ? 0xff : (i * 37) & 0xff;
		throw new Cut();
	}
}

const chip = (sectors = 4, writeAlign = 4): Chip => new Chip(new Uint8Array(sectors * SECTOR).fill(0xff), writeAlign);
const open = (flash: Chip): FlashStore => new FlashStore(new FlashArea(5, "storage", 0, flash));
const text = (letters: string): Uint8Array => Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
const contents = (store: FlashStore): Record<string, string> => {
	const all: Record<string, string> = {};
	for (const name of store.names().sort()) all[name] = String.fromCharCode(...store.get(name)!);
	return all;
};

describe("store on flash", () => {
	it("keeps values, the last of each name, and forgets deleted ones", () => {
		const flash = chip();
		const store = open(flash);
		store.set("a", text("1"));
		store.set("b/c", text("two"));
		store.set("a", text("3"));
		store.set("d", new Uint8Array(0));
		assert.equal(store.delete("b/c"), true);
		assert.equal(store.delete("b/c"), false);
		for (const each of [store, open(flash)]) assert.deepEqual(contents(each), { a: "3", d: "" });
	});

	it("writes nothing for a value that is there", () => {
		const flash = chip();
		const store = open(flash);
		store.set("a", text("1"));
		const { operations } = flash;
		store.set("a", text("1"));
		assert.equal(flash.operations, operations);
	});

	for (const writeAlign of [1, 4, 8, 16, 32])
		it(`goes round and round with write units of ${writeAlign} bytes`, () => {
			const flash = chip(2, writeAlign);
			const store = open(flash);
			for (let i = 0; i < 200; i++) store.set(`k${i % 3}`, text(String(i)));
			for (const each of [store, open(flash)]) assert.deepEqual(contents(each), { k0: "198", k1: "199", k2: "197" });
		});

	it("refuses what does not fit, and keeps what it has", () => {
		const store = open(chip());
		const value = new Uint8Array(200);
		store.set("a", value);
		store.set("b", value);
		assert.throws(() => store.set("c", value), /the storage is full/);
		store.set("b", text("x"));
		store.set("c", value);
		assert.deepEqual(store.names().sort(), ["a", "b", "c"]);
	});

	it("refuses names that are none", () => {
		const store = open(chip());
		for (const name of ["", "x".repeat(256), "ü"]) assert.throws(() => store.set(name, text("1")), RangeError);
		assert.throws(() => open(chip(1)), RangeError);
	});

	it("takes a flash full of rubbish as empty", () => {
		const flash = chip();
		flash.memory.forEach((_, i) => {
			flash.memory[i] = (i * 73) & 0xff;
		});
		const store = open(flash);
		assert.deepEqual(contents(store), {});
		store.set("a", text("1"));
		assert.deepEqual(contents(open(flash)), { a: "1" });
	});

	// Every operation of a run that goes through several compactions, cut in each way: what a name has after the next
	// start is what it had before the change that was cut, or what it was changed to, and the store goes on.
	for (const how of ["before", "half", "scrambled", "after"] as const)
		it(`survives a power cut at every operation: ${how}`, () => {
			const changes = Array.from({ length: 40 }, (_, i) => [`k${i % 4}`, i % 9 === 8 ? undefined : `${i}`] as const);
			const apply = (store: FlashStore, name: string, value: string | undefined): void => {
				if (value === undefined) store.delete(name);
				else store.set(name, text(value.padEnd(20, ".")));
			};
			const total = ((): number => {
				const flash = chip(2);
				const store = open(flash);
				for (const [name, value] of changes) apply(store, name, value);
				return flash.operations;
			})();
			assert.ok(total > changes.length);
			for (let cutAt = 1; cutAt <= total; cutAt++) {
				const flash = chip(2);
				flash.cutAt = cutAt;
				flash.how = how;
				const store = open(flash);
				const model: Record<string, string> = {};
				let cut = false;
				for (const [name, value] of changes) {
					const old = { ...model };
					if (value === undefined) delete model[name];
					else model[name] = value.padEnd(20, ".");
					try {
						apply(store, name, value);
						continue;
					} catch (error) {
						assert.ok(flash.operations === cutAt, String(error));
					}
					cut = true;
					flash.cutAt = 0;
					const after = open(flash);
					const found = JSON.stringify(contents(after));
					const sorted = (all: Record<string, string>): string =>
						JSON.stringify(Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1))));
					assert.ok([sorted(old), sorted(model)].includes(found), `operation ${cutAt}: ${found}`);
					after.set("more", text("more"));
					assert.equal(contents(open(flash))["more"], "more");
					break;
				}
				assert.ok(cut, `operation ${cutAt} was not reached`);
			}
		});
});
