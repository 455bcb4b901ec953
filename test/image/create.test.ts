import assert from "node:assert";
import { createImage, type ImageOptions } from "../../image/create.js";
import { ImageError } from "../../image/error.js";
import { inspectImage, refusal } from "../../image/inspect.js";
import { generateKey, parseKey } from "../../image/keys.js";
import { ALL_KEY_TYPES, payloadOf, readKey, signerOf } from "./support.js";

const payload = payloadOf(500);
const basic: ImageOptions = { version: "1.2.3+4", headerSize: 64, padHeader: true };

describe("createImage", () => {
	for (const type of ALL_KEY_TYPES) {
		it(`signs with ${type} so that only its key verifies`, () => {
			const signer = signerOf(generateKey(type));
			const image = createImage(payload, { ...basic, signer });
			const keys = [{ name: "own", key: signer }];
			const others = [{ name: "other", key: parseKey(generateKey(type)) }];
			assert.equal(refusal(inspectImage(image, { keys })), undefined);
			assert.match(refusal(inspectImage(image, { keys: others })) ?? "", /another key/);
			image[70]! ^= 1;
			assert.match(refusal(inspectImage(image, { keys })) ?? "", /hash is wrong/);
		});
	}

	it("signs with ECDSA reproducibly (RFC 6979)", () => {
		const signer = signerOf(readKey("ec1"));
		assert.deepEqual(createImage(payload, { ...basic, signer }), createImage(payload, { ...basic, signer }));
	});

	it("puts the whole key in with publicKeyFormat full", () => {
		const signer = signerOf(readKey("ec1"));
		const report = inspectImage(createImage(payload, { ...basic, signer, publicKeyFormat: "full" }), {
			keys: [{ name: "ec1", key: signer }],
		});
		assert.deepEqual(
			report.tlvs.map((tlv) => tlv.name),
			["SHA256", "PUBKEY", "ECDSA_SIG"],
		);
		assert.equal(report.signatures[0]?.result, "good");
	});

	it("leaves its input alone", () => {
		const input = new Uint8Array(100);
		createImage(input, { version: "1", headerSize: 32 });
		assert.deepEqual(input, new Uint8Array(100));
	});

	it("fills a slot to its last byte, and not one more", () => {
		const size = createImage(payload, basic).length + 128 * 3 * 4 + 4 * 8 + 16;
		assert.equal(createImage(payload, { ...basic, align: 4, slotSize: size, pad: "test" }).length, size);
		assert.throws(
			() => createImage(payload, { ...basic, align: 4, slotSize: size - 1 }),
			/exceed the slot \(\d+\) by 1 bytes/,
		);
	});

	const signer = signerOf(readKey("ec1"));
	const refused: readonly (readonly [string, Partial<ImageOptions>, RegExp])[] = [
		["version with a leading zero", { version: "01.2" }, /"01\.2" is not a version/],
		["version with a build but no revision", { version: "1.2+3" }, /is not a version/],
		["major above 255", { version: "256.0.0" }, /too large/],
		["build above 32 bits", { version: "1.0.0+4294967296" }, /too large/],
		["header of 31 bytes", { headerSize: 31 }, /header size is 32 to 65535/],
		["header of 65536 bytes", { headerSize: 65536 }, /header size is 32 to 65535/],
		["no room for the header", { padHeader: false, headerSize: 256 }, /256 zero bytes/],
		["input shorter than the header", { padHeader: false, headerSize: 512 }, /fewer than the header size/],
		["padding without a slot", { pad: "test" }, /size of the slot/],
		["slot of 2 GiB", { slotSize: 0x80000000 }, /not within 0 to 1 GiB/],
		["trailer alignment below the write size", { align: 16, maxAlign: 8 }, /less than the alignment/],
		["load address and fixed address", { loadAddress: 16, romFixed: 16 }, /not both/],
		["address above 32 bits", { loadAddress: 2 ** 32 }, /32 bits/],
		["security counter above 32 bits", { securityCounter: 2 ** 32 }, /32 bits/],
		["dependency on image 256", { dependencies: [{ image: 256, version: "1" }] }, /0 to 255/],
		["custom TLV below the vendor range", { customTlvs: [{ type: 0x9f, value: payload }] }, /0x9f is outside/],
		["custom TLV 0xffff", { customTlvs: [{ type: 0xffff, value: payload }] }, /outside/],
		["custom TLV twice", { customTlvs: [0xa0, 0xa0].map((type) => ({ type, value: payload })) }, /twice/],
		["custom TLV of 64 KiB", { customTlvs: [{ type: 0xa0, value: new Uint8Array(65536) }] }, /at most 65535/],
		["TLV area of 64 KiB", { customTlvs: [{ type: 0xa0, value: new Uint8Array(65530) }] }, /protected TLV area/],
		["boot record of 13 characters", { bootRecord: "application-x" }, /12 characters/],
		["image class without a vendor", { cid: "sensor" }, /namespace/],
		["SHA-512 with ECDSA", { signer, sha: "512" }, /goes with SHA-256, not with SHA-512/],
		["pure signature with ECDSA", { signer, pure: true }, /Ed25519/],
		[
			"pure signature with a chosen hash",
			{ signer: signerOf(readKey("ed1")), pure: true, sha: "512" },
			/cannot be chosen/,
		],
	];
	for (const [name, options, message] of refused) {
		it(`refuses: ${name}`, () => {
			assert.throws(
				() => createImage(payload, { ...basic, ...options }),
				(error: unknown) => error instanceof ImageError && message.test(error.message),
			);
		});
	}
});
