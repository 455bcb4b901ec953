import { HEADER_SIZE } from "../header.js";
import type { GattCharacteristic } from "./stream.js";
import type { Reply, Transport } from "./transport.js";

/** UUID of the SMP service (Zephyr SMP transport specification, Bluetooth Low Energy). */
export const SMP_SERVICE = "8d53dc1d-1db7-4cd3-868b-8a527460aa84";
/** UUID of the characteristic of the SMP service that carries packets. */
export const SMP_CHARACTERISTIC = "da2e7828-fbce-4e01-ae9e-261174997c48";

/** Bytes of an ATT notification that are not payload. */
const ATT_HEADER = 3;

/**
 * SMP over Bluetooth LE: packets cut at will into writes without response, joined by the length in their header; responses
 * cut into notifications of at most ATT_MTU - 3 bytes. The first write of a packet holds at least its header; a write that
 * goes beyond the packet, or a packet above `maxPacket`, is dropped whole.
 */
export class BleTransport implements Transport {
	readonly maxPacket: number;
	onPacket: Transport["onPacket"];
	onDrop: Transport["onDrop"];
	readonly #characteristic: GattCharacteristic;
	readonly #buffer: Uint8Array;
	#reply: Reply;
	#got = 0;

	constructor(characteristic: GattCharacteristic, options: { readonly maxPacket?: number } = {}) {
		this.maxPacket = options.maxPacket ?? 1024;
		this.#buffer = new Uint8Array(this.maxPacket);
		this.#characteristic = characteristic;
		this.#reply = this.#newReply();
		characteristic.onWrite = (bytes) => this.#receive(bytes);
		// A later connection must not complete, or get the answer to, what an earlier one began.
		characteristic.onUnsubscribed = () => {
			if (this.#got > 0) this.onDrop?.("rx_unfinished");
			this.#got = 0;
			this.#reply = this.#newReply();
		};
	}

	close(): void {
		this.#characteristic.onWrite = undefined;
		this.#characteristic.onUnsubscribed = undefined;
		this.#characteristic.close();
	}

	/** Sends responses as long as the connection lasts. */
	#newReply(): Reply {
		const characteristic = this.#characteristic;
		const reply: Reply = (packet) => {
			if (this.#reply !== reply) return;
			const size = Math.max(1, characteristic.attMtu - ATT_HEADER);
			for (let at = 0; at < packet.length; at += size)
				if (characteristic.notify(packet.slice(at, at + size)) === false) {
					// The rest would be taken for the beginning of the next answer.
					this.onDrop?.("tx_dropped");
					return;
				}
		};
		return reply;
	}

	#receive(bytes: Uint8Array): void {
		const start = this.#got;
		this.#got = 0;
		if (start === 0 && bytes.length < HEADER_SIZE) {
			this.onDrop?.("rx_bad_header");
			return;
		}
		const first = start === 0 ? bytes : this.#buffer;
		const length = HEADER_SIZE + ((first[2]! << 8) | first[3]!);
		if (length > this.maxPacket || start + bytes.length > length) {
			this.onDrop?.(length > this.maxPacket ? "rx_too_long" : "rx_bad_length");
			return;
		}
		this.#buffer.set(bytes, start);
		if (start + bytes.length < length) this.#got = start + bytes.length;
		else this.onPacket?.(this.#buffer.subarray(0, length), this.#reply);
	}
}
