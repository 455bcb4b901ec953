import type { DatagramSocket } from "./stream.js";
import type { Transport } from "./transport.js";

/**
 * SMP over datagrams (Zephyr SMP transport specification, UDP; port 1337): one datagram is one packet, and the response goes
 * back to its sender. A datagram above `maxPacket` is cut to it, so that its sender is told that it is damaged.
 */
export class DatagramTransport implements Transport {
	readonly maxPacket: number;
	onPacket: Transport["onPacket"];
	onDrop: Transport["onDrop"];
	readonly #socket: DatagramSocket;

	constructor(socket: DatagramSocket, options: { readonly maxPacket?: number } = {}) {
		this.maxPacket = options.maxPacket ?? 1024;
		this.#socket = socket;
		socket.onDatagram = (bytes, peer) => {
			this.onPacket?.(
				bytes.length > this.maxPacket ? bytes.subarray(0, this.maxPacket) : bytes,
				(packet) => {
					if (socket.send(packet, peer) === false) this.onDrop?.("tx_dropped");
				},
				socket.nameOf?.(peer) ?? "",
			);
		};
	}

	close(): void {
		this.#socket.onDatagram = undefined;
		this.#socket.close();
	}
}
