import type { DatagramSocket, Peer } from "../../modules/smp/transport/stream.js";
import type { Datagram, UdpDevice, UdpSocket } from "./devices.js";

/** A UDP socket of the SDK's Zephyr port. A peer is the datagram it sent, which carries its address. */
export class RtlUdp implements DatagramSocket {
	onDatagram: DatagramSocket["onDatagram"];
	readonly #socket: UdpSocket;

	constructor(device: UdpDevice) {
		this.#socket = new device.io({ port: device.port, onReadable: () => this.#receive() });
	}

	send(bytes: Uint8Array, peer: Peer): boolean {
		const { address, port } = peer as Datagram;
		try {
			this.#socket.write(bytes, address, port);
			return true;
		} catch {
			// No buffer or no route: a lost datagram, as any other; the client asks again.
			return false;
		}
	}

	close(): void {
		this.onDatagram = undefined;
		this.#socket.close();
	}

	#receive(): void {
		for (let datagram = this.#socket.read(); datagram; datagram = this.#socket.read())
			this.onDatagram?.(new Uint8Array(datagram), datagram);
	}
}
