import type { Host, Link, LinkBuffers } from "../../../modules/agent/host.js";
import type { ConsoleCodec } from "../../../modules/smp/transport/codec.js";
import { ConsoleTransport } from "../../../modules/smp/transport/console.js";
import { EmulatedHost } from "../../desk/xs/emulated-host.js";
import { SimUart } from "../../desk/xs/uart.js";

const codec: ConsoleCodec = Object.freeze({
	crc16: (bytes: Uint8Array, crc: number) => mps3.crc16(bytes, crc),
	base64Decode: (characters: Uint8Array, at: number, end: number, into: Uint8Array, intoAt: number) =>
		mps3.base64Decode(characters, at, end, into, intoAt),
	base64Encode: (bytes: Uint8Array, into: Uint8Array, at: number) => mps3.base64Encode(bytes, into, at),
});

/** Arm's MPS3 board with the image AN547, in QEMU. Flash chip and UART have the simulator's face in JavaScript. */
export class Mps3Host extends EmulatedHost implements Host {
	readonly board = "mps3_an547";

	/** The board's Ethernet is not used. */
	links({ size }: LinkBuffers): readonly Link[] {
		return [{ name: "uart", transport: new ConsoleTransport(new SimUart(), { maxPacket: size, codec }) }];
	}
}
