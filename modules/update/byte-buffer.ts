/**
 * The bytes of a byte buffer, in place (ECMA-419, Byte Buffer): an ArrayBuffer, a SharedArrayBuffer, or a view of single bytes.
 * Throws a TypeError for any other value.
 */
export function byteBuffer(value: unknown): Uint8Array {
	if (value instanceof Uint8Array) return value;
	if (value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return new Uint8Array(value);
	// A DataView has no elements.
	if (ArrayBuffer.isView(value) && ((value as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1) === 1)
		return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
	throw new TypeError("the data is no buffer of bytes");
}

/** Refuses a format of data that is not "buffer", the only one that flash and update have. */
export function checkFormat(format: unknown): void {
	if (format !== "buffer") throw new RangeError('the only format is "buffer"');
}

/** The options of an `open`. Throws a TypeError if they are missing. */
export function optionsOf(options: unknown): Readonly<Record<string, unknown>> {
	if (typeof options !== "object" || options === null) throw new TypeError("open() takes an object with options");
	return options as Readonly<Record<string, unknown>>;
}
