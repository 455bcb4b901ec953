/** Sends a response to whoever sent the request. The bytes are valid during the call only. */
export type Reply = (packet: Uint8Array) => void;

/** Why something that arrived, or an answer, was lost. These are names of statistics too. */
export type Drop =
	/** The CRC of a frame is wrong. */
	| "rx_bad_crc"
	/** A line of a frame has something in it that base64 has not. */
	| "rx_bad_base64"
	/** No SMP packet begins so: an operation that there is not, or less than a header. */
	| "rx_bad_header"
	/** The announced length is none, or more came than was announced. */
	| "rx_bad_length"
	/** A line or a packet is longer than its buffer. */
	| "rx_too_long"
	/** The rest never came: a new frame, a silence or the end of the connection was first. */
	| "rx_unfinished"
	/** A response, which only a server sends. */
	| "rx_response"
	/** An answer found no room in the host's queue, because the peer does not read. */
	| "tx_dropped";

/** A way for SMP packets to come and go. What is damaged on the way is dropped without an answer. */
export interface Transport {
	/** Longest packet that gets through, bytes, header included. */
	readonly maxPacket: number;
	/** Called with each whole packet. The bytes are valid during the call only. `peer` tells its clients apart, if it can. */
	onPacket: ((packet: Uint8Array, reply: Reply, peer?: string) => void) | undefined;
	/** Called with each thing that is dropped. */
	onDrop: ((drop: Drop) => void) | undefined;
	/** Stops listening and closes what is below. */
	close(): void;
}
