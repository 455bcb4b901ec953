import type { DigestProvider } from "../../../modules/bootutil/digest.js";
import type { Layout } from "../../../modules/flash/layout.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";
import type { ConsoleCodec } from "../../../modules/smp/transport/codec.js";
import type { ByteStream } from "../../../modules/smp/transport/stream.js";
import type { Host, Timer } from "../../host.js";
import { simDigest } from "../../sim/xs/digest.js";
import { SimFlash } from "../../sim/xs/flash.js";
import { SimUart } from "../../sim/xs/uart.js";

const codec: ConsoleCodec = Object.freeze({
	crc16: (bytes: Uint8Array, crc: number) => mps3.crc16(bytes, crc),
	base64Decode: (characters: Uint8Array, at: number, end: number, into: Uint8Array, intoAt: number) =>
		mps3.base64Decode(characters, at, end, into, intoAt),
	base64Encode: (bytes: Uint8Array, into: Uint8Array, at: number) => mps3.base64Encode(bytes, into, at),
});

/** Arm's MPS3 board with the image AN547, in QEMU. Flash chip and UART have the simulator's face in JavaScript. */
export class Mps3Host implements Host {
	readonly board = "mps3_an547";
	readonly digest: DigestProvider = simDigest;
	readonly codec = codec;
	readonly #layout: Layout;

	constructor(layout: Layout) {
		this.#layout = layout;
	}

	flash(label: string): FlashPartition {
		return SimFlash.open(this.#layout, label);
	}

	uart(): ByteStream {
		return new SimUart();
	}

	/** The board's Ethernet is not used. */
	udp(): undefined {
		return undefined;
	}

	uptime(): number {
		return simulator.uptime();
	}

	after(ms: number, callback: () => void): Timer {
		const timer = simulator.after(ms, callback);
		return { cancel: () => simulator.cancel(timer) };
	}

	reset(): void {
		simulator.reset();
	}

	log(line: string): void {
		simulator.event(JSON.stringify({ event: "log", line }));
	}
}
