import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import type { ResponseMap } from "../../modules/smp/cbor.js";
import { Op } from "../../modules/smp/header.js";
import { ascii, concat, request, unhex } from "../unit/smp/support.js";
import { type Kind, otherImage, runningImage, validImage } from "./kinds.js";
import { ACCESS_GROUP, ANSWER } from "./rules.js";

// What clients do in several steps, and most of what can be refused on the way: places that single requests, however changed,
// hardly get to. Packets of the corpus like all others, but each makes sense behind the one before it.

const read = (group: number, command: number, map: ResponseMap = {}, version = 1): Uint8Array =>
	request(group, command, map, version, Op.READ);
const write = (group: number, command: number, map: ResponseMap = {}, version = 1): Uint8Array =>
	request(group, command, map, version, Op.WRITE);

const CHUNK = 380;

const sha256 = (data: Uint8Array): Uint8Array => {
	const hasher = nobleDigest.sha256();
	hasher.update(data);
	return hasher.digest();
};

interface Upload {
	readonly file: Uint8Array;
	readonly image?: number;
	readonly sha?: Uint8Array;
	readonly upgrade?: boolean;
	/** Chunks that are sent; default: all. */
	readonly chunks?: number;
}

function upload({ file, image = 0, sha = sha256(file), upgrade, chunks = 99 }: Upload): Uint8Array[] {
	const packets: Uint8Array[] = [];
	for (let off = 0; off < file.length && packets.length < chunks; off += CHUNK) {
		const data = file.subarray(off, off + CHUNK);
		packets.push(write(1, 1, off === 0 ? { image, len: file.length, off, sha, data, upgrade } : { off, data }));
	}
	return packets;
}

const hashOf = (file: Uint8Array): Uint8Array => file.subarray(file.length - 32);

const UPDATE = validImage(1501, [2, 0, 0], 21);
const SECOND = validImage(2300, [2, 1, 0], 22);
/** Of the version that runs. */
const SAME = validImage(1100, [1, 0, 0], 25);
const HEADER_ONLY = validImage(1100, [2, 0, 0], 26);
/** Not bootable (MCUboot image.h, `IMAGE_F_NON_BOOTABLE`). */
HEADER_ONLY[16] = 0x10;
const SHORT = validImage(700, [0, 0, 1], 23);
const DAMAGED = validImage(1200, [3, 0, 0], 24);
DAMAGED[600]! ^= 1;

/** With a protected TLV area (MCUboot design.md, Image format) of one entry in front of the other. */
const PROTECTED = protectedImage();

function protectedImage(): Uint8Array {
	const data = validImage(1100, [2, 2, 0], 27);
	const size = data.length - 40 - 32 - 12;
	data.set([12, 0, size & 0xff, size >> 8], 10);
	data.set(unhex("0869 0c00 1000 0400 01020304"), 32 + size);
	data.set(sha256(data.subarray(0, data.length - 40)), data.length - 32);
	return data;
}

const test = (file: Uint8Array, confirm = false, version = 1): Uint8Array =>
	write(1, 0, { hash: hashOf(file), confirm }, version);
const LIST = read(1, 0);
const ERASE = write(1, 5, { slot: 1 });

const IMAGE_STORY: readonly Uint8Array[] = [
	...[LIST, ERASE, ...upload({ file: UPDATE }), LIST, test(UPDATE), LIST, test(UPDATE), test(UPDATE, true)],
	...[read(1, 6), ERASE, ...upload({ file: UPDATE }), ...upload({ file: UPDATE }), test(UPDATE, true), LIST],
	...[test(UPDATE, true), test(UPDATE), write(1, 5), ...upload({ file: UPDATE, sha: sha256(SECOND) })],
	// A client that lost its way, one that comes back, and a reset in between.
	...upload({ file: SECOND, chunks: 3 }),
	...upload({ file: SECOND, chunks: 1 }),
	...[write(1, 1, { off: 100, data: UPDATE.subarray(100, 200) }), write(0, 5, { boot_mode: 1, force: true })],
	...[...upload({ file: SECOND }).slice(0, 1), ...upload({ file: SECOND }).slice(2)],
	...[
		...upload({ file: SECOND, image: 1 }),
		test(SECOND),
		LIST,
		write(1, 5, { slot: 3 }),
		ERASE,
		write(1, 5, { slot: 0 }),
	],
	...[write(1, 5, { slot: 9 }), ...upload({ file: SHORT, upgrade: true }), ...upload({ file: SHORT }), test(SHORT)],
	...[ERASE, ...upload({ file: SAME }), LIST, ERASE, ...upload({ file: HEADER_ONLY }), test(HEADER_ONLY), LIST],
	...[ERASE, ...upload({ file: PROTECTED }), LIST, test(PROTECTED), LIST],
	...[ERASE, ...upload({ file: DAMAGED, sha: new Uint8Array(0) }), test(DAMAGED), test(DAMAGED, true, 0), ERASE],
	...[
		write(1, 0, { confirm: true }),
		LIST,
		...upload({ file: UPDATE, upgrade: true }),
		write(1, 0, { confirm: false }),
	],
	write(1, 1, { off: 0, len: 16_384, sha: new Uint8Array(32), data: UPDATE.subarray(0, 64) }),
	write(1, 1, { off: 0, len: 40_000, data: UPDATE.subarray(0, 64) }),
	write(1, 1, { off: 0, len: 60, data: UPDATE.subarray(0, 64) }),
	write(1, 1, { off: 0, data: UPDATE.subarray(0, 64) }),
	write(1, 1, { off: 0, len: 900, image: 2, data: UPDATE.subarray(0, 64) }),
	write(1, 1, { off: 0, len: 900, sha: new Uint8Array(33), data: UPDATE.subarray(0, 64) }),
	write(1, 1, { data: UPDATE.subarray(0, 64) }),
	write(1, 0, { hash: new Uint8Array(31), confirm: true }),
	write(1, 0, { hash: new Uint8Array(32), confirm: true }),
	...upload({ file: UPDATE, chunks: 1 }),
	write(1, 1, { off: CHUNK, data: new Uint8Array(480) }),
	write(1, 1, { off: 2 * CHUNK + 100, data: new Uint8Array(400) }),
	// Single bytes, which are no whole program unit.
	write(1, 1, { off: 0, len: 900, data: UPDATE.subarray(0, 33) }),
	...[33, 34, 35, 36, 37].map((off) => write(1, 1, { off, data: UPDATE.subarray(off, off + 1) })),
	...upload({ file: UPDATE, chunks: 3 }),
	write(1, 1, { off: 3 * CHUNK, data: new Uint8Array(400) }),
];

const name = "net/name";
const SETTINGS_STORY: readonly Uint8Array[] = [
	...[write(3, 0, { name, val: ascii("desk") }), read(3, 0, { name }), read(3, 0, { name, max_size: 2 }), write(3, 3)],
	...[write(3, 0, { name, val: ascii("lamp") }), read(3, 3), read(3, 0, { name, max_size: 1000 }), write(3, 2)],
	...[
		write(3, 3, { name: "net" }),
		write(3, 3, { name: "" }),
		write(3, 1, { name }),
		write(3, 1, { name }),
		read(3, 0, { name }),
	],
	...[write(3, 0, { name: "ü", val: ascii("x") }), write(3, 0, { name: "" }), write(3, 0, { name: "n".repeat(32) })],
	...["a", "b", "c", "d", "e", "f"].flatMap((each) => [
		write(3, 0, { name: each, val: new Uint8Array(440) }),
		write(3, 3),
	]),
	...["a", "b", "c", "d", "e", "f"].map((each) => write(3, 1, { name: each }, 0)),
	...[write(0, 5, { boot_mode: 1 }), read(3, 0, { name }), write(63, 0), read(3, 0, { name }, 0)],
];

const path = "/lfs/story.txt";
const TEXT = new Uint8Array(900).map((_, i) => i % 251);
const FILE_STORY: readonly Uint8Array[] = [
	...[0, 300, 600].map((off) =>
		write(8, 0, { name: path, off, data: TEXT.subarray(off, off + 300), ...(off === 0 && { len: TEXT.length }) }),
	),
	...[
		write(8, 0, { name: path, off: 5, data: TEXT.subarray(0, 9) }),
		write(8, 0, { name: path, off: 900 }),
		write(8, 4),
	],
	...[0, 400, 800, 900, 5000].map((off) => read(8, 0, { name: path, off })),
	...[
		read(8, 1, { name: path }),
		read(8, 1, { name: "/lfs" }),
		read(8, 1, { name: "/none" }),
		read(8, 3),
		read(8, 0, { name: path }),
	],
	...["crc32", "sha256", "md5"].map((type) => read(8, 2, { name: path, type })),
	...[
		read(8, 2, { name: path, off: 10, len: 20 }),
		read(8, 2, { name: path, off: 900 }),
		read(8, 2, { name: path, len: 0 }),
	],
	...[
		write(8, 0, { name: "/lfs/empty", off: 0, len: 0 }),
		write(8, 0, { name: "/lfs", off: 0, len: 1, data: TEXT.subarray(0, 1) }),
	],
	...[
		read(8, 2, { name: "/lfs/nothing" }),
		read(8, 2, { name: "/lfs/long" }),
		read(8, 2, { name: "/lfs/long", type: "sha256", off: 100 }),
		concat(read(8, 2, { name: "/lfs/long" }), read(0, 0, {})),
		write(8, 0, { name: "/lfs/nothing", off: 0, len: 1, data: TEXT.subarray(0, 1) }),
	],
	...[0, 450, 900, 1350, 1800].map((off) =>
		write(8, 0, { name: "/lfs/full", off, data: TEXT.subarray(0, 450), len: 2250 }),
	),
	...[write(8, 0, { name: "/tmp/x", off: 0, len: 1, data: TEXT.subarray(0, 1) }), write(8, 0, { name: path })],
	...[
		read(8, 1, { name: "story.txt" }),
		read(8, 1, { name: `/${"n".repeat(64)}` }),
		read(8, 0, { name: "/lfs", off: 0 }),
	],
];

const words = (line: string): Uint8Array => write(9, 0, { argv: line.split(" ") });
const SHELL_STORY: readonly Uint8Array[] = [
	...[
		"help",
		"version",
		"images",
		"errors",
		"history",
		"stats",
		"stats image",
		"stats none",
		"fail now",
		"fail later",
		"long x",
		"long xx",
		"long xxx",
		"ü😀",
		"none",
		"  ",
	].map(words),
	...[write(9, 0, { argv: [] }), write(9, 0), write(9, 0, { argv: ["n".repeat(256)] }), write(9, 0, { argv: [1, 2] })],
	words("long"),
];

const OS_STORY: readonly Uint8Array[] = [
	...[
		write(0, 1, { echo: 0 }),
		write(0, 1, { echo: 1 }),
		write(0, 1, { echo: 2 }),
		write(0, 1),
		read(0, 2),
		read(0, 3),
		read(0, 4),
		read(0, 6),
	],
	...["2024-02-29T23:59:59", "2024-02-29T23:59:59.123456", "2024-13-01T00:00:00", "2024-02-29T23:5x:59", "x"].map(
		(datetime) => write(0, 4, { datetime }),
	),
	...[read(0, 4), read(0, 8), read(0, 8, { query: "mode" }), read(0, 8, { query: "x" }), read(0, 8, { query: "x" }, 0)],
	...["a", "", "snrvbmpio", "oips", "sx"].map((format) => read(0, 7, { format })),
	...[read(0, 0, { d: "ü😀€" }), write(0, 0), read(0, 9), read(2, 1), read(2, 0, { name: "smp" }), read(2, 0)],
	...["udp", "image", "flash", "none", "n".repeat(40)].map((each) => read(2, 0, { name: each })),
	...[read(10, 0), read(10, 1), read(10, 2), read(10, 2, { index: 10 }), read(10, 2, { index: 70 }), read(10, 3)],
	...[
		read(10, 3, { groups: [0, 70] }),
		read(10, 3, { groups: new Array(17).fill(1) }),
		read(10, 3, { groups: new Array(65).fill(1) }),
	],
	...[read(66, 0), write(66, 0), write(3, 0, { name: "ü".repeat(90), val: Uint8Array.of(1) }), read(66, 0)],
	...[read(67, 0), read(67, 0, { before: 2 }), read(67, 0, { before: 0 })],
	...[read(65, 0), read(65, 0, { before: 4 }), read(65, 0, { before: 0 }), ...new Array(20).fill(read(0, 6))],
];

const ACCESS_STORY: readonly Uint8Array[] = [
	...[read(70, 0), write(70, 1, { room: "hall", target: 21 }), write(ACCESS_GROUP, 1, { answer: ANSWER })],
	...[read(ACCESS_GROUP, 0), write(ACCESS_GROUP, 1), write(ACCESS_GROUP, 1, { answer: ANSWER.subarray(1) })],
	...[read(ACCESS_GROUP, 0), write(ACCESS_GROUP, 1, { answer: ANSWER.map((byte) => byte ^ 1) })],
	...[read(ACCESS_GROUP, 0), write(ACCESS_GROUP, 1, { answer: ANSWER }), write(70, 1, { room: "hall", target: 21 })],
	...[read(70, 1, { room: "hall" }), read(70, 1, { room: "attic" }), write(70, 1, { room: "attic" }, 0)],
	...[write(70, 1, { room: "hall", target: -3 }), write(70, 1, { room: "hall", target: 99 }, 0), read(70, 1)],
	...[write(70, 1, { room: 7 }), write(70, 1, { target: "warm" }), read(70, 1, { room: "n".repeat(600) }, 0)],
	...[read(0, 0, { d: "n".repeat(600) }), read(0, 200)],
	...[write(ACCESS_GROUP, 2), write(70, 1, { room: "hall", target: 21 }), write(63, 0)],
];

/** Values below a key that no command knows, nested this deep: the most that is skipped, and one more. */
const NESTED = [64, 65].map((depth) => {
	const packet = new Uint8Array(8 + 3 + depth + 2);
	packet.set([2, 0, 0, packet.length - 8, 0, 0, 1, 0, 0xbf, 0x61, 0x78]);
	packet.fill(0x81, 11, 11 + depth);
	packet.set([0xa0, 0xff], 11 + depth);
	return packet;
});

/** Strings in pieces below such a key, whole and not. */
const PIECES = ["5f4100ff", "7f6141ff", "5f6141ff", "5f5f4100ffff", "5f4100"].map((value) => {
	const packet = unhex(`0200000000000100bf6178${value}ff`);
	packet[3] = packet.length - 8;
	return packet;
});

/** All packets, in order. */
export const STORIES: readonly Uint8Array[] = [
	...IMAGE_STORY,
	...SETTINGS_STORY,
	...FILE_STORY,
	...SHELL_STORY,
	...OS_STORY,
	...ACCESS_STORY,
	...NESTED,
	...PIECES,
];

/** For the first turn of a device: what it has from the start is listed, marked and confirmed. */
export function opening(kind: Kind): readonly Uint8Array[] {
	const others = [0, 1].map((index) => otherImage(kind, index));
	const running = [0, 1].map((index) => runningImage(kind, index));
	return [
		LIST,
		// While an image is on trial, its way back is not to be lost.
		...(kind.trial ? [ERASE, ...upload({ file: SECOND, chunks: 1 })] : []),
		...running.map((file) => test(file)),
		...others.flatMap((file) => [test(file), test(file), test(file, true)]),
		...[...running, ...others].map((file) => test(file, true)),
		LIST,
	];
}
