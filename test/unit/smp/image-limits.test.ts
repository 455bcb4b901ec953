import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../../modules/bootutil/config.js";
import { SCRATCH_LABEL, type UpgradeMode } from "../../../modules/bootutil/modes.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { FlashArea } from "../../../modules/flash/area.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import type { ResponseMap } from "../../../modules/smp/cbor.js";
import { type ImageOptions, imageGroup } from "../../../modules/smp/group/image/image.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { makeImage, type TestImage } from "../bootutil/support.js";
import { answer, ascii, hex, payload, request } from "./support.js";

// What an upload is held to before a byte of it is written, on a board of the OTA guide's sizes.

const SLOT = 0x80000;
const SECTOR = 4096;
/** Where the secondary slot of image 0 is. */
const SECONDARY = 0x94000;

const RUNNING = makeImage({ version: [1, 0, 0, 0], length: 1500 });
const first = (change: Partial<TestImage> = {}): Uint8Array =>
	makeImage({ version: [2, 0, 0, 0], length: 3000, ...change });

class Board {
	readonly boot: BootUtil;
	readonly log: string[] = [];
	readonly server: SmpServer;
	readonly #memory: Uint8Array[];

	constructor(mode: UpgradeMode, options: Partial<ImageOptions> = {}, config: Partial<BootConfig> = {}) {
		const { images = 1 } = config;
		this.#memory = Array.from({ length: 2 * images }, () => new Uint8Array(SLOT).fill(0xff));
		const open = (memory: Uint8Array) => new NorPartition(memory, { sectorSize: SECTOR, writeAlign: 4 });
		const areas = this.#memory.map((memory, i) => new FlashArea(i + 1, `image-${i}`, 0x14000 + i * SLOT, open(memory)));
		areas.push(new FlashArea(9, SCRATCH_LABEL, 0x200000, open(new Uint8Array(4 * SECTOR))));
		const build = { mode, images, maxAlign: 8, maxSectors: 128, trailer: "current", ...config } as const;
		// A firmware loader takes uploads when it runs itself.
		this.boot = new BootUtil(new FlashMap(areas), build, mode === "firmware-loader" ? [1] : []);
		for (let image = 0; image < images; image++) this.#memory[2 * image]!.set(RUNNING);
		const log = (line: string) => this.log.push(line);
		const group = imageGroup({ boot: this.boot, digest: nobleDigest, log, ...options });
		this.server = new SmpServer({ groups: [group], bufferSize: 2048, verbose: true });
	}

	/** Slots by the numbers of the image group. */
	slot(slot: number): Uint8Array {
		return this.#memory[slot]!;
	}

	/** Sends an upload's packet as a client of version 1. */
	send(map: ResponseMap) {
		const { header: _, ...rest } = answer(this.server, request(1, 1, map, 0));
		return rest;
	}

	/** The code that a client of version 2 gets for it, in hexadecimal CBOR. */
	error(map: ResponseMap): string {
		return payload(this.server, request(1, 1, map));
	}

	/** What slot info tells of the largest image; undefined if nothing. */
	get told(): number | undefined {
		const info = payload(this.server, request(1, 6, {}, 1, 0));
		// The key, and a number of 32 bits.
		const [, value] = /6e6d61785f696d6167655f73697a651a(.{8})/.exec(info) ?? [];
		assert.equal(info.includes("6d61785f696d616765"), value !== undefined);
		return value === undefined ? undefined : Number.parseInt(value, 16);
	}
}

describe("the largest image", () => {
	const sizes: readonly [UpgradeMode, number][] = [
		["swap-move", 516_096],
		["swap-offset", 516_096],
		["swap-scratch", 522_704],
		["overwrite", 524_248],
		["direct-xip", 524_248],
		["direct-xip-revert", 524_288],
		["ram-load", 524_248],
		["ram-load-revert", 524_288],
		["firmware-loader", 524_240],
	];
	for (const [mode, most] of sizes)
		it(`is told as it is enforced, ${mode}`, () => {
			const flags = mode.startsWith("ram-load") ? 0x20 : 0;
			const data = first({ flags }).subarray(0, 512);
			assert.equal(new Board(mode).told, most);
			assert.deepEqual(new Board(mode).send({ off: 0, len: most, data }), { off: 512 });
			const { rc, rsn } = new Board(mode).send({ off: 0, len: most + 1, data });
			assert.equal(rc, 1);
			assert.match(String(rsn), new RegExp(`^the file is padded: .* the slot takes ${most} bytes`));
		});

	it("is none where the boot loader does not know the layout", () => {
		const board = new Board("swap-move", {}, { maxSectors: 127 });
		assert.equal(board.send({ off: 0, len: 3000, data: first().subarray(0, 512) }).rc, 1);
	});

	it("is not told where only the slot limits an upload", () => {
		const board = new Board("swap-move", { sizeLimit: "slot" });
		assert.equal(board.told, undefined);
		assert.deepEqual(board.send({ off: 0, len: SLOT, data: first().subarray(0, 512) }), { off: 512 });
	});

	it("is that of each image", () => {
		const info = payload(new Board("swap-move", {}, { images: 2 }).server, request(1, 6, {}, 1, 0));
		assert.equal(info.split("6e6d61785f696d6167655f73697a651a0007e000").length, 3);
	});
});

describe("a padded file", () => {
	it("is refused with the mistake in words", () => {
		const { rc, rsn } = new Board("swap-move").send({ off: 0, len: SLOT, data: first().subarray(0, 512) });
		assert.equal(rc, 1);
		assert.equal(
			rsn,
			"the file is padded: it has 524288 bytes, of which the image takes about 3032; the slot takes 516096 bytes: sign the image without --pad",
		);
	});

	it("is not what an image is that is too large itself", () => {
		const data = first().slice(0, 512);
		data.set([0x00, 0xf0, 0x07, 0x00], 12);
		const { rc, rsn } = new Board("swap-move").send({ off: 0, len: 520_300, data });
		assert.equal(rc, 1);
		assert.equal(rsn, "the file has 520300 bytes, and the slot takes 516096");
	});

	it("brings its trailer along where one has to, and may fill the slot", () => {
		const data = first().subarray(0, 512);
		assert.deepEqual(new Board("direct-xip-revert").send({ off: 0, len: SLOT, data }), { off: 512 });
		assert.equal(new Board("direct-xip-revert").send({ off: 0, len: SLOT + 4, data }).rc, 1);
	});
});

describe("an image for another place", () => {
	const linked = (loadAddress: number): Uint8Array => first({ flags: 0x100, loadAddress });
	const upload = (file: Uint8Array): ResponseMap => ({ off: 0, len: file.length, data: file.subarray(0, 512) });

	for (const mode of ["direct-xip", "direct-xip-revert"] as const) {
		it(`is refused at the first packet as error 25, ${mode}`, () => {
			const board = new Board(mode);
			const request = upload(linked(0x14000));
			// {"err": {"group": 1, "rc": 25}}
			assert.equal(board.error(request), "bf63657272bf6567726f7570016272631819ffff");
			assert.deepEqual(board.send(request), { rc: 3, rsn: "image is linked for 0x14000, not for 0x94000" });
			assert.ok(board.slot(1).every((byte) => byte === 0xff));
		});

		it(`is taken if the place is this one, ${mode}`, () => {
			assert.deepEqual(new Board(mode).send(upload(linked(SECONDARY))), { off: 512 });
		});

		it(`is never pending, ${mode}`, () => {
			const board = new Board(mode);
			const pending = (file: Uint8Array): boolean => {
				board.slot(1).set(file);
				if (mode === "direct-xip-revert") board.boot.boot_set_pending(false);
				return payload(board.server, request(1, 0, {}, 1, 0)).includes(`${hex(ascii("pending"))}f5`);
			};
			assert.equal(pending(linked(SECONDARY)), true);
			board.slot(1).fill(0xff);
			assert.equal(pending(linked(0x14000)), false);
		});
	}

	it("is no matter where images are moved to where they run", () => {
		assert.deepEqual(new Board("swap-move").send(upload(linked(0x12345))), { off: 512 });
	});

	for (const [what, mode, flags, words] of [
		["is compressed", "direct-xip", 0x400, /compressed/],
		["is encrypted", "direct-xip", 0x4, /encrypted/],
		["is not bootable", "direct-xip", 0x10, /not bootable/],
		["is not made to be loaded to RAM", "ram-load", 0, /not made to be loaded to RAM/],
	] as const)
		it(`where nothing is marked, one that ${what} is refused at its first packet`, () => {
			const board = new Board(mode);
			const { rc, rsn } = board.send(upload(first({ flags })));
			assert.equal(rc, 6);
			assert.match(String(rsn), words);
			assert.deepEqual(board.log, [`refused: ${rsn}`]);
			assert.deepEqual(new Board(mode, { verifyMarked: false }).send(upload(first({ flags }))), { off: 512 });
		});
});

describe("the identity of an upload", () => {
	const file = first();
	const sha = (() => {
		const hasher = nobleDigest.sha256();
		hasher.update(file);
		return hasher.digest();
	})();
	const begin = (change: ResponseMap): ResponseMap => ({
		image: 1,
		off: 0,
		len: file.length,
		sha,
		data: file.subarray(0, 512),
		...change,
	});
	const started = () => {
		const board = new Board("swap-move", {}, { images: 2 });
		assert.deepEqual(board.send(begin({})), { off: 512 });
		assert.deepEqual(board.send({ off: 512, data: file.subarray(512, 1024) }), { off: 1024 });
		return board;
	};

	it("the same file for the same image goes on", () => {
		assert.deepEqual(started().send(begin({})), { off: 1024 });
	});

	it("the same file for another image begins there", () => {
		const board = started();
		assert.deepEqual(board.send(begin({ image: 0 })), { off: 512 });
		for (let off = 512; off < file.length; off += 512) board.send({ off, data: file.subarray(off, off + 512) });
		assert.equal(hex(board.slot(1).subarray(0, file.length)), hex(file));
		assert.ok(
			board
				.slot(3)
				.subarray(1024)
				.every((byte) => byte === 0xff),
		);
	});

	it("another length is another file", () => {
		const board = started();
		assert.deepEqual(board.send(begin({ len: file.length + 4 })), { off: 512 });
		assert.deepEqual(board.send(begin({ len: file.length })), { off: 512 });
	});
});
