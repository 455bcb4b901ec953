import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { FlashArea } from "../../../modules/flash/area.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import type { ResponseMap } from "../../../modules/smp/cbor.js";
import { bool, decodeFields, uint } from "../../../modules/smp/fields.js";
import { imageGroup } from "../../../modules/smp/group/image/image.js";
import { UploadJournal } from "../../../modules/smp/group/image/upload-journal.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { exchange, image, request } from "./support.js";

const SECTOR = 256;
const NEW = image(1500, [2, 0, 0], 2);
const OTHER = image(1500, [3, 0, 0], 3);

const sha256 = (data: Uint8Array): Uint8Array => {
	const hasher = nobleDigest.sha256();
	hasher.update(data);
	return hasher.digest();
};

class PowerCut extends Error {}

/** Two slots and a journal. Power fails at operation `cutAt`, which is then half done, and is gone until the next boot. */
class Board {
	readonly secondary = new Uint8Array(16 * SECTOR).fill(0xff);
	readonly journal: Uint8Array;
	readonly mode: UpgradeMode;
	readonly writeAlign: number;
	operations = 0;
	journalBroken = false;
	cutAt = Number.POSITIVE_INFINITY;
	server!: SmpServer;
	/** What is to be done when there is nothing else to do; undefined: this board does all at once. */
	waiting: (() => void)[] | undefined;

	constructor(mode: UpgradeMode = "swap-move", writeAlign = 4, journalSize = SECTOR) {
		this.mode = mode;
		this.writeAlign = writeAlign;
		this.journal = new Uint8Array(journalSize).fill(0xff);
		this.boot();
	}

	/** RAM is lost. */
	boot(): void {
		const primary = new Uint8Array(16 * SECTOR).fill(0xff);
		primary.set(image(600, [1, 0, 0]));
		const area = (id: number, memory: Uint8Array) =>
			new FlashArea(id, `area-${id}`, 0, new CutPartition(this, memory, this.writeAlign));
		const map = new FlashMap([area(1, primary), area(2, this.secondary)]);
		const config = { mode: this.mode, images: 1, maxAlign: 8, maxSectors: 16, trailer: "current" } as const;
		const boot = new BootUtil(map, { ...config, maxAlign: this.writeAlign > 8 ? 32 : 8 });
		const journal = new UploadJournal(area(5, this.journal));
		const { waiting } = this;
		if (waiting) waiting.length = 0;
		this.server = new SmpServer({
			bufferSize: 600,
			groups: [
				imageGroup({
					boot,
					digest: nobleDigest,
					journal,
					guards: false,
					...(waiting && { later: (callback) => void waiting.push(callback) }),
				}),
			],
		});
	}

	send(map: ResponseMap) {
		const [response] = exchange(this.server, request(1, 1, map, 0));
		return decodeFields(response!.subarray(8), { rc: uint, off: uint, match: bool });
	}

	first(file: Uint8Array) {
		return this.send({ off: 0, len: file.length, sha: sha256(file), data: file.subarray(0, 100) });
	}

	/** Uploads from wherever the device wants until `until`. Returns where it began, and the last answer. */
	upload(file: Uint8Array, until = file.length) {
		let last = this.first(file);
		const began = last.off!;
		while (last.off! < until) {
			const next = this.send({ off: last.off!, data: file.subarray(last.off!, last.off! + 90) });
			if (!(next.off! > last.off!)) throw new Error(`stuck at ${last.off} with ${JSON.stringify(next)}`);
			last = next;
		}
		return { began, ...last };
	}

	/** There is nothing else to do. */
	idle(): void {
		for (let callback = this.waiting?.shift(); callback; callback = this.waiting?.shift()) callback();
	}

	holds(file: Uint8Array): boolean {
		const start = this.mode === "swap-offset" ? SECTOR : 0;
		return file.every((byte, i) => this.secondary[start + i] === byte);
	}

	/** Whether power fails now. Throws when it is gone. */
	take(): boolean {
		if (++this.operations > this.cutAt) throw new PowerCut();
		return this.operations === this.cutAt;
	}
}

class CutPartition extends NorPartition {
	readonly #board: Board;

	constructor(board: Board, memory: Uint8Array, writeAlign: number) {
		super(memory, { sectorSize: SECTOR, writeAlign });
		this.#board = board;
	}

	get #broken(): boolean {
		return this.#board.journalBroken && this.memory === this.#board.journal;
	}

	override write(data: Uint8Array | ArrayBuffer, byteOffset: number): void {
		if (this.#broken) throw new Error("broken");
		const bytes = new Uint8Array(data as Uint8Array);
		if (this.#board.take()) {
			const { writeAlign = 1 } = this.status();
			const half = Math.floor(bytes.length / 2 / writeAlign) * writeAlign;
			super.write(bytes.subarray(0, half), byteOffset);
			throw new PowerCut();
		}
		super.write(bytes, byteOffset);
	}

	override eraseBlock(first: number, end = first + 1): void {
		if (this.#broken) throw new Error("broken");
		if (this.#board.take()) {
			this.memory.fill(0xff, first * SECTOR, first * SECTOR + SECTOR / 2);
			throw new PowerCut();
		}
		super.eraseBlock(first, end);
	}
}

describe("upload journal", () => {
	for (const mode of ["swap-move", "swap-offset"] as const)
		for (const align of [1, 4, 32])
			it(`goes on after a reset, ${mode}, write unit ${align}`, () => {
				// With the largest unit the journal has room for five marks, so that each is for two sectors.
				const part = align === 32 ? 2 * SECTOR : SECTOR;
				for (const until of [50, 255, 256, 300, 700, 1400]) {
					const board = new Board(mode, align);
					board.secondary.fill(0x5a);
					board.upload(NEW, until);
					board.boot();
					const { began, match } = board.upload(NEW);
					const reached = Math.max(100, 100 + 90 * Math.ceil((until - 100) / 90));
					const whole = Math.floor((reached - (reached % align)) / part) * part;
					assert.equal(began, whole === 0 ? 100 : whole, `until ${until}`);
					assert.equal(match, true);
					assert.ok(board.holds(NEW));
				}
			});

	it("begins anew for another file, another length, and when the slot was changed", () => {
		const cases: ((board: Board) => Uint8Array)[] = [
			() => OTHER,
			() => NEW.subarray(0, 1499),
			(board) => {
				board.secondary[40]! ^= 1;
				return NEW;
			},
			(board) => {
				exchange(board.server, request(1, 5, {}));
				board.boot();
				return NEW;
			},
			(board) => {
				board.upload(OTHER, 400);
				board.boot();
				return NEW;
			},
			(board) => {
				board.send({ off: 0, len: OTHER.length, data: OTHER.subarray(0, 100) });
				board.boot();
				return NEW;
			},
		];
		cases.forEach((change, i) => {
			const board = new Board();
			board.upload(NEW, 1000);
			board.boot();
			const file = change(board);
			const { began, match } = board.upload(file);
			assert.deepEqual([began, match], [100, true], `case ${i}`);
			assert.ok(board.holds(file));
		});
	});

	it("forgets an upload that is complete", () => {
		const board = new Board();
		board.upload(NEW);
		board.secondary[1000]! ^= 1;
		board.boot();
		assert.equal(board.upload(NEW).began, 100);
		assert.ok(board.holds(NEW));
	});

	it("survives a power cut at every flash operation", () => {
		const whole = new Board();
		whole.secondary.fill(0x5a);
		whole.journal.fill(0x5a);
		whole.upload(NEW);
		assert.ok(whole.operations > 20);
		let resumed = 0;
		for (let cut = 1; cut <= whole.operations; cut++) {
			const board = new Board();
			board.secondary.fill(0x5a);
			board.journal.fill(0x5a);
			board.cutAt = cut;
			let file = board.first(NEW);
			// Power is gone for all that follows, so the first cut ends this life.
			while (board.operations < cut) {
				const next = board.send({ off: file.off!, data: NEW.subarray(file.off!, file.off! + 90) });
				if (next.off === undefined || next.match !== undefined) break;
				file = next;
			}
			board.cutAt = Number.POSITIVE_INFINITY;
			board.boot();
			const { began, match } = board.upload(NEW);
			if (began > 100) resumed++;
			assert.ok(match === true && board.holds(NEW), `cut ${cut}`);
		}
		assert.ok(resumed > 5, `${resumed} resumed`);
	});

	it("is erased once an upload has ended and there is nothing else to do", () => {
		const board = new Board();
		board.waiting = [];
		board.boot();
		const blank = () => board.journal.every((byte) => byte === 0xff);
		board.upload(NEW, 1000);
		board.idle();
		assert.ok(!blank());
		board.upload(NEW);
		assert.ok(!blank());
		board.idle();
		assert.ok(blank());
		// The journal of the next upload is not that of the one before.
		board.upload(OTHER);
		board.first(NEW);
		board.idle();
		board.boot();
		assert.ok(board.upload(NEW).match);
		board.idle();
		assert.ok(blank());
	});

	it("vouches for nothing when power fails while it is erased", () => {
		const board = new Board();
		board.waiting = [];
		board.boot();
		board.upload(NEW);
		board.cutAt = board.operations + 1;
		board.idle();
		assert.equal(board.operations, board.cutAt);
		board.cutAt = Number.POSITIVE_INFINITY;
		board.secondary[1000]! ^= 1;
		board.boot();
		assert.equal(board.upload(NEW).began, 100);
		assert.ok(board.holds(NEW));
	});

	it("stands in nobody's way when its flash is broken", () => {
		const board = new Board();
		board.journal.fill(0);
		board.journalBroken = true;
		assert.equal(board.upload(NEW, 1000).began, 100);
		board.boot();
		assert.deepEqual(board.upload(NEW), { began: 100, off: NEW.length, match: true });
		assert.ok(board.holds(NEW));
	});
});
