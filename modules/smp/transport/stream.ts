/** False for what was dropped. */
// biome-ignore lint/suspicious/noConfusingVoidType: what never drops anything, or cannot tell, returns nothing
export type Sent = boolean | void;

/** A byte stream such as a UART, as a host gives it to a transport. */
export interface ByteStream {
	/** Called with what arrived. The bytes are valid during the call only. */
	onBytes: ((bytes: Uint8Array) => void) | undefined;
	/**
	 * Queues bytes for sending and never blocks. When the peer does not read, the host drops whole writes, and returns false if
	 * it can tell.
	 */
	write(bytes: Uint8Array): Sent;
	/** Gives the line free. */
	close(): void;
}

/** Who sent a datagram. Opaque to all but the host that made it. */
export type Peer = unknown;

/** A datagram socket such as UDP. */
export interface DatagramSocket {
	/** Called with each datagram. The bytes are valid during the call only. */
	onDatagram: ((bytes: Uint8Array, peer: Peer) => void) | undefined;
	/** Sends a datagram, or drops it, and returns false if it can tell. The bytes are valid during the call only. */
	send(bytes: Uint8Array, peer: Peer): Sent;
	/** A text that no other peer has, where the host can make one. */
	nameOf?(peer: Peer): string;
	close(): void;
}

/** The characteristic that carries SMP, as the Bluetooth stack of a host gives it to a transport. */
export interface GattCharacteristic {
	/** ATT_MTU of the connection, bytes. */
	readonly attMtu: number;
	/** Called with each write. The bytes are valid during the call only. */
	onWrite: ((bytes: Uint8Array) => void) | undefined;
	/** Called when the peer turns notifications off or disconnects. */
	onUnsubscribed: (() => void) | undefined;
	/** Queues one notification, or drops it, and returns false if it can tell. */
	notify(bytes: Uint8Array): Sent;
	close(): void;
}
