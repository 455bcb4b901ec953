/** A byte stream such as a UART, as a host gives it to a transport. */
export interface ByteStream {
	/** Called with what arrived. The bytes are valid during the call only. */
	onBytes: ((bytes: Uint8Array) => void) | undefined;
	/** Queues bytes for sending and never blocks. When the peer does not read, the host drops whole writes. */
	write(bytes: Uint8Array): void;
	close(): void;
}

/** Who sent a datagram. Opaque to all but the host that made it. */
export type Peer = unknown;

/** A datagram socket such as UDP. */
export interface DatagramSocket {
	/** Called with each datagram. The bytes are valid during the call only. */
	onDatagram: ((bytes: Uint8Array, peer: Peer) => void) | undefined;
	send(bytes: Uint8Array, peer: Peer): void;
	close(): void;
}
