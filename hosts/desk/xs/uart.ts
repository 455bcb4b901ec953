import type { ByteStream } from "../../../modules/smp/transport/stream.js";

/** Bytes taken from the line at a time. */
const RECEIVE_BUFFER = 256;

/** Views on the buffer that are kept. */
const VIEWS = 6;

/** The serial line: a pseudo-terminal. */
export class SimUart implements ByteStream {
	onBytes: ByteStream["onBytes"];

	constructor() {
		const bytes = new Uint8Array(RECEIVE_BUFFER);
		// What arrives has few lengths, those of one and two lines and of the ends of packets: their views serve again.
		let view: Uint8Array = bytes;
		let length = RECEIVE_BUFFER;
		const lengths: number[] = [];
		const views: Uint8Array[] = [];
		let next = 0;
		simulator.uartOpen(bytes, (count) => {
			if (count !== length) {
				length = count;
				const known = lengths.indexOf(count);
				if (known >= 0) view = views[known]!;
				else {
					view = bytes.subarray(0, count);
					lengths[next] = count;
					views[next] = view;
					next = (next + 1) % VIEWS;
				}
			}
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
