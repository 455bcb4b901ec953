import assert from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ImageFileError, readImageFile } from "../../client/image-file.js";
import { createImage, type ImageOptions } from "../../image/create.js";
import { parseEncryptionKey } from "../../image/encryption.js";
import { inspectImage } from "../../image/inspect.js";
import { generateKey, type KeyType } from "../../image/keys.js";
import { root } from "../../tools/simulator.js";
import { payloadOf, signerOf } from "../image/support.js";

const PAYLOAD = payloadOf(3000);
const P256 = generateKey("ecdsa-p256");

const make = (options: Partial<ImageOptions> = {}, key = P256): Uint8Array =>
	createImage(PAYLOAD, { version: "1.2.3+4", headerSize: 0x200, padHeader: true, signer: signerOf(key), ...options });

const refused = (file: Uint8Array, message: RegExp): void =>
	assert.throws(
		() => readImageFile(file),
		(error) => error instanceof ImageFileError && message.test(error.message),
	);

describe("image file", () => {
	const kinds: [what: string, key: KeyType, options: Partial<ImageOptions>, hashName: string][] = [
		["SHA-256", "ecdsa-p256", {}, "SHA-256"],
		["SHA-384", "ecdsa-p384", {}, "SHA-384"],
		["SHA-512", "ed25519", { sha: "512" }, "SHA-512"],
		["a pure signature", "ed25519", { pure: true }, "SHA-512"],
		["RSA", "rsa-2048", {}, "SHA-256"],
		["protected TLVs", "ecdsa-p256", { securityCounter: 7, customTlvs: [{ type: 0xa0, value: PAYLOAD }] }, "SHA-256"],
	];
	for (const [what, key, options, hashName] of kinds)
		it(`is read whatever it is signed with: ${what}`, () => {
			const file = make(options, generateKey(key));
			assert.deepEqual(readImageFile(file), {
				version: "1.2.3.4",
				hash: inspectImage(file).digest!.value,
				hashName,
				hashChecked: true,
				dependencies: [],
				size: file.length,
				padding: "none",
			});
			const damaged = file.slice();
			damaged[1000]! ^= 1;
			refused(damaged, new RegExp(`^The image is damaged: its ${hashName} is not the one that it carries\\.$`));
		});

	it("is read if it is compressed: the hash is of the compressed image", () => {
		// Made with imgtool 2.5.0: sign --compression lzma2, and signed with the development key.
		const file = new Uint8Array(readFileSync(join(root, "test/client/data/lzma2.bin")));
		const { hashChecked, padding } = readImageFile(file);
		assert.deepEqual([hashChecked, padding], [true, "none"]);
	});

	it("without a signature is read too: whether that will do is for the device to say", () => {
		const file = createImage(PAYLOAD, { version: "1.0.0", headerSize: 32, padHeader: true });
		assert.equal(readImageFile(file).hashChecked, true);
	});

	it("that is encrypted has a hash that nobody can check without the key", () => {
		const file = make({ encrypt: parseEncryptionKey(P256) });
		const { hash, hashChecked, version } = readImageFile(file);
		assert.deepEqual([hash, hashChecked, version], [inspectImage(file).digest!.value, false, "1.2.3.4"]);
		assert.equal(readImageFile(make({ encrypt: parseEncryptionKey(P256), clear: true })).hashChecked, true);
	});

	it("that says it is encrypted, but has no key, is refused", () => {
		const file = make();
		file[16]! |= 4;
		refused(file, /^The image says that it is encrypted, but carries no key: /);
	});

	it("names its dependencies", () => {
		const dependencies = [
			{ image: 1, version: "0.0.2" },
			{ image: 2, version: "3.4.5+6" },
		];
		assert.deepEqual(readImageFile(make({ dependencies })).dependencies, [
			{ image: 1, version: { major: 0, minor: 0, revision: 2, build: 0 } },
			{ image: 2, version: { major: 3, minor: 4, revision: 5, build: 6 } },
		]);
		const file = make({ dependencies });
		const at = file.findIndex((_, i) => file[i] === 0x40 && file[i + 2] === 12 && i > 0x200 + PAYLOAD.length);
		file[at + 2] = 11;
		refused(file, /^The image is /);
	});

	it("may be longer than its image, and then says by what", () => {
		const bare = make();
		for (const [options, maxAlign] of [
			[{}, 8],
			[{ maxAlign: 16 }, 16],
			[{ maxAlign: 32 }, 32],
		] as const) {
			const padded = make({ ...options, pad: "test", slotSize: 0x8000 });
			const { size, padding } = readImageFile(padded);
			assert.deepEqual([size, padding, padded.length], [bare.length, "trailer", 0x8000], `alignment ${maxAlign}`);
		}
		const { size, padding } = readImageFile(Uint8Array.from([...bare, 0xff]));
		assert.deepEqual([size, padding], [bare.length, "other"]);
	});

	it("is refused in words", () => {
		const file = make();
		refused(new Uint8Array(0), /^The file is no MCUboot image: it has 0 bytes, fewer than an image header\.$/);
		refused(
			new Uint8Array(100),
			/^The file is no MCUboot image: it does not begin with an image header; sign it first /,
		);
		refused(file.slice(0, 4).reverse(), /it has 4 bytes/);
		refused(Uint8Array.from([...file.slice(0, 4).reverse(), ...file.slice(4)]), /its header is big-endian/);
		refused(Uint8Array.from([0x7f, 0x45, 0x4c, 0x46, ...file]), /it is an ELF file \(make a binary of it /);
		refused(new TextEncoder().encode(":10000000"), /it has 9 bytes/);
		refused(
			new TextEncoder().encode(":10000000".padEnd(43, "0")),
			/it is an Intel HEX file \(it has to be decoded first\)\.$/,
		);
		refused(Uint8Array.from([0x50, 0x4b, 0x03, 0x04, ...file]), /it is a ZIP archive \(a package of images\? /);
		refused(file.subarray(0, 2000), /^The image is cut short or was never signed: the file has 2000 bytes, /);
		refused(file.subarray(0, 0x200 + PAYLOAD.length + 2), /it has no TLVs behind its payload\.$/);
		refused(file.subarray(0, file.length - 1), /^The image is cut short or damaged: a TLV goes beyond its end\.$/);
		const bare = file.slice(0, 0x200 + PAYLOAD.length + 4);
		bare[bare.length - 2] = 4;
		bare[bare.length - 1] = 0;
		refused(bare, /^The image carries no hash: /);
	});
});
