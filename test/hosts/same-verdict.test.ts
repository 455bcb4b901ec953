import assert from "node:assert";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { aeskw } from "@noble/ciphers/aes.js";
import { decodeHeader } from "../../modules/bootutil/header.js";
import type { LoaderConfig, LoaderServices } from "../../modules/bootutil/loader/config.js";
import { decryptionWith } from "../../modules/bootutil/loader/encryption.js";
import { cryptPayload } from "../../modules/bootutil/loader/encryption-payload.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import type { UpgradeMode } from "../../modules/bootutil/modes.js";
import { SignatureRule } from "../../modules/bootutil/signature/image-signature.js";
import { hashTlv } from "../../modules/bootutil/tlv.js";
import { bytesOf as hexBytes } from "../../modules/bytes/hex.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { type ImageOptions, imageGroup } from "../../modules/smp/group/image/image.js";
import { nextBoot } from "../../modules/smp/group/image/next-boot.js";
import { ImageSlots } from "../../modules/smp/group/image/slots.js";
import { SmpServer } from "../../modules/smp/server.js";
import { Bench, SECTOR, SLOT } from "../unit/bootutil/bench.js";
import { answer, random, request } from "../unit/smp/support.js";

// Every image of a family goes through the check before a mark, and, marked without one, through the boot loader. Both have to
// say the same, but for what the application cannot know: docs/SPEC.md, section 6.3, has the list.

const u16 = (value: number): number[] => [value & 0xff, (value >> 8) & 0xff];
const u32 = (value: number): number[] => [...u16(value & 0xffff), ...u16(value >>> 16)];

type Entry = readonly [type: number, value: readonly number[]];

/** An image, and everything that may be wrong with one. */
interface Shape {
	version: number;
	length: number;
	flags: number;
	loadAddress: number;
	headerSize: number;
	/** What the header says beyond what is there. */
	moreImage: number;
	moreProtected: number;
	protected: Entry[];
	/** In front of the hash, and behind it. */
	front: Entry[];
	back: Entry[];
	vendor: "right" | "other" | "missing" | "short" | "twice";
	hash: "right" | "wrong" | "missing" | "short" | "twice" | "sha384" | "protected";
	/** Magic and length of the info headers, changed by this. */
	magic: number;
	protectedMagic: number;
	moreTlvs: number;
	/** Bytes cut off the end. */
	cut: number;
	/** Byte of the payload that is changed once all is signed. */
	flip: boolean;
}

const KEY = Uint8Array.of(1, 2, 3, 4, 5);
const KEY_HASH: readonly number[] = [...createHash("sha256").update(KEY).digest()];
/** The content of a good signature; the digest is looked at by `verify`. */
const SIGNED: readonly number[] = [9, 9, 9];
/** For pure signatures, which no stand-in can check. */
const PAIR = generateKeyPairSync("ed25519");
const ED_KEY = new Uint8Array(PAIR.publicKey.export({ format: "der", type: "spki" }));
const VID = "0123456789abcdef0123456789abcdef";
const KEK = new Uint8Array(16).fill(7);
const AES_KEY = Uint8Array.from({ length: 16 }, (_, i) => i);
const WRAPPED = [...aeskw(KEK).encrypt(AES_KEY)];
const ENCRYPTED = 0x4;

const GOOD: Shape = {
	version: 2,
	length: 1800,
	flags: 0,
	loadAddress: 0,
	headerSize: 32,
	moreImage: 0,
	moreProtected: 0,
	protected: [[0x50, [4, 0, 0, 0]]],
	front: [],
	back: [
		[0x01, KEY_HASH],
		[0x22, SIGNED],
	],
	vendor: "right",
	hash: "right",
	magic: 0,
	protectedMagic: 0,
	moreTlvs: 0,
	cut: 0,
	flip: false,
};

const bytesOf = (entries: readonly Entry[]): number[] =>
	entries.flatMap(([type, value]) => [...u16(type), ...u16(value.length), ...value]);

/** The TLVs with the vendor that a boot loader may ask for. */
function vendorTlvs({ vendor }: Shape): Entry[] {
	const right = [...hexBytes(VID)];
	const other: Entry = [0x74, right.map((byte, i) => (i === 15 ? byte ^ 1 : byte))];
	switch (vendor) {
		case "right":
			return [[0x74, right]];
		case "other":
			return [other];
		case "missing":
			return [];
		case "short":
			return [[0x74, right.slice(1)]];
		case "twice":
			return [[0x74, right], other];
	}
}

/** `loader` says which form good images have. */
function build(shape: Shape, { hash: bits = 256, vid, hwKey, pure }: Partial<LoaderConfig> = {}): Uint8Array {
	const hashType = hashTlv(bits);
	const name = `sha${bits}`;
	const area = bytesOf([
		...shape.protected,
		...(shape.hash === "protected" ? [[hashType, new Array(bits / 8).fill(1)] as const] : []),
		...(vid === undefined ? [] : vendorTlvs(shape)),
	]);
	const size = area.length > 0 ? area.length + 4 : 0;
	const signed = [
		...u32(0x96f3b83d),
		...u32(shape.loadAddress),
		...u16(shape.headerSize),
		...u16(size + shape.moreProtected),
		...u32(shape.length + shape.moreImage),
		...u32(shape.flags),
		...[shape.version, 0, 0, 0, 0, 0, 0, 0],
		...u32(0),
		...new Array<number>(Math.max(0, shape.headerSize - 32) + shape.length).fill(shape.version),
	];
	if (size > 0) signed.push(...u16(0x6908 + shape.protectedMagic), ...u16(size), ...area);
	const plain = Uint8Array.from(signed);
	const digest = [...createHash(name).update(plain).digest()];
	const hashes: Record<Shape["hash"], Entry[]> = {
		right: [[hashType, digest]],
		wrong: [[hashType, digest.map((byte, i) => (i === 31 ? byte ^ 1 : byte))]],
		missing: [],
		short: [[hashType, digest.slice(0, 20)]],
		twice: [
			[hashType, digest],
			[hashType, digest],
		],
		sha384: [[0x11, new Array(48).fill(1)]],
		protected: [[hashType, digest]],
	};
	const whole = plain.slice();
	if (shape.flags & ENCRYPTED) cryptPayload(AES_KEY, decodeHeader(plain), plain, 0);
	if (shape.flip) plain[shape.headerSize + 100]! ^= 1;
	const back = shape.back.map(([type, value]): Entry => {
		if (type === 0x01 && hwKey && value === KEY_HASH) return [0x02, [...KEY]];
		if (type === 0x01 && pure && value === KEY_HASH) return [0x01, [...createHash(name).update(ED_KEY).digest()]];
		if (type === 0x22 && pure && value === SIGNED) return [0x24, [...sign(null, whole, PAIR.privateKey)]];
		return [type, value];
	});
	const mark: Entry[] = pure ? [[0x25, [1]]] : [];
	const tlvs = bytesOf([...shape.front, ...hashes[shape.hash], ...mark, ...back]);
	const file = [...plain, ...u16(0x6907 + shape.magic), ...u16(tlvs.length + 4 + shape.moreTlvs), ...tlvs];
	return Uint8Array.from(file.slice(0, file.length - shape.cut));
}

/** One thing wrong, or merely unusual. */
const CHANGES: readonly Partial<Shape>[] = [
	{},
	...[0x1, 0x4, 0x8, 0xc, 0x10, 0x20, 0x100, 0x200, 0x400, 0x800, 0x10000].map((flags) => ({ flags })),
	{ flags: 0x100, loadAddress: SLOT },
	{ flags: 0x100, loadAddress: 0x40000 },
	{ version: 0 },
	{ version: 1 },
	{ headerSize: 0x200 },
	{ headerSize: 16 },
	{ headerSize: 0 },
	...[5600, 6000, 6300, 6400, 6600, 7000, 7300, 7600, 8000, 8100].map((length) => ({ length })),
	{ moreImage: 1 },
	{ moreImage: -4 },
	{ moreImage: 0x7fff0000 },
	{ moreImage: 0xfffff000 },
	{ moreProtected: 4 },
	{ moreProtected: -4 },
	{ protected: [] },
	{ protected: [], moreProtected: 4 },
	{ protected: [[0x50, [2, 0, 0, 0]]] },
	{ protected: [[0x50, [40, 0, 0, 0]]] },
	{ protected: [[0x50, [4, 0]]] },
	{
		protected: [
			[0x50, [4, 0, 0, 0]],
			[0x50, [2, 0, 0, 0]],
		],
	},
	{ protected: [[0xa0, [1]], ...GOOD.protected] },
	...(["wrong", "missing", "short", "twice", "sha384", "protected"] as const).map((hash) => ({ hash })),
	...(["other", "missing", "short", "twice"] as const).map((vendor) => ({ vendor })),
	{ magic: 1 },
	{ protectedMagic: 1 },
	{ moreTlvs: 1 },
	{ moreTlvs: -1 },
	{ moreTlvs: 4 },
	{ moreTlvs: 0x4000 },
	{ moreTlvs: -200 },
	{ cut: 1 },
	{ cut: 40 },
	{ flip: true },
	...[
		0x00, 0x02, 0x11, 0x12, 0x20, 0x24, 0x25, 0x30, 0x31, 0x32, 0x33, 0x34, 0x40, 0x50, 0x60, 0x70, 0x71, 0x72, 0x73,
	].map((type): Partial<Shape> => ({ front: [[type, [4, 0, 0, 0]]] })),
	...[0x74, 0x80, 0xa0, 0xff, 0x100, 0x110, 0xfffe].map(
		(type): Partial<Shape> => ({ back: [...GOOD.back, [type, []]] }),
	),
	{ back: [] },
	{ back: [[0x01, KEY_HASH]] },
	{ back: [[0x22, SIGNED]] },
	{ back: [...GOOD.back].reverse() },
	{
		back: [
			[0x01, KEY_HASH.slice(0, 4)],
			[0x22, SIGNED],
		],
	},
	{
		back: [
			[0x01, [...KEY_HASH, 0]],
			[0x22, SIGNED],
		],
	},
	{
		back: [
			[0x01, KEY_HASH.map((byte) => byte ^ 1)],
			[0x22, SIGNED],
		],
	},
	{
		back: [
			[0x01, KEY_HASH],
			[0x22, [9, 9, 8]],
		],
	},
	{
		back: [
			[0x01, KEY_HASH],
			[0x22, new Array(129).fill(9)],
		],
	},
	{ back: [...GOOD.back, [0x01, KEY_HASH], [0x22, [1]]] },
	{ flags: ENCRYPTED, front: [[0x31, WRAPPED]] },
	{ flags: ENCRYPTED, front: [[0x31, WRAPPED.slice(1)]] },
	{
		flags: ENCRYPTED,
		front: [
			[0x31, [0]],
			[0x31, WRAPPED],
		],
	},
	{ flags: ENCRYPTED, front: [[0x31, WRAPPED]], hash: "wrong" },
	{ flags: ENCRYPTED, front: [[0x31, WRAPPED.map((byte) => byte ^ 1)]] },
	{ flags: ENCRYPTED, front: [[0x32, WRAPPED]] },
];

/** All single changes, and so many pairs of them. */
function family(pairs: number): Shape[] {
	const next = random(2026);
	const one = (): Partial<Shape> => CHANGES[next(CHANGES.length)]!;
	const shapes = CHANGES.map((change) => ({ ...GOOD, ...change }));
	for (let i = 0; i < pairs; i++) shapes.push({ ...GOOD, ...one(), ...one() });
	return shapes;
}

const verifySignature: NonNullable<LoaderServices["verifySignature"]> = (_type, _key, _digest, signature) =>
	signature.join() === SIGNED.join();

interface Kind {
	readonly mode: UpgradeMode;
	readonly loader?: Partial<LoaderConfig>;
	readonly group?: Partial<ImageOptions>;
}

const signing: Kind["loader"] = { signature: "ecdsa-p256", keys: [KEY] };
const signature = () =>
	new SignatureRule({ signature: "ecdsa-p256", keys: [KEY], digest: nobleDigest, verifySignature });

const pure: Kind["loader"] = { signature: "ed25519", keys: [ED_KEY], pure: true, hash: 512 };

const KINDS: readonly Kind[] = [
	{ mode: "swap-move" },
	{ mode: "swap-move", loader: signing, group: { signature } },
	{ mode: "swap-move", loader: { tlvAllowList: false } },
	{ mode: "swap-move", loader: { hwRollback: true }, group: { downgrade: { counter: () => 3, limit: 32 } } },
	{ mode: "swap-move", loader: { downgradePrevention: "counter" }, group: { downgrade: { counter: "running" } } },
	{ mode: "swap-move", loader: { downgradePrevention: "version" }, group: { downgrade: { version: true } } },
	{ mode: "swap-move", loader: { hash: 512 } },
	{ mode: "overwrite", loader: { hash: 384, vid: VID } },
	{
		mode: "swap-move",
		loader: { ...signing, hwKey: true },
		group: {
			signature: () =>
				new SignatureRule({ signature: "ecdsa-p256", keys: [KEY], digest: nobleDigest, hwKey: true, verifySignature }),
		},
	},
	{
		mode: "swap-offset",
		loader: pure,
		group: {
			signature: () =>
				new SignatureRule({ signature: "ed25519", keys: [ED_KEY], digest: nobleDigest, pure: true, hash: 512 }),
		},
	},
	{ mode: "swap-offset" },
	{ mode: "swap-offset", loader: { ...signing, trailer: "2.2" }, group: { signature } },
	{ mode: "swap-offset", loader: { encryption: "aes-kw", decryption: decryptionWith(KEK) } },
	{ mode: "swap-scratch" },
	{
		mode: "swap-scratch",
		loader: { ...signing, encryption: "aes-kw", decryption: decryptionWith(KEK) },
		group: { signature },
	},
	{ mode: "overwrite" },
	{ mode: "overwrite", loader: { downgradePrevention: "version" }, group: { downgrade: { version: true } } },
	{ mode: "direct-xip-revert" },
	{ mode: "direct-xip-revert", loader: signing, group: { signature } },
];

/** A device on which version 1 runs, with an image in the second slot. */
class Device {
	readonly bench: Bench;
	readonly start: number;

	constructor({ mode, loader }: Kind, file: Uint8Array) {
		this.bench = new Bench({ mode, ...loader }, mode === "swap-scratch" ? 2 : 0);
		this.bench.counter = 3;
		this.start = mode === "swap-offset" ? SECTOR : 0;
		const ram = mode === "ram-load" ? { flags: 0x20, loadAddress: 0x1000 } : {};
		this.bench.bytes(1).set(build({ ...GOOD, version: 1, protected: [[0x50, [3, 0, 0, 0]]], ...ram }, loader));
		this.bench.bytes(2).set(file.subarray(0, SLOT - this.start), this.start);
		// An upload leaves an erased trailer.
		this.bench.bytes(2).fill(0xff, SLOT - SECTOR);
		if (mode !== "direct-xip-revert") return;
		const trailer = this.bench.api.trailer(this.bench.map.slot(0, "primary"));
		trailer.writeMagic();
		trailer.writeCopyDone();
		trailer.writeImageOk();
	}

	/** The hash by which a client names the image; undefined if it is not in the list. */
	get hash(): Uint8Array | undefined {
		return new ImageSlots(this.bench.api).info(1)?.hash;
	}

	/** Whether the application lets the image be marked; if not, why. */
	mark(hash: Uint8Array, options: Partial<ImageOptions> | undefined): true | string {
		const log: string[] = [];
		const group = imageGroup({ boot: this.bench.api, digest: nobleDigest, log: (line) => log.push(line), ...options });
		const server = new SmpServer({ groups: [group], bufferSize: 2048, verbose: true });
		const { rc, rsn } = answer(server, request(1, 0, { hash, confirm: false }, 0));
		return rc === undefined || rc === 0 ? true : (rsn ?? `rc ${rc}`);
	}

	/** Whether the boot loader runs the image once it is marked. */
	boots(): { readonly yes: boolean; readonly log: string } {
		const log: string[] = [];
		const { images, ok } = new Loader(this.bench.map, this.bench.config, {
			digest: nobleDigest,
			log: (line) => log.push(line),
			securityCounters: { limit: 32, get: () => this.bench.counter, set: () => {} },
			verifySignature,
		}).boot();
		const { action, slot } = images[0]!;
		return { yes: ok && (slot === 1 || action === "test"), log: log.join("\n") };
	}
}

const describeShape = (shape: Shape): string =>
	JSON.stringify(
		Object.fromEntries(Object.entries(shape).filter(([key, value]) => value !== GOOD[key as keyof Shape])),
	);

describe("the check before a mark and the boot loader", () => {
	for (const kind of KINDS) {
		const { mode, loader = {} } = kind;
		const what = Object.entries(loader)
			.filter(([key]) => !["keys", "decryption", "vid"].includes(key))
			.map(([key, value]) => `${key} ${value}`);
		it(`say the same of every image, ${[mode, ...what].join(", ")}`, () => {
			const found = { taken: 0, refused: 0, unlisted: 0, sealed: 0 };
			for (const shape of family(250)) {
				const device = new Device(kind, build(shape, loader));
				const { hash } = device;
				if (!hash) {
					// The list knows images by the one SHA-256 that they have, as Zephyr's does.
					found.unlisted++;
					continue;
				}
				const restore = device.bench.save();
				const marked = device.mark(hash, kind.group);
				restore();
				assert.equal(device.bench.api.boot_set_pending(false), 0);
				const { yes, log } = device.boots();
				const words = `${describeShape(shape)}: ${marked}\n${log}`;
				if (marked === true && !yes && shape.flags & ENCRYPTED && loader.encryption) {
					// What takes the boot loader's secret: whether the key is for it, and what the hash is over.
					assert.match(log, /without a key that this loader can read|wrong hash/, words);
					found.sealed++;
				} else if (loader.pure && yes && marked !== true) {
					// The hash that names an image here means nothing to a boot loader for pure signatures.
					assert.match(marked, /hash that it carries/, words);
				} else assert.equal(marked === true, yes, words);
				found[yes ? "taken" : "refused"]++;
			}
			assert.ok(found.taken > 20 && found.refused > 20 && found.unlisted > 5, JSON.stringify(found));
			assert.equal(found.sealed > 0, loader.encryption !== undefined);
		});
	}

	for (const mode of ["direct-xip", "ram-load"] as const)
		it(`an image that the boot loader passes over is never called pending, ${mode}`, () => {
			const base = mode === "ram-load" ? { flags: 0x20, loadAddress: 0x2000 } : {};
			const kind: Kind = { mode, loader: { ram: { start: 0, size: 0x10000 } } };
			const found = { pending: 0, not: 0 };
			for (const shape of family(250)) {
				const device = new Device(kind, build({ ...shape, ...base, flags: (base.flags ?? 0) | shape.flags }));
				if (!device.hash) continue;
				const pending = nextBoot(new ImageSlots(device.bench.api), 0) === "permanent";
				const { yes, log } = device.boots();
				const words = `${describeShape(shape)}\n${log}`;
				if (yes) assert.ok(pending, words);
				// A list does not look at the content of images.
				else if (pending) assert.match(log, /secondary slot: refused and erased: (?!image is|version)/, words);
				found[pending ? "pending" : "not"]++;
			}
			assert.ok(found.pending > 20 && found.not > 20, JSON.stringify(found));
		});
});
