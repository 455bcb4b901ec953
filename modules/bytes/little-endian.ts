/** Little-endian integers in byte arrays: all of MCUboot's formats use them. Offsets are the caller's to check. */

export const readU16 = (bytes: Uint8Array, at: number): number => bytes[at]! | (bytes[at + 1]! << 8);

export const readU32 = (bytes: Uint8Array, at: number): number =>
	(readU16(bytes, at) | (readU16(bytes, at + 2) << 16)) >>> 0;

/** The four bytes of an unsigned 32-bit integer. */
export const u32Bytes = (value: number): Uint8Array =>
	new Uint8Array([value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, (value >>> 24) & 0xff]);
