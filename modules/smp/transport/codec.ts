import type { Drop } from "./transport.js";

// The contract of console framing (Zephyr SMP transport specification, Console/UART): length, packet and CRC in base64, cut
// into lines that begin with one of two markers, so that SMP shares a console with people and logs. It is the work on each
// byte, which a host may have in C (engine/native/console-frame.c), many times faster than in JavaScript
// (`scriptCodec` in frame.ts). Both do the same, byte for byte.

/** What `ConsoleDecoder.decode` returns when it has taken everything and there is nothing to tell. */
export const NOTHING = -1;

/** What `decode` returns below `NOTHING`: -2 for the first of these losses, and so on. */
export const LOSSES = Object.freeze([
	"rx_bad_crc",
	"rx_bad_base64",
	"rx_bad_length",
	"rx_too_long",
	"rx_unfinished",
] as const) satisfies readonly Drop[];

/** What is known of the line that arrives, and of the frame that it belongs to. */
export interface ConsoleDecoder {
	/** Begins with the packet of a whole frame, until `decode` is called again. */
	readonly frame: Uint8Array;
	/** Of the bytes of the last call, so many were taken: where to go on after anything but `NOTHING`. */
	readonly at: number;
	/**
	 * Takes what arrived, in whatever cuts, from `at` on: all of it, or up to the first byte by which a frame is whole or
	 * lost. Returns the length of the packet, 0 or more; `NOTHING`; or the number of a loss.
	 */
	decode(bytes: Uint8Array, at: number): number;
}

/** Makes frames of packets and packets of frames. */
export interface ConsoleCodec {
	/** For packets of up to `maxPacket` bytes and lines of less than `maxLine`, LF not counted. */
	decoder(maxPacket: number, maxLine: number): ConsoleDecoder;
	/** Frames a packet: lines of up to 127 bytes, each of which decodes alone. */
	encode(packet: Uint8Array): Uint8Array;
}

/** The four functions by which a host's C is a codec (`NativeCodec` in native-codec.ts). */
export interface ConsoleNatives {
	/** The state of a line that begins, of the length that a line may have. */
	consoleState(maxLine: number): ArrayBuffer;
	/** `ConsoleDecoder.decode`. The whole of `frame` is written to, and nothing else. */
	consoleDecode(state: ArrayBuffer, frame: Uint8Array, bytes: Uint8Array, at: number): number;
	/** `ConsoleDecoder.at`. */
	consoleAt(state: ArrayBuffer): number;
	/** Returns the length of the packet's frame, which it writes to `into` if that has this very length. */
	consoleEncode(packet: Uint8Array, into: Uint8Array): number;
}

/** Bytes of the CRC behind a packet. */
export const CRC_SIZE = 2;
