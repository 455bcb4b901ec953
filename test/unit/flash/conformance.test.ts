import assert from "node:assert";
import { flashConformance } from "../../../apps/flash-conformance/flash.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";

/** Rules that `open`'s flash breaks, with how. */
function broken(open: () => FlashPartition): string[] {
	const found: string[] = [];
	let rules = 0;
	const count = flashConformance(open, ({ rule, error }) => {
		rules++;
		if (error !== undefined) found.push(`${rule}: ${error}`);
	});
	assert.ok(rules >= 12);
	assert.strictEqual(count, found.length);
	return found;
}

const chip = (sectorSize = 256, writeAlign = 4, rest: object = {}) =>
	new NorPartition(new Uint8Array(4 * sectorSize).fill(0xff), { sectorSize, writeAlign, ...rest });

describe("flash conformance", () => {
	for (const strict of [true, false])
		for (const writeAlign of [1, 4, 8, 32])
			it(`NorPartition passes: units of ${writeAlign}, ${strict ? "strict" : "bits clear"}`, () => {
				const flash = chip(512, writeAlign, { strict });
				assert.deepEqual(
					broken(() => flash),
					[],
				);
			});

	it("NorPartition passes with an erased value of zero", () => {
		const flash = new NorPartition(new Uint8Array(1024), { sectorSize: 256, writeAlign: 4, erasedValue: 0 });
		assert.deepEqual(
			broken(() => flash),
			[],
		);
	});

	/** A partition with some methods replaced. */
	const spoilt = (change: (flash: NorPartition) => Partial<FlashPartition>): (() => FlashPartition) => {
		const flash = chip();
		const partition: FlashPartition = {
			read: (into, at) => flash.read(into, at),
			write: (bytes, at) => flash.write(bytes, at),
			eraseBlock: (first, end) => flash.eraseBlock(first, end),
			status: () => flash.status(),
			close: () => flash.close(),
			...change(flash),
		};
		return () => partition;
	};
	const drivers: [string, RegExp, () => FlashPartition][] = [
		["wrong geometry", /do not make 1000/, spoilt((flash) => ({ status: () => ({ ...flash.status(), size: 1000 }) }))],
		[
			"an erase of one sector too many",
			/an erase covers its sector.*behind|before/,
			spoilt((flash) => ({ eraseBlock: (first, end = first + 1) => flash.eraseBlock(first, Math.min(4, end + 1)) })),
		],
		[
			"an erase that ignores its end",
			/after an erase of two blocks/,
			spoilt((flash) => ({ eraseBlock: (first) => flash.eraseBlock(first) })),
		],
		[
			"a read that rounds its offset down",
			/a read may start and end anywhere/,
			spoilt((flash) => ({ read: (into, at) => flash.read(into, at & ~3) })),
		],
		[
			"a read that takes the whole buffer behind a view",
			/beside the part of a buffer/,
			spoilt((flash) => ({
				read: (into, at) => {
					flash.read(into, at);
					if (into instanceof Uint8Array && into.byteOffset > 0) new Uint8Array(into.buffer)[0] = 0;
					return into.byteLength;
				},
			})),
		],
		[
			"a write from the start of the buffer behind a view",
			/a write from a part of a buffer/,
			spoilt((flash) => ({
				write: (bytes, at) =>
					flash.write(
						bytes instanceof Uint8Array ? new Uint8Array(bytes.buffer as ArrayBuffer, 0, bytes.length) : bytes,
						at,
					),
			})),
		],
		[
			"a write that replaces what is there",
			/a second write/,
			spoilt((flash) => ({
				write: (bytes, at) => {
					const source = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
					if (at + source.length > 1024) throw new RangeError("outside");
					flash.memory.set(source, at);
				},
			})),
		],
		[
			"a write that is cut at the end",
			/a write behind the end is not refused/,
			spoilt((flash) => ({
				write: (bytes, at) =>
					flash.write((bytes as Uint8Array).slice(0, Math.max(0, Math.min(bytes.byteLength, 1024 - at))), at),
			})),
		],
		["an erase that does nothing", /after its erase/, spoilt(() => ({ eraseBlock: () => {} }))],
	];
	for (const [what, sentence, open] of drivers)
		it(`notices ${what}`, () => {
			assert.match(broken(open).join("\n"), sentence);
		});

	it("notices contents that do not outlive a close", () => {
		assert.match(broken(() => chip()).join("\n"), /contents outlive a close: after it was opened again/);
	});
});
