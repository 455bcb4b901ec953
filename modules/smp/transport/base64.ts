/** Value of a character of the standard alphabet (RFC 4648, section 4), -1 for any other. */
export function base64Value(code: number): number {
	if (code >= 0x61) return code <= 0x7a ? code - 0x61 + 26 : -1;
	if (code >= 0x41) return code <= 0x5a ? code - 0x41 : -1;
	if (code >= 0x30) return code <= 0x39 ? code - 0x30 + 52 : -1;
	return code === 0x2b ? 62 : code === 0x2f ? 63 : -1;
}

/** Character for a value of 0 to 63. */
function base64Code(value: number): number {
	if (value < 26) return value + 0x41;
	if (value < 52) return value - 26 + 0x61;
	if (value < 62) return value - 52 + 0x30;
	return value === 62 ? 0x2b : 0x2f;
}

/** Encodes `bytes` with padding into `into` from `at` on and returns the end. */
export function base64Encode(bytes: Uint8Array, into: Uint8Array, at: number): number {
	for (let i = 0; i < bytes.length; i += 3) {
		const left = bytes.length - i;
		const group = (bytes[i]! << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
		into[at++] = base64Code(group >> 18);
		into[at++] = base64Code((group >> 12) & 63);
		into[at++] = left > 1 ? base64Code((group >> 6) & 63) : 0x3d;
		into[at++] = left > 2 ? base64Code(group & 63) : 0x3d;
	}
	return at;
}
