import assert from "node:assert";
import { Utf8, utf8Decode } from "../../../modules/bytes/utf8.js";
import { encodeMap, MapEncoder, type ResponseMap, type Value } from "../../../modules/smp/cbor.js";
import { SmpError } from "../../../modules/smp/errors.js";
import {
	bool,
	bytes,
	decodeFields,
	flag,
	int,
	nullableBytes,
	text,
	texts,
	uint,
	uint16,
	uints,
	utf8,
} from "../../../modules/smp/fields.js";
import { hex, random, unhex } from "./support.js";

describe("CBOR of responses", () => {
	const encode = (map: ResponseMap): string => {
		const into = new Uint8Array(200);
		return hex(into.subarray(0, encodeMap(map, into, 0)));
	};
	const cases: [string, ResponseMap, string][] = [
		["empty map", {}, "bfff"],
		["shortest integers", { a: 23, b: 24, c: 255, d: 256 }, "bf616117616218186163 18ff 6164190100ff"],
		["32 and 64 bit integers", { a: 0xffffffff, b: 0x100000000 }, "bf61611affffffff61621b0000000100000000ff"],
		["negative integers", { a: -1, b: -256, c: -257 }, "bf616120616238ff6163390100ff"],
		["booleans", { a: true, b: false }, "bf6161f56162f4ff"],
		["text of one to four bytes a letter", { a: "aé中😀" }, "bf61616a61c3a9e4b8adf09f9880ff"],
		["a lone surrogate", { a: "\ud800x" }, "bf616164efbfbd78ff"],
		["text as bytes", { a: new Utf8(unhex("ff80")) }, "bf616162ff80ff"],
		["byte strings", { a: unhex("0102"), b: new Uint8Array(0) }, "bf6161420102616240ff"],
		["lists and maps", { a: [1, { b: [] }] }, "bf61619f01bf61629fffffffff"],
		["undefined is left out", { a: undefined, b: 1 }, "bf616201ff"],
	];
	for (const [name, map, expected] of cases) it(name, () => assert.equal(encode(map), expected.replace(/ /g, "")));

	it("refuses what is no integer", () => {
		assert.throws(() => encode({ a: 0.5 }), RangeError);
		assert.throws(() => encode({ a: 2 ** 53 }), RangeError);
	});

	it("refuses what nests too deep, or goes round in circles", () => {
		const nested = (depth: number): Value =>
			depth === 0 ? 1 : depth % 2 ? [nested(depth - 1)] : { a: nested(depth - 1) };
		assert.equal(encode({ a: nested(8) }).length, 2 * (4 + 4 * 2 + 4 * 4 + 1));
		assert.throws(() => encode({ a: nested(9) }), /a response nests 8 maps and lists at most/);
		const circle: Record<string, Value> = {};
		circle["again"] = circle;
		assert.throws(() => encode(circle), RangeError);
		const list: Value[] = [];
		list.push(list);
		assert.throws(() => encode({ list }), RangeError);
		const encoder = new MapEncoder(new Uint8Array(200));
		assert.throws(() => encoder.encode({ list }, 0), RangeError);
		assert.equal(encoder.encode({ a: nested(8) }, 0), 29);
	});

	it("does not read a text that has no room", () => {
		for (const long of ["x".repeat(500_000), "\u00e9".repeat(500_000)])
			assert.equal(encodeMap({ long, more: long }, new Uint8Array(1000), 0), -1);
	});

	it("says when the buffer is too small, for every size", () => {
		const map = { text: "12345", list: [1, 1000, { data: unhex("010203") }], flag: true };
		const whole = encodeMap(map, new Uint8Array(100), 0);
		for (let size = 0; size < whole; size++) assert.equal(encodeMap(map, new Uint8Array(size), 0), -1);
		assert.equal(encodeMap(map, new Uint8Array(whole), 0), whole);
		assert.equal(encodeMap(map, new Uint8Array(whole + 8), 8), whole + 8);
	});
});

describe("UTF-8", () => {
	const cases: [string, string, string][] = [
		["ASCII", "616263", "abc"],
		["two to four bytes", "c3a9e4b8adf09f9880", "é中😀"],
		["a lone continuation", "6180", "a\ufffd"],
		["a character cut short", "e4b8", "\ufffd\ufffd"],
		["an overlong form", "c080", "\ufffd\ufffd"],
		["a surrogate", "eda080", "\ufffd\ufffd\ufffd"],
		["above U+10FFFF", "f4908080", "\ufffd\ufffd\ufffd\ufffd"],
		["no lead byte", "ff", "\ufffd"],
	];
	for (const [name, data, expected] of cases) it(name, () => assert.equal(utf8Decode(unhex(data)), expected));

	it("long texts", () => {
		const long = new Uint8Array(5000).fill(0x61);
		assert.equal(utf8Decode(long), "a".repeat(5000));
	});
});

describe("fields of requests", () => {
	const SCHEMA = {
		u: uint,
		s: uint16,
		i: int,
		b: bool,
		f: flag,
		d: bytes,
		n: nullableBytes,
		t: text,
		l: uints,
		w: texts,
	};
	const decode = (data: string): string =>
		JSON.stringify(decodeFields(unhex(data), SCHEMA), (_, value: unknown) =>
			value instanceof Uint8Array ? hex(value) : value,
		);
	const cut40 = `bf617a${"81".repeat(40)}00617501ff`;

	const accepted: [string, string, string][] = [
		["an empty map", "a0", "{}"],
		["an empty map without length", "bfff", "{}"],
		["integers", "a3617517 61731903e8 616920", '{"u":23,"s":1000,"i":-1}'],
		["the largest of 32 bits", "a161751affffffff", '{"u":4294967295}'],
		["longer heads than needed", "bb000000000000000161751b0000000000000005", '{"u":5}'],
		["a longer head of a key", "a178017505", '{"u":5}'],
		["booleans", "a26162f5 6166f4", '{"b":true,"f":false}'],
		["a flag as a number", "a1616601", '{"f":true}'],
		["byte strings", "a16164420102", '{"d":"0102"}'],
		["a null that may be", "a1616ef6", "{}"],
		["text", "a16174 63616263", '{"t":"abc"}'],
		["lists", "a2 616c 820105 6177 9f6161ff", '{"l":[1,5],"w":["a"]}'],
		["a list of texts with something else in it", "a2 6177 8361618101 01 617505", '{"w":[],"u":5}'],
		["bytes behind the map", "a1617505ffff", '{"u":5}'],
		[
			"unknown keys of every kind",
			"a8 6141 01 6142 20 6143 4101 6144 6101 6145 8101 6146 a10102 6147 f6 617505",
			'{"u":5}',
		],
		[
			"unknown floats, tags and simple values",
			"a5 6141 f93c00 6142 fb3ff0000000000000 6143 c11a00000000 6144 f820 617505",
			'{"u":5}',
		],
		["unknown strings in pieces", "a3 6141 5f4101 4102ff 6142 7f6161ff 617505", '{"u":5}'],
		["unknown empty and open containers", "a5 6141 80 6142 a0 6143 9fff 6144 bfff 617505", '{"u":5}'],
		["40 nested arrays under an unknown key", cut40, '{"u":1}'],
		["keys of objects", "a2 695f5f70726f746f5f5f 01 6b636f6e7374727563746f72 02", "{}"],
	];
	for (const [name, data, expected] of accepted) it(name, () => assert.equal(decode(data), expected));

	const refused: [string, string][] = [
		["nothing", ""],
		["no map", "8101"],
		["a tag before the map", "c1a0"],
		["a reserved length", "bc"],
		["a break", "ff"],
		["a map cut short", "a2617505"],
		["a map without its break", "bf617505"],
		["a map of 2^64 entries", "bbffffffffffffffff617505"],
		["a key that is no text", "a10001"],
		["an unknown key that is bytes", "a1414101"],
		["a key in pieces", "a17f6175ff05"],
		["a key longer than the packet", "a17bffffffffffffffff75"],
		["a key twice", "a2617505617505"],
		["a null twice", "a2616ef6616ef6"],
		["a null", "a16175f6"],
		["undefined", "a1616ef7"],
		["text for a number", "a1617561 31"],
		["a negative for an unsigned number", "a1617520"],
		["more than 32 bits", "a161751b0000000100000000"],
		["more than 16 bits", "a161731a00010000"],
		["a tag before a known value", "a16175c105"],
		["a float for a boolean", "a16162f90014"],
		["a number for a boolean", "a1616201"],
		["false in two bytes", "a16162f814"],
		["true in two bytes for a flag", "a16166f815"],
		["null in two bytes where null may be", "a1616ef816"],
		["a flag that is neither", "a1616602"],
		["bytes in pieces", "a161645f4101ff"],
		["bytes longer than the packet", "a161645affffffff00"],
		["a list of other things", "a1616c816161"],
		["a nested list", "a1616c818101"],
		["a list of texts cut short", "a16177826161"],
		["text for a list of texts", "a161776161"],
		["a list cut short", "a1616c8201"],
		["a list of 65 items", `a1616c9841${"00".repeat(65)}`],
		["600 nested arrays under an unknown key", `a1617a${"81".repeat(600)}00`],
		["600 nested maps without length", `bf617a${"bf6161".repeat(600)}`],
		["an unknown array of 2^32 items", "a1617a9affffffff00"],
		["an unknown map of 2^63 entries", "a1617abb800000000000000000"],
		["a string in pieces of another kind", "a1617a5f6161ff"],
		["a string in pieces in pieces", "a1617a5f5f4101ffff"],
		["a break in a definite array", "a1617a82ff"],
		["an endless row of tags", `a1617a${"c1".repeat(600)}`],
	];
	for (const [name, data] of refused)
		it(`refuses ${name}`, () => {
			assert.throws(
				() => decode(data),
				(error: unknown) => error instanceof SmpError && error.code === 3,
			);
		});

	it("keeps text that is no UTF-8 as it came", () => {
		const { t } = decodeFields(unhex("a1617463ff6180"), { t: utf8 });
		assert.equal(hex(t!.bytes), "ff6180");
	});

	it("either decodes or refuses any bytes", () => {
		const next = random(1);
		const starts = ["", "bf", "bf6175", "a2617a", "bf617a9f", "bf616c9f"];
		for (let round = 0; round < 3000; round++) {
			const tail = Uint8Array.from({ length: next(40) }, () => next(256));
			const start = unhex(starts[next(starts.length)]!);
			const data = new Uint8Array(start.length + tail.length);
			data.set(start);
			data.set(tail, start.length);
			try {
				decodeFields(data, SCHEMA);
			} catch (error) {
				assert.ok(error instanceof SmpError, `${hex(data)}: ${error}`);
			}
		}
	});
});
