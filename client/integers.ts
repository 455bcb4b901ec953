// cbor-x writes numbers beyond 32 bits as doubles, which servers do not take for an offset or a length, and reads every integer
// of 64 bits as a bigint.

/** Integers of this size and more need 64 bits. */
const LONG = 0x1_0000_0000;

/** A value as it has to go to the encoder so that integers stay integers (RFC 8949, section 3.1). */
export const toEncoder = (value: unknown): unknown => deep(value, (leaf) => (isLong(leaf) ? BigInt(leaf) : leaf));

/** What came from the decoder, with numbers in place of the bigints that they can stand for. */
export const fromDecoder = (value: unknown): unknown =>
	deep(value, (leaf) => (typeof leaf === "bigint" && Number.isSafeInteger(Number(leaf)) ? Number(leaf) : leaf));

const isLong = (value: unknown): value is number =>
	Number.isSafeInteger(value) && ((value as number) >= LONG || (value as number) < -LONG);

function deep(value: unknown, leaf: (value: unknown) => unknown): unknown {
	if (Array.isArray(value)) return value.map((item) => deep(item, leaf));
	if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return leaf(value);
	if (Object.getPrototypeOf(value) !== Object.prototype) return value;
	return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, deep(item, leaf)]));
}
