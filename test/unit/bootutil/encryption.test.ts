import assert from "node:assert";
import { decodeHeader, ImageFlag } from "../../../modules/bootutil/header.js";
import type { LoaderConfig } from "../../../modules/bootutil/loader/config.js";
import { decryptionWith, unwrapKey } from "../../../modules/bootutil/loader/encryption.js";
import { cryptPayload } from "../../../modules/bootutil/loader/encryption-payload.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { trailerLayout } from "../../../modules/bootutil/trailer.js";
import { Bench, everyCut, SECTOR, SLOT } from "./bench.js";
import { encrypted, KEK, type Pair } from "./encrypted-image.js";
import { WRAP_VECTORS } from "./encryption-vectors.js";
import { bootConfig, makeImage, type TestImage } from "./support.js";

const bytes = (hex: string): Uint8Array =>
	Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));
const keySizeOf = ({ key }: { readonly key: string }) => (key.length / 2) as 16 | 32;

const notEncrypted = (image: TestImage): Pair => ({ plain: makeImage(image), sealed: makeImage(image) });

const benchOf = (mode: UpgradeMode, keySize: 16 | 32, change: Partial<LoaderConfig> = {}): Bench =>
	new Bench(
		{
			mode,
			encryption: "aes-kw",
			encryptionKeySize: keySize,
			decryption: decryptionWith(KEK.subarray(0, keySize)),
			...change,
		},
		mode === "swap-scratch" ? 2 : 0,
	);

/** Where an upload belongs in the secondary slot. */
const uploadAt = (mode: UpgradeMode): number => (mode === "swap-offset" ? SECTOR : 0);

function holds(it: Bench, area: number, expected: Uint8Array, offset: number, where: string): void {
	const found = it.bytes(area);
	const wrong = expected.findIndex((byte, i) => byte !== found[offset + i]);
	assert.equal(wrong, -1, `${where}: area ${area} differs at ${wrong}`);
}

describe("encrypted images: keys", () => {
	for (const vector of WRAP_VECTORS)
		it(`unwraps a key: ${vector.what}`, () => {
			const { type, privateKey, wrapped, key } = vector;
			const unwrap = (change: (content: Uint8Array) => void, size = keySizeOf(vector)) => {
				const content = bytes(wrapped);
				change(content);
				return unwrapKey(type, bytes(privateKey), size, content);
			};
			assert.deepEqual(Array.from(unwrap(() => {}) ?? []), Array.from(bytes(key)));
			for (const at of [0, 40, -1])
				assert.equal(
					unwrap((content) => {
						content[at < 0 ? content.length - 1 : at % content.length]! ^= 1;
					}),
					undefined,
					`a change at ${at}`,
				);
			assert.equal(
				unwrap(() => {}, keySizeOf(vector) === 16 ? 32 : 16),
				undefined,
				"another size of key",
			);
			assert.equal(unwrapKey(type, bytes(privateKey).subarray(1), keySizeOf(vector), bytes(wrapped)), undefined);
			assert.equal(unwrapKey(type, bytes(privateKey), keySizeOf(vector), bytes(wrapped).subarray(1)), undefined);
		});
});

describe("encrypted images: payload", () => {
	it("is AES-CTR counted from the start of the payload (NIST SP 800-38A, 6.5; counter 0: FIPS 197, C.1)", () => {
		const image = new Uint8Array(40 + 32 + 8);
		const header = { ...decodeHeader(image), headerSize: 40, imageSize: 32 };
		// The key stream is AES of the counter itself.
		const key = bytes("00000000000000000000000000000000");
		cryptPayload(key, header, image, 0);
		assert.deepEqual(Array.from(image.subarray(40, 72)), [
			...bytes("66e94bd4ef8a2c3b884cfa59ca342b2e"),
			...bytes("58e2fccefa7e3061367f1d57a4e7455a"),
		]);
		assert.ok([...image.subarray(0, 40), ...image.subarray(72)].every((byte) => byte === 0));
	});

	it("comes out the same in parts of any size", () => {
		const whole = Uint8Array.from({ length: 150 }, (_, i) => i);
		const header = { ...decodeHeader(whole), headerSize: 37, imageSize: 90 };
		const expected = whole.slice();
		cryptPayload(KEK, header, expected, 0);
		for (let size = 1; size <= 150; size++) {
			const parts = whole.slice();
			for (let at = 0; at < 150; at += size) cryptPayload(KEK, header, parts.subarray(at, at + size), at);
			assert.deepEqual(Array.from(parts), Array.from(expected), `parts of ${size}`);
		}
	});
});

describe("encrypted images: trailer", () => {
	it("has room for two keys below swap_size, and is as ever without encryption", () => {
		for (const maxAlign of [8, 16, 32] as const)
			for (const encryptionKeySize of [16, 32] as const) {
				const plain = trailerLayout(bootConfig({ maxAlign }), 0x20000, 4);
				const layout = trailerLayout(bootConfig({ maxAlign, encryption: "x25519", encryptionKeySize }), 0x20000, 4);
				const room = maxAlign === 32 ? 32 : encryptionKeySize;
				assert.equal(plain.encryptionKeys, undefined);
				assert.equal(layout.size - plain.size, 2 * room);
				assert.deepEqual(layout.encryptionKeys, [plain.swapSize - room, plain.swapSize - 2 * room]);
				assert.equal(layout.swapSize, plain.swapSize);
			}
	});
});

const SIZES: readonly [what: string, old: number, update: number][] = [
	["of one sector", 300, 350],
	["new larger", 500, 2 * SECTOR + 8],
	["new smaller", 2 * SECTOR + 4, 300],
];

type Kind = readonly [kind: string, old: boolean, update: boolean, keySize: 16 | 32];

const ALONE: readonly Kind[] = [
	["new alone", false, true, 16],
	["old alone", true, false, 16],
];

/** By offset the two images' headers are hardest to keep apart. */
const KINDS: Readonly<Record<"swap-move" | "swap-offset" | "swap-scratch", readonly Kind[]>> = {
	"swap-move": [["both", true, true, 16]],
	"swap-offset": [["both with AES-256", true, true, 32], ...ALONE],
	"swap-scratch": [["both", true, true, 16]],
};

for (const mode of ["swap-move", "swap-offset", "swap-scratch"] as const)
	describe(`encrypted images: ${mode}`, () => {
		for (const [what, oldSize, newSize] of SIZES)
			for (const [kind, oldIs, newIs, keySize] of KINDS[mode]) {
				const make = (major: number, length: number, is: boolean): Pair => {
					const image: TestImage = { version: [major, 0, 0, 0], length };
					return is ? encrypted(image, keySize) : notEncrypted(image);
				};
				const old = make(1, oldSize, oldIs);
				const update = make(2, newSize, newIs);
				const start = (permanent: boolean): Bench => {
					const it = benchOf(mode, keySize);
					it.bytes(1).set(old.plain);
					it.bytes(2).set(update.sealed, uploadAt(mode));
					it.api.boot_set_pending(permanent);
					return it;
				};

				it(`${what}, ${kind} encrypted: test, revert, and every cut of them`, () => {
					const it = start(false);
					everyCut(it, (did, where) => {
						assert.match(did, /^2\.0\.0 (test|test resumed|none)$/, where);
						holds(it, 1, update.plain, 0, where);
						holds(it, 2, old.sealed, 0, where);
						assert.match(it.run(), /^1\.0\.0 revert$/, where);
						holds(it, 1, old.plain, 0, where);
						holds(it, 2, update.sealed, uploadAt(mode), where);
					});
					assert.equal(it.run(), "2.0.0 test");
					everyCut(it, (did, where) => {
						// By move, a revert is a permanent request while the primary trailer is written anew.
						assert.match(did, /^1\.0\.0 (revert|permanent)( resumed)?$/, where);
						holds(it, 1, old.plain, 0, where);
						holds(it, 2, update.sealed, uploadAt(mode), where);
						assert.equal(it.run(), "1.0.0 none", where);
					});
				});
			}

		it("keeps the keys of both slots in the trailer, 0xff for an image that is plain", () => {
			const it = benchOf(mode, 16);
			const update = encrypted({ version: [2, 0, 0, 0], length: 400 }, 16);
			it.bytes(1).set(makeImage({ version: [1, 0, 0, 0], length: 400 }));
			it.bytes(2).set(update.sealed, uploadAt(mode));
			it.api.boot_set_pending(false);
			assert.equal(it.run(), "2.0.0 test");
			const [first, second] = trailerLayout(it.config, SLOT, 4).encryptionKeys!;
			assert.ok(
				it
					.bytes(1)
					.subarray(first, first + 16)
					.every((byte) => byte === 0xff),
			);
			assert.deepEqual(
				Array.from(it.bytes(1).subarray(second, second + 16)),
				Array.from({ length: 16 }, (_, i) => 32 + i),
			);
		});

		it("refuses and erases an image that it cannot decrypt", () => {
			const good = encrypted({ version: [2, 0, 0, 0], length: 400 }, 16).sealed;
			const changed = good.slice();
			changed[100]! ^= 1;
			const noKey = makeImage({ version: [2, 0, 0, 0], length: 400, flags: ImageFlag.ENCRYPTED_AES128 });
			const longKey = encrypted({ version: [2, 0, 0, 0], length: 400 }, 32).sealed;
			const plain = encrypted({ version: [2, 0, 0, 0], length: 400 }, 16).plain;
			for (const [what, image, change] of [
				["payload changed", changed, {}],
				["without a key", noKey, {}],
				["AES-256", longKey, {}],
				["plain in the secondary slot", plain, {}],
				["wrapped for another", good, { decryption: decryptionWith(new Uint8Array(16)) }],
				["wrapped another way", good, { encryption: "x25519", decryption: decryptionWith(KEK) }],
				["loader without encryption", good, { encryption: "none" }],
			] as const) {
				const it = benchOf(mode, 16, change);
				it.bytes(1).set(makeImage({ version: [1, 0, 0, 0], length: 400 }));
				it.bytes(2).set(image, uploadAt(mode));
				it.api.boot_set_pending(false);
				assert.equal(it.run(), "1.0.0 none", what);
				assert.ok(it.isErased(2), what);
			}
		});
	});

describe("encrypted images: other modes", () => {
	it("overwrite decrypts, and does so again after every cut", () => {
		const update = encrypted({ version: [2, 0, 0, 0], length: 3 * SECTOR }, 16);
		const it = benchOf("overwrite", 16);
		it.bytes(1).set(makeImage({ version: [1, 0, 0, 0], length: 400 }));
		it.bytes(2).set(update.sealed);
		it.api.boot_set_pending(false);
		everyCut(it, (_did, where) => {
			assert.match(it.run(), /^2\.0\.0 none$/, where);
			holds(it, 1, update.plain, 0, where);
		});
	});

	it("an empty primary slot is filled with what is decrypted", () => {
		const update = encrypted({ version: [2, 0, 0, 0], length: 700 }, 16);
		for (const mode of ["swap-move", "swap-offset"] as const) {
			const it = benchOf(mode, 16, { bootstrap: true });
			it.bytes(2).set(update.sealed, uploadAt(mode));
			assert.equal(it.run(), "2.0.0 revert");
			holds(it, 1, update.plain, 0, mode);
		}
	});

	it("slots that run in place take no encrypted image", () => {
		const it = benchOf("direct-xip", 16);
		it.bytes(1).set(makeImage({ version: [1, 0, 0, 0], length: 400 }));
		it.bytes(2).set(encrypted({ version: [2, 0, 0, 0], length: 400 }, 16).sealed);
		assert.equal(it.run(), "1.0.0 none");
	});

	it("the loader stops where the running image's key cannot be read, as MCUboot does", () => {
		const it = benchOf("swap-move", 16);
		const flags = ImageFlag.ENCRYPTED_AES128;
		it.bytes(1).set(makeImage({ version: [1, 0, 0, 0], length: 400, flags }));
		it.bytes(2).set(encrypted({ version: [2, 0, 0, 0], length: 400 }, 16).sealed);
		it.api.boot_set_pending(false);
		assert.equal(it.run(), "halted");
	});
});
