import assert from "node:assert";

// XS decides by casts whether a number is an integer; beyond 2^31 C leaves their result undefined.

/** The same number by the compiler and, from text, by the engine as it runs. */
const CONSTANTS: readonly (readonly [number, string])[] = [
	[2147483647, "2147483647"],
	[2147483648, "2147483648"],
	[-2147483648, "-2147483648"],
	[-2147483649, "-2147483649"],
	[0x80000000, "0x80000000"],
	[0xffffffff, "0xffffffff"],
	[4294967295, "4294967295"],
	[4294967296, "4294967296"],
	[9007199254740991, "9007199254740991"],
	[-9007199254740991, "-9007199254740991"],
	[2147483647.5, "2147483647.5"],
	[1e300, "1e300"],
];

describe("numbers beyond 31 bits", () => {
	for (const [constant, text] of CONSTANTS)
		it(`${text} is the constant that it is written as`, () => {
			assert.equal(constant, Number(text));
			assert.equal(constant < 0, text.startsWith("-"));
		});

	it("are integers of 32 bits modulo 2^32", () => {
		const numbers = CONSTANTS.map(([constant]) => constant);
		assert.deepEqual(
			numbers.map((number) => number | 0),
			[2147483647, -2147483648, -2147483648, 2147483647, -2147483648, -1, -1, 0, -1, 1, 2147483647, 0],
		);
		assert.deepEqual(
			[...new Uint32Array(numbers)],
			numbers.map((number) => number >>> 0),
		);
	});

	it("are read from and written to bytes", () => {
		const view = new DataView(new ArrayBuffer(12));
		view.setUint32(0, 0xfedcba98, true);
		view.setFloat64(4, 4294967296, true);
		assert.equal(view.getUint32(0, true), 4275878552);
		assert.equal(view.getFloat64(4, true), 4294967296);
	});

	it("are keys of their own", () => {
		const object: Record<string, number> = { 2147483648: 1, 4294967294: 2, 4294967295: 3, 4294967296: 4 };
		assert.deepEqual(Object.keys(object), ["2147483648", "4294967294", "4294967295", "4294967296"]);
		assert.deepEqual([object[2147483648], object[4294967295], object[4294967296]], [1, 3, 4]);
	});
});
