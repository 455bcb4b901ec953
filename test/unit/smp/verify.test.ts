import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../../modules/bootutil/config.js";
import { decodeHeader } from "../../../modules/bootutil/header.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import { SwapType } from "../../../modules/bootutil/trailer.js";
import type { SignatureVerdict } from "../../../modules/bootutil/validation.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { type ImageOptions, imageGroup } from "../../../modules/smp/group/image/image.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { bootConfig, makeFlash, makeImage, SECTOR, type TestImage } from "../bootutil/support.js";
import { answer, request } from "./support.js";

const ENCRYPTED = 0x04;
const NON_BOOTABLE = 0x10;

const counted = (counter: number): Pick<TestImage, "protectedTlvs"> => ({
	protectedTlvs: [{ type: 0x50, value: [counter, 0, 0, 0] }],
});

const RUNNING: TestImage = { version: [1, 2, 0, 7], length: 6000, ...counted(3) };
const UPDATE: TestImage = { version: [2, 0, 0, 0], length: 5000, ...counted(3) };

function sha256(data: Uint8Array): Uint8Array {
	const hasher = nobleDigest.sha256();
	hasher.update(data);
	return hasher.digest();
}

/** Content of the SHA-256 TLV, which is the first of the unprotected ones. */
function hashOf(file: Uint8Array): Uint8Array {
	const { headerSize, imageSize, protectedTlvSize } = decodeHeader(file);
	const start = headerSize + imageSize + protectedTlvSize + 8;
	return file.subarray(start, start + 32);
}

/** Takes an image for signed whose TLV 0x22 is 1 2 3, and whose digest is that of UPDATE with such a TLV. */
class Verdict implements SignatureVerdict {
	signed = false;

	take(type: number, length: number, content: () => Uint8Array, digest: Uint8Array): undefined {
		if (type !== 0x22) return;
		const hash = hashOf(makeImage(UPDATE));
		this.signed = length === 3 && hash.every((byte, i) => byte === digest[i]) && content().join() === "1,2,3";
	}
}

/** A device with RUNNING. */
class Bench {
	readonly log: string[] = [];
	readonly boot: BootUtil;
	readonly #flash = makeFlash();
	readonly #server: SmpServer;

	constructor(mode: UpgradeMode, options: Partial<ImageOptions> = {}, config: Partial<BootConfig> = {}) {
		this.boot = new BootUtil(this.#flash.map, bootConfig({ mode, ...config }));
		this.#flash.bytes(1).set(makeImage(RUNNING));
		const log = (line: string) => this.log.push(line);
		const group = imageGroup({ boot: this.boot, digest: nobleDigest, log, ...options });
		this.#server = new SmpServer({ groups: [group], bufferSize: 2048, verbose: true });
	}

	get secondary(): Uint8Array {
		return this.#flash.bytes(2);
	}

	upload(file: Uint8Array) {
		const first = { off: 0, len: file.length, sha: sha256(file), data: file.subarray(0, 1024) };
		let last = answer(this.#server, request(1, 1, first));
		while (last.off !== undefined && last.off < file.length)
			last = answer(this.#server, request(1, 1, { off: last.off, data: file.subarray(last.off, last.off + 1024) }));
		return last;
	}

	mark(file: Uint8Array, confirm: boolean) {
		return answer(this.#server, request(1, 0, { hash: hashOf(file), confirm }));
	}
}

interface Case {
	readonly name: string;
	readonly update?: Partial<TestImage>;
	/** Byte of the file that is damaged before it is uploaded. */
	readonly damaged?: number;
	readonly options?: Partial<ImageOptions>;
	readonly config?: Partial<BootConfig>;
	/** Why it is refused; missing if it is not. */
	readonly refused?: RegExp;
}

const CASES: readonly Case[] = [
	{ name: "a good image" },
	{ name: "a damaged image", damaged: 4000, refused: /^the image is damaged: it does not have the hash/ },
	{ name: "a damaged image where nobody looks", damaged: 4000, options: { verifyMarked: false } },
	{
		name: "an image that is not bootable",
		update: { flags: NON_BOOTABLE },
		refused: /: image is marked as not bootable$/,
	},
	{
		name: "an encrypted image",
		update: { flags: ENCRYPTED, tlvs: [{ type: 0x32, value: new Array<number>(113).fill(1) }] },
		damaged: 4000,
		config: { encryption: "ec-p256" },
	},
	{
		name: "an encrypted image with a key of a wrong length",
		update: { flags: ENCRYPTED, tlvs: [{ type: 0x32, value: new Array<number>(112).fill(1) }] },
		config: { encryption: "ec-p256" },
		refused: /encrypted, without a key that this loader can read$/,
	},
	{
		name: "one that the boot loader takes no key for",
		update: { flags: ENCRYPTED },
		refused: /encrypted, which this loader is not built for$/,
	},
	{
		name: "an image without a good signature",
		options: { signature: () => ({ take: () => undefined, signed: false }) },
		refused: /^the boot loader would refuse the image: no good signature by a trusted key$/,
	},
	{
		name: "an image with a TLV that speaks against it",
		options: { signature: () => ({ take: () => "key hash too long", signed: true }) },
		update: { tlvs: [{ type: 0x01, value: [] }] },
		refused: /^the boot loader would refuse the image: key hash too long$/,
	},
	{
		name: "an image with a good signature",
		options: { signature: () => new Verdict() },
		update: { tlvs: [{ type: 0x22, value: [1, 2, 3] }] },
	},
	{ name: "a counter as high as the running one's", options: { downgrade: { counter: "running" } } },
	{
		name: "a lower counter",
		update: counted(2),
		options: { downgrade: { counter: "running" } },
		refused: /^the boot loader would refuse the image: security counter 2 is below the running 3$/,
	},
	{
		name: "no counter",
		update: { protectedTlvs: [] },
		options: { downgrade: { counter: "running" } },
		refused: /^the boot loader would refuse the image: the new image has no security counter$/,
	},
	{
		name: "a counter below the chip's",
		options: { downgrade: { counter: () => 4, limit: 32 } },
		refused: /^the boot loader would refuse the image: security counter 3 is below the stored 4$/,
	},
	{
		name: "a counter that the chip cannot hold",
		update: counted(33),
		options: { downgrade: { counter: () => 4, limit: 32 } },
		refused: /: security counter 33 cannot be stored: the hardware counts to 32$/,
	},
	{ name: "the highest counter", update: counted(32), options: { downgrade: { counter: () => 4, limit: 32 } } },
];

describe("what may be the next image", () => {
	for (const mode of ["swap-move", "swap-offset"] as const)
		for (const { name, update, damaged, options, config, refused } of CASES)
			it(`${name} is ${refused ? "refused, in words" : "taken"}, ${mode}`, () => {
				for (const confirm of [false, true]) {
					const bench = new Bench(mode, options, config);
					const file = makeImage({ ...UPDATE, ...update });
					if (damaged !== undefined) file[damaged]! ^= 1;
					assert.equal(bench.upload(file).off, file.length);
					const before = bench.secondary.slice();
					const { rc, rsn } = bench.mark(file, confirm);
					if (refused) {
						assert.equal(rc, 6);
						assert.match(String(rsn), refused);
						assert.deepEqual(bench.log, [`refused: ${rsn}`]);
						assert.deepStrictEqual(bench.secondary, before);
					} else assert.equal(rc, undefined, rsn);
					const type = refused ? SwapType.NONE : confirm ? SwapType.PERM : SwapType.TEST;
					assert.equal(bench.boot.boot_swap_type(), type);
				}
			});

	it("a running image without a counter stands in nobody's way", () => {
		const bench = new Bench("swap-move", { downgrade: { counter: "running" } });
		const file = makeImage({ ...UPDATE, protectedTlvs: [] });
		bench.boot.map.slot(0, "primary").erase(0, 2 * SECTOR);
		bench.boot.map.slot(0, "primary").write(makeImage({ ...RUNNING, protectedTlvs: [], length: 5996 }), 0);
		bench.upload(file);
		assert.equal(bench.mark(file, false).rc, undefined);
	});
});

describe("an image that the boot loader refuses as too old", () => {
	const older = makeImage({ ...UPDATE, version: [1, 1, 9, 0] });

	it("is refused before anything is erased", () => {
		const bench = new Bench("swap-move", { downgrade: { version: true } });
		const old = makeImage({ ...UPDATE, version: [9, 0, 0, 0] });
		bench.upload(old);
		const before = bench.secondary.slice();
		const { header, rc } = bench.upload(older);
		assert.equal(header.version, 1);
		// A group's own code is in a map that this schema passes over.
		assert.equal(rc, undefined);
		assert.deepStrictEqual(bench.secondary, before);
		assert.equal(bench.mark(old, false).rc, undefined);
	});

	it("is refused as the next one, if it is there already", () => {
		const bench = new Bench("swap-move", { downgrade: { version: true } });
		bench.secondary.set(older);
		bench.mark(older, false);
		assert.equal(bench.boot.boot_swap_type(), SwapType.NONE);
	});

	it("is one of a lower version; the build number does not count", () => {
		for (const version of [
			[1, 2, 0, 0],
			[1, 2, 1, 0],
		] as const) {
			const bench = new Bench("swap-move", { downgrade: { version: true } });
			const file = makeImage({ ...UPDATE, version });
			bench.upload(file);
			bench.mark(file, false);
			assert.equal(bench.boot.boot_swap_type(), SwapType.TEST);
		}
	});
});
