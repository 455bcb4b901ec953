import assert from "node:assert";
import { createPrivateKey, createPublicKey, generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { ImageError } from "../../image/error.js";
import { generateKey, parseKey } from "../../image/keys.js";
import { verifySignature } from "../../modules/bootutil/signature/signature.js";
import { ALL_KEY_TYPES, readKey, readVector } from "./support.js";

const pem = (text: string, type: "sec1" | "pkcs1" | "pkcs8"): string =>
	createPrivateKey(text).export({ format: "pem", type }).toString();
const publicPem = (text: string, type: "spki" | "pkcs1"): string =>
	createPublicKey(text).export({ format: "pem", type }).toString();

describe("parseKey", () => {
	for (const name of ["ec1", "ec2", "ed1", "rsa1"]) {
		it(`${name}: gives the encoding that MCUboot trusts`, () => {
			assert.deepEqual(parseKey(readKey(name)).publicKey, readVector(`keys/${name}.pub.der`));
		});
	}

	const ec = readKey("ec1");
	const rsa = readKey("rsa1");
	const ed = readKey("ed1");
	const compressed = createPublicKey(ec).export({ format: "der", type: "spki" });
	const point = Buffer.concat([Buffer.of(2 + (compressed.at(-1)! & 1)), compressed.subarray(27, 59)]);
	const spki = Buffer.concat([Buffer.from("3039301306072a8648ce3d020106082a8648ce3d030107032200", "hex"), point]);
	const compressedPem = `-----BEGIN PUBLIC KEY-----\n${spki.toString("base64")}\n-----END PUBLIC KEY-----\n`;
	const readable: readonly (readonly [string, string, string, boolean])[] = [
		["EC PKCS#8", pem(ec, "pkcs8"), ec, true],
		["EC SEC1", pem(ec, "sec1"), ec, true],
		[
			"EC SEC1 behind its parameters",
			`-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem(ec, "sec1")}`,
			ec,
			true,
		],
		["EC SPKI", publicPem(ec, "spki"), ec, false],
		["EC SPKI with a compressed point", compressedPem, ec, false],
		["RSA PKCS#8", pem(rsa, "pkcs8"), rsa, true],
		["RSA PKCS#1", pem(rsa, "pkcs1"), rsa, true],
		["RSA SPKI", publicPem(rsa, "spki"), rsa, false],
		["RSA PKCS#1 public", publicPem(rsa, "pkcs1"), rsa, false],
		["Ed25519 PKCS#8", pem(ed, "pkcs8"), ed, true],
		["Ed25519 SPKI", publicPem(ed, "spki"), ed, false],
		["text in front", `my key\n${ec}`, ec, true],
	];
	for (const [name, text, same, signs] of readable) {
		it(`reads ${name}`, () => {
			const key = parseKey(text);
			assert.deepEqual(key.publicKey, parseKey(same).publicKey);
			assert.equal(key.sign !== undefined, signs);
		});
	}

	for (const type of ALL_KEY_TYPES) {
		it(`signs with ${type} what the boot loader verifies`, () => {
			const key = parseKey(generateKey(type));
			const digest = new Uint8Array(type === "ecdsa-p384" ? 48 : 32).fill(7);
			assert.equal(key.type, type);
			assert.equal(verifySignature(type, key.publicKey, digest, key.sign!(digest)), true);
		});
	}

	it("knows the development key as ECDSA P-256", () => {
		const key = parseKey(readFileSync("keys/development-ec-p256.pem", "utf8"));
		assert.equal(key.type, "ecdsa-p256");
		assert.ok(key.sign);
	});

	const encrypted = createPrivateKey(ec).export({
		format: "pem",
		type: "pkcs8",
		cipher: "aes-128-cbc",
		passphrase: "x",
	});
	const encryptedRsa = createPrivateKey(rsa).export({
		format: "pem",
		type: "pkcs1",
		cipher: "aes-128-cbc",
		passphrase: "x",
	});
	const x25519 = generateKeyPairSync("x25519").privateKey.export({ format: "pem", type: "pkcs8" });
	const k1 = generateKeyPairSync("ec", { namedCurve: "secp256k1" }).privateKey.export({ format: "pem", type: "sec1" });
	const rsa1024 = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({
		format: "pem",
		type: "pkcs1",
	});
	const refused: readonly (readonly [string, string, RegExp])[] = [
		["nothing", "", /not a PEM file/],
		["a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", /holds a certificate/],
		["an encrypted PKCS#8 key", encrypted.toString(), /is encrypted/],
		["an encrypted PKCS#1 key", encryptedRsa.toString(), /is encrypted/],
		["a damaged key", ec.replace(/\n..../, "\nAAAA"), /damaged/],
		["half a key", ec.slice(0, 100), /damaged/],
		["an X25519 key", x25519.toString(), /type x25519/],
		["another curve", k1.toString(), /curve secp256k1/],
		["RSA-1024", rsa1024.toString(), /1024 bits/],
	];
	for (const [name, text, message] of refused) {
		it(`refuses ${name}`, () => {
			assert.throws(
				() => parseKey(text),
				(error: unknown) => error instanceof ImageError && message.test(error.message),
			);
		});
	}
});
