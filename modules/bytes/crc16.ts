/**
 * CRC-16 of the console framing (Zephyr SMP transport specification, Console/UART): polynomial 0x1021, initial value 0, not
 * reflected, no final xor, so that running it over data and CRC gives 0. Computed without a table: a table would be as
 * fast on XS and cost a kilobyte.
 */
export function crc16(bytes: Uint8Array, crc = 0): number {
	for (let i = 0; i < bytes.length; i++) {
		crc = ((crc >> 8) | (crc << 8)) & 0xffff;
		crc ^= bytes[i]!;
		crc ^= (crc & 0xff) >> 4;
		crc ^= (crc << 12) & 0xffff;
		crc ^= (crc & 0xff) << 5;
	}
	return crc;
}
