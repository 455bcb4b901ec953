/** A number in hexadecimal, as addresses stand in messages and logs: `0x1f`. */
export const hex = (value: number): string => `0x${value.toString(16)}`;

/** Bytes as hexadecimal digits, two a byte. */
export function hexOf(bytes: Uint8Array): string {
	let digits = "";
	for (const byte of bytes) digits += (byte < 16 ? "0" : "") + byte.toString(16);
	return digits;
}

/** The bytes of hexadecimal digits, two a byte. */
export function bytesOf(digits: string): Uint8Array {
	const bytes = new Uint8Array(digits.length >> 1);
	for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
	return bytes;
}
