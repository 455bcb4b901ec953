import type { ByteStream } from "../smp/transport/stream.js";

/** Packet indicators (Core Specification, Vol 4, Part A, 2). */
export const COMMAND = 1;
export const ACL_DATA = 2;
const SYNCHRONOUS_DATA = 3;
export const EVENT = 4;
const ISO_DATA = 5;

/** Longest packet that is taken, bytes, indicator included: an ACL packet with the longest PDU. A longer one is passed over. */
const LONGEST = 1 + 4 + 4 + 517;

/** A Command Complete of HCI_Reset begins so, whatever stands in its fourth byte (Vol 4, Part E, 7.7.14 and 7.3.2). */
const RESET_COMPLETE: readonly number[] = Object.freeze([EVENT, 0x0e, 4, -1, 0x03, 0x0c]);

/**
 * HCI packets on a byte stream: the UART transport layer, called H4 (Core Specification, Vol 4, Part A). A byte that begins no
 * packet means that the two sides are out of step. Then `onLost` is called, which has to send HCI_Reset, and everything is
 * passed over up to the answer to it (Part A, 4).
 */
export class H4 {
	/** Called with the indicator and the packet behind it. The bytes are valid during the call only. */
	onPacket: ((indicator: number, packet: Uint8Array) => void) | undefined;
	onLost: (() => void) | undefined;
	readonly #stream: ByteStream;
	readonly #buffer = new Uint8Array(LONGEST);
	#got = 0;
	/** Bytes still to come of a packet that is too long. */
	#skip = 0;
	#lost = false;

	constructor(stream: ByteStream) {
		this.#stream = stream;
		stream.onBytes = (bytes) => this.#receive(bytes);
	}

	/** Forgets a part of a packet: what comes next begins one. */
	restart(): void {
		this.#got = 0;
		this.#skip = 0;
		this.#lost = false;
	}

	/** Sends a packet with its indicator in front. False if the stream has no room for it. */
	write(packet: Uint8Array): boolean {
		return this.#stream.write(packet) !== false;
	}

	close(): void {
		this.#stream.onBytes = undefined;
		this.#stream.close();
	}

	#receive(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; ) {
			if (this.#lost) {
				this.#search(bytes[at++]!);
				continue;
			}
			if (this.#skip > 0) {
				const part = Math.min(this.#skip, bytes.length - at);
				this.#skip -= part;
				at += part;
				continue;
			}
			const part = bytes.subarray(at, at + this.#wanted() - this.#got);
			this.#buffer.set(part, this.#got);
			this.#got += part.length;
			at += part.length;
			const header = headerSize(this.#buffer[0]!);
			if (header === 0) {
				this.#lost = true;
				this.#got = 0;
				this.onLost?.();
				continue;
			}
			if (this.#got < header) continue;
			const length = header + payloadSize(this.#buffer);
			if (length > LONGEST) {
				this.#skip = length - this.#got;
				this.#got = 0;
			} else if (this.#got === length) {
				this.#got = 0;
				this.onPacket?.(this.#buffer[0]!, this.#buffer.subarray(1, length));
			}
		}
	}

	/** Bytes that the buffer has to have before there is something to decide. */
	#wanted(): number {
		if (this.#got === 0) return 1;
		const header = headerSize(this.#buffer[0]!);
		return this.#got < header ? header : Math.min(LONGEST, header + payloadSize(this.#buffer));
	}

	/** Out of step: the buffer has the last bytes, up to as many as are compared. */
	#search(byte: number): void {
		const size = RESET_COMPLETE.length;
		if (this.#got === size) this.#buffer.copyWithin(0, 1, this.#got--);
		this.#buffer[this.#got++] = byte;
		if (this.#got < size) return;
		this.#lost = !RESET_COMPLETE.every((expected, i) => expected < 0 || expected === this.#buffer[i]);
	}
}

/** Bytes up to the payload, indicator included; 0 if a controller sends no such packets (Vol 4, Part E, 5.4). */
function headerSize(indicator: number): number {
	if (indicator === EVENT) return 3;
	if (indicator === ACL_DATA || indicator === ISO_DATA) return 5;
	return indicator === SYNCHRONOUS_DATA ? 4 : 0;
}

/** Bytes of the payload, once the header is there. */
function payloadSize(packet: Uint8Array): number {
	switch (packet[0]) {
		case EVENT:
			return packet[2]!;
		case SYNCHRONOUS_DATA:
			return packet[3]!;
		case ISO_DATA:
			return packet[3]! | ((packet[4]! & 0x3f) << 8);
		default:
			return packet[3]! | (packet[4]! << 8);
	}
}
