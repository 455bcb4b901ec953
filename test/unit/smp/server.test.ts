import assert from "node:assert";
import { GroupError, SmpError } from "../../../modules/smp/errors.js";
import { text, uint } from "../../../modules/smp/fields.js";
import { enumerationGroup } from "../../../modules/smp/group/enumeration.js";
import { osGroup } from "../../../modules/smp/group/os.js";
import { clockCommand, uptimeClock } from "../../../modules/smp/group/os-commands.js";
import { type Group, operation } from "../../../modules/smp/group.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { ConsoleTransport } from "../../../modules/smp/transport/console.js";
import { encodeConsole, scriptCodec } from "../../../modules/smp/transport/frame.js";
import { answer, concat, exchange, hex, payload, request, TestStream, unhex } from "./support.js";

const GROUP = 64;

/** A user's own group, with a command for everything that can happen. */
const group: Group = {
	id: GROUP,
	name: "test",
	errors: { 2: 5 },
	commands: {
		0: { name: "double", read: operation({ n: uint }, ({ n = 0 }) => ({ n: 2 * n })) },
		1: {
			name: "fail",
			write: operation({ how: text }, ({ how }) => {
				if (how === "smp") throw new SmpError(10, "busy now");
				if (how === "group") throw new GroupError(GROUP, 2, "not there");
				if (how === "untranslated") throw new GroupError(GROUP, 3, "odd");
				if (how === "extra") throw new GroupError(GROUP, 2, "not there", { len: 3 });
				throw new RangeError("a mistake in a handler");
			}),
		},
		2: { name: "long", read: { handle: () => ({ data: new Uint8Array(40) }) } },
		3: { name: "lenient", read: operation({ n: uint }, ({ n = 7 }) => ({ n }), true) },
	},
};

/** What the handlers of an application may do whose types nobody has checked. */
const untyped: Group = {
	id: 70,
	name: "untyped",
	commands: {
		0: { name: "nothing", write: { handle: () => undefined as never } },
		1: {
			name: "throw nothing",
			write: {
				handle: () => {
					throw undefined;
				},
			},
		},
	},
};

const server = new SmpServer({ groups: [group, untyped], bufferSize: 48 });
const talkative = new SmpServer({ groups: [group], bufferSize: 48, verbose: true });

const read = (command: number, map = {}, version = 1) => request(GROUP, command, map, version, 0);
const fail = (how: string, version: number) => request(GROUP, 1, { how }, version);

describe("server", () => {
	const scenarios: [string, SmpServer, Uint8Array, string][] = [
		["a command", server, read(0, { n: 21 }), "bf616e182aff"],
		["a missing key", server, read(0), "bf616e00ff"],
		["a payload that cannot be decoded", server, read(0, { n: "x" }), "bf62726303ff"],
		["the same where it does not matter", server, read(3, { n: "x" }), "bf616e07ff"],
		["a command without a handler for this operation", server, request(GROUP, 0, {}), "bf62726308ff"],
		["a command that there is not", server, read(9), "bf62726308ff"],
		["a group that there is not", server, request(65, 0, {}), "bf62726308ff"],
		["a response that does not fit", server, read(2), "bf62726307ff"],
		["a handler that answers nothing", server, request(70, 0, {}), "bfff"],
		["a handler that throws nothing", server, request(70, 1, {}), "bf62726301ff"],
		["an SMP error, version 1", server, fail("smp", 0), "bf6272630aff"],
		["an SMP error, version 2", server, fail("smp", 1), "bf6272630aff"],
		["a group error, version 1", server, fail("group", 0), "bf62726305ff"],
		["a group error, version 2", server, fail("group", 1), "bf63657272bf6567726f757018406272630 2ffff"],
		["a group error without translation", server, fail("untranslated", 0), "bf62726301ff"],
		[
			"a group error with a further key",
			server,
			fail("extra", 1),
			"bf63657272bf6567726f7570184062726302ff636c656e03ff",
		],
		["the same in version 1", server, fail("extra", 0), "bf62726305ff"],
		["a handler that breaks", server, fail("", 1), "bf62726301ff"],
		["words beside an SMP error", talkative, fail("smp", 0), "bf6272630a6372736e6862757379206e6f77ff"],
		["no words beside a group error", talkative, fail("group", 1), "bf63657272bf6567726f7570184062726302ffff"],
		["words that do not fit", talkative, read(2), "bf62726307ff"],
		["a version that there is not", server, concat(unhex("18"), read(0).subarray(1)), "bf6272630dff"],
		["a length beyond the packet", server, read(0, { n: 1 }).subarray(0, 11), "bf62726309ff"],
		["the same in a version that there is not", server, unhex("18 00 0001 0040 07 00"), "bf62726309ff"],
		["the same with an operation that there is not", server, unhex("0c 00 0001 0040 07 00"), "bf62726309ff"],
		["an operation that there is not", server, unhex("0c 00 0001 0040 07 00 a0"), "bf62726308ff"],
		["the same operation in a version that there is not", server, unhex("1c 00 0001 0040 07 00 a0"), "bf62726308ff"],
	];
	for (const [name, to, packet, expected] of scenarios)
		it(name, () => assert.equal(payload(to, packet), expected.replace(/ /g, "")));

	it("copies group, sequence and command, and answers in the version of the request", () => {
		for (const version of [0, 1]) {
			const { header } = answer(server, read(0, {}, version));
			assert.deepEqual(
				{ ...header, length: 0 },
				{ op: 1, version, flags: 0, length: 0, group: 64, sequence: 7, command: 0 },
			);
		}
	});

	it("does not answer responses, and nothing short of a header", () => {
		for (const op of [1, 3]) assert.deepEqual(exchange(server, request(GROUP, 0, {}, 1, op)), []);
		for (let length = 0; length < 8; length++) assert.deepEqual(exchange(server, read(0).subarray(0, length)), []);
	});

	it("runs the requests of a packet up to the first that fails", () => {
		assert.equal(exchange(server, concat(read(0), read(0), read(0))).length, 3);
		assert.equal(exchange(server, concat(read(0), read(9), read(0))).length, 2);
		assert.equal(exchange(server, concat(read(0), unhex("08000000"))).length, 1);
	});

	it("refuses the original protocol if told to", () => {
		const modern = new SmpServer({ groups: [group], original: false });
		assert.equal(payload(modern, read(0, {}, 0)), "bf6272630cff");
		assert.equal(payload(modern, read(0)), "bf616e00ff");
	});

	it("asks and tells its hooks", () => {
		const told: unknown[] = [];
		const hooked = new SmpServer({
			groups: [group],
			hooks: {
				received: (id, command) => {
					if (command === 3) throw new SmpError(11, `no ${id}`);
				},
				done: (id, command, write, error) => told.push([id, command, write, error instanceof Error]),
			},
		});
		assert.equal(payload(hooked, read(3)), "bf6272630bff");
		assert.equal(payload(hooked, read(0)), "bf616e00ff");
		assert.deepEqual(told, [
			[64, 3, false, true],
			[64, 0, false, false],
		]);
	});

	it("takes the first of two groups with one id that has the command", () => {
		const other: Group = {
			id: GROUP,
			name: "other",
			commands: {
				0: { name: "", read: { handle: () => ({ other: true }) } },
				9: { name: "", read: { handle: () => ({}) } },
			},
		};
		const two = new SmpServer({ groups: [group, other] });
		assert.equal(payload(two, read(0)), "bf616e00ff");
		assert.equal(payload(two, read(9)), "bfff");
	});

	it("takes the deepest packet through a transport, and refuses a deeper one", () => {
		const nested = (depth: number): string => {
			const stream = new TestStream();
			server.attach(new ConsoleTransport(stream, { codec: scriptCodec }));
			const body = unhex(`bf6178${"9f".repeat(depth)}${"ff".repeat(depth)}ff`);
			stream.feed(encodeConsole(concat(unhex("080000"), Uint8Array.of(body.length), unhex("00400000"), body)), 1);
			return hex(stream.written[0]!);
		};
		const answered = (packet: string) => hex(encodeConsole(unhex(packet)));
		assert.equal(nested(64), answered("0900000500400000bf616e00ff"));
		assert.equal(nested(65), answered("0900000600400000bf62726303ff"));
	});

	it("survives any packet", () => {
		const packet = read(0, { n: 5 });
		for (let at = 0; at < packet.length; at++)
			for (const byte of [0, 1, 0x5f, 0x7f, 0x80, 0x9f, 0xbf, 0xc0, 0xff]) {
				const changed = packet.slice();
				changed[at] = byte;
				server.receive(changed, () => {});
			}
	});
});

describe("OS group", () => {
	it("resets after its answer, and not if it may not", () => {
		const log: string[] = [];
		let busy = false;
		const os = osGroup({
			reset: (mode) => log.push(`reset ${mode}`),
			mayReset: ({ force }) => {
				if (busy && !force) throw new SmpError(10, "busy");
			},
		});
		const device = new SmpServer({ groups: [os] });
		const reset = (map = {}) => {
			device.receive(request(0, 5, map), (response) => log.push(hex(response.subarray(8))));
		};
		reset();
		busy = true;
		reset();
		reset({ force: true });
		reset({ force: 1, boot_mode: 1 });
		reset({ force: "no boolean" });
		assert.deepEqual(log, ["bfff", "reset 0", "bf6272630aff", "bfff", "reset 0", "bfff", "reset 1", "bf6272630aff"]);
	});

	it("has the commands that it has providers for", () => {
		const bare = new SmpServer({ groups: [osGroup({})] });
		for (const command of [1, 2, 3, 4, 5, 6, 7, 8]) assert.equal(answer(bare, request(0, command, {})).rc, 8);
		assert.equal(payload(bare, request(0, 0, { d: "x" })), "bf61726178ff");
	});

	it("keeps the time on a clock of its own", () => {
		let uptime = 1000;
		const device = new SmpServer({ groups: [osGroup({ commands: clockCommand(uptimeClock(() => uptime)) })] });
		assert.equal(payload(device, request(0, 4, {}, 0, 0)), "bf62726305ff");
		assert.equal(payload(device, request(0, 4, { datetime: "2024-02-29 23:59:58.5" })), "bfff");
		uptime += 3000;
		const [response] = exchange(device, request(0, 4, {}, 1, 0));
		assert.equal(
			hex(response!.subarray(19)),
			`${hex(Uint8Array.from("2024-03-01T00:00:01", (c) => c.charCodeAt(0)))}ff`,
		);
	});
});

describe("enumeration group", () => {
	const device = new SmpServer({ groups: [group, enumerationGroup([group])] });
	const ask = (command: number, map = {}) => payload(device, request(10, command, map, 1, 0));
	const scenarios: [string, string, string][] = [
		["count", ask(0), "bf65636f756e7402ff"],
		["list", ask(1), "bf6667726f7570739f18400affff"],
		["first", ask(2), "bf6567726f75701840ff"],
		["last", ask(2, { index: 1 }), "bf6567726f75700a63656e64f5ff"],
		["beyond the last", ask(2, { index: 2 }), "bf63657272bf6567726f75700a62726304ffff"],
		[
			"details of one",
			ask(3, { groups: [64, 99] }),
			"bf6667726f7570739fbf6567726f75701840646e616d6564746573746868616e646c65727304ffffff",
		],
		["details of too many", ask(3, { groups: new Array(17).fill(0) }), "bf63657272bf6567726f75700a62726302ffff"],
	];
	for (const [name, found, expected] of scenarios) it(name, () => assert.equal(found, expected));
});
