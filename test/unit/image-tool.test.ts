import assert from "node:assert";
import { ed25519 } from "@noble/curves/ed25519.js";
import { sha256 } from "@noble/hashes/sha2.js";
import { createImage, type ImageOptions, type Signer } from "../../image/create.js";
import { inspectImage, refusal } from "../../image/inspect.js";
import { formatReport } from "../../image/report.js";
import { utf8Bytes } from "../../modules/bytes/utf8.js";

const bytes = (hex: string): Uint8Array =>
	Uint8Array.from({ length: hex.length / 2 }, (_, i) => Number.parseInt(hex.slice(2 * i, 2 * i + 2), 16));
const hex = (data: Uint8Array): string => Array.from(data, (byte) => byte.toString(16).padStart(2, "0")).join("");

/** The key `ed1` of the recorded vectors. */
const secret = bytes("4d2735c3c9d6f653a84d62d151cd99ee37d2c093b82555f0911551bdd86fdf73");
const ed1: Signer = {
	type: "ed25519",
	publicKey: bytes("302a300506032b6570032100b5ec64bf08a70e4d62c3ba1aac648e235d9b1a76f8c4eabdd93470caf0db620f"),
	sign: (message) => ed25519.sign(message, secret),
};

/** The payload of the recordings: words 0x11000000 | i. */
const payload = Uint8Array.from({ length: 500 }, (_, i) => (i % 4 === 3 ? 17 : i % 4 === 0 ? i >> 2 : 0));
const basic: ImageOptions = { version: "1.2.3", headerSize: 0x200, padHeader: true, align: 4, slotSize: 0x8000 };

// A few rows of imgtool-sign.json, here because these tests run on XS too.
const RECORDED: readonly (readonly [string, Partial<ImageOptions>, string])[] = [
	[
		"dependencies and custom TLVs",
		{
			securityCounter: 1,
			dependencies: [
				{ image: 0, version: { major: 1, minor: 2, revision: 3, build: 4 } },
				{ image: 1, version: { major: 9, minor: 8, revision: 7, build: 0 } },
			],
			customTlvs: [
				{ type: 0xa0, value: bytes("010203") },
				{ type: 0xa1, value: utf8Bytes("text") },
			],
		},
		"5cc9e702a07dcae3ab79f68ca2ccce8965e67cee068bc4da0881650820f5fcc0",
	],
	[
		"UUIDs of names",
		{ vid: "example.com", cid: "sensor" },
		"f35131de507e1396b9690bd42ef0fd5f1a689ba0ea9973fc1dbe0fdea512d403",
	],
	[
		"boot record",
		{ bootRecord: "AP", securityCounter: 2 },
		"1649eeaf1f53a81e51fd4da4e4b46804b676b87728968f725a745bde50f1fb58",
	],
	[
		"Ed25519, confirmed",
		{ signer: ed1, securityCounter: 3, pad: "confirm" },
		"94ccd74751da4f0ee3a4ad1ebb281c54ad364c69743dcbd12b9b18ca548c82c5",
	],
];

describe("image tool without Node", () => {
	for (const [name, given, hash] of RECORDED) {
		it(`makes what imgtool made: ${name}`, () => {
			assert.equal(hex(sha256(createImage(payload, { ...basic, ...given }))), hash);
		});
	}

	it("inspects what it made", () => {
		const keys = [{ name: "ed1", key: ed1 }];
		const report = inspectImage(createImage(payload, { ...basic, signer: ed1, pad: "confirm" }), { keys });
		assert.equal(refusal(report), undefined);
		assert.deepEqual(report.signatures, [{ name: "ED25519", key: "ed1", result: "good" }]);
		assert.equal(report.trailer?.imageOk, "set");
		assert.match(formatReport("image", report), /^image: MCUboot image, version 1\.2\.3\n/);
	});

	it("writes text as UTF-8", () => {
		const report = inspectImage(
			createImage(payload, { ...basic, customTlvs: [{ type: 0xa0, value: utf8Bytes("aé€🙂") }] }),
		);
		assert.equal(report.tlvs[0]?.value, "61c3a9e282acf09f9982");
	});
});
