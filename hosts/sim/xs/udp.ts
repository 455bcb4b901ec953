import type { DatagramSocket, Peer } from "../../../modules/smp/transport/stream.js";

/** Longest datagram that is looked at, bytes: what an Ethernet frame holds. */
const RECEIVE_BUFFER = 1500;

/** The UDP socket. A peer is the text of its socket address, which is its name too. */
export class SimUdp implements DatagramSocket {
	onDatagram: DatagramSocket["onDatagram"];

	constructor() {
		const bytes = new Uint8Array(RECEIVE_BUFFER);
		// The packets of an upload have one length: each view of that is the same.
		let view = bytes;
		simulator.udpOpen(bytes, (count, peer) => {
			if (count !== view.length) view = bytes.subarray(0, count);
			this.onDatagram?.(view, peer);
		});
	}

	send(bytes: Uint8Array, peer: Peer): boolean {
		return simulator.udpSend(bytes, peer as string);
	}

	nameOf(peer: Peer): string {
		return peer as string;
	}

	close(): void {
		simulator.udpClose();
	}
}
