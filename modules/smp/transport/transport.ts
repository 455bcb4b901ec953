/** Sends a response to whoever sent the request. The bytes are valid during the call only. */
export type Reply = (packet: Uint8Array) => void;

/** A way for SMP packets to come and go. What is damaged on the way is dropped without an answer. */
export interface Transport {
	/** Longest packet that gets through, bytes, header included. */
	readonly maxPacket: number;
	/** Called with each whole packet. The bytes are valid during the call only. `peer` tells its clients apart, if it can. */
	onPacket: ((packet: Uint8Array, reply: Reply, peer?: string) => void) | undefined;
	/** Stops listening and closes what is below. */
	close(): void;
}
