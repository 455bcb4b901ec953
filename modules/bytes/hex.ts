/** A number in hexadecimal, as addresses stand in messages and logs: `0x1f`. */
export const hex = (value: number): string => `0x${value.toString(16)}`;

/** Bytes as hexadecimal digits, two a byte. */
export const hexOf = (bytes: Uint8Array): string =>
	Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The bytes of hexadecimal digits, two a byte. */
export const bytesOf = (digits: string): Uint8Array =>
	Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
