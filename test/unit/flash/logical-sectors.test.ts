import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { FlashArea } from "../../../modules/flash/area.js";
import { LogicalSectors } from "../../../modules/flash/logical-sectors.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { loaderConfig, makeImage } from "../bootutil/support.js";

/** Pages of a chip: runs of so many pages of so many bytes. */
type Runs = readonly (readonly [count: number, size: number])[];

/** Tells what is done, by addresses. */
class Chip extends NorPartition {
	readonly #page: number;
	readonly #start: number;
	readonly #ops: string[];

	constructor(memory: Uint8Array, start: number, page: number, ops: string[], writeAlign = 4) {
		super(memory, { sectorSize: page, writeAlign });
		this.#page = page;
		this.#start = start;
		this.#ops = ops;
	}

	override write(bytes: Uint8Array, offset: number): void {
		super.write(bytes, offset);
		this.#ops.push(`write ${this.#start + offset} ${bytes.length}`);
	}

	override eraseBlock(first: number, end = first + 1): void {
		super.eraseBlock(first, end);
		for (let at = first; at < end; at++) this.#ops.push(`erase ${this.#start + at * this.#page} ${this.#page}`);
	}
}

function chip(runs: Runs, ops: string[] = []): { memory: Uint8Array; parts: Chip[] } {
	const size = runs.reduce((sum, [count, page]) => sum + count * page, 0);
	const memory = new Uint8Array(size).fill(0xff);
	let at = 0;
	const parts = runs.map(([count, page]) => {
		const start = at;
		at += count * page;
		return new Chip(memory.subarray(start, at), start, page, ops);
	});
	return { memory, parts };
}

describe("logical sectors", () => {
	// What MCUboot's `boot_verify_logical_sectors` asks of them.
	const cases: readonly (readonly [what: string, sector: number, runs: Runs, fault?: RegExp])[] = [
		["pages as large as sectors", 4096, [[4, 4096]]],
		["smaller pages", 4096, [[16, 1024]]],
		[
			"pages of several sizes",
			8192,
			[
				[4, 2048],
				[2, 4096],
				[1, 8192],
			],
		],
		[
			"a sector over two runs",
			4096,
			[
				[2, 1024],
				[1, 2048],
			],
		],
		["a larger page", 4096, [[2, 8192]], /begin at 0x1000, inside a page of 8192 bytes/],
		["pages that do not fit a sector", 4096, [[4, 3072]], /begin at 0x1000, inside a page of 3072 bytes/],
		[
			"a larger page behind smaller ones",
			4096,
			[
				[4, 1024],
				[1, 8192],
			],
			/begin at 0x2000, inside a page of 8192 bytes/,
		],
		["half a sector", 4096, [[6, 1024]], /6144 bytes are no whole number of logical sectors of 4096/],
		["no flash", 4096, [], /0 bytes are no whole number/],
		["no power of two", 3072, [[3, 1024]], /a power of two of bytes, not 3072/],
		["no bytes", 0, [[3, 1024]], /a power of two of bytes, not 0/],
	];
	for (const [what, sector, runs, fault] of cases)
		it(`${fault ? "refuses" : "takes"} ${what}`, () => {
			const { memory, parts } = chip(runs);
			if (fault) return void assert.throws(() => new LogicalSectors(sector, parts), fault);
			const { size, blockLength, blocks, writeAlign } = new LogicalSectors(sector, parts).status();
			assert.deepEqual([size, blockLength, blocks, writeAlign], [memory.length, sector, memory.length / sector, 4]);
		});

	it("needs sectors of whole units of the coarsest part, and one erased value", () => {
		const part = (writeAlign: number, erasedValue = 0xff) =>
			new NorPartition(new Uint8Array(64), { sectorSize: 32, writeAlign, erasedValue });
		assert.equal(new LogicalSectors(32, [part(4), part(16)]).status().writeAlign, 16);
		assert.throws(() => new LogicalSectors(16, [part(32)]), /inside a page|no whole number of units of 32/);
		assert.throws(() => new LogicalSectors(32, [part(4), part(4, 0)]), /differ in their erased bytes/);
	});

	it("reads and writes over the borders of parts, erases page by page, and stays inside", () => {
		const ops: string[] = [];
		const { memory, parts } = chip(
			[
				[2, 1024],
				[1, 2048],
				[4, 1024],
			],
			ops,
		);
		const partition = new LogicalSectors(4096, parts);
		const data = Uint8Array.from({ length: 4096 }, (_, i) => i & 0x7f);
		partition.write(data, 2000);
		assert.deepEqual(memory.subarray(2000, 6096), data);
		const back = new Uint8Array(4096);
		assert.equal(partition.read(back, 2000), 4096);
		assert.deepEqual(back, data);
		partition.eraseBlock(0);
		assert.deepEqual(ops.slice(3), ["erase 0 1024", "erase 1024 1024", "erase 2048 2048"]);
		assert.ok(memory.subarray(0, 4096).every((byte) => byte === 0xff));
		assert.deepEqual(memory.subarray(4096, 6096), data.subarray(2096));
		assert.throws(() => partition.read(back, 4097), /outside the partition/);
		assert.throws(() => partition.eraseBlock(2), /outside the partition/);
		assert.throws(() => partition.eraseBlock(-1), /outside the partition/);
	});
});

/** Runs an update and its revert; returns the flash after each boot, and all operations with pages joined to sectors. */
function story(mode: "swap-move" | "swap-offset" | "swap-scratch" | "overwrite", runs: Runs | undefined) {
	const [sector, sectors] = [4096, 8];
	const ops: string[] = [];
	const size = sector * sectors;
	const memories: Uint8Array[] = [];
	const area = (id: number, label: string): FlashArea => {
		const { memory, parts } = chip(runs ?? [[sectors, sector]], ops);
		memories.push(memory);
		return new FlashArea(id, label, id * size, runs ? new LogicalSectors(sector, parts) : parts[0]!);
	};
	const map = new FlashMap([area(1, "image-0"), area(2, "image-1"), area(16, "image-scratch")]);
	const config = loaderConfig({ mode, maxSectors: sectors });
	const [primary, secondary] = memories;
	primary!.set(makeImage({ version: [1, 0, 0, 0], length: 9000 }));
	secondary!.set(makeImage({ version: [2, 0, 0, 0], length: 15_000 }), mode === "swap-offset" ? sector : 0);
	new BootUtil(map, config).boot_set_pending(false);
	const flashes: string[] = [];
	const versions: string[] = [];
	for (let boot = 0; boot < 3; boot++) {
		const { images } = new Loader(map, config, {
			digest: nobleDigest,
			log: () => {},
			securityCounters: { get: () => 0, set: () => {} },
		}).boot();
		versions.push(images[0]!.version ?? "none");
		const hasher = nobleDigest.sha256();
		for (const memory of memories) hasher.update(memory);
		flashes.push(hasher.digest().join());
	}
	// Of the pages of a sector the first stands for all, and has the whole length.
	const joined = ops.flatMap((op) => {
		const [what, at, length] = op.split(" ");
		if (what === "write") return [`write ${at} ${length}`];
		return Number(at) % sector === 0 ? [`erase ${at} ${sector}`] : [];
	});
	// A write over a border of parts is two.
	return { flashes, versions, erases: joined.filter((op) => op.startsWith("erase")), ops: ops.length };
}

describe("a boot loader on logical sectors", () => {
	for (const mode of ["swap-move", "swap-offset", "swap-scratch", "overwrite"] as const)
		it(`does to flash what it does on sectors of that size, ${mode}`, () => {
			const plain = story(mode, undefined);
			assert.equal(plain.versions[0], "2.0.0");
			assert.equal(plain.versions[1], mode === "overwrite" ? "2.0.0" : "1.0.0");
			for (const runs of [
				[[32, 1024]],
				[
					[8, 1024],
					[2, 4096],
					[8, 2048],
				],
			] as Runs[]) {
				const logical = story(mode, runs);
				assert.deepEqual(logical.flashes, plain.flashes);
				assert.deepEqual(logical.versions, plain.versions);
				assert.deepEqual(logical.erases, plain.erases);
				assert.ok(logical.ops > plain.ops);
			}
		});
});
