/** Length of the header of every SMP packet, bytes. */
export const HEADER_SIZE = 8;

/** Operations (Zephyr SMP protocol specification, Frame). 4 to 7 are not defined. */
export const Op = Object.freeze({ READ: 0, READ_RESPONSE: 1, WRITE: 2, WRITE_RESPONSE: 3 } as const);

/**
 * The header of an SMP packet (Zephyr SMP protocol specification, Frame): byte 0 holds three reserved bits, two of
 * version and three of operation, then flags, payload length, group (both big-endian), sequence and command.
 */
export interface Header {
	readonly op: number;
	/** 0 is the original protocol ("version 1"), 1 is "version 2" with group errors; 2 and 3 are not assigned. */
	readonly version: number;
	/** None is defined. */
	readonly flags: number;
	/** Bytes behind the header. */
	readonly length: number;
	readonly group: number;
	readonly sequence: number;
	readonly command: number;
}

/** Reads the header at `at`, where there must be 8 bytes. Reserved bits are ignored. */
export function readHeader(packet: Uint8Array, at = 0): Header {
	return {
		op: packet[at]! & 7,
		version: (packet[at]! >> 3) & 3,
		flags: packet[at + 1]!,
		length: (packet[at + 2]! << 8) | packet[at + 3]!,
		group: (packet[at + 4]! << 8) | packet[at + 5]!,
		sequence: packet[at + 6]!,
		command: packet[at + 7]!,
	};
}

/** Writes a header to the first 8 bytes of `packet`. */
export function writeHeader(packet: Uint8Array, header: Header): void {
	packet[0] = ((header.version & 3) << 3) | (header.op & 7);
	packet[1] = header.flags;
	packet[2] = header.length >> 8;
	packet[3] = header.length & 0xff;
	packet[4] = header.group >> 8;
	packet[5] = header.group & 0xff;
	packet[6] = header.sequence;
	packet[7] = header.command;
}
