import type { ByteStream } from "../../../modules/smp/transport/stream.js";

/** Bytes taken from the line at a time. */
const RECEIVE_BUFFER = 256;

/** The serial line: a pseudo-terminal. */
export class SimUart implements ByteStream {
	onBytes: ByteStream["onBytes"];

	constructor() {
		const bytes = new Uint8Array(RECEIVE_BUFFER);
		simulator.uartOpen(bytes, (count) => this.onBytes?.(bytes.subarray(0, count)));
	}

	write(bytes: Uint8Array): boolean {
		return simulator.uartWrite(bytes);
	}

	close(): void {
		simulator.uartClose();
	}
}
