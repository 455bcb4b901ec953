import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseEncryptionKey } from "../../image/encryption.js";
import type { Explanation } from "../../image/explain.js";
import { generateKey } from "../../image/keys.js";
import { ImageFlag } from "../../modules/bootutil/header.js";
import { freshDirectory, root } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { Device, type Mode, PROGRAM, SECONDARY } from "./device.js";

describe("explain: encrypted images", () => {
	let directory = "";
	let key = "";
	before(() => {
		directory = freshDirectory();
		key = join(directory, "encryption.pem");
		writeFileSync(key, generateKey("ecdsa-p256"));
	});
	after(() => rmSync(directory, { recursive: true }));

	/** 2.0.0 in the secondary slot is encrypted. */
	const device = (mode: Mode): Device => {
		const made = new Device(mode);
		made.memory.fill(0xff, SECONDARY, SECONDARY + 0x80000);
		const encrypt = parseEncryptionKey(readFileSync(key, "utf8"));
		made.memory.set(update("2.0.0", 35000, undefined, { encrypt }).file, SECONDARY + made.start);
		return made;
	};

	for (const mode of ["move", "offset"] as const) {
		it(`${mode}: with the key the test is told`, () => {
			const it = device(mode);
			it.api.boot_set_pending(false);
			const { images, next, unconfirmed } = it.json("--encryption-key", key);
			const [found] = images[0]!.secondary.images;
			assert.deepEqual([found?.version, found?.encrypted, found?.fault], ["2.0.0", true, null]);
			assert.deepEqual([next.images[0]!.version, next.images[0]!.action], ["2.0.0", "test"]);
			assert.deepEqual([unconfirmed.images[0]!.version, unconfirmed.images[0]!.action], ["1.0.0", "revert"]);
		});

		it(`${mode}: without the key the forecast stops, and says why`, () => {
			const it = device(mode);
			it.api.boot_set_pending(false);
			const text = it.explain();
			assert.match(text, /secondary {3}2\.0\.0, 34\.\d KiB.*, encrypted\n/);
			assert.match(
				text,
				/Next boot\n {2}The forecast stops here: the image in "image-1" is encrypted, and --encryption-key /,
			);
			assert.doesNotMatch(text, /Nothing starts|refuses/);
			const { stops, next, unconfirmed, confirmed } = JSON.parse(it.explain("--json")) as Explanation;
			assert.match(String(stops), /"image-1" is encrypted/);
			assert.deepEqual([next, unconfirmed, confirmed], [null, null, null]);
		});
	}

	it("one that nobody asked for does not stop the forecast", () => {
		assert.equal(device("move").json().next.images[0]!.version, "1.0.0");
	});

	it("a running image that came encrypted stops the forecast", () => {
		const it = device("move");
		// What a boot loader with the key leaves in the primary slot: a plain payload, the flag as it was.
		it.memory[0x14000 + 16]! |= ImageFlag.ENCRYPTED_AES128;
		assert.match(it.explain(), /The forecast stops here: the image in "image-0" is encrypted/);
	});

	it("a key of somebody else is told as what the boot loader says to it", () => {
		const other = join(directory, "other.pem");
		writeFileSync(other, generateKey("ecdsa-p256"));
		const it = device("move");
		it.api.boot_set_pending(false);
		assert.match(it.explain("--encryption-key", other), /encrypted, without a key that this loader can read/);
	});
});

describe("explain: what is foreign is named", () => {
	const FOREIGN_MAGIC = Buffer.from("2de15d29410b8d77679c110f1f8a", "hex");

	for (const alignment of [16, 32])
		it(`a trailer of alignment ${alignment}`, () => {
			const device = new Device("move");
			const magic = SECONDARY + 0x80000 - 16;
			device.memory.set([alignment, 0, ...FOREIGN_MAGIC], magic);
			assert.equal(device.json().images[0]!.secondary.trailer.magic, `of alignment ${alignment}`);
			assert.match(device.explain(), new RegExp(`BOOT_MAX_ALIGN ${alignment}, .* "writeAlign": ${alignment}\n`));
		});

	it("a counter of the chip that is none", () => {
		const directory = freshDirectory();
		const flash = join(directory, "flash.bin");
		writeFileSync(flash, new Device("move").memory);
		writeFileSync(`${flash}.otp`, "abc");
		const args = [...PROGRAM, "--images", "1", "--downgrade-prevention", "hardware", flash];
		const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
		assert.equal(status, 2);
		assert.match(stderr, /^The OTP file .*flash\.bin\.otp is not a file of 8 bytes\.\n$/);
		rmSync(directory, { recursive: true });
	});

	it("a trailer that is bad otherwise", () => {
		const device = new Device("move");
		device.memory.set([16, 1, ...FOREIGN_MAGIC.subarray(1)], SECONDARY + 0x80000 - 16);
		assert.equal(device.json().images[0]!.secondary.trailer.magic, "bad");
	});

	it("a big-endian image in a slot", () => {
		const device = new Device("move");
		device.memory.set([0x96, 0xf3, 0xb8, 0x3d], SECONDARY);
		assert.match(device.explain(), /secondary {3}a big-endian image, which this boot loader is not for\n/);
	});

	for (const [what, sha] of [
		["a SHA-384 hash", "384"],
		["a SHA-512 hash", "512"],
	] as const)
		it(`an image with ${what}, which the boot loader refuses here and starts elsewhere`, () => {
			const device = new Device("move");
			device.memory.set(update("2.0.0", 35000, undefined, { sha, signer: undefined }).file, SECONDARY);
			const [found] = device.json().images[0]!.secondary.images;
			assert.equal(found?.otherBuild, what);
			assert.match(device.explain(), new RegExp(`it has ${what}, and this forecast is not for a boot loader`));
		});

	it("a compressed image", () => {
		const device = new Device("move");
		device.memory[SECONDARY + 17]! |= ImageFlag.COMPRESSED_LZMA2 >> 8;
		assert.equal(device.json().images[0]!.secondary.images[0]?.otherBuild, "a compressed payload");
	});

	it("an image that is only damaged has nothing of that", () => {
		const device = new Device("move");
		device.memory[SECONDARY + 5000]! ^= 1;
		assert.deepEqual(
			device.json().images[0]!.secondary.images.map(({ fault, otherBuild }) => [fault, otherBuild]),
			[["wrong hash", null]],
		);
	});

	const { file: image } = update("1.2.3", 1000);
	const bigEndian = Uint8Array.from(image);
	bigEndian.subarray(0, 4).reverse();
	const files: readonly (readonly [what: string, contents: string | Uint8Array, sentence: RegExp])[] = [
		[
			"an Intel HEX file",
			":020000040001F9\n:1040000000000000\n",
			/is an Intel HEX file, not the raw contents of a flash/,
		],
		["S-records", "S0080000616263D1\n", /is a Motorola S-record file, not/],
		["an ELF file", "\x7fELF\x01\x01\x01", /is an ELF file, not/],
		["an image", image, /is an image, version 1\.2\.3, not the raw contents of a flash device/],
		["a big-endian image", bigEndian, /is a big-endian image, not/],
		["a file that is too short", new Uint8Array(1000), /has 1000 bytes, but the flash of the layout guide has 4194304/],
		["an empty file", "", /has 0 bytes, but/],
		["a file that is too long", new Uint8Array(0x400001), /has 4194305 bytes, but the flash .* has 4194304/],
	];
	for (const [what, contents, sentence] of files)
		it(`${what}, by explain and by the simulator, which leave it as it is`, () => {
			const directory = freshDirectory();
			const path = join(directory, "file");
			writeFileSync(path, contents);
			const simulator = join(root, "dist/hosts/sim/cli.js");
			for (const args of [
				[...PROGRAM, path],
				[simulator, "--udp", "0", "--serial", join(directory, "uart"), "--flash", path],
			]) {
				const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
				assert.deepEqual([status, stdout], [2, ""]);
				assert.match(stderr, sentence);
				assert.match(stderr, /^[^\n]+\.\n$/);
			}
			assert.deepEqual(readFileSync(path), Buffer.from(contents));
			assert.deepEqual(readdirSync(directory), ["file"]);
			rmSync(directory, { recursive: true });
		});
});
