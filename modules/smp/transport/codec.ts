import { crc16 } from "../../bytes/crc16.js";
import { base64Decode, base64Encode } from "./base64.js";

/** The work on every byte of console framing. A host may have it in C, which is many times faster than JavaScript. */
export interface ConsoleCodec {
	/** CRC-16 as in `crc16`, going on from `crc`. */
	crc16(bytes: Uint8Array, crc: number): number;
	/**
	 * Decodes groups of four characters (RFC 4648, section 4) from `at` on to `into` from `intoAt` on. Ends at the last whole
	 * group before `end`, at one with a character outside of the alphabet (padding is outside), and where the next three bytes
	 * have no room. Returns the number of characters that it decoded, three bytes for each four.
	 */
	base64Decode(characters: Uint8Array, at: number, end: number, into: Uint8Array, intoAt: number): number;
	/** Encodes `bytes` with padding into `into` from `at` on and returns the end. There must be room. */
	base64Encode(bytes: Uint8Array, into: Uint8Array, at: number): number;
}

/** In JavaScript, for hosts without. */
export const scriptCodec: ConsoleCodec = Object.freeze({ crc16, base64Decode, base64Encode });
