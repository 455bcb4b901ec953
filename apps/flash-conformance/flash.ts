import type { FlashPartition } from "../../modules/flash/partition.js";

/** Outcome of one rule: `error` says how the flash breaks it. */
export interface ConformanceResult {
	readonly rule: string;
	readonly error?: string;
}

/**
 * Checks a flash driver against what `FlashPartition` promises (modules/flash/partition.ts; ECMA-419, class
 * `embedded:storage/flash`). Nothing in here needs more than the language, so that it runs on the device itself.
 *
 * **Erases the partition's first two sectors and its last one.** `open` opens the partition; it is called for each rule.
 * `report` is called once a rule. Returns how many rules are broken. Needs three sectors, and memory for two.
 *
 * ```ts
 * const broken = flashConformance(() => host.flash("storage"), ({ rule, error }) => host.log(`${rule}: ${error ?? "ok"}`));
 * ```
 */
export function flashConformance(open: () => FlashPartition, report: (result: ConformanceResult) => void): number {
	let broken = 0;
	for (const [rule, check] of RULES) {
		let error: string | undefined;
		let flash: FlashPartition | undefined;
		try {
			flash = open();
			check(new Bench(flash, open));
		} catch (thrown) {
			error = thrown instanceof Error ? thrown.message : String(thrown);
			broken++;
		} finally {
			flash?.close();
		}
		report(error === undefined ? { rule } : { rule, error });
	}
	return broken;
}

type Rule = readonly [string, (bench: Bench) => void];

/** A partition on the bench, with what the rules do to it. */
class Bench {
	flash: FlashPartition;
	readonly size: number;
	readonly sector: number;
	readonly sectors: number;
	readonly unit: number;
	readonly erased: number;
	readonly #open: () => FlashPartition;

	constructor(flash: FlashPartition, open: () => FlashPartition) {
		const status = flash.status();
		this.flash = flash;
		this.size = status.size;
		this.sector = status.blockLength;
		this.sectors = status.blocks;
		this.unit = status.writeAlign ?? 1;
		this.erased = status.eraseValue ?? 0xff;
		this.#open = open;
	}

	/** Closes the partition, twice, and opens it again. */
	reopen(): void {
		this.flash.close();
		this.flash.close();
		this.flash = this.#open();
	}

	/** Erases the first two sectors and the last. */
	erase(): void {
		this.flash.eraseBlock(0, 2);
		this.flash.eraseBlock(this.sectors - 1, this.sectors);
	}

	read(offset: number, length: number): Uint8Array {
		const into = new Uint8Array(length);
		this.flash.read(into, offset);
		return into;
	}

	expect(offset: number, bytes: Uint8Array, what: string): void {
		const found = this.read(offset, bytes.length);
		const at = found.findIndex((byte, i) => byte !== bytes[i]);
		if (at >= 0) fail(`${what}: the byte at ${offset + at} is ${found[at]}, not ${bytes[at]}`);
	}

	expectErased(offset: number, length: number, what: string): void {
		this.expect(offset, new Uint8Array(length).fill(this.erased), what);
	}

	/** `operation` throws and leaves `length` bytes at `offset` as they are. */
	refuses(what: string, operation: () => void, offset: number, length: number): void {
		const before = this.read(offset, length);
		if (!throws(operation)) fail(`${what} is not refused`);
		this.expect(offset, before, `${what} was refused`);
	}
}

function fail(why: string): never {
	throw new Error(why);
}

function throws(operation: () => void): boolean {
	try {
		operation();
		return false;
	} catch {
		return true;
	}
}

/** Bytes that differ from their neighbours and from erased flash, another series for each seed. */
function pattern(length: number, seed: number): Uint8Array {
	const bytes = new Uint8Array(length);
	for (let i = 0; i < length; i++) bytes[i] = 1 + ((i * 7 + (i >> 8) + seed * 31) % 253);
	return bytes;
}

const powerOfTwo = (value: number): boolean => Number.isInteger(value) && value > 0 && (value & (value - 1)) === 0;

function geometry({ size, sector, sectors, unit, erased }: Bench): void {
	if (!powerOfTwo(sector)) fail(`blockLength is ${sector}, no power of two`);
	if (!Number.isInteger(sectors) || sectors < 3) fail(`there are ${sectors} blocks, and three are needed`);
	if (sectors * sector !== size) fail(`${sectors} blocks of ${sector} bytes do not make ${size}`);
	if (!powerOfTwo(unit) || unit > 32) fail(`writeAlign is ${unit}, not 1, 2, 4, 8, 16 or 32`);
	if (sector % unit !== 0) fail(`a block of ${sector} bytes is no multiple of writeAlign ${unit}`);
	if (erased !== 0xff && erased !== 0) fail(`eraseValue is ${erased}`);
}

function eraseOne(bench: Bench): void {
	const { flash, sector, unit } = bench;
	bench.erase();
	const last = pattern(unit, 1);
	const next = pattern(unit, 2);
	flash.write(last, sector - unit);
	flash.write(next, sector);
	flash.eraseBlock(0);
	bench.expectErased(0, sector, "after its erase");
	bench.expect(sector, next, "after an erase of the block before");
	flash.write(last, sector - unit);
	flash.eraseBlock(1);
	bench.expect(sector - unit, last, "after an erase of the block behind");
	bench.expectErased(sector, sector, "after its erase");
}

function eraseRange(bench: Bench): void {
	const { flash, sector, unit } = bench;
	bench.erase();
	flash.write(pattern(unit, 3), 0);
	flash.write(pattern(unit, 4), 2 * sector - unit);
	flash.eraseBlock(0, 2);
	bench.expectErased(0, 2 * sector, "after an erase of two blocks");
	flash.write(pattern(unit, 5), 0);
	flash.eraseBlock(1, 1);
	bench.expect(0, pattern(unit, 5), "after an erase of no block");
}

function readAnywhere(bench: Bench): void {
	const { flash, sector, size, unit } = bench;
	bench.erase();
	const bytes = pattern(Math.max(64, 2 * unit), 6);
	flash.write(bytes, sector - bytes.length / 2);
	for (const [from, to] of [
		[0, bytes.length],
		[1, bytes.length],
		[3, bytes.length - 5],
		[bytes.length / 2 - 1, bytes.length / 2],
	] as const)
		bench.expect(sector - bytes.length / 2 + from, bytes.subarray(from, to), `a read of ${to - from} bytes`);
	bench.expectErased(size - 1, 1, "the last byte");
}

function readInto(bench: Bench): void {
	const { flash, unit } = bench;
	bench.erase();
	const bytes = pattern(Math.max(16, unit), 7);
	flash.write(bytes, 0);
	const whole = new Uint8Array(bytes.length + 8).fill(0x5a);
	const count = flash.read(whole.subarray(4, 4 + bytes.length), 0);
	if (count !== bytes.length) fail(`read returned ${count} for ${bytes.length} bytes`);
	if (bytes.some((byte, i) => whole[4 + i] !== byte)) fail("a part of a buffer was not filled with what was written");
	for (const i of [0, 1, 2, 3]) {
		const ends = [whole[i], whole[whole.length - 1 - i]];
		if (ends.some((byte) => byte !== 0x5a)) fail("a read changed bytes beside the part of a buffer that it was given");
	}
	const buffer = new ArrayBuffer(bytes.length);
	flash.read(buffer, 0);
	const view = new Uint8Array(buffer);
	if (bytes.some((byte, i) => view[i] !== byte)) fail("an ArrayBuffer was not filled with what was written");
}

function writeFrom(bench: Bench): void {
	const { flash, unit } = bench;
	bench.erase();
	const source = pattern(4 * unit, 8);
	flash.write(source.subarray(unit, 3 * unit), 0);
	bench.expect(0, source.subarray(unit, 3 * unit), "a write from a part of a buffer");
	const buffer = new ArrayBuffer(2 * unit);
	new Uint8Array(buffer).set(source.subarray(0, 2 * unit));
	flash.write(buffer, 4 * unit);
	bench.expect(4 * unit, source.subarray(0, 2 * unit), "a write from an ArrayBuffer");
	bench.expectErased(2 * unit, 2 * unit, "between two writes");
	bench.expectErased(6 * unit, 2 * unit, "behind a write");
}

function writeUnits(bench: Bench): void {
	const { flash, sector, unit } = bench;
	bench.erase();
	const bytes = pattern(8 * unit, 9);
	// Swap status and trailers are written from high addresses to low ones, one unit at a time.
	for (let at = 7 * unit; at >= 0; at -= unit) flash.write(bytes.subarray(at, at + unit), at);
	bench.expect(0, bytes, "units written downwards");
	bench.expectErased(8 * unit, sector - 8 * unit, "the rest of the block");
}

function writeSectors(bench: Bench): void {
	const { flash, sector, size, unit } = bench;
	bench.erase();
	const bytes = pattern(sector, 10);
	flash.write(bytes, sector / 2);
	bench.expect(sector / 2, bytes, "a write across two blocks");
	bench.expectErased(0, sector / 2, "before a write across two blocks");
	flash.write(bytes.subarray(0, unit), size - unit);
	bench.expect(size - unit, bytes.subarray(0, unit), "the last unit");
}

/** NOR flash can only move bits away from the erased state; a driver may also refuse to try. */
function writeTwice(bench: Bench): void {
	const { flash, unit, erased } = bench;
	bench.erase();
	const first = pattern(unit, 11);
	const second = pattern(unit, 12);
	flash.write(first, 0);
	const expected = throws(() => flash.write(second, 0))
		? first
		: first.map((byte, i) => (erased === 0xff ? byte & second[i]! : byte | second[i]!));
	bench.expect(0, expected, "a second write");
	bench.expectErased(unit, unit, "behind a second write");
	flash.eraseBlock(0);
	flash.write(second, 0);
	bench.expect(0, second, "a write after an erase");
}

function bounds(bench: Bench): void {
	const { flash, size, sector, sectors, unit } = bench;
	bench.erase();
	flash.write(pattern(unit, 13), size - unit);
	const tail = size - sector;
	const past = pattern(2 * unit, 14);
	bench.refuses("a read past the end", () => void flash.read(new Uint8Array(2), size - 1), tail, sector);
	bench.refuses("a read behind the end", () => void flash.read(new Uint8Array(1), size), tail, sector);
	bench.refuses("a write past the end", () => flash.write(past, size - unit), tail, sector);
	bench.refuses("a write behind the end", () => flash.write(past, size), tail, sector);
	bench.refuses("an erase past the end", () => flash.eraseBlock(sectors - 1, sectors + 1), tail, sector);
	bench.refuses("an erase behind the end", () => flash.eraseBlock(sectors, sectors + 1), tail, sector);
}

/** What a driver makes of a write that is not aligned is its own affair, as long as it does it whole or not at all. */
function alignment(bench: Bench): void {
	const { flash, sector, unit } = bench;
	if (unit === 1) return;
	bench.erase();
	const bytes = pattern(unit, 15);
	if (throws(() => flash.write(bytes, 1))) bench.expectErased(0, sector, "a write that was refused");
	else bench.expect(1, bytes, "a write that is not aligned and was not refused");
	bench.erase();
	const short = bytes.subarray(0, unit - 1);
	if (throws(() => flash.write(short, 0))) bench.expectErased(0, sector, "a write that was refused");
	else bench.expect(0, short, "a write of part of a unit that was not refused");
}

function persistence(bench: Bench): void {
	const { size, sector, unit } = bench;
	bench.erase();
	const bytes = pattern(8 * unit, 16);
	bench.flash.write(bytes, unit);
	bench.flash.write(bytes.subarray(0, unit), size - unit);
	bench.reopen();
	bench.expectErased(0, unit, "after it was opened again");
	bench.expect(unit, bytes, "after it was opened again");
	bench.expect(size - unit, bytes.subarray(0, unit), "after it was opened again");
	bench.flash.eraseBlock(0);
	bench.reopen();
	bench.expectErased(0, sector, "erased and opened again");
	bench.flash.close();
}

const RULES: readonly Rule[] = [
	["its geometry is whole sectors, and units that divide them", geometry],
	["an erase covers its sector and nothing else", eraseOne],
	["an erase covers a range of sectors", eraseRange],
	["a read may start and end anywhere", readAnywhere],
	["a read fills exactly the bytes it is given", readInto],
	["a write takes exactly the bytes it is given", writeFrom],
	["units may be written one at a time, downwards", writeUnits],
	["a write may cross sectors and reach the end", writeSectors],
	["a second write only moves bits away from erased, or is refused", writeTwice],
	["what lies outside is refused and changes nothing", bounds],
	["a write that is not aligned is done whole or not at all", alignment],
	["contents outlive a close", persistence],
];
