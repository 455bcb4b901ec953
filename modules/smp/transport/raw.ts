import { HEADER_SIZE } from "../header.js";
import type { ByteStream } from "./stream.js";
import type { Transport } from "./transport.js";

/**
 * SMP packets back to back on a UART, without framing (Zephyr's raw UART transport): the header tells the length. There is
 * no checksum and no marker, so after a lost byte everything is out of step until `drop` is called.
 */
export class RawTransport implements Transport {
	readonly maxPacket: number;
	onPacket: Transport["onPacket"];
	readonly #stream: ByteStream;
	readonly #buffer: Uint8Array;
	#got = 0;

	constructor(stream: ByteStream, options: { readonly maxPacket?: number } = {}) {
		this.maxPacket = options.maxPacket ?? 1024;
		this.#buffer = new Uint8Array(this.maxPacket);
		this.#stream = stream;
		stream.onBytes = (bytes) => this.#receive(bytes);
	}

	/** Forgets a partial packet. A host calls this when the line has been silent for long (Zephyr: 3 s). */
	drop(): void {
		this.#got = 0;
	}

	close(): void {
		this.#stream.onBytes = undefined;
		this.#stream.close();
	}

	#receive(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; ) {
			const wanted = this.#got < HEADER_SIZE ? HEADER_SIZE : this.#length();
			const part = bytes.subarray(at, at + wanted - this.#got);
			this.#buffer.set(part, this.#got);
			this.#got += part.length;
			at += part.length;
			if (this.#got < HEADER_SIZE) return;
			const length = this.#length();
			if (this.#buffer[0]! & 4 || length > this.maxPacket) this.#got = 0;
			else if (this.#got === length) {
				this.#got = 0;
				this.onPacket?.(this.#buffer.subarray(0, length), this.#reply);
			}
		}
	}

	readonly #reply = (packet: Uint8Array): void => this.#stream.write(packet.slice());

	#length(): number {
		return HEADER_SIZE + ((this.#buffer[2]! << 8) | this.#buffer[3]!);
	}
}
