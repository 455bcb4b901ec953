import assert from "node:assert";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { GroupError, SmpError } from "../../../modules/smp/errors.js";
import { bytes, decodeFields, uint, uint53 } from "../../../modules/smp/fields.js";
import { type FileSystem, fsGroup } from "../../../modules/smp/group/fs.js";
import { imageGroup } from "../../../modules/smp/group/image/image.js";
import { osGroup } from "../../../modules/smp/group/os.js";
import type { Group, Origin } from "../../../modules/smp/group.js";
import { HEADER_SIZE, readHeader } from "../../../modules/smp/header.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { concat, hex, image, payload, request, TestFlash } from "./support.js";

// Requests whose answer takes long: the work is done in parts, and others are served in between.

/** A command that takes `parts` parts, and fails in the last one if it is written. */
const slow: Group = {
	id: 64,
	name: "slow",
	commands: {
		0: {
			name: "count",
			read: {
				handle: (_fields, context) =>
					parts(
						3,
						(action) => context.after(action),
						() => ({ done: true }),
					),
			},
			write: {
				handle: (_fields, context) =>
					parts(
						3,
						(action) => context.after(action),
						() => {
							throw new GroupError(64, 2, "no luck");
						},
					),
			},
		},
		1: {
			name: "too much",
			read: {
				handle: () =>
					parts(
						2,
						() => {},
						() => ({ data: new Uint8Array(200) }),
					),
			},
		},
	},
};

let after = 0;

function parts(count: number, onAnswer: (action: () => void) => void, result: () => { done: boolean } | object) {
	let left = count;
	onAnswer(() => after++);
	return () => (--left > 0 ? undefined : (result() as Record<string, boolean>));
}

const ECHO = request(0, 0, { d: "x" }, 1, 0);
const SLOW = request(64, 0, {}, 1, 0);
const FAILS = request(64, 0, {}, 1, 2);

/** The same under another number. */
function another(packet: Uint8Array): Uint8Array {
	const copy = packet.slice();
	copy[6]!++;
	return copy;
}

/** A server whose work is done when the test says so. Answers are kept as `peer group payload`. */
class Bench {
	readonly answers: string[] = [];
	readonly done: unknown[] = [];
	readonly #later: (() => void)[] = [];
	readonly server: SmpServer;

	constructor(groups: readonly Group[]) {
		this.server = new SmpServer({
			groups: [osGroup({}), ...groups],
			bufferSize: 128,
			later: (callback) => void this.#later.push(callback),
			hooks: {
				done: (group, _command, _write, error, { sent }) =>
					this.done.push([group, error instanceof SmpError ? error.code : 0, sent]),
			},
		});
	}

	send(packet: Uint8Array, peer = "a"): void {
		const origin: Origin = { transport: "udp", peer };
		this.server.receive(
			packet,
			(response) => this.answers.push(`${peer} ${readHeader(response).group} ${hex(response.subarray(HEADER_SIZE))}`),
			origin,
		);
	}

	/** Does one part of everything that is to be done. Returns whether there was something. */
	part(): boolean {
		const now = this.#later.splice(0);
		for (const callback of now) callback();
		return now.length > 0;
	}

	finish(): number {
		let count = 0;
		while (this.part()) count++;
		return count;
	}
}

const BUSY = "bf6272630aff";
const DONE = "bf64646f6e65f5ff";

describe("requests that take long", () => {
	it("are answered once they are done, and others in between", () => {
		const bench = new Bench([slow]);
		after = 0;
		bench.send(SLOW);
		bench.send(ECHO);
		bench.send(ECHO, "b");
		assert.ok(bench.part());
		bench.send(ECHO);
		assert.equal(after, 0);
		bench.finish();
		const echo = "0 bf61726178ff";
		assert.deepEqual(bench.answers, [`a ${echo}`, `b ${echo}`, `a ${echo}`, `a 64 ${DONE}`]);
		assert.equal(after, 1);
		assert.deepEqual(bench.done[3], [64, 0, HEADER_SIZE + 8]);
	});

	it("are refused as any other when they fail at last, or their answer does not fit", () => {
		const bench = new Bench([slow]);
		after = 0;
		bench.send(FAILS);
		bench.finish();
		bench.send(request(64, 1, {}, 1, 0));
		bench.finish();
		assert.deepEqual(bench.answers, ["a 64 bf63657272bf6567726f7570184062726302ffff", "a 64 bf62726307ff"]);
		assert.equal(after, 0);
	});

	it("are taken one at a time of a client, and four in all", () => {
		const bench = new Bench([slow]);
		bench.send(SLOW);
		bench.send(another(SLOW));
		for (const peer of ["b", "c", "d", "e"]) bench.send(SLOW, peer);
		assert.deepEqual(bench.answers, [`a 64 ${BUSY}`, `e 64 ${BUSY}`]);
		bench.finish();
		assert.deepEqual(
			bench.answers.slice(2),
			["a", "b", "c", "d"].map((peer) => `${peer} 64 ${DONE}`),
		);
		bench.send(SLOW);
		bench.finish();
		assert.equal(bench.answers[6], `a 64 ${DONE}`);
	});

	it("are answered once to a client that asks again", () => {
		const bench = new Bench([slow]);
		bench.send(SLOW);
		bench.send(SLOW);
		bench.finish();
		assert.deepEqual(bench.answers, [`a 64 ${DONE}`]);
	});

	it("have to be the last of their packet: what is behind them waits for their success", () => {
		const bench = new Bench([slow]);
		bench.send(concat(SLOW, ECHO));
		assert.deepEqual(bench.answers, [`a 64 ${BUSY}`]);
		assert.equal(bench.finish(), 0);
		bench.send(concat(ECHO, SLOW));
		bench.finish();
		assert.equal(bench.answers.length, 3);
	});

	it("are done at once by a server that cannot put anything off", () => {
		const server = new SmpServer({ groups: [slow] });
		assert.equal(payload(server, concat(SLOW, SLOW)), `${DONE} ${DONE}`);
	});
});

describe("the erase of a slot", () => {
	const ERASE = request(1, 5, {}, 1, 2);
	/** A slot with two sectors that are not blank, at its ends. */
	const ready = () => {
		const flash = new TestFlash();
		flash.primary.set(image(600, [1, 0, 0]));
		flash.secondary.fill(0, 0, 10);
		flash.secondary.fill(0, 15 * 1024, 15 * 1024 + 10);
		return { flash, bench: new Bench([imageGroup({ boot: flash.boot, guards: false })]) };
	};

	it("serves others after each sector that is not blank, and takes the trailer first", () => {
		const { flash, bench } = ready();
		bench.send(ERASE);
		assert.equal(flash.erases, 1);
		assert.ok(flash.secondary.subarray(15 * 1024).every((byte) => byte === 0xff));
		bench.send(ECHO, "b");
		assert.ok(bench.part());
		assert.equal(flash.erases, 2);
		assert.deepEqual(bench.answers, ["b 0 bf61726178ff", "a 1 bfff"]);
	});

	it("ends, and leaves the slot alone, when an upload begins meanwhile", () => {
		const { flash, bench } = ready();
		const file = image(600, [2, 0, 0]);
		bench.send(ERASE);
		bench.send(request(1, 1, { off: 0, len: file.length, data: file }, 1, 2), "b");
		bench.finish();
		assert.match(bench.answers[1]!, /^a 1 bf63657272bf6567726f757001627263/);
		assert.equal(hex(flash.secondary.subarray(0, file.length)), hex(file));
	});

	it("is refused where the flash fails on the way", () => {
		const { flash, bench } = ready();
		bench.send(ERASE);
		flash.fail = "erase";
		bench.finish();
		assert.match(bench.answers[0]!, /^a 1 bf63657272bf6567726f757001/);
	});
});

describe("hashes of long files", () => {
	/** A file of zeros, of a size that can change, that counts what is read of it. */
	const zeros = (size: number) => {
		const state = { size, read: 0 };
		const files: FileSystem = {
			size: () => state.size,
			mounted: () => true,
			read: (_path, offset, into) => {
				assert.ok(offset + into.length <= size);
				state.read += into.length;
				into.fill(0);
			},
			create: () => {},
			append: () => {},
		};
		return { files, state };
	};
	const hashOf = (fields = {}) => request(8, 2, { name: "/z", ...fields }, 1, 0);
	const decoded = (answer: string) => {
		const digits = answer.split(" ")[2]!;
		const data = Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
			Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
		);
		return decodeFields(data, { len: uint53, off: uint53, output: uint, rc: uint });
	};

	it("are CRC-32 without a type, or with an empty one, and say so", () => {
		for (const type of [undefined, ""]) {
			const bench = new Bench([fsGroup({ files: zeros(4).files })]);
			bench.send(hashOf({ type }));
			// {type: "crc32", len: 4, output: CRC-32 of four zero bytes}
			assert.deepEqual(bench.answers, ["a 8 bf6474797065656372633332636c656e04666f75747075741a2144df1cff"]);
		}
	});

	it("read a bounded part of the file before others are served", () => {
		const { files, state } = zeros(2 ** 31);
		const bench = new Bench([fsGroup({ files, digest: nobleDigest })]);
		bench.send(hashOf({ type: "sha256" }));
		let before = 0;
		for (let i = 0; i < 20; i++) {
			assert.ok(state.read - before > 0 && state.read - before <= 8192);
			before = state.read;
			bench.send(ECHO);
			bench.part();
		}
		assert.equal(bench.answers.length, 20);
		bench.send(another(hashOf()));
		assert.equal(bench.answers[20], `a 8 ${BUSY}`);
	});

	it("are those of the whole, whatever its parts", () => {
		const { files, state } = zeros(100_000);
		const bench = new Bench([fsGroup({ files, digest: nobleDigest })]);
		bench.send(hashOf());
		assert.equal(bench.finish(), 12);
		assert.deepEqual(decoded(bench.answers[0]!), { len: 100_000, output: 0xd411957d });
		assert.equal(state.read, 100_000);
		bench.send(hashOf({ type: "sha256", off: 10, len: 20_000 }));
		bench.finish();
		const digits = bench.answers[1]!.split(" ")[2]!;
		const data = Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
			Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
		);
		const hasher = nobleDigest.sha256();
		hasher.update(new Uint8Array(20_000));
		assert.deepEqual(decodeFields(data, { output: bytes }).output, hasher.digest());
	});

	it("take offsets and lengths above 32 bits", () => {
		const { files } = zeros(5 * 2 ** 30);
		const bench = new Bench([fsGroup({ files })]);
		bench.send(request(8, 1, { name: "/z" }, 1, 0));
		bench.send(hashOf({ off: 5 * 2 ** 30 - 100 }));
		bench.send(request(8, 0, { name: "/z", off: 5 * 2 ** 30 - 2 }, 1, 0));
		assert.equal(decoded(bench.answers[0]!).len, 5 * 2 ** 30);
		assert.deepEqual(decoded(bench.answers[1]!).len, 100);
		assert.ok(bench.answers[2]!.includes("646461746142"));
	});

	it("are refused if the file has changed meanwhile", () => {
		const { files, state } = zeros(20_000);
		const bench = new Bench([fsGroup({ files })]);
		bench.send(hashOf());
		state.size = 30_000;
		bench.finish();
		assert.deepEqual(bench.answers, ["a 8 bf63657272bf6567726f75700862726307ffff"]);
	});
});
