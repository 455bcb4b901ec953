import { type ConsoleCodec, type ConsoleDecoder, LOSSES, NOTHING } from "./codec.js";
import type { ByteStream } from "./stream.js";
import type { Transport } from "./transport.js";

export interface ConsoleOptions {
	/** `scriptCodec` (frame.ts), or a `NativeCodec` where the host has it in C. */
	readonly codec: ConsoleCodec;
	/** Longest packet, bytes. Default 1024. */
	readonly maxPacket?: number;
	/** Longest received line, bytes, LF included. Default 4096, far above Zephyr's 128: newtmgr's `mtu` is a line length. */
	readonly maxLine?: number;
}

/**
 * SMP on a console UART. Lines may arrive in any cut; every line is decoded as it comes, so that no line is ever held in
 * memory. Lines without a marker are ignored. A line need not hold a multiple of four characters: newtmgr cuts anywhere.
 */
export class ConsoleTransport implements Transport {
	readonly maxPacket: number;
	onPacket: Transport["onPacket"];
	onDrop: Transport["onDrop"];
	readonly #stream: ByteStream;
	readonly #decoder: ConsoleDecoder;
	/** The packet that came last. The next of its length takes the same view: an upload's all have one. */
	#packet: Uint8Array;
	#length: number;

	constructor(stream: ByteStream, options: ConsoleOptions) {
		const { maxPacket = 1024, maxLine = 4096, codec } = options;
		const decoder = codec.decoder(maxPacket, maxLine);
		this.maxPacket = maxPacket;
		this.#stream = stream;
		this.#decoder = decoder;
		this.#packet = decoder.frame;
		this.#length = decoder.frame.length;
		const reply = (packet: Uint8Array): void => {
			if (stream.write(codec.encode(packet)) === false) this.onDrop?.("tx_dropped");
		};
		stream.onBytes = (bytes) => {
			let event = decoder.decode(bytes, 0);
			while (event !== NOTHING) {
				// Whoever is told may feed this line.
				const { at } = decoder;
				if (event < NOTHING) this.onDrop?.(LOSSES[NOTHING - 1 - event]!);
				else this.onPacket?.(this.#view(event), reply);
				event = decoder.decode(bytes, at);
			}
		};
	}

	close(): void {
		this.#stream.onBytes = undefined;
		this.#stream.close();
	}

	#view(length: number): Uint8Array {
		if (length !== this.#length) {
			this.#packet = this.#decoder.frame.subarray(0, length);
			this.#length = length;
		}
		return this.#packet;
	}
}
