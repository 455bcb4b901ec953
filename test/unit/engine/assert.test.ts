import assert from "node:assert";

// On Node this checks the table against Node's assert, on XS it checks test/support/assert.ts against the table.

class One {
	x = 1;
}

// what, arguments, passes loosely, passes strictly
const comparisons: [string, unknown, unknown, boolean, boolean][] = [
	["equal numbers", 1, 1, true, true],
	["number and string", 1, "1", true, false],
	["NaN", Number.NaN, Number.NaN, true, true],
	["undefined and null", undefined, null, true, false],
	["nested objects", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, true, true],
	["a missing key", { a: 1, b: undefined }, { a: 1 }, false, false],
	["object and class", { x: 1 }, new One(), true, false],
	["array and object", [1], { 0: 1 }, false, false],
	["arrays of other length", [1, 2], [1, 2, 3], false, false],
	["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 2]), true, true],
	["other bytes", new Uint8Array([1, 2]), new Uint8Array([1, 3]), false, false],
	["bytes and a view of them", new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1), true, true],
	["buffers", new Uint8Array([1]).buffer, new Uint8Array([2]).buffer, false, false],
	["maps", new Map([["a", [1]]]), new Map([["a", [1]]]), true, true],
	["other maps", new Map([["a", 1]]), new Map([["b", 1]]), false, false],
	["sets", new Set([1, 2]), new Set([2, 1]), true, true],
	["other sets", new Set([1, 2]), new Set([1, 3]), false, false],
	["errors", new Error("a"), new Error("a"), true, true],
	["other errors", new Error("a"), new Error("b"), false, false],
	["big integers", 12n, 12n, true, true],
	["other big integers", 12n, 13n, false, false],
];

// what, call, passes
const calls: [string, () => unknown, boolean][] = [
	["ok(1)", () => assert.ok(1), true],
	["ok(0)", () => assert.ok(0), false],
	["assert('')", () => assert(""), false],
	["equal(1, '1')", () => assert.equal(1, "1"), true],
	["strictEqual(1, '1')", () => assert.strictEqual(1, "1"), false],
	["strictEqual(0, -0)", () => assert.strictEqual(0, -0), false],
	["notEqual(1, 2)", () => assert.notEqual(1, 2), true],
	["notStrictEqual(1, 1)", () => assert.notStrictEqual(1, 1), false],
	["match", () => assert.match("flash", /^fl/), true],
	["no match", () => assert.match("flash", /^sh/), false],
	["fail", () => assert.fail("no"), false],
	["nothing thrown", () => assert.throws(() => 1), false],
	["thrown", () => assert.throws(() => raise(new Error("x"))), true],
	["thrown, text matches", () => assert.throws(() => raise(new RangeError("too long")), /RangeError: too long/), true],
	["thrown, text does not match", () => assert.throws(() => raise(new Error("x")), /y/), false],
	["thrown, class", () => assert.throws(() => raise(new RangeError("x")), RangeError), true],
	["thrown, base class", () => assert.throws(() => raise(new RangeError("x")), Error), true],
	["thrown, other class", () => assert.throws(() => raise(new RangeError("x")), TypeError), false],
	[
		"thrown, properties",
		() => assert.throws(() => raise(new RangeError("x")), { name: "RangeError", message: /x/ }),
		true,
	],
	["thrown, other properties", () => assert.throws(() => raise(new RangeError("x")), { name: "Error" }), false],
	[
		"thrown, validated",
		() =>
			assert.throws(
				() => raise(new Error("x")),
				(error) => error instanceof Error,
			),
		true,
	],
];

function raise(error: Error): never {
	throw error;
}

function passes(call: () => unknown): boolean {
	try {
		call();
		return true;
	} catch {
		return false;
	}
}

describe("assert", () => {
	for (const [what, actual, expected, loosely, strictly] of comparisons)
		it(`compares ${what}`, () => {
			assert.equal(
				passes(() => assert.deepEqual(actual, expected)),
				loosely,
				"deepEqual",
			);
			assert.equal(
				passes(() => assert.deepStrictEqual(actual, expected)),
				strictly,
				"deepStrictEqual",
			);
		});

	for (const [what, call, expected] of calls)
		it(`${expected ? "accepts" : "refuses"}: ${what}`, () => assert.equal(passes(call), expected));

	it("rejects", async () => {
		await assert.rejects(Promise.reject(new Error("late")), /late/);
		await assert.rejects(async () => raise(new RangeError("late")), RangeError);
		await assert.rejects(assert.rejects(Promise.resolve(1)));
	});
});
