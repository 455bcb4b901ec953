import assert from "node:assert";
import { FlashArea } from "../../../modules/flash/area.js";
import { FlashError, type FlashErrorKind } from "../../../modules/flash/error.js";
import { guideLayout } from "../../../modules/flash/guide-layout.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { parseLayout } from "../../../modules/flash/parse-layout.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";

const geometry = { sectorSize: 256, writeAlign: 4 };

const nor = (strict = true) => new NorPartition(new Uint8Array(1024).fill(0xff), { ...geometry, strict });

const failure = (operation: () => void): FlashError => {
	try {
		operation();
	} catch (error) {
		if (error instanceof FlashError) return error;
		throw error;
	}
	return assert.fail("nothing was refused");
};

describe("flash area", () => {
	const bytes = (length: number) => new Uint8Array(length);
	const refused: [string, FlashErrorKind, (area: FlashArea) => void][] = [
		["a read past the end", "out of bounds", (area) => area.read(bytes(8), 1020)],
		["a read before the start", "out of bounds", (area) => area.read(bytes(8), -4)],
		["a read at no number", "out of bounds", (area) => area.read(bytes(8), Number.NaN)],
		["a write past the end", "out of bounds", (area) => area.write(bytes(8), 1020)],
		["a write of part of a unit", "not aligned", (area) => area.write(bytes(3), 0)],
		["a write between units", "not aligned", (area) => area.write(bytes(4), 2)],
		["a write over data", "not erased", (area) => area.write(bytes(4), 512)],
		["an erase of part of a sector", "not aligned", (area) => area.erase(0, 128)],
		["an erase between sectors", "not aligned", (area) => area.erase(128, 256)],
		["an erase past the end", "out of bounds", (area) => area.erase(768, 512)],
	];
	for (const [what, kind, operation] of refused) {
		it(`refuses ${what} and changes nothing`, () => {
			const partition = nor();
			partition.memory.fill(0x55, 512, 516);
			const before = partition.memory.slice();
			const area = new FlashArea(7, "image-9", 0x1000, partition);
			const error = failure(() => operation(area));
			assert.strictEqual(error.kind, kind);
			assert.match(error.message, /flash area 7 \(image-9\)/);
			assert.deepEqual(partition.memory, before);
		});
	}

	it("reads what was written, and erases by sectors", () => {
		const area = new FlashArea(1, "image-0", 0, nor());
		area.write(Uint8Array.of(1, 2, 3, 4), 252);
		area.write(Uint8Array.of(5, 6, 7, 8), 256);
		assert.deepEqual(area.bytes(250, 12), Uint8Array.of(255, 255, 1, 2, 3, 4, 5, 6, 7, 8, 255, 255));
		area.erase(0, 256);
		assert.deepEqual(area.bytes(250, 12), Uint8Array.of(255, 255, 255, 255, 255, 255, 5, 6, 7, 8, 255, 255));
		assert.ok(area.isErased(0, 256));
		assert.ok(!area.isErased(0, 257));
		assert.ok(area.isErased(260, 764));
	});

	it("asks a driver that can tell whether a range is erased", () => {
		const asked: number[][] = [];
		class Telling extends NorPartition {
			isErased(byteOffset: number, length: number): boolean {
				asked.push([byteOffset, length]);
				if (byteOffset === 512) throw new Error("no answer");
				return byteOffset === 256;
			}
		}
		const area = new FlashArea(1, "image-0", 0, new Telling(new Uint8Array(1024), { sectorSize: 256, writeAlign: 4 }));
		assert.ok(area.isErased(256, 256));
		assert.ok(!area.isErased(0, 4));
		assert.strictEqual(failure(() => area.isErased(512, 4)).kind, "device failure");
		assert.strictEqual(failure(() => area.isErased(1000, 100)).kind, "out of bounds");
		assert.deepEqual(asked, [
			[256, 256],
			[0, 4],
			[512, 4],
		]);
	});

	it("only clears bits where the flash allows writing twice", () => {
		const area = new FlashArea(1, "image-0", 0, nor(false));
		area.write(Uint8Array.of(0xf0, 0xf0, 0xf0, 0xf0), 0);
		area.write(Uint8Array.of(0x3c, 0xff, 0x00, 0xf0), 0);
		assert.deepEqual(area.bytes(0, 4), Uint8Array.of(0x30, 0xf0, 0x00, 0xf0));
	});

	it("turns whatever a driver throws into its own error", () => {
		const broken: FlashPartition = {
			read: () => {
				throw new Error("timeout");
			},
			write: () => {
				throw "not erased";
			},
			eraseBlock: () => {
				throw undefined;
			},
			status: () => ({ size: 1024, blockLength: 256, blocks: 4 }),
			close: () => {},
		};
		const area = new FlashArea(1, "image-0", 0, broken);
		assert.strictEqual(area.writeAlign, 1);
		assert.strictEqual(area.erasedValue, 0xff);
		assert.strictEqual(failure(() => area.read(bytes(4), 0)).kind, "device failure");
		assert.strictEqual(failure(() => area.write(bytes(4), 0)).kind, "not erased");
		assert.strictEqual(failure(() => area.erase(0, 256)).kind, "device failure");
	});
});

describe("flash map", () => {
	const open = (label: string) => {
		assert.match(label, /^(bootloader|image-[0-3]|storage|(upload|boot)-journal)$/);
		return nor();
	};

	it("finds the slots of the guide's layout", () => {
		const map = FlashMap.open(guideLayout, open);
		assert.strictEqual(map.images, 2);
		assert.deepEqual(
			[map.slot(0, "primary"), map.slot(0, "secondary"), map.slot(1, "primary"), map.slot(1, "secondary")].map(
				(area) => [area.id, area.label, area.offset],
			),
			[
				[1, "image-0", 0x14000],
				[2, "image-1", 0x94000],
				[3, "image-2", 0x114000],
				[4, "image-3", 0x194000],
			],
		);
		assert.throws(() => map.slot(2, "primary"), /no flash area has id 5/);
	});

	it("does without areas that are no slots, and not without a slot", () => {
		const lacking =
			(...missing: readonly string[]) =>
			(label: string) => {
				if (missing.includes(label)) throw new RangeError(`there is no flash partition "${label}"`);
				return nor();
			};
		const map = FlashMap.open(guideLayout, lacking("storage"));
		assert.strictEqual(map.labelled("storage"), undefined);
		assert.strictEqual(map.labelled("upload-journal")?.id, 17);
		for (const label of ["bootloader", "image-0", "image-3"])
			assert.throws(() => FlashMap.open(guideLayout, lacking(label)), /there is no flash partition/);
		const broken = (label: string) => {
			if (label === "storage") throw new Error("the chip does not answer");
			return nor();
		};
		assert.throws(() => FlashMap.open(guideLayout, broken), /does not answer/);
	});
});

describe("flash layout", () => {
	const layout = (areas: unknown, rest: object = {}) => ({
		name: "test",
		size: "0x10000",
		sectorSize: 4096,
		writeAlign: 4,
		areas,
		...rest,
	});
	const area = (id: unknown, label: string, offset: unknown, size: unknown) => ({ id, label, offset, size });

	it("takes numbers in hexadecimal", () => {
		const parsed = parseLayout(layout([area("1", "a", "0x1000", 0x2000)]));
		assert.deepEqual(parsed.areas, [{ id: 1, label: "a", offset: 0x1000, size: 0x2000 }]);
		assert.strictEqual(parsed.size, 0x10000);
	});

	it("takes the guide's own", () => {
		assert.deepEqual(parseLayout(guideLayout), guideLayout);
	});

	const good = area(1, "a", 0x1000, 0x2000);
	const refused: [string, unknown, RegExp][] = [
		["no object", 7, /a layout is an object/],
		["no areas", layout([]), /no areas/],
		["odd sectors", layout([good], { sectorSize: 1000 }), /sectorSize must be a power of two/],
		["a wide write unit", layout([good], { writeAlign: 64 }), /writeAlign must be/],
		["half a sector of flash", layout([good], { size: 0x10800 }), /size must be a multiple of sectorSize/],
		["no label", layout([area(1, "", 0, 4096)]), /an area has no label/],
		["an offset in a sector", layout([area(1, "a", 0x800, 4096)]), /area "a": offset must be a multiple of 4096/],
		["a size of part of a sector", layout([area(1, "a", 0, 100)]), /area "a": size must be a multiple of 4096/],
		["a negative offset", layout([area(1, "a", -4096, 4096)]), /area "a": offset/],
		["an area past the end", layout([area(1, "a", 0xf000, 0x2000)]), /area "a" ends at 0x11000, past the end/],
		["overlapping areas", layout([good, area(2, "b", 0x2000, 0x1000)]), /areas "a" and "b" overlap/],
		["one id twice", layout([good, area(1, "b", 0x3000, 0x1000)]), /areas "a" and "b" have the same id 1/],
		["one label twice", layout([good, area(2, "a", 0x3000, 0x1000)]), /two areas are called "a"/],
	];
	for (const [what, data, sentence] of refused)
		it(`refuses ${what}`, () => {
			assert.throws(() => parseLayout(data), sentence);
		});
});
