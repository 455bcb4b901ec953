import assert from "node:assert";
import { parseHeader } from "../../../modules/bootutil/header.js";
import { findTlv, TlvIterator, type TlvQuery } from "../../../modules/bootutil/tlv.js";
import { makeFlash, makeImage } from "./support.js";

const image = makeImage({
	version: [1, 0, 0, 0],
	length: 20,
	protectedTlvs: [
		{ type: 0x50, value: [7, 0, 0, 0] },
		{ type: 0xa0, value: [] },
	],
	tlvs: [{ type: 0x50, value: [8, 0, 0, 0] }],
});
/** Offset of the TLVs: header and payload. */
const FIRST = 52;

/** The types found, a protected one with "p", and how the walk ended. */
function walk(bytes: Uint8Array, query?: TlvQuery): string {
	const { map, bytes: area } = makeFlash();
	area(1).set(bytes);
	const tlvs = TlvIterator.begin(map.area(1), parseHeader(bytes)!, query);
	if (!tlvs) return "none";
	const found: string[] = [];
	for (let tlv = tlvs.next(); ; tlv = tlvs.next()) {
		if (typeof tlv === "string") return [...found, tlv].join(" ");
		found.push(`${tlv.isProtected ? "p" : ""}${tlv.type.toString(16)}`);
	}
}

const changed = (...changes: [offset: number, ...bytes: number[]][]): Uint8Array => {
	const bytes = image.slice();
	for (const [offset, ...values] of changes) bytes.set(values, offset);
	return bytes;
};

const HASH_INFO = FIRST + 16;

describe("TLV areas", () => {
	const rows: [string, string, Uint8Array, TlvQuery?][] = [
		["all entries; an empty one that ends the protected area counts as unprotected", "p50 a0 10 50 end", image],
		["one type", "p50 50 end", image, { type: 0x50 }],
		["the protected area alone", "p50 a0 end", image, { protectedOnly: true }],
		["one type that is not there", "end", image, { type: 0x40 }],
		["no info header", "none", changed([FIRST, 0])],
		["protected size that differs from the header's", "none", changed([FIRST + 2, 17])],
		["no unprotected area behind the protected one", "none", changed([HASH_INFO, 0])],
		["protected area that the header does not have", "none", changed([10, 0, 0])],
		["area of no size", "p50 a0 end", changed([HASH_INFO + 2, 0, 0])],
		["one byte behind the last entry", "p50 a0 10 50 invalid", changed([HASH_INFO + 2, 49])],
		[
			"four zero bytes are an entry",
			"p50 a0 10 50 0 end",
			Uint8Array.from([...changed([HASH_INFO + 2, 52]), 0, 0, 0, 0]),
		],
		["entry longer than the area", "invalid", changed([FIRST + 6, 0xff, 0xff])],
		["last entry one byte too long", "p50 a0 10 invalid", changed([HASH_INFO + 42, 5])],
		["payload that ends outside the slot", "none", changed([12, 0xff, 0xff, 0xff, 0xff])],
	];
	for (const [what, found, bytes, query] of rows) it(what, () => assert.equal(walk(bytes, query), found));

	it("gives offsets in the flash area, of an image that starts further up", () => {
		const { map, bytes } = makeFlash();
		bytes(2).set(image, 4096);
		const tlv = findTlv(map.area(2), parseHeader(image)!, { type: 0x50, start: 4096 });
		assert.deepStrictEqual(tlv, { type: 0x50, length: 4, offset: 4096 + FIRST + 8, isProtected: true });
		assert.deepStrictEqual([...map.area(2).bytes(tlv!.offset, 4)], [7, 0, 0, 0]);
	});

	it("knows where the image ends", () => {
		const { map, bytes } = makeFlash();
		bytes(1).set(image);
		assert.equal(TlvIterator.begin(map.area(1), parseHeader(image)!)?.end, image.length);
	});
});
