import type { ByteStream } from "../../modules/smp/transport/stream.js";
import type { Serial, SerialDevice } from "./devices.js";

/** Bytes that wait for the line: two responses of 1024 bytes in their base64 frames. */
const QUEUE_SIZE = 3072;
/** Bytes taken from the port's receive ring at a time. */
const RECEIVE_SIZE = 256;
const DEFAULT_BAUD = 115200;

/**
 * A UART of the SDK's Zephyr port.
 *
 * That port sends from a ring of a few hundred bytes and throws "output full" at a write that does not fit, while a response of
 * SMP has up to 1.4 KB. So what is to be sent waits in a queue here and goes out as `onWritable` says that there is room.
 */
export class RtlUart implements ByteStream {
	onBytes: ByteStream["onBytes"];
	readonly #serial: Serial;
	readonly #received = new Uint8Array(RECEIVE_SIZE);
	/** A ring: `#length` bytes from `#head` on. */
	readonly #queue = new Uint8Array(QUEUE_SIZE);
	#head = 0;
	#length = 0;
	/** Room in the port's ring: what it last said less what it got since. It may have more, never less. */
	#room = 0;

	constructor(device: SerialDevice) {
		this.#serial = new device.io({
			port: device.port,
			baud: device.baud ?? DEFAULT_BAUD,
			format: "buffer",
			onReadable: () => this.#receive(),
			onWritable: (count) => {
				this.#room = count;
				this.#send();
			},
		});
	}

	/** Queues all of `bytes`, or, when the peer has not read for so long that they do not fit, none. */
	write(bytes: Uint8Array): boolean {
		if (bytes.length > QUEUE_SIZE - this.#length) return false;
		const tail = (this.#head + this.#length) % QUEUE_SIZE;
		const first = Math.min(bytes.length, QUEUE_SIZE - tail);
		this.#queue.set(bytes.subarray(0, first), tail);
		this.#queue.set(bytes.subarray(first), 0);
		this.#length += bytes.length;
		this.#send();
		return true;
	}

	close(): void {
		this.onBytes = undefined;
		this.#serial.close();
	}

	#receive(): void {
		for (;;) {
			const count = this.#serial.read(this.#received);
			if (!count) return;
			this.onBytes?.(this.#received.subarray(0, count));
		}
	}

	#send(): void {
		while (this.#length > 0 && this.#room > 0) {
			const count = Math.min(this.#length, this.#room, QUEUE_SIZE - this.#head);
			try {
				this.#serial.write(this.#queue.subarray(this.#head, this.#head + count));
			} catch {
				// "output full" after all: the bytes stay, and onWritable comes when the ring has emptied.
				this.#room = 0;
				return;
			}
			this.#head = (this.#head + count) % QUEUE_SIZE;
			this.#length -= count;
			this.#room -= count;
		}
	}
}
