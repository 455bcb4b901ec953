import assert from "node:assert";
import { FlashError } from "../../../modules/flash/error.js";
import type { Flash } from "../../../modules/update/flash-storage.js";
import { SECTOR, SLOT } from "../bootutil/support.js";
import { Board, thrown } from "./support.js";

/** As an application in JavaScript calls it: with anything. */
type Loose = Record<"read" | "write" | "eraseBlock" | "status" | "close", (...args: unknown[]) => unknown>;

const loose = (flash: Flash): Loose => flash as unknown as Loose;

/** Options of `open`, and the class of what they make it throw. */
const OPENINGS: readonly [options: unknown, error: string][] = [
	[{ path: "image-1" }, "nothing"],
	[{ path: "image-1", mode: "r" }, "nothing"],
	[{ path: "image-1", mode: "r+", format: "buffer" }, "nothing"],
	[undefined, "TypeError"],
	[null, "TypeError"],
	["image-1", "TypeError"],
	[{}, "Error"],
	[{ path: "image-7" }, "Error"],
	[{ path: Symbol("path") }, "TypeError"],
	[{ path: "image-1", mode: "rw" }, "Error"],
	[{ path: "image-1", mode: Symbol("mode") }, "TypeError"],
	[{ path: "image-1", format: "number" }, "RangeError"],
];

type Call = (flash: Loose) => unknown;

/** Calls, and the class of what they throw. */
const CALLS: readonly [name: string, call: Call, error: string][] = [
	["read of nothing", (flash) => flash.read(0), "nothing"],
	["read into what is no buffer", (flash) => flash.read("4", 0), "TypeError"],
	["read of less than nothing", (flash) => flash.read(-1, 0), "RangeError"],
	["read before the start", (flash) => flash.read(4, -4), "RangeError"],
	["read behind the end", (flash) => flash.read(4, SLOT), "RangeError"],
	["write without an offset", (flash) => flash.write(new Uint8Array(4)), "SyntaxError"],
	["write of a text", (flash) => flash.write("1234", 0), "TypeError"],
	["write past the end", (flash) => flash.write(new Uint8Array(8), SLOT - 4), "RangeError"],
	["write before the start", (flash) => flash.write(new Uint8Array(8), -4), "RangeError"],
	["write of less than a program unit", (flash) => flash.write(new Uint8Array(3), 0), "FlashError"],
	["erase of nothing", (flash) => flash.eraseBlock(), "SyntaxError"],
	["erase by a BigInt", (flash) => flash.eraseBlock(1n), "TypeError"],
	["erase up to a BigInt", (flash) => flash.eraseBlock(0, 1n), "TypeError"],
	["erase before the start", (flash) => flash.eraseBlock(-1), "RangeError"],
	["erase behind the end", (flash) => flash.eraseBlock(7, 9), "RangeError"],
	["erase backwards", (flash) => flash.eraseBlock(3, 3), "RangeError"],
];

describe("embedded:storage/flash", () => {
	const open = () => loose(new Board().next);

	it("opens partitions, and throws the class of error that the SDK's tests want", () => {
		const { flash } = new Board();
		for (const [options, error] of OPENINGS)
			assert.equal(thrown(() => flash.open(options as never)).split(":")[0], error, JSON.stringify(options));
	});

	for (const [name, call, error] of CALLS)
		it(`${name}: ${error}`, () => assert.equal(thrown(() => call(open())).split(":")[0], error));

	it("tells its geometry", () =>
		assert.deepEqual(open().status(), { size: SLOT, blockLength: SECTOR, blocks: 8, writeAlign: 4, eraseValue: 0xff }));

	it("reads, writes and erases, with numbers that come as texts", () => {
		const flash = open();
		flash.write(Uint8Array.of(1, 2, 3, 4), SECTOR - 4);
		flash.write(new DataView(Uint8Array.of(0, 5, 6, 7, 8).buffer, 1), String(SECTOR));
		const into = new Uint8Array(10).fill(9);
		assert.equal(flash.read(into.subarray(1, 9), SECTOR - 4), 8);
		assert.deepEqual([...into], [9, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
		flash.eraseBlock("0", "2");
		assert.deepEqual([...new Uint8Array(flash.read(8, SECTOR - 4) as ArrayBuffer)], new Array(8).fill(0xff));
	});

	it("reads as far as the partition goes", () => {
		assert.equal((open().read(9, SLOT - 4) as ArrayBuffer).byteLength, 4);
		assert.equal(open().read(new ArrayBuffer(9), SLOT - 4), 4);
	});

	it("writes nothing where it was opened to be read alone", () => {
		const flash = loose(new Board().flash.open({ path: "image-1", mode: "r" }));
		assert.equal(
			thrown(() => flash.write(new Uint8Array(4), 0)),
			"Error: image-1 was opened to be read alone",
		);
		assert.equal(
			thrown(() => flash.eraseBlock(0)),
			"Error: image-1 was opened to be read alone",
		);
		assert.equal((flash.read(4, 0) as ArrayBuffer).byteLength, 4);
	});

	it("does nothing once it is closed, and nothing for what is no partition", () => {
		const flash = open();
		for (const receiver of [new Board().boot, [], "a string", undefined])
			for (const method of ["read", "write", "eraseBlock", "status", "close"] as const)
				assert.match(
					thrown(() => flash[method].call(receiver, new Uint8Array(4), 0)),
					/^SyntaxError/,
					method,
				);
		flash.close();
		flash.close();
		for (const method of ["read", "write", "eraseBlock", "status"] as const)
			assert.match(
				thrown(() => flash[method](new Uint8Array(4), 0)),
				/^SyntaxError/,
				method,
			);
	});

	it("has one format", () => {
		const flash = new Board().next;
		assert.equal(flash.format, "buffer");
		flash.format = "buffer";
		assert.match(
			thrown(() => Object.assign(flash, { format: "number" })),
			/^RangeError/,
		);
		assert.equal(flash.format, "buffer");
	});

	it("lists its partitions, and is frozen", () => {
		const { flash } = new Board({ images: 2 });
		assert.deepEqual([...flash], ["image-0", "image-1", "image-2", "image-3"]);
		assert.ok(Object.isFrozen(flash));
		const { constructor: make } = flash.open({ path: "image-1" }) as { constructor: unknown };
		assert.ok(Object.isFrozen(make));
		assert.match(
			thrown(() => new (make as new (handle: object) => Flash)({})),
			/^TypeError/,
		);
	});

	it("passes on what its driver throws", () => {
		const { next } = new Board();
		next.write(new Uint8Array(4), 0);
		assert.throws(() => next.write(new Uint8Array(4), 0), FlashError);
	});
});
