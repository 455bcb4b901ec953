import { SmpPeripheral } from "../../../modules/bluetooth/peripheral.js";
import type { ByteStream } from "../../../modules/smp/transport/stream.js";
import { concat, hex, unhex } from "../smp/support.js";

const le16 = (value: number): Uint8Array => Uint8Array.of(value & 0xff, value >> 8);

/** The other end of HCI: a controller that does what it is told, and whose client is the test. */
export class TestController implements ByteStream {
	onBytes: ByteStream["onBytes"];
	/** Opcodes and parameters, in hexadecimal, of what the host told. */
	readonly commands: string[] = [];
	/** ACL packets of the host. */
	readonly packets: Uint8Array[] = [];
	/** Buffers for ACL data that LE has of its own, and that it shares; of how many bytes. */
	buffers = { size: 27, count: 64 };
	shared = { size: 0, count: 0 };
	/** Tells that a packet is through, at once. */
	completes = true;
	/** Answers no command. */
	silent = false;
	/** Status of commands that are refused, by opcode. */
	readonly refused = new Map<number, number>();
	readonly timers: (() => void)[] = [];
	closed = false;
	#waiting: Uint8Array[] = [];

	write(packet: Uint8Array): boolean {
		if (packet[0] === 1) {
			this.commands.push(hex(packet.subarray(1)));
			if (!this.silent) this.#waiting.push(packet.slice(0, 3));
		} else {
			this.packets.push(packet.slice());
			if (this.completes) this.#waiting.push(packet.slice(0, 3));
		}
		return true;
	}

	close(): void {
		this.closed = true;
	}

	/** Sends bytes as they are. */
	feed(bytes: Uint8Array, size = bytes.length || 1): void {
		for (let at = 0; at < bytes.length; at += size) this.onBytes?.(bytes.subarray(at, at + size));
		this.run();
	}

	event(code: number, parameters: Uint8Array): void {
		this.feed(concat(Uint8Array.of(4, code, parameters.length), parameters));
	}

	/** Answers what waits for an answer. */
	run(): void {
		for (let next = this.#waiting.shift(); next; next = this.#waiting.shift())
			if (next[0] === 2) this.event(0x13, concat(Uint8Array.of(1, next[1]!, next[2]! & 0x0f), le16(1)));
			else this.#complete(next[1]! | (next[2]! << 8));
	}

	#complete(opcode: number): void {
		const { buffers, shared, refused } = this;
		const results: Record<number, Uint8Array> = {
			8194: concat(le16(buffers.size), Uint8Array.of(buffers.count)),
			4101: concat(le16(shared.size), Uint8Array.of(0), le16(shared.count), le16(0)),
		};
		const status = Uint8Array.of(refused.get(opcode) ?? 0);
		this.event(0x0e, concat(Uint8Array.of(1), le16(opcode), status, results[opcode] ?? new Uint8Array(0)));
	}

	/** A client connects. */
	connect(handle = 0x0042, status = 0): void {
		const parameters = concat(Uint8Array.of(1, status), le16(handle), new Uint8Array(15));
		parameters[4] = 1;
		this.event(0x3e, parameters);
	}

	disconnect(handle = 0x0042): void {
		this.event(0x05, concat(Uint8Array.of(0), le16(handle), Uint8Array.of(0x13)));
	}

	/** The client sends a PDU, in ACL packets of `size` bytes. */
	sendPdu(channel: number, pdu: Uint8Array, size = 600, handle = 0x0042): void {
		const frame = concat(le16(pdu.length), le16(channel), pdu);
		for (let at = 0; at < frame.length; at += size) {
			const part = frame.subarray(at, at + size);
			const flags = at === 0 ? 0x2000 : 0x1000;
			this.feed(concat(Uint8Array.of(2), le16(handle | flags), le16(part.length), part));
		}
	}

	/** PDUs of the host on a channel since the last time, joined. */
	pdus(channel = 4): Uint8Array[] {
		const frames: Uint8Array[] = [];
		for (const packet of this.packets.splice(0)) {
			const continues = (packet[2]! & 0x30) === 0x10;
			const data = packet.subarray(5);
			if (continues) frames.push(concat(frames.pop()!, data));
			else frames.push(data);
		}
		return frames
			.filter((frame) => (frame[2]! | (frame[3]! << 8)) === channel)
			.map((frame) => frame.subarray(4, 4 + (frame[0]! | (frame[1]! << 8))));
	}

	/** Sends a request of ATT, in hexadecimal, and returns what comes back, in hexadecimal. */
	ask(request: string): string {
		this.sendPdu(4, unhex(request));
		return this.pdus().map(hex).join(" ");
	}
}

export const NAME = "xs-smp";
export const ADDRESS = "C6:00:00:00:00:01";

/** A peripheral on such a controller, which advertises. */
export function peripheral(controller = new TestController(), name = NAME) {
	const faults: string[] = [];
	const states = { ready: 0 };
	const device = new SmpPeripheral(controller, {
		name,
		address: ADDRESS,
		after: (_ms, callback) => controller.timers.push(callback),
		onReady: () => states.ready++,
		onFault: (sentence) => faults.push(sentence),
	});
	device.start();
	controller.run();
	return { controller, device, faults, states };
}
