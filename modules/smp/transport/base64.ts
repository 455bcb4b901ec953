// The standard alphabet (RFC 4648, section 4).
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Character code of each value of 0 to 63. */
const CODES: readonly number[] = Object.freeze(Array.from({ length: 64 }, (_, value) => ALPHABET.charCodeAt(value)));

/** Value of each character code below 128, -1 for those outside of the alphabet. */
export const BASE64_VALUES: readonly number[] = Object.freeze(
	Array.from({ length: 128 }, (_, code) => CODES.indexOf(code)),
);

/** Encodes `bytes` with padding into `into` from `at` on and returns the end. */
export function base64Encode(bytes: Uint8Array, into: Uint8Array, at: number): number {
	for (let i = 0; i < bytes.length; i += 3) {
		const left = bytes.length - i;
		const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		into[at++] = CODES[group >> 18]!;
		into[at++] = CODES[(group >> 12) & 63]!;
		into[at++] = left > 1 ? CODES[(group >> 6) & 63]! : 0x3d;
		into[at++] = left > 2 ? CODES[group & 63]! : 0x3d;
	}
	return at;
}
