import assert from "node:assert";
import { FlashArea } from "../../../modules/flash/area.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { FlashStore } from "../../../modules/flash/store.js";
import { decodeFields, text, uint } from "../../../modules/smp/fields.js";
import { FlashCounters, TrafficCounters } from "../../../modules/smp/group/counters.js";
import { imageGroup } from "../../../modules/smp/group/image/image.js";
import { UploadLock } from "../../../modules/smp/group/image/upload-lock.js";
import { LastErrors } from "../../../modules/smp/group/last-error.js";
import { osGroup } from "../../../modules/smp/group/os.js";
import { echoCommand, poolCommand } from "../../../modules/smp/group/os-commands.js";
import { settingsGroup } from "../../../modules/smp/group/settings.js";
import { shellOf } from "../../../modules/smp/group/shell-commands.js";
import { StoredSettings } from "../../../modules/smp/group/stored-settings.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { ConsoleTransport } from "../../../modules/smp/transport/console.js";
import { encodeConsole, scriptCodec } from "../../../modules/smp/transport/frame.js";
import { answer, ascii, concat, payload, request, TestFlash, TestStream } from "./support.js";

const open = (flash: Uint8Array): StoredSettings =>
	new StoredSettings(
		new FlashStore(new FlashArea(5, "storage", 0, new NorPartition(flash, { sectorSize: 256, writeAlign: 4 }))),
	);

describe("settings on flash", () => {
	const value = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);

	it("count at once and last once they are saved", () => {
		const flash = new Uint8Array(1024).fill(0xff);
		const settings = open(flash);
		settings.set("a/b", value(1));
		settings.set("a/c", value(2));
		settings.set("d", value(3));
		assert.deepEqual(open(flash).names(), []);
		settings.save("a");
		assert.deepEqual(open(flash).names(), ["a/b", "a/c"]);
		settings.save(undefined);
		assert.deepEqual(open(flash).names(), ["a/b", "a/c", "d"]);
		settings.set("d", value(4));
		settings.load();
		assert.deepEqual(settings.get("d"), value(3));
	});

	it("are deleted for good", () => {
		const flash = new Uint8Array(1024).fill(0xff);
		const settings = open(flash);
		settings.set("a", value(1));
		settings.save(undefined);
		assert.equal(settings.delete("a"), true);
		assert.equal(settings.delete("a"), false);
		assert.deepEqual(open(flash).names(), []);
	});

	it("take no more memory than the storage has room for", () => {
		const server = new SmpServer({
			groups: [settingsGroup({ store: open(new Uint8Array(1024).fill(0xff)) })],
			verbose: true,
		});
		const write = (i: number) => answer(server, request(3, 0, { name: `k${i}`, val: new Uint8Array(60) }));
		const codes = Array.from({ length: 10 }, (_, i) => write(i).rc ?? 0);
		assert.deepEqual(codes, [0, 0, 0, 0, 0, 0, 2, 2, 2, 2]);
		assert.match(write(9).rsn!, /all settings together may take 480 bytes/);
		assert.equal(answer(server, request(3, 3, {})).rc, undefined);
	});
});

describe("settings group", () => {
	for (const asked of [true, false])
		it(`refuses names that are none, ${asked ? "where leave is asked for" : "where nobody is asked for leave"}`, () => {
			const settings = open(new Uint8Array(1024).fill(0xff));
			const server = new SmpServer({
				groups: [settingsGroup({ store: settings, ...(asked && { mayAccess: () => {} }) })],
			});
			const long = "n".repeat(32);
			for (const [name, error] of [
				["", "bf62726303ff"],
				[long, "bf63657272bf6567726f75700362726302ffff"],
			] as const) {
				const packets = [
					request(3, 0, { name, val: new Uint8Array(1) }),
					request(3, 0, { name }, 1, 0),
					request(3, 1, { name }),
				];
				for (const packet of packets) assert.equal(payload(server, packet), error);
			}
			assert.deepEqual(settings.names(), []);
			assert.equal(payload(server, request(3, 0, { name: long.slice(1), val: new Uint8Array(1) })), "bfff");
		});

	it("a write without a value deletes, as mcumgr-client does it; one of no bytes makes an empty value", () => {
		const settings = open(new Uint8Array(1024).fill(0xff));
		const asked: string[] = [];
		const server = new SmpServer({
			groups: [settingsGroup({ store: settings, mayAccess: (access) => void asked.push(access) })],
		});
		answer(server, request(3, 0, { name: "a", val: Uint8Array.of(1) }));
		answer(server, request(3, 0, { name: "b", val: new Uint8Array(0) }));
		assert.deepEqual(settings.get("b"), new Uint8Array(0));
		assert.equal(payload(server, request(3, 0, { name: "a" })), "bfff");
		assert.deepEqual(settings.names(), ["b"]);
		assert.deepEqual(asked, ["write", "write", "delete"]);
	});
});

describe("shell of commands", () => {
	const shell = shellOf({
		add: {
			help: "adds",
			run: (args, print) => {
				if (args.length === 0) throw new RangeError("nothing to add");
				print(String(args.reduce((sum, each) => sum + Number(each), 0)));
			},
		},
	});
	const rows: [string, string, number][] = [
		["add  1 2 ", "3\n", 0],
		["add", "nothing to add\n", -22],
		["help", "add - adds\n", 0],
		["constructor", 'constructor: command not found; "help" lists them\n', -8],
		["   ", "", -8],
	];
	for (const [line, output, status] of rows)
		it(JSON.stringify(line), () => {
			assert.deepEqual(shell(line), { output, status });
		});
});

describe("counters", () => {
	/** All counters of a server, those zero that are not given. */
	const counts = (some: Record<string, number>) => ({
		reads: 0,
		writes: 0,
		errors: 0,
		rx_bytes: 0,
		tx_bytes: 0,
		rx_bad_crc: 0,
		rx_bad_base64: 0,
		rx_bad_header: 0,
		rx_bad_length: 0,
		rx_too_long: 0,
		rx_unfinished: 0,
		rx_response: 0,
		tx_dropped: 0,
		...some,
	});

	it("count requests in all and by transport", () => {
		const traffic = new TrafficCounters();
		const server = new SmpServer({ groups: [osGroup({})], hooks: traffic.hooks });
		const send = (transport: string, command: number): void =>
			server.receive(request(0, command, { d: "x" }), () => {}, { transport, peer: "" });
		send("uart", 0);
		send("udp", 0);
		send("udp", 9);
		assert.deepEqual(traffic.of(), counts({ writes: 3, errors: 1, rx_bytes: 42, tx_bytes: 42 }));
		assert.deepEqual(traffic.of("uart"), counts({ writes: 1, rx_bytes: 14, tx_bytes: 14 }));
		assert.deepEqual(traffic.of("udp"), counts({ writes: 2, errors: 1, rx_bytes: 28, tx_bytes: 28 }));
		assert.deepEqual(traffic.of("tcp"), counts({}));
	});

	it("count what is lost, by kind, in all and by transport", () => {
		const traffic = new TrafficCounters();
		const server = new SmpServer({ groups: [osGroup({})], hooks: traffic.hooks });
		const stream = new TestStream();
		server.attach(new ConsoleTransport(stream, { codec: scriptCodec }), "uart");
		const frame = encodeConsole(request(0, 0, { d: "x" }));
		const damaged = frame.slice();
		damaged[10] = damaged[10] === 0x41 ? 0x42 : 0x41;
		stream.feed(concat(damaged, frame, ascii("\x06\t!!\n"), damaged));
		// Two servers on one line would answer each other, a packet has a header.
		server.receive(request(0, 0, {}, 1, 1), () => {}, { transport: "udp", peer: "" });
		server.receive(new Uint8Array(7), () => {}, { transport: "udp", peer: "" });
		const uart = { writes: 1, rx_bytes: 14, tx_bytes: 14, rx_bad_crc: 2, rx_bad_base64: 1 };
		const udp = { rx_response: 1, rx_bad_header: 1 };
		assert.deepEqual(traffic.of("uart"), counts(uart));
		assert.deepEqual(traffic.of("udp"), counts(udp));
		assert.deepEqual(traffic.of(), counts({ ...uart, ...udp }));
	});

	it("count flash operations and what failed", () => {
		const counters = new FlashCounters();
		const flash = counters.partition(
			new NorPartition(new Uint8Array(512).fill(0xff), { sectorSize: 256, writeAlign: 4 }),
		);
		flash.write(new Uint8Array(8), 0);
		assert.throws(() => flash.write(new Uint8Array(4), 4));
		flash.read(new Uint8Array(3), 1);
		flash.eraseBlock(0, 2);
		assert.deepEqual(counters.counters(), {
			reads: 1,
			read_bytes: 3,
			writes: 2,
			write_bytes: 12,
			erased_blocks: 2,
			failures: 1,
		});
	});
});

describe("OS group: console echo and memory pools", () => {
	const server = new SmpServer({
		groups: [
			osGroup({
				commands: { ...echoCommand, ...poolCommand(() => ({ slots: { blksiz: 16, nblks: 4, nfree: 3, min: 1 } })) },
			}),
		],
	});
	const rows: [string, Uint8Array, string][] = [
		["echo off is the case", request(0, 1, { echo: 0 }), "bfff"],
		["echo on is refused", request(0, 1, { echo: 1 }), "bf62726308ff"],
		["without a word", request(0, 1, {}), "bf62726303ff"],
		[
			"pools as newtmgr reads them",
			request(0, 3, {}, 1, 0),
			"bf666d706f6f6c73bf65736c6f7473bf66626c6b73697a10656e626c6b7304656e6672656503636d696e01ffffff",
		],
	];
	for (const [title, packet, response] of rows)
		it(title, () => {
			assert.equal(payload(server, packet), response);
		});
	it("are missing where the host has none", () => {
		assert.equal(payload(new SmpServer({ groups: [osGroup({})] }), request(0, 1, { echo: 0 })), "bf62726308ff");
	});
});

describe("two clients that upload", () => {
	const a = { transport: "uart", peer: "" };
	const b = { transport: "udp", peer: "1" };

	/** A lock with a clock that is turned by hand, and the chunks of 100 bytes that it lets through. */
	class Bench {
		now = 0;
		readonly lock = new UploadLock(() => this.now, 100);

		/** A chunk that is written and is not the last of its file. */
		chunk(origin: typeof a, off: number): void {
			this.lock.mayUpload(off === 0, origin);
			if (off === 0) this.lock.onEvent({ type: "started", upload: { slot: 1, offset: 0, size: 1000 } });
			this.lock.onEvent({ type: "written", upload: { slot: 1, offset: off + 100, size: 1000 } });
		}

		end(type: "pending" | "stopped"): void {
			this.lock.onEvent({ type, upload: { slot: 1, offset: 1000, size: 1000 } });
		}

		refuses(action: () => void): void {
			assert.throws(action, { code: 10, message: /^another client is uploading over (uart|udp)$/ });
		}

		erase(origin: typeof a): void {
			this.lock.hooks.received!(1, 5, true, origin);
		}

		reset(origin: typeof a, force = false): void {
			this.lock.mayReset({ force, origin });
		}
	}

	it("the second is refused until the first has ended or was silent", () => {
		const bench = new Bench();
		bench.chunk(a, 0);
		bench.refuses(() => bench.chunk(b, 0));
		bench.chunk(a, 100);
		bench.refuses(() => bench.chunk(b, 0));
		bench.now = 99;
		bench.chunk(a, 200);
		bench.now = 198;
		bench.refuses(() => bench.chunk(b, 0));
		// Other commands are not an upload.
		bench.lock.hooks.received!(1, 0, true, b);
		bench.now = 199;
		bench.chunk(b, 0);
		bench.chunk(b, 100);
		bench.refuses(() => bench.chunk(a, 0));
		bench.end("pending");
		bench.chunk(a, 0);
		bench.end("pending");
		bench.chunk(b, 0);
	});

	it("nobody else erases, or resets without force, while it advances", () => {
		for (const action of ["erase", "reset"] as const) {
			const bench = new Bench();
			bench[action](b);
			bench.chunk(a, 0);
			bench.refuses(() => bench[action](b));
			bench.now = 100;
			bench[action](b);
			bench.chunk(a, 100);
			bench.refuses(() => bench[action](b));
			bench.reset(b, true);
			bench[action](a);
			bench.now = 200;
			bench[action](b);
			bench.chunk(a, 200);
			bench.refuses(() => bench[action](b));
			bench.end("stopped");
			bench[action](b);
		}
	});

	it("first chunks hold nobody up but once, however many there are and from however many clients", () => {
		const bench = new Bench();
		const others = ["2", "3", "4"].map((peer) => ({ transport: "udp", peer }));
		for (let i = 0; i < 20; i++, bench.now += 30) {
			if (bench.now >= 100) bench.chunk(others[i % 3]!, 0);
			else bench.chunk(a, 0);
			if (bench.now < 100) bench.refuses(() => bench.reset(b));
			else bench.reset(b);
		}
		bench.erase(b);
		bench.chunk(b, 0);
		bench.chunk(b, 100);
		bench.refuses(() => bench.chunk(a, 0));
	});

	it("nor does a file that is begun again and again and never gets farther", () => {
		const bench = new Bench();
		bench.chunk(a, 0);
		bench.chunk(a, 100);
		for (bench.now = 30; bench.now < 1000; bench.now += 30) {
			bench.chunk(a, 0);
			bench.chunk(a, 100);
			if (bench.now < 100) bench.refuses(() => bench.reset(b));
			else bench.reset(b);
		}
		bench.chunk(a, 0);
		bench.chunk(a, 100);
		bench.chunk(a, 200);
		bench.refuses(() => bench.reset(b));
	});

	it("of two that begin at once the later one goes on, and no chunk gets into the other's file", () => {
		const bench = new Bench();
		bench.chunk(a, 0);
		bench.now = 1000;
		bench.chunk(a, 0);
		bench.chunk(b, 0);
		bench.refuses(() => bench.chunk(a, 100));
		bench.chunk(b, 100);
		bench.refuses(() => bench.chunk(a, 0));
	});

	it("a client that comes back under another address goes on once the silence is over", () => {
		const bench = new Bench();
		bench.chunk(a, 0);
		bench.chunk(a, 100);
		bench.now = 100;
		bench.chunk(b, 200);
		bench.refuses(() => bench.chunk(a, 300));
	});
});

describe("last error", () => {
	const RESPONSE = { group: uint, command: uint, rc: uint, code: uint, own: uint, rsn: text };

	function bench() {
		const last = new LastErrors();
		const { boot } = new TestFlash();
		const server = new SmpServer({ groups: [imageGroup({ boot }), last.group], hooks: last.hooks });
		const send = (peer: string, packet: Uint8Array): Uint8Array => {
			let response = new Uint8Array(0);
			server.receive(packet, (bytes) => (response = bytes.slice()), { transport: "udp", peer });
			return response;
		};
		const fail = (peer: string, slot = 9) => send(peer, request(1, 5, { slot }));
		const ask = (peer: string) => decodeFields(send(peer, request(66, 0, {}, 1, 0)).subarray(8), RESPONSE);
		return { last, send, fail, ask };
	}

	it("says in words what version 2 of the protocol says in numbers", () => {
		const { fail, ask } = bench();
		fail("a");
		const expected = { group: 1, command: 5, code: 10, own: 1, rsn: "there is no slot 9" };
		assert.deepEqual(ask("a"), expected);
		assert.deepEqual(ask("a"), expected, "asking changes nothing");
		fail("a", 8);
		assert.equal(ask("a").rsn, "there is no slot 8");
	});

	it("is told to whom it happened, and to nobody else", () => {
		const { fail, ask, send } = bench();
		assert.equal(ask("a").rc, 5);
		fail("a");
		send("b", request(7, 0, {}));
		assert.deepEqual(ask("b"), { group: 7, command: 0, code: 8, rsn: "there is no such command" });
		assert.equal(ask("a").code, 10);
		assert.equal(ask("c").rc, 5);
	});

	it("remembers a few clients, and so much of a sentence", () => {
		const { last, fail, ask } = bench();
		for (let i = 0; i < 9; i++) fail(`${i}`);
		assert.equal(ask("0").rc, 5);
		assert.equal(ask("1").code, 10);
		assert.equal(last.all().length, 8);
		const hooks = last.hooks.done!;
		const exchange = { origin: { transport: "udp", peer: "x" }, version: 1, received: 8, sent: 8 };
		hooks(1, 1, true, new Error("word ".repeat(1000)), exchange);
		assert.equal(ask("x").rsn!.length, 160);
		assert.equal(ask("x").code, 1);
	});
});
