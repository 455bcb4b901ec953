import assert from "node:assert";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import type { Update } from "../../../modules/update/update.js";
import { makeImage, SECTOR, SLOT } from "../bootutil/support.js";
import { Board, RUNNING, thrown, UPDATE } from "./support.js";

const FILE = makeImage(UPDATE);

/** As an application in JavaScript calls it: with anything. */
type Loose = Record<"write" | "complete" | "close", (...args: unknown[]) => unknown>;

const loose = (update: Update): Loose => update as unknown as Loose;

/** Options of `open` beside the partition, and the class of what they make it throw. */
const OPENINGS: readonly [options: object, error: string][] = [
	[{}, "nothing"],
	[{ mode: "a" }, "nothing"],
	[{ mode: "w" }, "nothing"],
	[{ format: "buffer" }, "nothing"],
	[{ mode: undefined, byteLength: undefined }, "nothing"],
	[{ byteLength: 0 }, "nothing"],
	[{ byteLength: SLOT }, "nothing"],
	[{ byteLength: "100" }, "nothing"],
	[{ mode: "xyzzy" }, "RangeError"],
	[{ mode: "w+" }, "RangeError"],
	[{ mode: "r" }, "RangeError"],
	[{ mode: 12 }, "RangeError"],
	[{ mode: {} }, "RangeError"],
	[{ mode: Symbol("mode") }, "TypeError"],
	[{ format: "buffer-x" }, "RangeError"],
	[{ byteLength: Number.NaN }, "RangeError"],
	[{ byteLength: "abcd" }, "RangeError"],
	[{ byteLength: -1 }, "RangeError"],
	[{ byteLength: 0.5 }, "RangeError"],
	[{ byteLength: SLOT + 1 }, "RangeError"],
	[{ byteLength: 4_294_967_296 }, "RangeError"],
	[{ byteLength: Symbol("length") }, "TypeError"],
	[{ byteLength: 1n }, "TypeError"],
	[{ partition: undefined }, "Error"],
	[{ partition: "image-1" }, "SyntaxError"],
	[{ partition: {} }, "SyntaxError"],
];

describe("embedded:update: open", () => {
	it("throws the class of error that the SDK's tests want", () => {
		const board = new Board();
		for (const [options, error] of OPENINGS) {
			const all = { partition: board.next, ...options };
			assert.equal(
				thrown(() => board.update.open(all as never).close()).split(":")[0],
				error,
				Object.keys(options).join(),
			);
		}
		for (const options of [undefined, null, "image-1"])
			assert.match(
				thrown(() => board.update.open(options as never)),
				/^TypeError/,
			);
	});

	it("takes no partition that is closed, or opened to be read alone", () => {
		const board = new Board();
		const { next } = board;
		next.close();
		assert.match(
			thrown(() => board.update.open({ partition: next })),
			/^SyntaxError/,
		);
		const partition = board.flash.open({ path: "image-1", mode: "r" });
		assert.match(
			thrown(() => board.update.open({ partition })),
			/^Error: image-1 was opened to be read alone/,
		);
	});

	it("keeps its hands off the running image", () => {
		const board = new Board();
		const partition = board.flash.open({ path: "image-0" });
		assert.equal(
			thrown(() => board.update.open({ partition })),
			"Error: the running image is in image-0",
		);
		assert.deepEqual(board.slot(0).subarray(0, 9_000), makeImage(RUNNING).subarray(0, 9_000));
	});

	it("takes no area that is no slot", () => {
		const board = new Board({ images: 1 }, { labelOf: () => "storage" });
		assert.equal(
			thrown(() => board.update.open({ partition: {} })),
			"Error: storage is no slot of an image",
		);
	});

	for (const guards of [true, false])
		it(`keeps the way back of an image on trial, ${guards ? "with" : "without"} guards`, () => {
			const board = new Board({}, { guards });
			board.install(FILE);
			assert.equal(board.restart(), "test: 2");
			assert.match(
				thrown(() => board.update.open({ partition: board.next })),
				guards ? /^Error: the running image is on trial/ : /^Error: the boot loader needs the image in image-1/,
			);
			assert.equal(board.restart(), "revert: 1");
		});

	it("undoes a mark, whatever comes of the update", () => {
		const board = new Board();
		board.install(FILE);
		assert.equal(board.boot.boot_swap_type(), SwapType.TEST);
		board.update.open({ partition: board.next }).close();
		assert.equal(board.boot.boot_swap_type(), SwapType.NONE);
		assert.ok(
			board
				.slot(1)
				.subarray(SLOT - SECTOR)
				.every((byte) => byte === 0xff),
		);
	});

	it("is a frozen export whose instances nobody else makes", () => {
		const board = new Board();
		assert.ok(Object.isFrozen(board.update));
		const { constructor: make } = board.update.open({ partition: board.next }) as { constructor: unknown };
		assert.ok(Object.isFrozen(make));
		assert.match(
			thrown(() => new (make as new (session: object) => Update)({})),
			/^TypeError/,
		);
	});
});

describe("embedded:update: write", () => {
	const open = (options: object = {}) => {
		const board = new Board();
		return loose(board.update.open({ partition: board.next, ...options }));
	};

	it("throws the class of error that the SDK's tests want", () => {
		assert.match(
			thrown(() => open().write()),
			/^SyntaxError/,
		);
		for (const data of [1, "not a number", {}, undefined, new Uint32Array(1), [1]])
			assert.match(
				thrown(() => open().write(data)),
				/^TypeError/,
			);
		assert.match(
			thrown(() => open().write(FILE, 0)),
			/^Error: there is no offset in mode "a"/,
		);
		assert.match(
			thrown(() => open({ mode: "w" }).write(FILE)),
			/^SyntaxError/,
		);
		for (const offset of [-1, 0.5, "x", undefined, SLOT])
			assert.match(
				thrown(() => open({ mode: "w" }).write(FILE, offset)),
				/^RangeError/,
				String(offset),
			);
		for (const offset of [Symbol("offset"), 1n])
			assert.match(
				thrown(() => open({ mode: "w" }).write(FILE, offset)),
				/^TypeError/,
			);
	});

	it("takes every kind of byte buffer", () => {
		const shared = new SharedArrayBuffer(2);
		new Uint8Array(shared).set(FILE.subarray(40, 42));
		const update = open();
		const from = (start: number, end: number): ArrayBuffer => FILE.slice(start, end).buffer as ArrayBuffer;
		update.write(from(0, 33));
		update.write(new Int8Array(from(33, 36)));
		update.write(new DataView(from(30, 40), 6));
		update.write(shared);
		update.write(new Uint8Array(from(40, 50), 2));
		update.write(new ArrayBuffer(0));
		update.write(FILE.subarray(50));
		update.complete();
	});

	it("takes no more than it was told, and no more than the partition", () => {
		const update = open({ byteLength: 100 });
		update.write(FILE.subarray(0, 90));
		assert.match(
			thrown(() => update.write(new Uint8Array(11))),
			/^RangeError: the update has 100 bytes: 11 at 90/,
		);
		update.write(new Uint8Array(10));
		assert.match(
			thrown(() => open({ mode: "w" }).write(new Uint8Array(2), SLOT - 1)),
			/^RangeError/,
		);
	});

	it("refuses at once a file that the boot loader will not take", () => {
		assert.equal(
			thrown(() => open().write(new Uint8Array(64))),
			"Error: the file is no MCUboot image",
		);
		const long = makeImage({ version: [2, 0, 0, 0], length: 30_000 });
		assert.match(
			thrown(() => open().write(long.subarray(0, 1000))),
			/^Error: the image has 30032 bytes .* takes 24576$/,
		);
		const board = new Board({}, { downgrade: { version: true } });
		const update = board.update.open({ partition: board.next });
		assert.match(
			thrown(() => update.write(makeImage({ version: [1, 0, 0, 0], length: 64 }))),
			/^Error: the boot loader refuses version 1\.0\.0, which is older than 1\.2\.0\.7/,
		);
	});

	it("ends with the flash that fails", () => {
		const board = new Board();
		const update = board.update.open({ partition: board.next, mode: "w" });
		update.write(FILE.subarray(0, 1000), 0);
		assert.match(
			thrown(() => update.write(FILE.subarray(0, 1000), 0)),
			/^Error: .*not erased/,
		);
		assert.match(
			thrown(() => update.write(FILE.subarray(1000), 1000)),
			/^Error: this update is at its end/,
		);
		assert.match(
			thrown(() => update.complete()),
			/^Error: this update is at its end/,
		);
	});

	it("takes so many loose ends and no more", () => {
		const update = open({ mode: "w" });
		for (let i = 0; i < 64; i++) update.write(FILE.subarray(0, 1), 100 + 8 * i);
		assert.match(
			thrown(() => update.write(FILE.subarray(0, 1), 2000)),
			/^RangeError: more than 64 program units/,
		);
	});
});

describe("embedded:update: complete and close", () => {
	const MODES: readonly UpgradeMode[] = ["swap-move", "swap-offset", "overwrite"];

	for (const mode of MODES)
		for (const writeAlign of [1, 4, 16, 32]) {
			/** After `complete`: a trial, if the mode has one, and the way back. */
			const installs = (board: Board): void => {
				assert.equal(board.boot.boot_swap_type(), SwapType.TEST);
				const kept = mode === "overwrite";
				assert.match(board.restart(), kept ? /: 2$/ : /^test: 2$/);
				assert.match(board.restart(), kept ? /: 2$/ : /^revert: 1$/);
			};
			const config = { mode, maxAlign: writeAlign > 8 ? (writeAlign as 16 | 32) : 8 } as const;

			it(`installs pieces in order, ${mode}, units of ${writeAlign}`, () => {
				for (const size of [1, 7, 32, 4096, 5000, FILE.length]) {
					const board = new Board(config, {}, writeAlign);
					board.slot(1).fill(0x5a);
					board.install(FILE, size);
					installs(board);
				}
			});

			it(`installs scattered pieces, ${mode}, units of ${writeAlign}`, () => {
				for (const size of [131, 1000, 4097]) {
					const board = new Board(config, {}, writeAlign);
					board.slot(1).fill(0x5a);
					const update = board.update.open({ partition: board.next, mode: "w", byteLength: FILE.length });
					for (const first of [size, 0])
						for (let at = first; at < FILE.length; at += 2 * size) update.write(FILE.subarray(at, at + size), at);
					update.complete();
					installs(board);
				}
			});
		}

	it("marks nothing before it is called, not even for a file that brings a trailer along", () => {
		const board = new Board();
		const padded = new Uint8Array(SLOT).fill(0xff);
		padded.set(FILE);
		const trailer = board.boot.trailer(board.boot.map.slot(0, "secondary"));
		trailer.writeMagic();
		padded.set(board.slot(1).subarray(SLOT - 16), SLOT - 16);
		for (const mode of ["a", "w"] as const) {
			const update = board.update.open({ partition: board.next, mode, byteLength: SLOT });
			if (mode === "a") update.write(padded);
			else update.write(padded, 0);
			assert.equal(board.boot.boot_swap_type(), SwapType.NONE);
			update.complete();
			assert.equal(board.boot.boot_swap_type(), SwapType.TEST);
		}
	});

	const damaged = FILE.slice();
	damaged[4000]! ^= 1;
	const bad: readonly [name: string, file: Uint8Array, options: object, error: RegExp][] = [
		["nothing", FILE.subarray(0, 0), {}, /no MCUboot image/],
		["less than was said", FILE, { byteLength: FILE.length + 1 }, /is not whole: 8075 of 8076 bytes came/],
		["a file that breaks off", FILE.subarray(0, 5000), {}, /no MCUboot image/],
		["a damaged file", damaged, {}, /the image is damaged/],
	];
	for (const [name, file, options, error] of bad)
		it(`refuses ${name}`, () => {
			const board = new Board();
			const update = board.update.open({ partition: board.next, ...options });
			update.write(file);
			assert.match(
				thrown(() => update.complete()),
				/^Error: /,
			);
			assert.equal(board.boot.boot_swap_type(), SwapType.NONE);
			const again = board.update.open({ partition: board.next, ...options });
			again.write(file);
			assert.match(
				thrown(() => again.complete()),
				error,
			);
		});

	it("refuses what an earlier update left in the slot", () => {
		const board = new Board();
		board.install(FILE);
		const update = board.update.open({ partition: board.next });
		update.write(FILE.subarray(0, 32));
		assert.match(
			thrown(() => update.complete()),
			/^Error: the update is not whole: 32 of 8075 bytes came/,
		);
	});

	it("looks at the signature where there are keys", () => {
		const none = new Board({}, { signature: () => ({ take: () => undefined, signed: false }) });
		assert.match(
			thrown(() => none.install(FILE)),
			/^Error: .*no good signature by a trusted key/,
		);
		assert.equal(none.boot.boot_swap_type(), SwapType.NONE);
		const good = new Board({}, { signature: () => ({ take: () => undefined, signed: true }) });
		good.install(FILE);
		assert.equal(good.boot.boot_swap_type(), SwapType.TEST);
	});

	for (const mode of ["direct-xip", "ram-load"] as const)
		for (const writeAlign of [1, 4])
			it(`gives an image that runs unasked its first byte at the end, ${mode}, units of ${writeAlign}`, () => {
				const image = { flags: mode === "ram-load" ? 0x20 : 0, loadAddress: 0x20000000 };
				const file = makeImage({ ...UPDATE, ...image });
				for (const access of ["a", "w"] as const) {
					const board = new Board({ mode }, {}, writeAlign);
					const options = { partition: board.next, mode: access };
					const whole = (update: Update): void => (access === "a" ? update.write(file) : update.write(file, 0));
					const update = board.update.open(options);
					whole(update);
					assert.notEqual(board.slot(1)[0], file[0]);
					assert.deepEqual(board.slot(1).subarray(4, file.length - 4), file.subarray(4, file.length - 4));
					update.close();
					const again = board.update.open(options);
					whole(again);
					again.complete();
					assert.deepEqual(board.slot(1).subarray(0, file.length), file);
					assert.ok(
						board
							.slot(1)
							.subarray(SLOT - SECTOR)
							.every((byte) => byte === 0xff),
					);
					const other = new Board({ mode }, {}, writeAlign);
					const older = makeImage({ ...RUNNING, ...image });
					assert.match(
						thrown(() => other.install(older)),
						/^Error: .*this one is not newer/,
					);
					assert.equal(other.slot(1)[0], 0xff);
				}
			});

	it("comes once", () => {
		const board = new Board();
		const update = board.update.open({ partition: board.next });
		update.write(FILE);
		update.complete();
		assert.match(
			thrown(() => update.complete()),
			/^Error: this update is at its end/,
		);
		assert.match(
			thrown(() => update.write(FILE)),
			/^Error: this update is at its end/,
		);
	});

	it("closes, and is then of no use", () => {
		const board = new Board();
		const update = board.update.open({ partition: board.next });
		update.write(FILE);
		update.close();
		update.close();
		assert.equal(board.boot.boot_swap_type(), SwapType.NONE);
		const calls = [() => update.complete(), () => update.write(FILE), () => update.format];
		for (const call of calls) assert.match(thrown(call), /^SyntaxError/);
		for (const receiver of [{}, [], "a string", undefined])
			for (const method of ["write", "complete", "close"] as const)
				assert.match(
					thrown(() => loose(update)[method].call(receiver, FILE)),
					/^SyntaxError/,
				);
	});

	it("has one format", () => {
		const board = new Board();
		const update = board.update.open({ partition: board.next });
		assert.equal(update.format, "buffer");
		update.format = "buffer";
		assert.match(
			thrown(() => Object.assign(update, { format: "buffer-x" })),
			/^RangeError/,
		);
		assert.equal(update.format, "buffer");
	});
});
