import assert from "node:assert";
import { ImageError } from "../../image/error.js";
import { decodeIntelHex, encodeIntelHex, isIntelHex } from "../../image/intel-hex.js";
import { payloadOf } from "./support.js";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const END = ":00000001FF\n";

describe("Intel HEX", () => {
	it("reads records in any order, with CR LF, lower case and blank lines, and fills holes", () => {
		const { address, bytes: image } = decodeIntelHex(
			bytes("\r\n:020000040801F1\r\n:02000400cafe32\r\n:0100000001fe\r\n\r\n:04000005080100C12D\r\n:00000001FF\r\n"),
		);
		assert.equal(address, 0x08010000);
		assert.deepEqual([...image], [1, 0xff, 0xff, 0xff, 0xca, 0xfe]);
	});

	it("reads segment addresses, and nothing behind the end record", () => {
		const { address, bytes: image } = decodeIntelHex(bytes(`:020000021000EC\n:0100010055A9\n${END}whatever`));
		assert.deepEqual([address, ...image], [0x10001, 0x55]);
	});

	for (const address of [0, 0xfff8, 0x0800fe00, 0xfffffff0 - 40000]) {
		it(`reads what it writes, at 0x${address.toString(16)}`, () => {
			const image = payloadOf(40000);
			const text = bytes(encodeIntelHex([{ address, bytes: image }]));
			assert.ok(isIntelHex(text));
			assert.deepEqual(decodeIntelHex(text), { address, bytes: image });
		});
	}

	it("knows Intel HEX by its first record", () => {
		for (const text of [`${END}`, "\r\n :02000004", ":020000040801F1"]) {
			assert.equal(isIntelHex(bytes(text)), text !== "\r\n :02000004", JSON.stringify(text));
		}
		for (const other of ["", ":", ":x", "S00600004844521B", ":0200000A0801F1"])
			assert.equal(isIntelHex(bytes(other)), false);
		assert.equal(isIntelHex(Uint8Array.of(0x3d, 0xb8, 0xf3, 0x96)), false);
	});

	const refused: readonly (readonly [string, string, RegExp])[] = [
		["a wrong checksum", `:0100000001FF\n${END}`, /^Line 1 of the Intel HEX file has a wrong checksum\.$/],
		["no end record", ":0100000001FE\n", /has no end record: the file was cut short\.$/],
		["a cut within a record", ":020000040801F1\n:02000400CAF", /ends within line 2: the file was cut short\.$/],
		[
			"a record that is too short",
			`:02000400CA\n${END}`,
			/^Line 1 .* is not made of hexadecimal digits, or is too short\.$/,
		],
		["a character that is no digit", `:01000000G1FE\n${END}`, /^Line 1 .* is not made of hexadecimal digits/],
		["a line without a colon", `:0100000001FE\n0100000001FE\n${END}`, /^Line 2 .* does not begin with a colon\.$/],
		["something behind a record", `:0100000001FE00\n${END}`, /^Line 1 .* goes on behind its checksum\.$/],
		["an unknown type", `:0100000601F8\n${END}`, /^Line 1 .* has the unknown record type 6\.$/],
		["a base address of one byte", `:0100000401FA\n${END}`, /^Line 1 .* has no valid base address\.$/],
		["two values for a byte", `:0100000001FE\n:0100000002FD\n${END}`, /has two values for the byte at 0x0\.$/],
		["no data", END, /holds no data\.$/],
		[
			"an absurd span",
			`:0100000001FE\n:020000041000EA\n:0100000001FE\n${END}`,
			/^The Intel HEX file reaches from 0x0 to 0x10000001, /,
		],
	];
	for (const [name, text, message] of refused) {
		it(`refuses ${name}`, () => {
			assert.throws(
				() => decodeIntelHex(bytes(text)),
				(error: unknown) => {
					assert.ok(error instanceof ImageError);
					assert.match(error.message, message);
					return true;
				},
			);
		});
	}
});
