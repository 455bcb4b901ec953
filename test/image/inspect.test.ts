import assert from "node:assert";
import { sha256 } from "@noble/hashes/sha2.js";
import { createImage, type ImageOptions } from "../../image/create.js";
import { ImageError } from "../../image/error.js";
import { concat, FLAGS, IMAGE_MAGIC, TLV, TLV_INFO_MAGIC, TLV_PROTECTED_MAGIC } from "../../image/format.js";
import { inspectImage } from "../../image/inspect.js";
import { formatReport } from "../../image/report.js";
import { TlvArea } from "../../image/tlv-area.js";
import { namedKey, payloadOf, readKey, signerOf } from "./support.js";

const signer = signerOf(readKey("ed1"));
const keys = [namedKey("ec1"), namedKey("ed1")];
const options: ImageOptions = {
	version: "1.2.3+4",
	headerSize: 64,
	padHeader: true,
	slotSize: 0x2000,
	align: 4,
	securityCounter: 7,
	dependencies: [{ image: 1, version: "2.0" }],
	vid: "00112233-4455-6677-8899-aabbccddeeff",
	signer,
};
/** Wraps no key, for images that nobody decrypts. */
const ENCRYPTER = {
	tlv: TLV.ENC_KW,
	makeKey: (size: number) => ({ key: new Uint8Array(size), wrapped: new Uint8Array(size + 8) }),
};
const PAYLOAD = 500;
/** Where the protected TLVs begin: header and payload. */
const TLVS = 64 + PAYLOAD;
const image = createImage(payloadOf(PAYLOAD), options);

const changed = (change: (image: Uint8Array, view: DataView) => void, from = image): Uint8Array => {
	const copy = from.slice();
	change(copy, new DataView(copy.buffer));
	return copy;
};

describe("inspectImage", () => {
	it("reports header, TLVs, hash and signature", () => {
		const { tlvs, ...report } = inspectImage(image, { keys });
		assert.deepEqual(report, {
			fileSize: image.length,
			offset: 0,
			imageSize: image.length,
			header: {
				endian: "little",
				loadAddress: 0,
				headerSize: 64,
				protectedTlvSize: 48,
				payloadSize: PAYLOAD,
				flags: 0,
				flagNames: [],
				version: "1.2.3+4",
			},
			digest: { name: "SHA256", value: report.digest?.value, good: true },
			signatures: [{ name: "ED25519", key: "ed1", result: "good" }],
			encryption: [],
			compression: null,
			archive: null,
			trailer: null,
			problems: [],
		});
		assert.deepEqual(
			tlvs.map((tlv) => [tlv.offset - TLVS, tlv.name, tlv.protected, tlv.length, tlv.meaning]),
			[
				[4, "SEC_CNT", true, 4, "7"],
				[12, "DEPENDENCY", true, 12, "image 1 at least 2.0.0"],
				[28, "UUID_VID", true, 16, "00112233-4455-6677-8899-aabbccddeeff"],
				[52, "SHA256", false, 32, undefined],
				[88, "KEYHASH", false, 32, undefined],
				[124, "ED25519", false, 64, undefined],
			],
		);
	});

	it("says so when no key was given for a signature", () => {
		assert.deepEqual(inspectImage(image).signatures, [
			{ name: "ED25519", key: null, result: "unchecked", reason: "no key was given" },
		]);
	});

	const damaged: readonly (readonly [string, Uint8Array, RegExp])[] = [
		["payload byte", changed((bytes) => bytes.fill(0xee, 100, 101)), /^The hash is wrong/],
		["signature byte", changed((bytes) => bytes.fill(0, image.length - 1)), /^The signature does not verify/],
		[
			"first TLV magic",
			changed((_, view) => view.setUint16(TLVS, 0x6907, true)),
			/protected TLV area at 0x234 begins with 0x6907/,
		],
		[
			"second TLV magic",
			changed((_, view) => view.setUint16(TLVS + 48, 0x6908, true)),
			/^The TLV area at 0x264 begins/,
		],
		[
			"protected size",
			changed((_, view) => view.setUint16(TLVS + 2, 40, true)),
			/has 40 bytes, but the header says 48/,
		],
		[
			"TLV over the end",
			changed((_, view) => view.setUint16(TLVS + 6, 200, true)),
			/runs over the end of the protected/,
		],
		[
			"area over the end",
			changed((_, view) => view.setUint16(TLVS + 50, 0xffff, true)),
			/^The file ends within the TLV area/,
		],
		["payload size", changed((_, view) => view.setUint32(12, 0xffffffff, true)), /^The file ends before the protected/],
		["cut in the payload", image.subarray(0, 200), /^The file ends before/],
		["cut in the TLVs", image.subarray(0, image.length - 1), /^The file ends within/],
		["no hash", changed((_, view) => view.setUint16(TLVS + 52, 0xa0, true)), /^The image has no hash/],
	];
	for (const [name, bytes, problem] of damaged) {
		it(`finds: ${name}`, () => {
			const { problems } = inspectImage(bytes, { keys });
			assert.match(problems[0] ?? "", problem);
		});
	}

	it("survives every cut and every single changed byte of header and TLVs", () => {
		const tried = (bytes: Uint8Array) => {
			try {
				return inspectImage(bytes, { keys }).problems.length > 0;
			} catch (error) {
				if (!(error instanceof ImageError)) throw error;
				return true;
			}
		};
		for (let length = 0; length < image.length; length++)
			assert.ok(tried(image.subarray(0, length)), `cut at ${length}`);
		for (let at = 0; at < image.length; at++) {
			if (at < 64 || at >= TLVS) tried(changed((bytes) => bytes.fill(bytes[at]! ^ 0xff, at, at + 1)));
		}
	});

	it("takes an image that is marked as encrypted and is not for one of the primary slot", () => {
		const image = createImage(payloadOf(PAYLOAD), { ...options, encrypt: ENCRYPTER, clear: true });
		assert.equal(inspectImage(image).digest?.good, true);
	});

	it("does not judge the hash of an encrypted image without its key", () => {
		const image = createImage(payloadOf(PAYLOAD), { ...options, encrypt: ENCRYPTER });
		const { digest, signatures, problems } = inspectImage(image);
		assert.equal(digest?.good, null);
		assert.match(signatures[0]?.reason ?? "", /^no key was given, and it covers the payload before encryption/);
		assert.deepEqual(problems, []);
	});

	for (const maxAlign of [8, 16, 32] as const) {
		it(`reads the trailer of a confirmed slot, alignment ${maxAlign}`, () => {
			const slot = createImage(payloadOf(PAYLOAD), { ...options, maxAlign, pad: "confirm" });
			assert.deepEqual(inspectImage(slot).trailer, {
				maxAlign,
				imageOk: "set",
				copyDone: "unset",
				swapType: "none",
				imageNumber: 0,
			});
		});
	}

	it("reads the fields of a trailer that a boot loader wrote", () => {
		const slot = createImage(payloadOf(PAYLOAD), { ...options, pad: "test" });
		const end = slot.length;
		const booted = changed(
			(bytes) => bytes.set([0x13], end - 40),
			changed((bytes) => bytes.set([1], end - 32), slot),
		);
		const expected = { maxAlign: 8, imageOk: "unset", copyDone: "set", swapType: "perm", imageNumber: 1 };
		assert.deepEqual(inspectImage(booted).trailer, expected);
		const bad = changed((bytes) => bytes.set([0x55], end - 24), booted);
		assert.deepEqual(inspectImage(bad).trailer, { ...expected, imageOk: "bad" });
	});

	it("takes an image at an offset, and says where one is", () => {
		const slot = new Uint8Array(0x4000).fill(0xff);
		slot.set(image, 0x1000);
		assert.equal(inspectImage(slot, { offset: 0x1000 }).digest?.good, true);
		assert.throws(() => inspectImage(slot), /does not begin with an image header; there is one at 0x1000/);
		assert.throws(() => inspectImage(new Uint8Array(0x4000)), /does not begin with an image header\.$/);
	});
});

describe("formatReport", () => {
	it("puts one fact on a line", () => {
		const report = inspectImage(createImage(payloadOf(PAYLOAD), { ...options, pad: "confirm" }), { keys });
		const digest = report.digest!.value;
		const lines = [
			"fw.bin: MCUboot image, version 1.2.3+4",
			"  size      756 bytes in a file of 8192",
			"  header    64 bytes",
			"  payload   500 bytes",
			"  flags     0x0",
			"  protected 0x50   SEC_CNT             4  7",
			"  protected 0x40   DEPENDENCY         12  image 1 at least 2.0.0",
			"  protected 0x74   UUID_VID           16  00112233-4455-6677-8899-aabbccddeeff",
			`  tlv       0x10   SHA256             32  ${digest.slice(0, 32)}…`,
			`  tlv       0x1    KEYHASH            32  ${report.tlvs[4]!.value.slice(0, 32)}…`,
			`  tlv       0x24   ED25519            64  ${report.tlvs[5]!.value.slice(0, 32)}…`,
			`  hash      SHA256 ${digest} good`,
			"  signature ED25519 by ed1: good",
			"  trailer   magic good (alignment 8), image_ok set, copy_done unset, swap_info none (image 0)",
			"",
		];
		assert.equal(formatReport("fw.bin", report), lines.join("\n"));
	});

	it("shows flags, address and problems", () => {
		const bytes = createImage(payloadOf(9), {
			version: "1",
			headerSize: 32,
			padHeader: true,
			romFixed: 0x8000,
			nonBootable: true,
		});
		bytes[33]! ^= 1;
		const text = formatReport("x", inspectImage(bytes));
		assert.match(text, /flags {5}0x110 NON_BOOTABLE ROM_FIXED\n {2}address {3}0x8000\n/);
		assert.match(
			text,
			/WRONG\n {2}signature none\n {2}problem {3}The hash is wrong: the image is damaged or was changed\.\n$/,
		);
	});
});

/** A compressed image as imgtool makes them; the payload is no LZMA2, which nobody here would notice. */
function compressed(change: {
	readonly size?: Uint8Array;
	readonly digest?: Uint8Array;
	readonly signature?: Uint8Array;
	readonly pure?: boolean;
}): Uint8Array {
	const plainDigest = new Uint8Array(32).fill(9);
	const { size = Uint8Array.of(0, 0, 1, 0), digest = plainDigest, signature = signer.sign(plainDigest) } = change;
	const parts: [type: number, value: Uint8Array][] = [
		[TLV.DECOMP_SIZE, size],
		[TLV.DECOMP_SHA, digest],
		[TLV.DECOMP_SIGNATURE, signature],
	];
	const area = new TlvArea(TLV_PROTECTED_MAGIC, "little");
	for (const [type, value] of parts) if (value.length > 0) area.add(type, value);
	const tlvs = area.bytes();
	const body = new Uint8Array(64 + 100);
	// Two bytes in front of the stream: the dictionary, and lc, lp and pb.
	body.set([0x0a, 0x66], 64);
	const view = new DataView(body.buffer);
	view.setUint32(0, IMAGE_MAGIC, true);
	view.setUint16(8, 64, true);
	view.setUint16(10, tlvs.length, true);
	view.setUint32(12, 100, true);
	view.setUint32(16, FLAGS.COMPRESSED_LZMA2 | FLAGS.COMPRESSED_ARM_THUMB, true);
	const signed = concat(body, tlvs);
	const own = new TlvArea(TLV_INFO_MAGIC, "little");
	own.add(TLV.SHA256, sha256(signed));
	if (change.pure) own.add(TLV.SIG_PURE, Uint8Array.of(1));
	own.add(TLV.KEYHASH, sha256(signer.publicKey));
	own.add(TLV.ED25519, signer.sign(change.pure ? signed : sha256(signed)));
	return concat(signed, own.bytes());
}

describe("inspectImage, compressed images", () => {
	it("reports what it decompresses to, and checks that signature too", () => {
		const report = inspectImage(compressed({}), { keys });
		assert.deepEqual(report.compression, {
			method: "LZMA2",
			filter: "Arm Thumb",
			dictionary: 131072,
			size: 65536,
			digest: "09".repeat(32),
			signature: { name: "DECOMP_SIGNATURE", key: "ed1", result: "good" },
		});
		assert.deepEqual(report.problems, []);
		assert.match(
			formatReport("x", report),
			/packed {4}LZMA2, Arm Thumb filter, dictionary of 131072 bytes; 65536 bytes when decompressed, not checked\n {2}signature DECOMP_SIGNATURE by ed1: good\n/,
		);
	});

	const nothing = new Uint8Array(0);
	for (const [what, change, problem] of [
		["no size", { size: nothing }, /does not say how long/],
		["no hash", { digest: nothing }, /no hash of what it decompresses to/],
		["a hash of another kind", { digest: new Uint8Array(48) }, /not of the kind that the image itself has/],
		["another hash than was signed", { digest: new Uint8Array(32) }, /decompresses to does not verify/],
		["no signature", { signature: nothing }, /what it decompresses to is not/],
		["another signature", { signature: new Uint8Array(64) }, /decompresses to does not verify/],
	] as const)
		it(`names what is wrong: ${what}`, () => {
			const { problems } = inspectImage(compressed(change), { keys });
			assert.match(problems.join(" "), problem);
		});

	it("says why a signature was not checked: no key, or a pure one", () => {
		assert.equal(inspectImage(compressed({})).compression?.signature?.result, "unchecked");
		const pure = inspectImage(compressed({ pure: true }), { keys });
		assert.match(pure.compression?.signature?.reason ?? "", /covers the image itself/);
		assert.deepEqual(pure.problems, []);
	});
});
