import { hexOf } from "../../../modules/bytes/hex.js";
import type { DatagramSocket, Peer } from "../../../modules/smp/transport/stream.js";

/** Longest datagram that is looked at, bytes: what an Ethernet frame holds. */
const RECEIVE_BUFFER = 1500;

/** The UDP socket. A peer is an ArrayBuffer with its socket address. */
export class SimUdp implements DatagramSocket {
	onDatagram: DatagramSocket["onDatagram"];

	constructor() {
		const bytes = new Uint8Array(RECEIVE_BUFFER);
		simulator.udpOpen(bytes, (count, peer) => this.onDatagram?.(bytes.subarray(0, count), peer));
	}

	send(bytes: Uint8Array, peer: Peer): boolean {
		return simulator.udpSend(bytes, peer as ArrayBuffer);
	}

	nameOf(peer: Peer): string {
		return hexOf(new Uint8Array(peer as ArrayBuffer));
	}

	close(): void {
		simulator.udpClose();
	}
}
