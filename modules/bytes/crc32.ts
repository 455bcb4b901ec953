/** What four bits add, by their value. */
const NIBBLES: readonly number[] = Object.freeze([
	0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320,
	0xf00f9344, 0xd6d6a3e8, 0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
]);

/** CRC-32 as in IEEE 802.3 (reflected, polynomial 0xedb88320), continued from `crc`. */
export function crc32(data: Uint8Array, crc = 0): number {
	crc = ~crc;
	for (let i = 0; i < data.length; i++) {
		crc ^= data[i]!;
		crc = (crc >>> 4) ^ NIBBLES[crc & 15]!;
		crc = (crc >>> 4) ^ NIBBLES[crc & 15]!;
	}
	return ~crc >>> 0;
}
