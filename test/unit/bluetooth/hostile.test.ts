import assert from "node:assert";
import { BleTransport } from "../../../modules/smp/transport/ble.js";
import { concat, hex, random, unhex } from "../smp/support.js";
import { peripheral } from "./support.js";

const OPCODES = [0x02, 0x04, 0x06, 0x08, 0x0a, 0x0c, 0x10, 0x12, 0x16, 0x18, 0x1e, 0x52, 0xd2] as const;

/** A device that has heard of each packet, and a generator. */
function device(seed: number) {
	const { controller, device, states } = peripheral();
	const transport = new BleTransport(device);
	transport.onPacket = (packet, reply) => reply(packet);
	const next = random(seed);
	const bytes = (most: number): Uint8Array => Uint8Array.from({ length: next(most) }, () => next(256));
	return { controller, states, next, bytes };
}

/** Whoever comes now is served. */
function served({ controller }: ReturnType<typeof device>): void {
	controller.feed(unhex("04 10 01 00"));
	controller.packets.length = 0;
	controller.connect();
	controller.ask("12 0a00 0100");
	assert.equal(controller.ask("10 0100 ffff 0028"), "1106010005000018060006000118");
	assert.equal(controller.ask("52 0900 0200000000000000"), "1b09000200000000000000");
}

describe("hostile clients and controllers of Bluetooth", () => {
	it("send ATT PDUs of any kind", () => {
		const all = device(1);
		const { controller, next, bytes } = all;
		controller.connect();
		for (let i = 0; i < 20_000; i++) {
			const pdu = concat(Uint8Array.of(OPCODES[next(OPCODES.length)]!), bytes(next(4) === 0 ? 520 : 24));
			// Most handles are some that there are.
			if (pdu.length > 2 && next(3) > 0) {
				pdu[1] = next(13);
				pdu[2] = 0;
			}
			controller.sendPdu(4, pdu.subarray(0, 517), 27 + next(500));
			// Each answer is one that fits the largest MTU.
			for (const answer of controller.pdus()) assert.ok(answer.length > 0 && answer.length <= 517, hex(pdu));
		}
		served(all);
	});

	it("send PDUs and fragments of any kind", () => {
		const all = device(2);
		const { controller, next, bytes } = all;
		controller.connect();
		for (let i = 0; i < 20_000; i++) {
			const data = bytes(next(8) === 0 ? 600 : 40);
			if (data.length >= 4 && next(2) === 0) {
				data[0] = data.length - 4 + next(3);
				data[1] = 0;
				data[2] = 4 + next(3);
				data[3] = 0;
			}
			const flags = next(256);
			controller.feed(concat(Uint8Array.of(2, 0x42, flags & 0xf0, data.length & 0xff, data.length >> 8), data));
			controller.packets.length = 0;
		}
		served(all);
	});

	it("send events of any kind", () => {
		const all = device(3);
		const { controller, next, bytes } = all;
		const codes = [0x05, 0x0e, 0x0f, 0x10, 0x13, 0x3e, 0xff];
		for (let i = 0; i < 20_000; i++) {
			const parameters = bytes(24);
			if (parameters.length > 4 && next(2) === 0) {
				parameters[0] = next(3);
				parameters[1] = next(2);
				parameters[2] = 0x42;
				parameters[3] = 0;
			}
			controller.event(codes[next(codes.length)]!, parameters);
			controller.packets.length = 0;
			controller.commands.length = 0;
			// One timer at most runs.
			assert.ok(controller.timers.length <= 1, String(controller.timers.length));
			if (next(50) === 0) controller.timers.pop()?.();
		}
		served(all);
	});

	it("send bytes of any kind", () => {
		const all = device(4);
		const { controller, next, bytes } = all;
		for (let i = 0; i < 20_000; i++) {
			controller.feed(bytes(64));
			controller.packets.length = 0;
			controller.commands.length = 0;
			if (next(50) === 0) controller.timers.pop()?.();
		}
		// The answer to a reset puts the two in step again.
		controller.feed(unhex("04 0e 04 01 03 0c 00"));
		for (let i = 0; i < 70_000; i += 4096) controller.feed(new Uint8Array(4096));
		served(all);
	});

	it("connect again and again while commands are not answered", () => {
		const all = device(5);
		const { controller } = all;
		controller.connect();
		controller.silent = true;
		controller.commands.length = 0;
		for (let i = 0; i < 1000; i++) controller.connect(0x0100 + (i & 0xff));
		// One is under way; when too many wait for it, the controller is reset.
		assert.ok(controller.commands.length < 1000 / 8, String(controller.commands.length));
		assert.ok(controller.commands.includes("030c00"));
		controller.silent = false;
		served(all);
	});
});
