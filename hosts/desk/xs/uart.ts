import type { ByteStream } from "../../../modules/smp/transport/stream.js";

/** Bytes taken from the line at a time. */
const RECEIVE_BUFFER = 256;

/** The serial line: a pseudo-terminal. */
export class SimUart implements ByteStream {
	onBytes: ByteStream["onBytes"];

	constructor() {
		const bytes = new Uint8Array(RECEIVE_BUFFER);
		// Most lines of a packet have one length: each view of that is the same.
		let view = bytes;
		simulator.uartOpen(bytes, (count) => {
			if (count !== view.length) view = bytes.subarray(0, count);
			this.onBytes?.(view);
		});
	}

	write(bytes: Uint8Array): boolean {
		return simulator.uartWrite(bytes);
	}

	close(): void {
		simulator.uartClose();
	}
}
