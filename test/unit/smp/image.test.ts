import assert from "node:assert";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import type { ResponseMap } from "../../../modules/smp/cbor.js";
import { SmpError } from "../../../modules/smp/errors.js";
import { bool, decodeFields, type Field, uint } from "../../../modules/smp/fields.js";
import { type ImageEvent, type ImageOptions, imageGroup } from "../../../modules/smp/group/image/image.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { override } from "../../support/override.js";
import { exchange, hex, image, random, request, TestFlash } from "./support.js";

const OLD = image(1500, [1, 0, 0], 1);
const NEW = image(3001, [2, 0, 0], 2);
const OTHER = image(2000, [3, 0, 0], 3);

const sha256 = (data: Uint8Array): Uint8Array => {
	const hasher = nobleDigest.sha256();
	hasher.update(data);
	return hasher.digest();
};
const hashOf = (file: Uint8Array): Uint8Array => file.subarray(file.length - 32);

/** A device with OLD running, and a client that speaks version 1, so that errors are plain numbers. */
class Bench {
	readonly flash: TestFlash;
	readonly server: SmpServer;
	readonly events: string[] = [];

	constructor(mode: UpgradeMode = "swap-move", writeAlign = 4, options: Partial<ImageOptions> = {}) {
		this.flash = new TestFlash(mode, writeAlign);
		this.flash.primary.set(OLD);
		const onEvent = (event: ImageEvent) =>
			this.events.push(event.type === "confirmed" ? "confirmed" : `${event.type} ${event.upload.offset}`);
		const group = imageGroup({ boot: this.flash.boot, digest: nobleDigest, onEvent, ...options });
		this.server = new SmpServer({ groups: [group], bufferSize: 600 });
	}

	send(command: number, map: ResponseMap, op = 2) {
		const schema = { rc: uint, off: uint, match: bool } satisfies Record<string, Field<unknown>>;
		const [response] = exchange(this.server, request(1, command, map, 0, op));
		return decodeFields(response!.subarray(8), schema);
	}

	/** Sends a file from the wanted offset on, in chunks whose sizes `size` gives. Returns the last response. */
	upload(file: Uint8Array, size: () => number, sha: Uint8Array | undefined = sha256(file), until = file.length) {
		let last = this.send(1, { off: 0, len: file.length, sha, data: file.subarray(0, Math.max(32, size())) });
		while (last.off !== undefined && last.off < until) {
			const data = file.subarray(last.off, last.off + size());
			const next = this.send(1, { off: last.off, data });
			if (next.off === last.off) throw new Error(`stuck at ${last.off}`);
			last = next;
		}
		return last;
	}

	/** Asserts that the second slot holds a file where it belongs, and an erased trailer. */
	holds(file: Uint8Array): void {
		const { secondary, boot } = this.flash;
		const start = boot.boot_get_image_start_offset(2);
		assert.equal(hex(secondary.subarray(start, start + file.length)), hex(file));
		assert.ok(secondary.subarray(15 * 1024).every((byte) => byte === 0xff));
	}

	get swapType(): SwapType {
		return this.flash.boot.boot_swap_type();
	}
}

describe("image upload", () => {
	for (const mode of ["swap-move", "swap-offset"] as const)
		it(`takes chunks of every size, ${mode}`, () => {
			for (const size of [1, 2, 3, 5, 31, 32, 33, 100, 255, 256, 257, 1000, 1023, 1024, 1025, 3000, 3001, 4000]) {
				const bench = new Bench(mode);
				bench.flash.secondary.fill(0x5a);
				assert.deepEqual(
					bench.upload(NEW, () => size),
					{ off: NEW.length, match: true },
					`chunks of ${size}`,
				);
				bench.holds(NEW);
				assert.equal(bench.send(0, {}, 0).rc, undefined);
			}
		});

	for (const align of [1, 2, 4, 8, 16, 32])
		it(`takes chunks of mixed sizes on flash with a write unit of ${align}`, () => {
			const next = random(align);
			const bench = new Bench("swap-move", align);
			bench.flash.secondary.fill(0);
			assert.deepEqual(
				bench.upload(NEW, () => 1 + next(90)),
				{ off: NEW.length, match: true },
			);
			bench.holds(NEW);
		});

	it("acknowledges every byte as it comes", () => {
		const bench = new Bench();
		assert.deepEqual(bench.send(1, { off: 0, len: 3001, data: NEW.subarray(0, 33) }), { off: 33 });
		for (let off = 33; off < 50; off++)
			assert.deepEqual(bench.send(1, { off, data: NEW.subarray(off, off + 1) }), { off: off + 1 });
	});

	it("erases the sectors it writes, the trailer, and no more", () => {
		const bench = new Bench();
		bench.flash.secondary.fill(0);
		bench.upload(NEW, () => 200);
		assert.equal(bench.flash.erases, 4);
		assert.equal(bench.flash.secondary[3 * 1024], 0);
		const blank = new Bench();
		blank.upload(NEW, () => 200);
		assert.equal(blank.flash.erases, 0);
	});

	it("erases an image in front of the one it writes, by offset", () => {
		const bench = new Bench("swap-offset");
		bench.flash.secondary.set(OTHER);
		bench.upload(NEW, () => 200);
		assert.ok(bench.flash.secondary.subarray(0, 1024).every((byte) => byte === 0xff));
		bench.holds(NEW);
	});

	it("takes back the mark of the image it overwrites, at once", () => {
		const bench = new Bench();
		bench.upload(OTHER, () => 500);
		bench.send(0, { hash: hashOf(OTHER) });
		assert.equal(bench.swapType, SwapType.TEST);
		bench.send(1, { off: 0, len: NEW.length, data: NEW.subarray(0, 32) });
		assert.equal(bench.swapType, SwapType.NONE);
	});

	it("resumes for a client that comes back", () => {
		const bench = new Bench();
		bench.upload(NEW, () => 100, sha256(NEW), 1000);
		assert.deepEqual(
			bench.upload(NEW, () => 333),
			{ off: NEW.length, match: true },
		);
		bench.holds(NEW);
		assert.equal(bench.events.filter((event) => event.startsWith("started")).length, 1);
	});

	it("starts anew for another file, and answers the first client with the new offset", () => {
		const bench = new Bench();
		bench.upload(NEW, () => 100, sha256(NEW), 500);
		bench.upload(OTHER, () => 200, sha256(OTHER), 600);
		assert.deepEqual(bench.send(1, { off: 500, data: NEW.subarray(500, 600) }), { off: 600 });
		assert.deepEqual(
			bench.upload(OTHER, () => 200),
			{ off: OTHER.length, match: true },
		);
		bench.holds(OTHER);
	});

	it("starts anew without a sha", () => {
		const bench = new Bench();
		const none = new Uint8Array(0);
		bench.upload(NEW, () => 100, none, 500);
		assert.deepEqual(
			bench.upload(NEW, () => 100, none),
			{ off: NEW.length },
		);
		bench.holds(NEW);
	});

	it("answers lost, repeated and empty packets with the wanted offset", () => {
		const bench = new Bench();
		assert.deepEqual(bench.send(1, { off: 100, data: NEW.subarray(100, 200) }), { off: 0 });
		bench.upload(NEW, () => 100, sha256(NEW), 300);
		for (const off of [100, 200, 400, 2 ** 31])
			assert.deepEqual(bench.send(1, { off, data: NEW.subarray(0, 9) }), { off: 300 });
		assert.deepEqual(bench.send(1, { off: 300 }), { off: 300 });
		assert.deepEqual(
			bench.upload(NEW, () => 100),
			{ off: NEW.length, match: true },
		);
	});

	it("says when the file is not the announced one", () => {
		const bench = new Bench();
		assert.deepEqual(
			bench.upload(NEW, () => 500, sha256(OTHER)),
			{ off: NEW.length, match: false },
		);
	});

	it("knows a file that it holds", () => {
		const bench = new Bench();
		bench.upload(NEW, () => 500);
		bench.events.length = 0;
		assert.deepEqual(
			bench.upload(NEW, () => 500),
			{ off: NEW.length, match: true },
		);
		assert.deepEqual(bench.events, []);
		bench.flash.secondary[2000]! ^= 1;
		assert.deepEqual(
			bench.upload(NEW, () => 500),
			{ off: NEW.length, match: true },
		);
		bench.holds(NEW);
	});

	for (const kind of ["write", "erase"] as const)
		it(`takes the next upload after flash failed to ${kind}`, () => {
			const bench = new Bench();
			bench.flash.secondary.fill(0);
			bench.upload(NEW, () => 100, sha256(NEW), 900);
			bench.flash.fail = kind;
			let rc: number | undefined;
			for (let off = 900; off < 1200 && rc === undefined; off += 100)
				rc = bench.send(1, { off, data: NEW.subarray(off, off + 100) }).rc;
			assert.equal(rc, 1);
			assert.equal(bench.events.at(-1)?.split(" ")[0], "stopped");
			assert.deepEqual(
				bench.upload(NEW, () => 100),
				{ off: NEW.length, match: true },
			);
			bench.holds(NEW);
		});

	describe("erases ahead of the data", () => {
		/** A slot full of something else, and what is to be done later. */
		const ready = (mode: UpgradeMode) => {
			const waiting: (() => void)[] = [];
			const bench = new Bench(mode, 4, { later: (callback) => void waiting.push(callback) });
			bench.flash.secondary.fill(0);
			const idle = () => {
				for (let callback = waiting.shift(); callback; callback = waiting.shift()) callback();
			};
			const erasedBy = (action: () => unknown): number => {
				const before = bench.flash.erases;
				action();
				return bench.flash.erases - before;
			};
			return { bench, waiting, idle, erasedBy };
		};
		const file = image(8000, [4, 0, 0], 4);
		const first = { off: 0, len: file.length, sha: sha256(file), data: file.subarray(0, 100) };

		for (const mode of ["swap-move", "swap-offset"] as const)
			it(`so that a chunk waits for no erase, ${mode}`, () => {
				const { bench, idle, erasedBy } = ready(mode);
				bench.send(1, first);
				// One sector holds the chunk; two more are kept ready behind it.
				assert.equal(erasedBy(idle), 2);
				for (let off = 100; off < file.length; ) {
					const data = file.subarray(off, off + 400);
					assert.equal(
						erasedBy(() => bench.send(1, { off, data })),
						0,
					);
					off += data.length;
					assert.ok(erasedBy(idle) <= 1);
				}
				bench.holds(file);
			});

		it("no further than the image reaches, and nothing once it has ended", () => {
			const { bench, idle, erasedBy } = ready("swap-move");
			bench.send(1, { ...first, len: 1024 });
			assert.equal(erasedBy(idle), 0);
			bench.send(1, { off: 100, data: file.subarray(100, 1000) });
			bench.send(5, {});
			assert.equal(erasedBy(idle), 0);
		});

		it("one sector a time, and once a time", () => {
			const { bench, waiting, erasedBy } = ready("swap-move");
			bench.send(1, first);
			bench.send(1, { off: 100, data: file.subarray(100, 200) });
			assert.equal(waiting.length, 1);
			assert.equal(erasedBy(waiting.shift()!), 1);
			assert.equal(waiting.length, 1);
		});

		it("and leaves it to the chunk to say that it failed", () => {
			const { bench, idle } = ready("swap-move");
			bench.send(1, first);
			bench.flash.fail = "erase";
			idle();
			assert.deepEqual(bench.send(1, { off: 100, data: file.subarray(100, 600) }), { off: 600 });
			bench.flash.fail = "erase";
			assert.equal(bench.send(1, { off: 600, data: file.subarray(600, 1100) }).rc, 1);
		});
	});

	it("tells of its events", () => {
		const bench = new Bench();
		bench.upload(OTHER, () => 1000);
		assert.deepEqual(bench.events, ["started 0", "written 1000", "pending 2000"]);
	});

	it("lets a hook refuse a chunk", () => {
		const bench = new Bench("swap-move", 4, {
			mayWrite: ({ offset }) => {
				if (offset === 1000) throw new SmpError(11, "no");
			},
		});
		assert.equal(bench.upload(OTHER, () => 1000).rc, 11);
		assert.deepEqual(bench.send(1, { off: 1000, data: OTHER.subarray(0, 9) }), { off: 0 });
	});

	it("refuses a file that the boot loader could not install, at once", () => {
		const first = { off: 0, data: NEW.subarray(0, 32) };
		const limit = new TestFlash().boot.boot_app_max_size(0);
		assert.deepEqual(new Bench().send(1, { ...first, len: limit }), { off: 32 });
		assert.deepEqual(new Bench().send(1, { ...first, len: limit + 1 }), { rc: 1 });
		assert.deepEqual(new Bench("swap-move", 4, { sizeLimit: "slot" }).send(1, { ...first, len: 16384 }), { off: 32 });
	});

	const first = { off: 0, len: NEW.length, data: NEW.subarray(0, 64) };
	const refusals: [string, ResponseMap, number][] = [
		["no offset", { ...first, off: undefined }, 3],
		["the offset that stands for none", { ...first, off: 0xffffffff }, 3],
		["an offset above 32 bits", { ...first, off: 0x100000000 }, 3],
		["no length", { ...first, len: undefined }, 3],
		["no data", { ...first, data: undefined }, 3],
		["31 bytes of data", { ...first, data: NEW.subarray(0, 31) }, 3],
		["no image", { ...first, data: new Uint8Array(64) }, 1],
		["a sha of 33 bytes", { ...first, sha: new Uint8Array(33) }, 3],
		["more data than the length", { ...first, len: 63 }, 1],
		["no upgrade", { ...first, upgrade: true, data: OLD.subarray(0, 64) }, 6],
	];
	for (const [name, map, rc] of refusals)
		it(`refuses ${name}`, () => {
			const bench = new Bench();
			assert.deepEqual(bench.send(1, map), { rc });
			assert.ok(bench.flash.secondary.every((byte) => byte === 0xff));
		});
});

describe("image state and erase", () => {
	const ready = () => {
		const bench = new Bench();
		bench.upload(NEW, () => 1000);
		return bench;
	};

	it("marks for a test or for good, and takes that back by an erase", () => {
		const bench = ready();
		assert.equal(bench.send(0, { hash: hashOf(NEW) }).rc, undefined);
		assert.equal(bench.swapType, SwapType.TEST);
		assert.equal(bench.send(0, { hash: hashOf(NEW), confirm: true }).rc, 6);
		assert.equal(bench.send(5, {}).rc, undefined);
		assert.equal(bench.swapType, SwapType.NONE);
		assert.ok(bench.flash.secondary.every((byte) => byte === 0xff));
		bench.upload(NEW, () => 1000);
		bench.send(0, { hash: hashOf(NEW), confirm: true });
		assert.equal(bench.swapType, SwapType.PERM);
		assert.deepEqual(
			bench.events.filter((event) => event === "confirmed"),
			[],
		);
	});

	it("confirms an image on trial, once", () => {
		const bench = new Bench();
		const trailer = bench.flash.boot.trailer(bench.flash.boot.map.slot(0, "primary"));
		trailer.writeMagic();
		trailer.writeCopyDone();
		assert.equal(bench.swapType, SwapType.REVERT);
		assert.equal(bench.send(5, {}).rc, undefined, "an empty fallback slot can be erased");
		bench.send(0, { confirm: true });
		bench.send(0, { confirm: true });
		assert.equal(bench.swapType, SwapType.NONE);
		assert.equal(bench.events.filter((event) => event === "confirmed").length, 1);
	});

	it("never erases the running image, even a damaged one", () => {
		const bench = new Bench();
		bench.flash.primary.fill(0);
		assert.equal(bench.send(5, { slot: 0 }).rc, 6);
		assert.equal(bench.flash.erases, 0);
		assert.equal(bench.send(5, { slot: 2 }).rc, 1);
	});

	it("ends an upload when it erases, even if that fails", () => {
		const bench = new Bench();
		bench.upload(NEW, () => 100, sha256(NEW), 500);
		bench.flash.fail = "erase";
		assert.equal(bench.send(5, {}).rc, 1);
		assert.deepEqual(bench.send(1, { off: 500, data: NEW.subarray(500, 600) }), { off: 0 });
	});

	it("ends an upload by the erase of a slot that does not exist, not by one that is refused", () => {
		const bench = new Bench();
		bench.upload(NEW, () => 100, sha256(NEW), 500);
		assert.equal(bench.send(5, { slot: 0 }).rc, 6);
		assert.deepEqual(bench.send(1, { off: 500, data: NEW.subarray(500, 600) }), { off: 600 });
		assert.equal(bench.send(5, { slot: 2 }).rc, 1);
		assert.deepEqual(bench.send(1, { off: 600, data: NEW.subarray(600, 700) }), { off: 0 });
		assert.equal(bench.events.at(-1)?.split(" ")[0], "stopped");
	});

	it("erases from the trailer down, so that a power cut leaves no mark", () => {
		const bench = ready();
		bench.send(0, { hash: hashOf(NEW) });
		const erase = bench.flash.boot.map.slot(0, "secondary");
		const order: number[] = [];
		const original = erase.erase.bind(erase);
		override(erase, "erase", (offset, length) => {
			order.push(offset / 1024);
			original(offset, length);
		});
		bench.send(5, {});
		assert.deepEqual(order, [15, 2, 1, 0]);
	});

	it("leaves false flags out of a frugal list", () => {
		const bench = new Bench("swap-move", 4, { frugalList: true });
		const [response] = exchange(bench.server, request(1, 0, {}, 1, 0));
		const text = hex(response!.subarray(8));
		assert.ok(!text.includes(hex(Uint8Array.from("pending", (c) => c.charCodeAt(0)))));
		assert.ok(!text.includes(hex(Uint8Array.from("splitStatus", (c) => c.charCodeAt(0)))));
	});
});
