import assert from "node:assert";
import { createPublicKey } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { upgrade } from "../../client/upgrade.js";
import { createImage, type ImageOptions } from "../../image/create.js";
import { parseEncryptionKey } from "../../image/encryption.js";
import { inspectImage, refusal } from "../../image/inspect.js";
import { generateKey, type KeyType, parseKey } from "../../image/keys.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { payloadOf, signerOf } from "../image/support.js";

// Each form of image that a boot loader can be built for, as a client sees it: the update is taken, boots on trial, and is
// kept; one in another form is refused before the mark.

const VID = "a.example";
const CID = "sensor";

interface Form {
	readonly what: string;
	readonly mode?: string;
	readonly key?: KeyType;
	/** Of the simulator. */
	readonly options: readonly string[];
	readonly image?: Partial<ImageOptions>;
	/** Bytes of the hash in the image list. */
	readonly hash?: number;
	/** Another form, and the sentence with which the device refuses it. */
	readonly other: Partial<ImageOptions> & { readonly key?: KeyType };
	readonly says: RegExp;
	/** Whether a client can tell without sending it. */
	readonly told?: boolean;
}

const FORMS: readonly Form[] = [
	{
		what: "P-384 with SHA-384",
		key: "ecdsa-p384",
		options: [],
		hash: 48,
		other: { key: "ecdsa-p256" },
		says: /knows images by their SHA-384, and this one has a SHA-256/,
		told: true,
	},
	{
		what: "Ed25519 with SHA-512",
		mode: "offset",
		key: "ed25519",
		options: ["--sha", "512"],
		image: { sha: "512" },
		hash: 64,
		other: { sha: "256" },
		says: /knows images by their SHA-512, and this one has a SHA-256/,
		told: true,
	},
	{
		what: "SHA-512 without a signature",
		mode: "scratch",
		options: ["--sha", "512", "--key", "none"],
		image: { sha: "512" },
		hash: 64,
		other: { sha: "256" },
		says: /knows images by their SHA-512, and this one has a SHA-256/,
		told: true,
	},
	{
		what: "pure Ed25519",
		key: "ed25519",
		options: ["--pure"],
		image: { pure: true },
		hash: 64,
		other: { sha: "512" },
		says: /no pure signature/,
	},
	{
		what: "pure Ed25519, overwritten",
		mode: "overwrite",
		key: "ed25519",
		options: ["--pure"],
		image: { pure: true },
		hash: 64,
		other: { sha: "512" },
		says: /no pure signature/,
	},
	{
		what: "whole keys",
		key: "ecdsa-p256",
		options: ["--public-key-format", "full"],
		image: { publicKeyFormat: "full" },
		other: {},
		says: /no good signature by a trusted key/,
	},
	{
		what: "vendor and class",
		key: "ecdsa-p256",
		options: ["--vid", VID, "--cid", CID],
		image: { vid: VID, cid: CID },
		other: { vid: VID, cid: "lamp" },
		says: /image for another vendor or class/,
	},
	{
		what: "vendor alone",
		key: "ecdsa-p256",
		options: ["--vid", VID],
		image: { vid: VID },
		other: {},
		says: /image for another vendor or class/,
	},
];

describe("simulator, forms of images", () => {
	let directory = "";
	const file = (name: string, text: string): string => {
		const path = join(directory, name);
		writeFileSync(path, text);
		return path;
	};
	const payload = payloadOf(20_000);
	const make = (version: string, pem: string | undefined, options: Partial<ImageOptions>): Uint8Array =>
		createImage(payload, {
			version,
			headerSize: 0x200,
			padHeader: true,
			...(pem !== undefined && { signer: signerOf(pem) }),
			...options,
		});
	const hashOf = (image: Uint8Array): string => inspectImage(image).digest?.value ?? "";

	beforeEach(() => {
		directory = freshDirectory();
	});
	afterEach(() => rmSync(directory, { recursive: true, force: true }));

	for (const { what, mode = "move", key, options, image: form = {}, hash = 32, other, says, told } of FORMS)
		it(`${what}: an update boots and stays, and one in another form is refused before the mark`, async () => {
			const pem = key && generateKey(key);
			const simulator = await Simulator.start(
				[
					...["--mode", mode, "--images", "1", "--verify", pem === undefined ? "hash" : "signature"],
					...(pem === undefined ? [] : ["--key", file("key.pem", pem)]),
					...options,
				],
				directory,
			);
			const client = new SmpClient(udpLink(simulator.udp));
			try {
				const [factory] = await client.images();
				assert.equal(factory?.hash?.length, 2 * hash, "the list has the hash that counts");
				const { key: otherKey, ...otherOptions } = other;
				const wrong = make("3.0.0", otherKey ? generateKey(otherKey) : pem, otherOptions);
				if (told) await assert.rejects(upgrade(client, wrong), says);
				else {
					await client.upload(wrong);
					await assert.rejects(client.test(hashOf(wrong)), says);
				}

				const update = make("2.0.0", pem, form);
				const report = inspectImage(update, pem === undefined ? {} : { keys: [{ name: "key", key: parseKey(pem) }] });
				assert.equal(refusal(report), undefined);
				await client.upload(update);
				await client.test(hashOf(update));
				const { images } = await simulator.pressReset();
				assert.equal((images as { version: string }[])[0]?.version, "2.0.0");
				if (mode !== "overwrite") await client.confirm();
				const kept = await simulator.pressReset();
				assert.equal((kept["images"] as { version: string }[])[0]?.version, "2.0.0");
			} finally {
				client.close();
				await simulator.stop({ keep: true });
			}
		});

	it("X25519 with HMAC-SHA-512: an update is decrypted, one with HMAC-SHA-256 is refused before the mark", async () => {
		const [signing, encryption] = [generateKey("ed25519"), generateKey("x25519")];
		const simulator = await Simulator.start(
			[
				...["--images", "1", "--key", file("key.pem", signing), "--hmac-sha", "512"],
				...["--encryption-key", file("encryption.pem", encryption), "--encryption-key-length", "256"],
			],
			directory,
		);
		const client = new SmpClient(udpLink(simulator.udp));
		try {
			const bits = { encryptKeyLength: 256 } as const;
			const wrong = make("3.0.0", signing, { encrypt: parseEncryptionKey(encryption), ...bits });
			await client.upload(wrong);
			await assert.rejects(client.test(hashOf(wrong)), /without a key that this loader can read/);
			const update = make("2.0.0", signing, { encrypt: parseEncryptionKey(encryption, "512"), ...bits });
			await client.upload(update);
			await client.test(hashOf(update));
			const { images } = await simulator.pressReset();
			assert.equal((images as { version: string }[])[0]?.version, "2.0.0");
		} finally {
			client.close();
			await simulator.stop({ keep: true });
		}
	});

	it("the chip's counter is locked at each boot of an image that stays, and at no other", async () => {
		const pem = readFileSync("keys/development-ec-p256.pem", "utf8");
		const simulator = await Simulator.start(
			["--images", "1", "--downgrade-prevention", "hardware", "--lock-counter"],
			directory,
		);
		const client = new SmpClient(udpLink(simulator.udp));
		const words = () =>
			JSON.stringify(simulator.events)
				.match(/security counter locked at \d+/g)
				?.join(", ");
		try {
			assert.equal(words(), "security counter locked at 1");
			const update = make("2.0.0", pem, { securityCounter: 5 });
			await client.upload(update);
			await client.test(hashOf(update));
			await simulator.pressReset();
			assert.equal(words(), "security counter locked at 1", "not on trial");
			await client.confirm();
			await simulator.pressReset();
			assert.equal(words(), "security counter locked at 1, security counter locked at 5");
		} finally {
			client.close();
			await simulator.stop({ keep: true });
		}
	});

	it("several keys: an update by any of them boots", async () => {
		const keys = [generateKey("ed25519"), generateKey("ed25519"), generateKey("ed25519")];
		const publicHalf = (pem: string) => createPublicKey(pem).export({ format: "pem", type: "spki" }).toString();
		const paths = keys.map((pem, i) => file(`key${i}.pem`, i === 0 ? pem : publicHalf(pem)));
		const simulator = await Simulator.start(
			["--mode", "overwrite", "--images", "1", ...paths.flatMap((path) => ["--key", path])],
			directory,
		);
		const client = new SmpClient(udpLink(simulator.udp));
		try {
			for (const [i, key] of keys.entries()) {
				const update = make(`${i + 1}.0.0`, key, {});
				await client.upload(update);
				await client.test(hashOf(update));
				const { images } = await simulator.pressReset();
				assert.equal((images as { version: string }[])[0]?.version, `${i + 1}.0.0`);
			}
		} finally {
			client.close();
			await simulator.stop({ keep: true });
		}
	});

	for (const [options, sentence] of [
		[["--sha", "512"], /^With keys of type ecdsa-p256 a boot loader hashes with SHA-256, not with SHA-512\.\n$/],
		[
			["--sha", "384", "--key", "none"],
			/^With no key a boot loader hashes with SHA-256 or SHA-512, not with SHA-384\.\n$/,
		],
		[["--pure"], /^--pure needs an Ed25519 key/],
		[["--pure", "--key", "ED", "--sha", "256"], /^With pure signatures a boot loader hashes with SHA-512/],
		[["--pure", "--key", "ED", "--encryption-key", "X"], /^--pure does not go with --encryption-key: /],
		[
			["--public-key-format", "full", "--key", "none"],
			/^--public-key-format full needs exactly one --key: .* not of 0\.\n$/,
		],
		[["--public-key-format", "full", "--key", "ED", "--key", "ED2"], /not of 2\.\n$/],
		[["--hmac-sha", "512"], /^--hmac-sha needs --encryption-key\.\n$/],
		[
			["--hmac-sha", "512", "--encryption-key", "P256"],
			/^The key .*HMAC with SHA-512 goes with X25519 keys alone\.\n$/,
		],
		[["--hmac-sha", "512", "--encryption-key", "RSA"], /^--hmac-sha 512 needs an X25519 key: .* is none\.\n$/],
		[["--lock-counter"], /^--lock-counter needs --downgrade-prevention hardware\.\n$/],
		[["--cid", "sensor"], /is not a UUID, and without --vid there is no namespace/],
	] as const)
		it(`refuses in a sentence: ${options.join(" ")}`, async () => {
			const types = { ED: "ed25519", ED2: "ed25519", X: "x25519", P256: "ecdsa-p256", RSA: "rsa-2048" } as const;
			const words = options.map((word) => (word in types ? file(word, generateKey(types[word as "ED"])) : word));
			const simulator = Simulator.spawn(words, directory);
			try {
				assert.equal(await simulator.exited, 2);
				assert.match(simulator.errors, sentence);
			} finally {
				await simulator.stop({ keep: true });
			}
		});
});
