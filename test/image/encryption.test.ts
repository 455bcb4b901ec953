import assert from "node:assert";
import { createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createImage, type ImageOptions } from "../../image/create.js";
import { decrypterOf, parseEncryptionKey } from "../../image/encryption.js";
import { inspectImage, refusal } from "../../image/inspect.js";
import { generateKey, parseKey } from "../../image/keys.js";
import { openProgram, type Program } from "../support/console-script.js";
import { describeWith } from "../support/tools.js";
import { payloadOf, signerOf } from "./support.js";

const RSA = generateKey("rsa-2048");
const P256 = generateKey("ecdsa-p256");
const X25519 = generateKey("x25519");
const ED25519 = generateKey("ed25519");
const KEK_128 = "AAECAwQFBgcICQoLDA0ODw==\n";
const KEK_256 = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n";

const publicOf = (pem: string): string => createPublicKey(pem).export({ format: "pem", type: "spki" }).toString();
const payload = payloadOf(1003);
const options: ImageOptions = { version: "1.2.3", headerSize: 40, padHeader: true };

/** Key to sign with, key to encrypt for, bits. imgtool wants RSA with RSA and P-256 with P-256. */
const PAIRS: readonly [what: string, sign: string, encrypt: string, bits: 128 | 256][] = [
	["RSA", RSA, RSA, 128],
	["RSA", RSA, RSA, 256],
	["P-256", P256, P256, 128],
	["P-256", P256, P256, 256],
	["X25519", ED25519, X25519, 128],
	["X25519", ED25519, X25519, 256],
];

function judge(image: Uint8Array, signedBy: string, encryptedFor: string | undefined): string | undefined {
	const keys = [{ name: "key", key: parseKey(signedBy) }];
	const report = inspectImage(image, {
		keys,
		...(encryptedFor !== undefined && { decrypter: decrypterOf(parseEncryptionKey(encryptedFor)) }),
	});
	return refusal(report);
}

describe("image tool, encryption", () => {
	for (const [what, sign, encrypt, bits] of [
		...PAIRS,
		["AES-KW", ED25519, KEK_128, 128],
		["AES-KW", ED25519, KEK_256, 256],
	] as typeof PAIRS)
		it(`what is encrypted can be decrypted and has a good signature: ${what}, ${bits} bits`, () => {
			const forWhom = parseEncryptionKey(encrypt.startsWith("-") ? publicOf(encrypt) : encrypt);
			const all = { ...options, signer: signerOf(sign), encrypt: forWhom, encryptKeyLength: bits };
			const image = createImage(payload, all);
			assert.equal(judge(image, sign, encrypt), undefined);
			assert.match(judge(image, sign, undefined) ?? "", /names key, but it covers the payload before encryption/);
			const other = encrypt === X25519 ? generateKey("x25519") : X25519;
			assert.match(judge(image, sign, other) ?? "", /^The image cannot be decrypted: ENC_\w+ is encrypted for /);
			image[500]! ^= 1;
			assert.equal(judge(image, sign, encrypt), "The hash is wrong: the image is damaged or was changed.");
			assert.equal(judge(createImage(payload, { ...all, clear: true }), sign, undefined), undefined);
		});

	it("uses a new key for every image", () => {
		const encrypt = parseEncryptionKey(X25519);
		const [one, two] = [createImage(payload, { ...options, encrypt }), createImage(payload, { ...options, encrypt })];
		assert.notDeepEqual(one.subarray(40, 1040), two.subarray(40, 1040));
	});

	it("leaves room for two keys in the slot", () => {
		for (const [bits, maxAlign, room] of [
			[128, 8, 32],
			[256, 8, 64],
			[128, 32, 64],
		] as const) {
			const all = { ...options, maxAlign, encrypt: parseEncryptionKey(X25519), encryptKeyLength: bits };
			const trailer = 128 * 3 + 4 * maxAlign + Math.max(16, maxAlign) + room;
			const { length } = createImage(payload, all);
			assert.equal(createImage(payload, { ...all, slotSize: length + trailer }).length, length);
			assert.throws(() => createImage(payload, { ...all, slotSize: length + trailer - 1 }), /exceed the slot .* by 1 /);
		}
	});

	it("refuses keys that are not for this", () => {
		assert.throws(() => parseEncryptionKey(ED25519), /not one that images are encrypted with/);
		assert.throws(() => parseEncryptionKey(generateKey("rsa-3072")), /not one that images are encrypted with/);
		assert.throws(() => parseEncryptionKey("AAEC"), /not a PEM file/);
		assert.throws(() => decrypterOf(parseEncryptionKey(publicOf(X25519))), /needs the private one/);
		assert.throws(
			() => createImage(payload, { ...options, encrypt: parseEncryptionKey(KEK_128), encryptKeyLength: 256 }),
			/has 128 bits; use --encrypt-keylen 128/,
		);
	});
});

describeWith("imgtool", "encrypted images in both directions", () => {
	let directory = "";
	const file = (name: string): string => join(directory, name);
	let imgtool: Program;
	before(() => {
		imgtool = openProgram("imgtool");
		directory = mkdtempSync(join(tmpdir(), "imgtool-"));
		writeFileSync(file("app.bin"), payload);
	});
	after(async () => {
		await imgtool.stop();
		rmSync(directory, { recursive: true, force: true });
	});

	for (const [what, sign, encrypt, bits] of PAIRS) {
		const theirs = async (...more: string[]): Promise<Uint8Array> => {
			writeFileSync(file("sign.pem"), sign);
			writeFileSync(file("encrypt.pem"), publicOf(encrypt));
			const basic = ["-v", "1.2.3", "-H", "40", "--pad-header", "-S", "0x8000", "-k", file("sign.pem")];
			const encryption = ["-E", file("encrypt.pem"), "--encrypt-keylen", String(bits), ...more];
			const args = ["sign", ...basic, ...encryption, file("app.bin"), file("theirs.img")];
			const { status, output } = await imgtool.run(args);
			assert.equal(status, 0, output.toString());
			return new Uint8Array(readFileSync(file("theirs.img")));
		};
		const ours = (clear: boolean): Uint8Array =>
			createImage(payload, {
				...options,
				signer: signerOf(sign),
				encrypt: parseEncryptionKey(encrypt),
				encryptKeyLength: bits,
				clear,
			});

		it(`theirs is accepted: ${what}, ${bits} bits`, async () => {
			assert.equal(judge(await theirs(), sign, encrypt), undefined);
		});

		it(`ours is theirs but for keys and signature: ${what}, ${bits} bits, --clear`, async () => {
			const [mine, other] = [ours(true), await theirs("--clear")];
			const plain = (image: Uint8Array) => {
				const { header, tlvs, digest } = inspectImage(image);
				const shape = tlvs.map(({ name, length }) => (name === "ECDSA_SIG" ? name : `${name} ${length}`));
				return { header, shape, digest, bytes: Array.from(image.subarray(0, 40 + header.payloadSize)) };
			};
			assert.deepEqual(plain(mine), plain(other));
		});

		it(`imgtool verifies ours once it is plain: ${what}, ${bits} bits`, async () => {
			writeFileSync(file("sign.pem"), sign);
			writeFileSync(file("ours.img"), ours(true));
			const { status, output } = await imgtool.run(["verify", "-k", file("sign.pem"), file("ours.img")]);
			assert.equal(status, 0, output.toString());
		});
	}
});
