import { HEADER_SIZE } from "../header.js";
import type { ByteStream } from "./stream.js";
import type { Drop, Transport } from "./transport.js";

/**
 * A silence after which a part of a packet is forgotten, milliseconds
 * (`CONFIG_MCUMGR_TRANSPORT_RAW_UART_INPUT_TIMEOUT_TIME_MS`: as long as Zephyr takes).
 */
const SILENCE = 3000;

/**
 * SMP packets back to back on a UART, without framing (Zephyr's raw UART transport): the header tells the length. There is
 * no checksum and no marker, so after a lost byte everything is out of step until the line has been silent for a while.
 */
export class RawTransport implements Transport {
	readonly maxPacket: number;
	onPacket: Transport["onPacket"];
	onDrop: Transport["onDrop"];
	readonly #stream: ByteStream;
	readonly #buffer: Uint8Array;
	readonly #uptime: () => number;
	#got = 0;
	/** When bytes came last, by uptime. */
	#last = 0;

	/** `uptime` is in milliseconds and monotonic; without it a part of a packet is waited for without end. */
	constructor(stream: ByteStream, options: { readonly maxPacket?: number; readonly uptime?: () => number } = {}) {
		this.maxPacket = options.maxPacket ?? 1024;
		this.#uptime = options.uptime ?? (() => 0);
		this.#buffer = new Uint8Array(this.maxPacket);
		this.#stream = stream;
		stream.onBytes = (bytes) => this.#receive(bytes);
	}

	close(): void {
		this.#stream.onBytes = undefined;
		this.#stream.close();
	}

	#receive(bytes: Uint8Array): void {
		const now = this.#uptime();
		if (this.#got > 0 && now - this.#last > SILENCE) this.#drop("rx_unfinished");
		this.#last = now;
		for (let at = 0; at < bytes.length; ) {
			const wanted = this.#got < HEADER_SIZE ? HEADER_SIZE : this.#length();
			const part = bytes.subarray(at, at + wanted - this.#got);
			this.#buffer.set(part, this.#got);
			this.#got += part.length;
			at += part.length;
			if (this.#got < HEADER_SIZE) return;
			const length = this.#length();
			if (this.#buffer[0]! & 4) this.#drop("rx_bad_header");
			else if (length > this.maxPacket) this.#drop("rx_too_long");
			else if (this.#got === length) {
				this.#got = 0;
				this.onPacket?.(this.#buffer.subarray(0, length), this.#reply);
			}
		}
	}

	readonly #reply = (packet: Uint8Array): void => {
		if (this.#stream.write(new Uint8Array(packet)) === false) this.onDrop?.("tx_dropped");
	};

	#drop(drop: Drop): void {
		this.#got = 0;
		this.onDrop?.(drop);
	}

	#length(): number {
		return HEADER_SIZE + ((this.#buffer[2]! << 8) | this.#buffer[3]!);
	}
}
