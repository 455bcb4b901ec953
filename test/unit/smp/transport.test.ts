import assert from "node:assert";
import { BleTransport } from "../../../modules/smp/transport/ble.js";
import { RawTransport } from "../../../modules/smp/transport/raw.js";
import type { DatagramSocket, GattCharacteristic } from "../../../modules/smp/transport/stream.js";
import type { Drop, Reply } from "../../../modules/smp/transport/transport.js";
import { DatagramTransport } from "../../../modules/smp/transport/udp.js";
import { concat, hex, TestStream, unhex } from "./support.js";

const one = unhex("0a00000400000100a1616161");
const two = unhex("0a00000200000200bfff");

describe("raw UART transport", () => {
	const received = (input: Uint8Array, size: number, maxPacket = 64, lost: Drop[] = []): string[] => {
		const stream = new TestStream();
		const packets: string[] = [];
		const transport = new RawTransport(stream, { maxPacket });
		transport.onPacket = (packet) => packets.push(hex(packet));
		transport.onDrop = (drop) => lost.push(drop);
		stream.feed(input, size);
		return packets;
	};
	const scenarios: [string, Uint8Array, string[], Drop?][] = [
		["packets back to back", concat(one, two, one), [hex(one), hex(two), hex(one)]],
		["a packet without payload", unhex("0000000000010000"), ["0000000000010000"]],
		["a length above the buffer, then a packet", concat(unhex("0a00ffff00000100"), two), [hex(two)], "rx_too_long"],
		[
			"an operation that there is not, then a packet",
			concat(unhex("0400000000000100"), two),
			[hex(two)],
			"rx_bad_header",
		],
		["a part of a packet", one.subarray(0, 10), []],
	];
	for (const [name, input, expected, drop] of scenarios)
		it(name, () => {
			for (const size of [input.length, 1, 5]) {
				const lost: Drop[] = [];
				assert.deepEqual(received(input, size, 64, lost), expected);
				assert.deepEqual(lost, drop ? [drop] : []);
			}
		});

	it("takes packets of maxPacket bytes, and none above", () => {
		assert.equal(received(one, 1, one.length).length, 1);
		assert.equal(received(one, 1, one.length - 1).length, 0);
	});

	it("forgets a part of a packet after a silence, and not before", () => {
		const stream = new TestStream();
		const packets: string[] = [];
		let now = 0;
		const transport = new RawTransport(stream, { uptime: () => now });
		const lost: Drop[] = [];
		transport.onPacket = (packet, reply) => {
			packets.push(hex(packet));
			reply(packet);
		};
		transport.onDrop = (drop) => lost.push(drop);
		stream.feed(one.subarray(0, 9));
		now = 3000;
		stream.feed(one.subarray(9, 10));
		now = 6000;
		stream.feed(one.subarray(10));
		assert.deepEqual(packets, [hex(one)]);
		stream.feed(one.subarray(0, 9));
		now = 9001;
		stream.feed(two);
		assert.deepEqual(packets, [hex(one), hex(two)]);
		assert.deepEqual(stream.written.map(hex), packets);
		stream.full = true;
		stream.feed(one);
		assert.deepEqual(lost, ["rx_unfinished", "tx_dropped"]);
		transport.close();
		assert.ok(stream.closed);
	});
});

describe("datagram transport", () => {
	it("answers the sender, and cuts what is too long", () => {
		const sent: [string, unknown][] = [];
		const socket: DatagramSocket = {
			onDatagram: undefined,
			send: (data, peer) => peer !== "gone" && sent.push([hex(data), peer]) > 0,
			close: () => {},
		};
		const transport = new DatagramTransport(socket, { maxPacket: 12 });
		const lost: Drop[] = [];
		transport.onDrop = (drop) => lost.push(drop);
		transport.onPacket = (packet, reply) => reply(packet);
		socket.onDatagram?.(two, "a");
		socket.onDatagram?.(concat(one, two), "b");
		socket.onDatagram?.(one, "gone");
		assert.deepEqual(lost, ["tx_dropped"]);
		assert.deepEqual(sent, [
			[hex(two), "a"],
			[hex(one), "b"],
		]);
		transport.close();
		assert.equal(socket.onDatagram, undefined);
	});
});

describe("Bluetooth LE transport", () => {
	const connect = (attMtu: number, maxPacket = 64, room = 64) => {
		const notified: string[] = [];
		const packets: string[] = [];
		const lost: Drop[] = [];
		const replies: Reply[] = [];
		const characteristic: GattCharacteristic = {
			attMtu,
			onWrite: undefined,
			onUnsubscribed: undefined,
			notify: (data) => notified.length < room && notified.push(hex(data)) > 0,
			close: () => {},
		};
		const transport = new BleTransport(characteristic, { maxPacket });
		transport.onPacket = (packet, reply) => {
			packets.push(hex(packet));
			replies.push(reply);
			reply(packet);
		};
		transport.onDrop = (drop) => lost.push(drop);
		return { characteristic, notified, packets, lost, replies };
	};
	const scenarios: [string, Uint8Array[], string[], Drop[]?][] = [
		["one write", [one], [hex(one)]],
		["several writes", [one.subarray(0, 8), one.subarray(8, 9), one.subarray(9)], [hex(one)]],
		["two packets", [two, one], [hex(two), hex(one)]],
		[
			"a first write without a whole header",
			[one.subarray(0, 7), one.subarray(7), two],
			[hex(two)],
			["rx_bad_header", "rx_bad_header"],
		],
		["more bytes than announced", [concat(two, unhex("00")), two], [hex(two)], ["rx_bad_length"]],
		["more, later", [one.subarray(0, 9), concat(one.subarray(9), unhex("00")), two], [hex(two)], ["rx_bad_length"]],
		["a packet above the buffer", [unhex("0a00003900000100"), two], [hex(two)], ["rx_too_long"]],
	];
	for (const [name, writes, expected, drops = []] of scenarios)
		it(name, () => {
			const { characteristic, packets, lost } = connect(23);
			for (const write of writes) characteristic.onWrite?.(write);
			assert.deepEqual(packets, expected);
			assert.deepEqual(lost, drops);
		});

	it("counts an answer for which there is no room, and sends no more of it", () => {
		const { characteristic, notified, lost } = connect(8, 64, 1);
		characteristic.onWrite?.(one);
		assert.deepEqual(notified, ["0a00000400"]);
		assert.deepEqual(lost, ["tx_dropped"]);
	});

	it("cuts responses into notifications", () => {
		const { characteristic, notified } = connect(8);
		characteristic.onWrite?.(one);
		assert.deepEqual(notified, ["0a00000400", "000100a161", "6161"]);
	});

	it("forgets a part of a packet at the end of a connection", () => {
		const { characteristic, packets, lost } = connect(23);
		characteristic.onWrite?.(one.subarray(0, 9));
		characteristic.onUnsubscribed?.();
		characteristic.onWrite?.(two);
		assert.deepEqual(packets, [hex(two)]);
		assert.deepEqual(lost, ["rx_unfinished"]);
	});

	it("does not give a new connection the answer to a request of an earlier one", () => {
		const { characteristic, notified, replies } = connect(23);
		characteristic.onWrite?.(one);
		replies[0]!(two);
		characteristic.onUnsubscribed?.();
		replies[0]!(one);
		assert.deepEqual(notified, [hex(one), hex(two)]);
		characteristic.onWrite?.(two);
		assert.deepEqual(notified.slice(2), [hex(two)]);
	});
});
