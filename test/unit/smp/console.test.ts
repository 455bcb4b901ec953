import assert from "node:assert";
import { crc16 } from "../../../modules/bytes/crc16.js";
import { base64Encode } from "../../../modules/smp/transport/base64.js";
import { ConsoleTransport } from "../../../modules/smp/transport/console.js";
import { encodeConsole, scriptCodec } from "../../../modules/smp/transport/frame.js";
import type { Drop } from "../../../modules/smp/transport/transport.js";
import { ascii, concat, hex, random, TestStream, unhex } from "./support.js";

const packetOf = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => (i * 37) & 0xff);

/** The packets that come out of a stream cut into pieces of `size`; what is lost is added to `lost`. */
function received(input: Uint8Array, size?: number, options = {}, lost: Drop[] = []): string[] {
	const stream = new TestStream();
	const packets: string[] = [];
	const transport = new ConsoleTransport(stream, { codec: scriptCodec, ...options });
	transport.onPacket = (packet) => packets.push(hex(packet));
	transport.onDrop = (drop) => lost.push(drop);
	stream.feed(input, size);
	return packets;
}

/** Frames with lines of `characters` characters, as newtmgr cuts them: not at multiples of four. */
function cutAnywhere(packet: Uint8Array, characters: number): Uint8Array {
	const plain = encodeConsole(packet);
	const base64: number[] = [];
	for (let i = 0; i < plain.length; i++) {
		if (plain[i] === 0x06 || plain[i] === 0x04) i++;
		else if (plain[i] !== 0x0a) base64.push(plain[i]!);
	}
	const lines: Uint8Array[] = [];
	for (let at = 0; at < base64.length; at += characters) {
		lines.push(
			at === 0 ? unhex("0609") : unhex("0414"),
			Uint8Array.from(base64.slice(at, at + characters)),
			ascii("\n"),
		);
	}
	return concat(...lines);
}

describe("console transport", () => {
	it("takes what it sends, of every length, whole and byte by byte", () => {
		for (let length = 0; length <= 300; length++) {
			const packet = packetOf(length);
			const framed = encodeConsole(packet);
			assert.deepEqual(received(framed), [hex(packet)], `${length} bytes`);
			if (length % 10 === 0) assert.deepEqual(received(framed, 1), [hex(packet)], `${length} bytes, one by one`);
		}
	});

	it("sends lines of at most 127 bytes, each of which decodes alone", () => {
		for (const length of [0, 88, 89, 90, 91, 500]) {
			const framed = encodeConsole(packetOf(length));
			let start = 0;
			for (let i = 0; i < framed.length; i++) {
				if (framed[i] !== 0x0a) continue;
				assert.ok(i + 1 - start <= 127);
				assert.equal((i - start - 2) % 4, 0);
				start = i + 1;
			}
			assert.equal(start, framed.length);
		}
	});

	it("takes lines cut anywhere, as newtmgr's", () => {
		const packet = packetOf(200);
		for (const characters of [5, 6, 7, 126, 250])
			assert.deepEqual(received(cutAnywhere(packet, characters)), [hex(packet)]);
	});

	it("takes one line of up to 4096 bytes", () => {
		const packet = packetOf(1000);
		assert.deepEqual(received(cutAnywhere(packet, 4000)), [hex(packet)]);
	});

	const good = encodeConsole(packetOf(20));
	const long = encodeConsole(packetOf(120));
	const [first, second] = [long.subarray(0, 127), long.subarray(127)];
	const twenty = [hex(packetOf(20))];
	const both = [hex(packetOf(120))];
	const text = good.subarray(2, good.length - 1);
	const frame = (content: string) => concat(unhex("0609"), ascii(content), ascii("\n"));
	const scenarios: [string, Uint8Array, string[], Drop?][] = [
		["a foreign line in front", concat(ascii("uart:~$ help\r\n"), good), twenty],
		["foreign lines between the lines of a frame", concat(first, ascii("log\n\n\x06log\n\x04\n"), second), both],
		["a CR before the LF", concat(good.subarray(0, good.length - 1), ascii("\r\n")), twenty],
		["spaces before the LF", concat(good.subarray(0, good.length - 1), ascii("   \n")), twenty],
		["two CRs", concat(good.subarray(0, good.length - 1), ascii("\r\r\n")), [], "rx_bad_base64"],
		[
			"a CR in the middle",
			concat(unhex("0609"), text.subarray(0, 8), ascii("\r"), text.subarray(8), ascii("\n")),
			[],
			"rx_bad_base64",
		],
		["a byte before the marker", concat(ascii("\0"), good), []],
		["a continuation without a start", second, []],
		["a start instead of a continuation", concat(first, good, second), twenty, "rx_unfinished"],
		["an empty continuation", concat(first, unhex("04140a"), second), both],
		["a damaged line, then the rest", concat(first, unhex("0414"), ascii("!!!!\n"), second), [], "rx_bad_base64"],
		["the URL alphabet", frame("AA-_"), [], "rx_bad_base64"],
		["a length of zero", frame("AAAA"), [], "rx_bad_length"],
		["a length of zero and its CRC", frame("AAAAAA=="), [], "rx_bad_length"],
		["a length of one", frame("AAEA"), [], "rx_bad_length"],
		["a length alone", concat(frame("AAQ="), unhex("0414"), ascii("AAAAAA==\n")), [], "rx_bad_length"],
		["a length above the buffer", frame("//8AAAAA"), [], "rx_too_long"],
		["more bytes than announced", concat(unhex("0609"), text, ascii("AAAA\n")), [], "rx_bad_length"],
		["padding, then more", concat(unhex("0609"), ascii("AAQ=AAAA\n")), [], "rx_bad_base64"],
		["padding cut short", frame("AAQAAA="), [], "rx_bad_base64"],
		["too much padding", frame("AAQA===="), [], "rx_bad_base64"],
		["a frame after a damaged one", concat(frame("!!"), good), twenty, "rx_bad_base64"],
		["two frames at once", concat(good, good), [...twenty, ...twenty]],
	];
	for (const [name, input, expected, drop] of scenarios)
		it(name, () => {
			for (const size of [input.length, 1, 3]) {
				const lost: Drop[] = [];
				assert.deepEqual(received(input, size, {}, lost), expected, `in pieces of ${size}`);
				assert.deepEqual(lost, drop ? [drop] : [], `lost in pieces of ${size}`);
			}
		});

	it("drops a frame with any bit of its packet or CRC turned", () => {
		const packet = packetOf(10);
		const crc = crc16(packet);
		const raw = concat(unhex("000c"), packet, Uint8Array.of(crc >> 8, crc & 0xff));
		const line = concat(unhex("0609"), new Uint8Array(20), ascii("\n"));
		for (let bit = -1; bit < 96; bit++) {
			const damaged = raw.slice();
			if (bit >= 0) damaged[2 + (bit >> 3)]! ^= 1 << (bit & 7);
			base64Encode(damaged, line, 2);
			const lost: Drop[] = [];
			assert.deepEqual(received(line, undefined, {}, lost), bit < 0 ? [hex(packet)] : []);
			assert.deepEqual(lost, bit < 0 ? [] : ["rx_bad_crc"]);
		}
	});

	it("drops a line that is too long, and takes the next frame", () => {
		const input = concat(unhex("0609"), ascii("A".repeat(200)), ascii("\n"), good);
		for (const size of [input.length, 1, 50]) {
			const lost: Drop[] = [];
			assert.deepEqual(received(input, size, { maxLine: 128 }, lost), twenty);
			assert.deepEqual(lost, ["rx_too_long"]);
		}
		// A long line of somebody else's is no loss.
		const lost: Drop[] = [];
		assert.deepEqual(received(concat(ascii(`${"log ".repeat(50)}\n`), good), 50, { maxLine: 128 }, lost), twenty);
		assert.deepEqual(lost, []);
	});

	it("takes packets of maxPacket bytes, and none above", () => {
		assert.equal(received(encodeConsole(packetOf(64)), 64, { maxPacket: 64 }).length, 1);
		assert.equal(received(encodeConsole(packetOf(65)), 64, { maxPacket: 64 }).length, 0);
	});

	it("survives noise and takes the frame behind it", () => {
		const next = random(5);
		const stream = new TestStream();
		const packets: string[] = [];
		new ConsoleTransport(stream, { codec: scriptCodec }).onPacket = (packet) => packets.push(hex(packet));
		for (let round = 0; round < 200; round++) {
			const noise = Uint8Array.from({ length: next(200) }, () =>
				next(4) ? next(256) : [6, 9, 4, 20, 10, 65, 61][next(7)]!,
			);
			stream.feed(noise);
			stream.feed(ascii("\n"));
			packets.length = 0;
			stream.feed(good, 1 + next(30));
			assert.deepEqual(packets, twenty);
		}
	});

	it("answers in a frame, in one write", () => {
		const stream = new TestStream();
		new ConsoleTransport(stream, { codec: scriptCodec }).onPacket = (packet, reply) => reply(packet);
		stream.feed(long);
		assert.deepEqual(stream.written.map(hex), [hex(long)]);
	});

	it("tells of answers that its stream drops", () => {
		const stream = new TestStream();
		const transport = new ConsoleTransport(stream, { codec: scriptCodec });
		const lost: Drop[] = [];
		transport.onPacket = (packet, reply) => reply(packet);
		transport.onDrop = (drop) => lost.push(drop);
		stream.feed(good);
		assert.deepEqual(lost, []);
		stream.full = true;
		stream.feed(good);
		assert.deepEqual(lost, ["tx_dropped"]);
	});

	it("stops listening when closed", () => {
		const stream = new TestStream();
		const transport = new ConsoleTransport(stream, { codec: scriptCodec });
		transport.close();
		assert.equal(stream.onBytes, undefined);
		assert.ok(stream.closed);
	});
});

describe("CRC-16", () => {
	it("gives 0 over data and CRC", () => {
		const data = ascii("123456789");
		assert.equal(crc16(data), 0x31c3);
		assert.equal(crc16(concat(data, unhex("31c3"))), 0);
		assert.equal(crc16(data.subarray(4), crc16(data.subarray(0, 4))), 0x31c3);
	});
});
