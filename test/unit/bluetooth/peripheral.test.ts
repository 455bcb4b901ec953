import assert from "node:assert";
import { SmpPeripheral } from "../../../modules/bluetooth/peripheral.js";
import { BleTransport } from "../../../modules/smp/transport/ble.js";
import { concat, hex, unhex } from "../smp/support.js";
import { ADDRESS, NAME, peripheral, TestController } from "./support.js";

const SERVICE = "84aa6074528a8b86d34cb71d1ddc538d";

/** What brings up a controller. */
const BRING_UP = [
	"030c00",
	"010c081080000000000020",
	"0120080100000000000000",
	"022000",
	"052006 0100000000c6",
	"06200f a000f000000100 00000000000007 00",
	`082020 1d 020106 1107${SERVICE} 0709 78732d736d70 0000`,
	`092020 ${"00".repeat(32)}`,
	"0a200101",
].map((command) => command.replaceAll(" ", ""));

describe("Bluetooth LE peripheral", () => {
	it("brings up its controller and advertises", () => {
		const { controller, states, faults } = peripheral();
		assert.deepEqual(controller.commands, BRING_UP);
		assert.equal(states.ready, 1);
		assert.deepEqual(faults, []);
		// The timer that looked after the controller has nothing to do.
		for (const timer of controller.timers) timer();
		controller.run();
		assert.deepEqual(controller.commands, BRING_UP);
	});

	it("puts a long name into the scan response", () => {
		const { controller } = peripheral(undefined, "123456789");
		assert.ok(controller.commands.includes(`08202015020106 1107${SERVICE}${"00".repeat(10)}`.replace(" ", "")));
		assert.ok(controller.commands.includes(`0920200b0a09313233343536373839${"00".repeat(20)}`));
	});

	it("resets a controller that does not answer, once a second", () => {
		const controller = new TestController();
		controller.silent = true;
		const { states } = peripheral(controller);
		for (let i = 0; i < 3; i++) {
			assert.equal(controller.timers.length, 1);
			controller.timers.pop()!();
		}
		assert.deepEqual(controller.commands, ["030c00", "030c00", "030c00", "030c00"]);
		controller.silent = false;
		controller.timers.pop()!();
		controller.run();
		assert.equal(states.ready, 1);
	});

	it("says what a controller refuses", () => {
		const controller = new TestController();
		controller.refused.set(0x2005, 0x12);
		const { faults } = peripheral(controller);
		assert.deepEqual(faults, ["the controller refuses command 0x2005 with status 0x12"]);
	});

	it("takes the shared buffers of a controller that has none for LE", () => {
		const controller = new TestController();
		controller.buffers = { size: 0, count: 0 };
		controller.shared = { size: 64, count: 300 };
		const { device, states } = peripheral(controller);
		assert.equal(states.ready, 1);
		assert.ok(controller.commands.includes("051000"));
		controller.connect();
		controller.ask("12 0a00 0100");
		controller.ask("02 0502");
		device.notify(new Uint8Array(200));
		assert.deepEqual(
			controller.packets.map(({ length }) => length - 5),
			[64, 64, 64, 15],
		);
	});

	it("waits until the controller takes commands", () => {
		const controller = new TestController();
		controller.silent = true;
		peripheral(controller);
		controller.event(0x0e, unhex("00 030c 00"));
		assert.equal(controller.commands.length, 1);
		controller.event(0x0e, unhex("01 0000"));
		assert.equal(controller.commands.length, 2);
		// The status of the second, which fails, and room for the next.
		controller.event(0x0f, unhex("0c 01 010c"));
		assert.equal(controller.commands.length, 3);
		// An answer to another command is none to this one.
		controller.event(0x0e, unhex("01 0520 00"));
		assert.equal(controller.commands.length, 3);
	});

	it("brings it up again after a hardware error, and when the two are out of step", () => {
		for (const fault of [unhex("04 10 01 00"), unhex("00")]) {
			const { controller, device, states } = peripheral();
			let ended = 0;
			device.onUnsubscribed = () => ended++;
			controller.connect();
			controller.ask("12 0a00 0100");
			controller.commands.length = 0;
			controller.feed(fault);
			assert.deepEqual(controller.commands, BRING_UP);
			assert.equal(states.ready, 2);
			assert.equal(ended, 1);
			controller.connect();
			assert.equal(controller.ask("0a 0500"), "0b0000");
		}
	});

	it("advertises again after a connection, and after one that failed", () => {
		const { controller } = peripheral();
		controller.commands.length = 0;
		controller.connect();
		assert.deepEqual(controller.commands, []);
		controller.disconnect(0x0041);
		assert.deepEqual(controller.commands, []);
		controller.disconnect();
		assert.deepEqual(controller.commands, ["0a200101"]);
		controller.connect(0, 0x3e);
		assert.deepEqual(controller.commands, ["0a200101", "0a200101"]);
	});

	it("has one connection", () => {
		const { controller } = peripheral();
		controller.connect();
		controller.commands.length = 0;
		controller.connect(0x0043);
		assert.deepEqual(controller.commands, ["060403430014"]);
		controller.sendPdu(4, unhex("0a 0500"), 600, 0x0043);
		assert.deepEqual(controller.pdus(), []);
		assert.equal(controller.ask("0a 0500"), "0b0000");
	});

	it("joins packets, whatever their size", () => {
		const { controller, device } = peripheral();
		const writes: string[] = [];
		device.onWrite = (bytes) => writes.push(hex(bytes));
		controller.connect();
		controller.ask("02 0502");
		const value = Uint8Array.from({ length: 514 }, (_, i) => i & 0xff);
		for (const size of [4, 5, 27, 100, 251, 521]) controller.sendPdu(4, concat(unhex("52 0900"), value), size);
		assert.deepEqual(writes, Array(6).fill(hex(value)));
	});

	it("drops what is no PDU, and takes the next one", () => {
		const { controller } = peripheral();
		controller.connect();
		const request = "02 42 20 07 00 03 00 04 00 0a 05 00";
		for (const damaged of [
			"02 42 10 03 00 0a 05 00", // goes on with nothing
			"02 42 20 03 00 03 00 04", // less than a header
			"02 42 20 08 00 03 00 04 00 0a 05 00 00", // more than announced
			"02 42 20 05 00 03 00 04 00 0a 02 42 10 03 00 05 00 00", // more, in the second part
			"02 42 20 05 00 06 02 04 00 0a 02 42 10 01 00 05", // announces more than there is room for
			"02 42 20 05 00 03 00 04 00 0a", // is not finished
			"02 43 20 07 00 03 00 04 00 0a 05 00", // of another connection
		]) {
			controller.feed(unhex(damaged.replaceAll(" ", "")));
			assert.deepEqual(controller.pdus(), [], damaged);
			controller.feed(unhex(request));
			assert.deepEqual(controller.pdus().map(hex), ["0b0000"]);
		}
	});

	it("sends no more than the controller has room for", () => {
		const controller = new TestController();
		controller.buffers = { size: 27, count: 3 };
		const { device } = peripheral(controller);
		controller.connect();
		controller.ask("12 0a00 0100");
		controller.ask("02 f700");
		controller.completes = false;
		const value = Uint8Array.from({ length: 100 }, (_, i) => i);
		device.notify(value);
		assert.equal(controller.packets.length, 3);
		// Of another connection; then of this one, one and more than were sent.
		controller.event(0x13, unhex("01 4300 0300"));
		assert.equal(controller.packets.length, 3);
		controller.event(0x13, unhex("02 4300 0300 4200 0100"));
		assert.equal(controller.packets.length, 4);
		controller.event(0x13, unhex("01 4200 ffff"));
		assert.deepEqual(controller.pdus().map(hex), [`1b0900${hex(value)}`]);
		device.notify(value);
		device.notify(value);
		assert.equal(controller.packets.length, 3);
		// What waits goes with the connection, and its room comes back.
		controller.disconnect();
		controller.connect();
		controller.packets.length = 0;
		assert.equal(controller.ask("0a 0500"), "0b0000");
	});

	it("counts answers that a client does not take", () => {
		const { controller, device } = peripheral();
		const transport = new BleTransport(device);
		let dropped = 0;
		transport.onDrop = () => dropped++;
		transport.onPacket = (_packet, reply) => reply(new Uint8Array(1024));
		controller.connect();
		controller.ask("12 0a00 0100");
		controller.completes = false;
		const request = unhex("52 0900 0000000000000000");
		for (let i = 0; i < 20; i++) controller.sendPdu(4, request);
		assert.ok(dropped > 10 && dropped < 18, String(dropped));
		assert.ok(controller.packets.length <= 64);
	});

	it("answers signaling that it does not understand, and wishes to pair", () => {
		const { controller } = peripheral();
		controller.connect();
		const answer = (channel: number, pdu: string): string[] => {
			controller.sendPdu(channel, unhex(pdu));
			return controller.pdus(channel).map(hex);
		};
		// A connection parameter update, a channel, an unknown code.
		for (const code of ["12", "14", "17", "40"]) assert.deepEqual(answer(5, `${code}07 0000`), ["010702000000"]);
		for (const code of ["01", "07", "13", "15", "16", "18"]) assert.deepEqual(answer(5, `${code}07 0000`), []);
		assert.deepEqual(answer(5, "12"), []);
		assert.deepEqual(answer(6, "01 03 00 01 10 00 00"), ["0505"]);
		assert.deepEqual(answer(6, "05 05"), []);
		assert.deepEqual(answer(0x40, "00"), []);
	});

	it("carries SMP at any ATT_MTU", () => {
		for (const mtu of [23, 24, 185, 247, 515, 517]) {
			const { controller, device } = peripheral();
			const transport = new BleTransport(device, { maxPacket: 1024 });
			transport.onPacket = (packet, reply) => reply(packet);
			controller.connect();
			controller.ask("12 0a00 0100");
			controller.ask(`02 ${hex(Uint8Array.of(mtu & 0xff, mtu >> 8))}`);
			const packet = Uint8Array.from({ length: 1000 }, (_, i) => (i === 2 ? 3 : i === 3 ? 0xe0 : i & 0xff));
			for (let at = 0; at < packet.length; at += mtu - 3)
				controller.sendPdu(4, concat(unhex("52 0900"), packet.subarray(at, at + mtu - 3)), 27);
			const parts = controller.pdus();
			assert.ok(parts.every((part) => part.length <= Math.min(mtu, 515) && hex(part.subarray(0, 3)) === "1b0900"));
			assert.equal(hex(concat(...parts.map((part) => part.subarray(3)))), hex(packet));
		}
	});

	it("is silent once it is closed", () => {
		const { controller, device } = peripheral();
		const transport = new BleTransport(device);
		controller.connect();
		controller.commands.length = 0;
		transport.close();
		assert.deepEqual(controller.commands, ["030c00"]);
		assert.ok(controller.closed);
		for (const timer of controller.timers) timer();
		assert.equal(controller.commands.length, 1);
	});

	it("refuses a name that is too long, and another kind of address", () => {
		const make = (name: string, address: string) => () =>
			new SmpPeripheral(new TestController(), { name, address, after: () => {} });
		make("x".repeat(29), ADDRESS);
		assert.throws(make("x".repeat(30), ADDRESS), {
			name: "RangeError",
			message: "the name of a peripheral has at most 29 bytes",
		});
		for (const address of ["", "06:00:00:00:00:01", "C6:00:00:00:00", "C6-00-00-00-00-01"])
			assert.throws(make(NAME, address), RangeError);
	});
});
