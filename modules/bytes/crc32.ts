/** CRC-32 as in IEEE 802.3 (reflected, polynomial 0xedb88320), continued from `crc`. */
export function crc32(data: Uint8Array, crc = 0): number {
	crc = ~crc;
	for (let i = 0; i < data.length; i++) {
		crc ^= data[i]!;
		for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
	}
	return ~crc >>> 0;
}
