import assert from "node:assert";
import { createPublicKey } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { createImage, type ImageOptions } from "../../image/create.js";
import { parseEncryptionKey } from "../../image/encryption.js";
import { inspectImage } from "../../image/inspect.js";
import { generateKey, parseKey } from "../../image/keys.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";

// Encrypted updates, as a client sees them, and what is on the flash meanwhile.

const KEK = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const HEADER = 0x200;

const payload = Uint8Array.from({ length: 20_000 }, (_, i) => (i * 7) ^ (i >> 8));

function encryptedImage(key: string, bits: 128 | 256, more: Partial<ImageOptions> = {}) {
	const { type, publicKey, sign } = parseKey(readFileSync("keys/development-ec-p256.pem", "utf8"));
	return createImage(payload, {
		version: "2.0.0",
		headerSize: HEADER,
		padHeader: true,
		signer: { type, publicKey, sign: sign! },
		encrypt: parseEncryptionKey(key),
		encryptKeyLength: bits,
		...more,
	});
}

const hashOf = (image: Uint8Array): string => inspectImage(image).digest?.value ?? "";

/** The flash of the simulator from the start of an area on. */
const areaOf = (simulator: Simulator, id: number): Buffer =>
	readFileSync(simulator.flash).subarray(guideLayout.areas.find((area) => area.id === id)!.offset);

const startsWith = (bytes: Buffer, expected: Uint8Array, offset = 0): boolean =>
	bytes.subarray(offset, offset + expected.length).equals(expected);

describe("simulator, encrypted images", () => {
	let directory = "";
	const keyFile = (key: string): string => {
		const path = join(directory, "key");
		writeFileSync(path, key);
		return path;
	};
	beforeEach(() => {
		directory = freshDirectory();
	});
	afterEach(() => rmSync(directory, { recursive: true, force: true }));

	for (const [mode, what, key, bits] of [
		["move", "X25519", generateKey("x25519"), 128],
		["offset", "P-256", generateKey("ecdsa-p256"), 256],
		["scratch", "RSA", generateKey("rsa-2048"), 256],
		["overwrite", "AES-KW", KEK, 256],
	] as const)
		it(`${mode}: an update for a key of ${what} runs plain, and is encrypted again by a revert`, async () => {
			const length = ["--encryption-key-length", String(bits)];
			const simulator = await Simulator.start(
				["--mode", mode, "--images", "1", "--power-cut", "30", "--encryption-key", keyFile(key), ...length],
				directory,
			);
			const client = new SmpClient(udpLink(simulator.udp));
			try {
				const image = encryptedImage(key, bits);
				await client.upload(image);
				await client.test(hashOf(image));
				const upload = mode === "offset" ? guideLayout.sectorSize : 0;
				assert.ok(startsWith(areaOf(simulator, 2), image, upload), "uploaded as it is");
				const { images } = await simulator.pressReset();
				assert.equal((images as { version: string }[])[0]?.version, "2.0.0");
				assert.ok(startsWith(areaOf(simulator, 1), payload, HEADER), "plain in the primary slot");
				assert.ok(startsWith(areaOf(simulator, 1), image.subarray(0, 32)), "with the same header");
				if (mode === "overwrite") return;
				const reverted = await simulator.pressReset();
				assert.equal((reverted["images"] as { version: string }[])[0]?.version, "0.0.0");
				assert.ok(startsWith(areaOf(simulator, 2), image, upload), "the same bytes again");
			} finally {
				client.close();
				await simulator.stop({ keep: true });
			}
		});

	it("single-slot: serial recovery decrypts what it is given", async () => {
		const key = generateKey("x25519");
		const simulator = await Simulator.start(
			["--mode", "single-slot", "--recovery", "boot-mode", "--encryption-key", keyFile(key)],
			directory,
		);
		const client = new SmpClient(udpLink(simulator.udp));
		try {
			const image = encryptedImage(key, 128);
			await client.reset({ bootMode: 1 });
			await simulator.next("recovery");
			await using recovery = new SmpClient(serialLink(simulator.serial));
			await recovery.upload(image);
			assert.deepEqual(
				(await recovery.images()).map(({ version, hash }) => [version, hash]),
				[["2.0.0", hashOf(image)]],
			);
			assert.ok(startsWith(areaOf(simulator, 1), payload, HEADER), "plain where it runs");
			await recovery.reset();
			const { images } = await simulator.next("boot");
			assert.equal((images as { version: string }[])[0]?.version, "2.0.0");
		} finally {
			client.close();
			await simulator.stop({ keep: true });
		}
	});

	it("ram-load-revert: an update is decrypted in RAM, and stays encrypted in its slot", async () => {
		const key = generateKey("ecdsa-p256");
		const simulator = await Simulator.start(
			["--mode", "ram-load-revert", "--images", "1", "--encryption-key", keyFile(key)],
			directory,
		);
		const client = new SmpClient(udpLink(simulator.udp));
		try {
			const image = encryptedImage(key, 128, { loadAddress: 0x20000000 });
			await client.upload(image);
			await client.test(hashOf(image));
			const booted = await simulator.pressReset();
			assert.equal((booted["images"] as { version: string }[])[0]?.version, "2.0.0");
			assert.ok(startsWith(areaOf(simulator, 2), image));
			const reverted = await simulator.pressReset();
			assert.equal((reverted["images"] as { version: string }[])[0]?.version, "0.0.0");
			const other = encryptedImage(generateKey("ecdsa-p256"), 128, { loadAddress: 0x20000000 });
			await client.upload(other);
			await client.test(hashOf(other));
			const kept = await simulator.pressReset();
			assert.equal((kept["images"] as { version: string }[])[0]?.version, "0.0.0");
			assert.match(
				JSON.stringify(simulator.events),
				/refused and erased: encrypted, without a key that this loader can read/,
			);
		} finally {
			client.close();
			await simulator.stop({ keep: true });
		}
	});

	const publicKey = createPublicKey(generateKey("x25519")).export({ format: "pem", type: "spki" }).toString();
	for (const [what, key, options, sentence] of [
		["a public key", publicKey, [], /^The key .* cannot be used: decrypting needs the private one\.\n$/],
		[
			"a key to sign with",
			generateKey("ed25519"),
			[],
			/^The key .* cannot be used: The key is not one that images are encrypted with: /,
		],
		["an AES key of another length", KEK, [], /give --encryption-key-length 256\.\n$/],
		[
			"a mode without a copy",
			KEK,
			["--mode", "direct-xip"],
			/^There is no --encryption-key with --mode direct-xip\.\n$/,
		],
	] as const)
		it(`refuses ${what}`, async () => {
			const simulator = Simulator.spawn(["--encryption-key", keyFile(key), ...options], directory);
			try {
				assert.equal(await simulator.exited, 2);
				assert.match(simulator.errors, sentence);
			} finally {
				await simulator.stop({ keep: true });
			}
		});
});
