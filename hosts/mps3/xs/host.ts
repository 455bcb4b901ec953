import type { Host, Link, LinkBuffers } from "../../../modules/agent/host.js";
import { ConsoleTransport } from "../../../modules/smp/transport/console.js";
import { NativeCodec } from "../../../modules/smp/transport/native-codec.js";
import { EmulatedHost } from "../../desk/xs/emulated-host.js";
import { SimUart } from "../../desk/xs/uart.js";

/** Arm's MPS3 board with the image AN547, in QEMU. Flash chip and UART have the simulator's face in JavaScript. */
export class Mps3Host extends EmulatedHost implements Host {
	readonly board = "mps3_an547";

	/** The board's Ethernet is not used. */
	links({ size }: LinkBuffers): readonly Link[] {
		const codec = new NativeCodec(simulator);
		return [{ name: "uart", transport: new ConsoleTransport(new SimUart(), { maxPacket: size, codec }) }];
	}
}
