import assert from "node:assert";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { enumerationGroup } from "../../../modules/smp/group/enumeration.js";
import { imageGroup } from "../../../modules/smp/group/image/image.js";
import { osGroup } from "../../../modules/smp/group/os.js";
import { clockCommand, uptimeClock } from "../../../modules/smp/group/os-commands.js";
import { settingsGroup } from "../../../modules/smp/group/settings.js";
import { shellGroup } from "../../../modules/smp/group/shell.js";
import { statisticsGroup } from "../../../modules/smp/group/statistics.js";
import { transportGroup } from "../../../modules/smp/group/transport.js";
import type { Group } from "../../../modules/smp/group.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { ConsoleTransport } from "../../../modules/smp/transport/console.js";
import { encodeConsole, scriptCodec } from "../../../modules/smp/transport/frame.js";
import { concat, exchange, hex, image, payload, random, request, TestFlash, TestStream, unhex } from "./support.js";

const FILE = image(900, [1, 2, 3]);

/** A request for each command, with every key it knows. */
const REQUESTS: readonly Uint8Array[] = [
	request(0, 0, { d: "hello" }),
	request(0, 4, { datetime: "2024-01-01T00:00:00" }),
	request(0, 5, { force: true, boot_mode: 0 }),
	request(0, 7, { format: "a" }, 0, 0),
	request(0, 8, { query: "mode" }, 1, 0),
	request(1, 0, {}, 1, 0),
	request(1, 0, { hash: FILE.subarray(868), confirm: false }),
	request(1, 1, { image: 0, len: 900, off: 0, sha: FILE.subarray(0, 32), upgrade: false, data: FILE.subarray(0, 100) }),
	request(1, 1, { off: 100, data: FILE.subarray(100, 200) }),
	request(1, 5, { slot: 1 }),
	request(1, 6, {}, 1, 0),
	request(2, 0, { name: "counters" }, 1, 0),
	request(3, 0, { name: "a/b", max_size: 4 }, 1, 0),
	request(3, 0, { name: "a/b", val: unhex("0102") }),
	request(9, 0, { argv: ["kernel", "uptime"] }),
	request(10, 2, { index: 0 }, 1, 0),
	request(10, 3, { groups: [0, 1] }, 1, 0),
	request(11, 2, {}, 1, 0),
	request(11, 6, {}, 1, 0),
	request(11, 7, { transport: 0 }, 1, 0),
	request(11, 8, { transport: 0, mode: 0 }, 1, 0),
];

function device(): SmpServer {
	const values = new Map<string, Uint8Array>();
	const groups: Group[] = [
		osGroup({
			reset: () => {},
			buffers: { size: 512, count: 1 },
			commands: clockCommand(uptimeClock(() => 0)),
			info: { s: "s", n: "n", r: "r", v: "v", m: "m", p: "p", i: "i", o: "o" },
			bootloader: { name: "MCUboot", mode: 3 },
		}),
		imageGroup({ boot: new TestFlash().boot, digest: nobleDigest }),
		statisticsGroup({ counters: () => ({ a: 1 }) }),
		settingsGroup({
			store: { get: (name) => values.get(name), set: (name, value) => void values.set(name, value.slice()) },
		}),
		shellGroup({ run: (line) => ({ output: line, status: 0 }) }),
		transportGroup([{ id: 0, name: "uart" }]),
	];
	return new SmpServer({ groups: [...groups, enumerationGroup(groups)], bufferSize: 512 });
}

const echo = request(0, 0, { d: "alive" });
const alive = "bf617265616c697665ff";

describe("hostile clients", () => {
	it("every command is reached by the requests below", () => {
		const server = device();
		for (const packet of REQUESTS) assert.ok(!payload(server, packet).startsWith("bf62726308"), hex(packet));
	});

	it("one byte of a request replaced, at every place", () => {
		const server = device();
		for (const packet of REQUESTS)
			for (let at = 0; at < packet.length; at++)
				for (const byte of [0x00, 0x3b, 0x5f, 0x9b, 0xbf, 0xff]) {
					const changed = packet.slice();
					changed[at] = byte;
					for (const response of exchange(server, changed)) assert.ok(response.length <= 512);
				}
		assert.equal(payload(server, echo), alive);
	});

	it("requests cut, joined, repeated and sprinkled with noise, over a console", () => {
		const next = random(11);
		const stream = new TestStream();
		device().attach(new ConsoleTransport(stream, { codec: scriptCodec, maxPacket: 512 }));
		for (let round = 0; round < 1500; round++) {
			const first = REQUESTS[next(REQUESTS.length)]!;
			const second = REQUESTS[next(REQUESTS.length)]!;
			const packet = concat(first.subarray(0, next(first.length + 1)), second.subarray(next(second.length + 1)));
			for (let changes = next(4); changes > 0 && packet.length > 0; changes--) packet[next(packet.length)] = next(256);
			const framed = encodeConsole(packet);
			if (next(5) === 0) framed[next(framed.length)] = next(256);
			stream.feed(framed, 1 + next(150));
		}
		stream.written.length = 0;
		stream.feed(concat(unhex("0a"), encodeConsole(echo)));
		assert.equal(stream.written.length, 1);
	});
});
