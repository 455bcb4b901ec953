import assert from "node:assert";
import { compareVersions, formatVersion, parseHeader, signedSize } from "../../../modules/bootutil/header.js";
import { makeImage } from "./support.js";

const version = (major: number, minor: number, revision: number, build: number) => ({ major, minor, revision, build });

describe("image header", () => {
	it("decodes every field", () => {
		const bytes = makeImage({
			version: [1, 2, 0x304, 0x5060708],
			length: 100,
			flags: 0x10,
			protectedTlvs: [{ type: 0xa0, value: [9] }],
		});
		bytes.set([0x78, 0x56, 0x34, 0xf2], 4);
		assert.deepStrictEqual(parseHeader(bytes), {
			magic: 0x96f3b83d,
			loadAddress: 0xf2345678,
			headerSize: 32,
			protectedTlvSize: 9,
			imageSize: 100,
			flags: 0x10,
			version: version(1, 2, 0x304, 0x5060708),
		});
		assert.equal(signedSize(parseHeader(bytes)!), 141);
	});

	it("takes sizes as unsigned", () => {
		const bytes = makeImage({ version: [1, 0, 0, 0], length: 0 });
		bytes.fill(0xff, 12, 16);
		assert.equal(parseHeader(bytes)?.imageSize, 0xffffffff);
	});

	const image = makeImage({ version: [1, 0, 0, 0], length: 8 });
	const broken: [string, Uint8Array][] = [
		["erased flash", new Uint8Array(32).fill(0xff)],
		["the magic of the old format", Uint8Array.from(image, (byte, i) => (i === 0 ? 0x3c : byte))],
		["fewer than 32 bytes", image.subarray(0, 31)],
		["nothing", new Uint8Array(0)],
	];
	for (const [what, bytes] of broken) it(`refuses ${what}`, () => assert.equal(parseHeader(bytes), undefined));
});

describe("image version", () => {
	const texts: [ReturnType<typeof version>, string][] = [
		[version(0, 0, 0, 0), "0.0.0"],
		[version(1, 2, 3, 0), "1.2.3"],
		[version(255, 255, 65535, 4294967295), "255.255.65535.4294967295"],
	];
	for (const [v, text] of texts) it(`prints ${text}`, () => assert.equal(formatVersion(v), text));

	const older: [string, ReturnType<typeof version>, ReturnType<typeof version>, boolean, number][] = [
		["major", version(1, 9, 9, 9), version(2, 0, 0, 0), false, -1],
		["minor", version(1, 1, 9, 9), version(1, 2, 0, 0), false, -1],
		["revision", version(1, 1, 1, 9), version(1, 1, 2, 0), false, -1],
		["build, ignored", version(1, 1, 1, 1), version(1, 1, 1, 2), false, 0],
		["build, counted", version(1, 1, 1, 1), version(1, 1, 1, 2), true, -1],
		["large build numbers", version(1, 1, 1, 1), version(1, 1, 1, 0xffffffff), true, -1],
	];
	for (const [what, a, b, build, sign] of older)
		it(`orders by ${what}`, () => {
			assert.equal(Math.sign(compareVersions(a, b, build)), sign);
			assert.equal(Math.sign(compareVersions(b, a, build)), sign === 0 ? 0 : -sign);
		});
});
