import assert from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { factoryFlash } from "../../hosts/desk/node/factory.js";
import type { PageBuild } from "../../hosts/desk/node/page-protocol.js";
import { loaderConfig } from "../../hosts/desk/xs/loader-config.js";
import type { ImageOptions } from "../../image/create.js";
import { parseEncryptionKey } from "../../image/encryption.js";
import { explain } from "../../image/explain.js";
import { parseKey } from "../../image/keys.js";
import { nodeDigest } from "../../image/node-digest.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import type { Decryption } from "../../modules/bootutil/loader/config.js";
import { decryptionWith } from "../../modules/bootutil/loader/encryption.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import type { UpgradeMode } from "../../modules/bootutil/modes.js";
import { hexOf } from "../../modules/bytes/hex.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import type { Layout } from "../../modules/flash/layout.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { TYPICAL_NOR } from "../../modules/flash/timing.js";
import { Atlas } from "../../page/flash/atlas.js";
import { areaWords, Contents, type Holds } from "../../page/flash/contents.js";
import { openMap } from "../../page/flash/open-map.js";
import { Timeline } from "../../page/flash/recording.js";
import { countersOf, keylessConfig, rehearse } from "../../page/flash/rehearse.js";
import { stepsOf } from "../../page/flash/steps.js";
import { trailerFields } from "../../page/flash/trailer-view.js";
import { tryImage } from "../../page/flash/try-image.js";
import { root } from "../../tools/simulator.js";
import { update } from "../clients/images.js";

// What the page makes of bytes of flash, without a page.

const { publicKey, type, sign } = parseKey(readFileSync(join(root, "keys/development-ec-p256.pem"), "utf8"));
const SCRATCH: Layout = {
	...guideLayout,
	areas: [...guideLayout.areas, { id: 40, label: "image-scratch", offset: 0x300000, size: 0x4000 }],
};

const buildOf = (mode: UpgradeMode): PageBuild => ({
	layout: mode === "swap-scratch" ? SCRATCH : guideLayout,
	boot: { mode, images: 1, maxAlign: 8, maxSectors: 128, trailer: "current" },
	downgradePrevention: "none",
	bootstrap: false,
	signature: "ecdsa-p256",
	keys: [hexOf(publicKey)],
});

/** A flash whose image 0.0.0 is about to be replaced by 0.0.1. */
function pending(build: PageBuild, options: Partial<ImageOptions> = {}): Uint8Array {
	const flash = factoryFlash({
		config: build as Parameters<typeof factoryFlash>[0]["config"],
		signer: { type, publicKey, sign: sign! },
	});
	const map = openMap(build.layout, flash);
	const secondary = map.slot(0, "secondary");
	const { file } = update("0.0.1", 20_000, undefined, options);
	const whole = new Uint8Array(Math.ceil(file.length / 4) * 4).fill(0xff);
	whole.set(file);
	secondary.write(whole, build.boot.mode === "swap-offset" ? secondary.sectorSize : 0);
	new BootUtil(map, build.boot).boot_set_pending_multi(0, false);
	return flash;
}

/** Boots, and loses power after `power` operations. Returns how many there were. */
function boot(build: PageBuild, flash: Uint8Array, decryption: Decryption, power = Number.POSITIVE_INFINITY): number {
	let operations = 0;
	class Partition extends NorPartition {
		override write(bytes: Uint8Array | ArrayBuffer, offset: number): void {
			if (operations++ >= power) throw new Error("no power");
			super.write(bytes, offset);
		}
		override eraseBlock(first: number, end?: number): void {
			if (operations++ >= power) throw new Error("no power");
			super.eraseBlock(first, end);
		}
	}
	const map = FlashMap.open(build.layout, (label) => {
		const { offset, size } = build.layout.areas.find((area) => area.label === label)!;
		return new Partition(flash.subarray(offset, offset + size), build.layout);
	});
	const services = { digest: nodeDigest, log: () => {}, securityCounters: { get: () => 0, set: () => {} } };
	const { ok, reason } = new Loader(map, loaderConfig(build, decryption), services).boot();
	assert.equal(ok, operations <= power, reason);
	return operations;
}

/** What a slot's sectors hold, a letter a sector, up to the last that is not erased. */
const LETTERS: Readonly<Record<Holds, string>> = {
	...{ erased: "-", old: "O", new: "N", both: "B", trailer: "T", coming: "c", data: "d", unknown: "?" },
};

/** The sectors of a range of addresses, counted from the beginning of the flash. */
const sectorsOf = (at: number, length: number, { sectorSize }: { readonly sectorSize: number }): number[] => {
	const first = Math.floor(at / sectorSize);
	return Array.from({ length: Math.floor((at + length - 1) / sectorSize) - first + 1 }, (_, i) => first + i);
};

describe("page: flash", () => {
	for (const mode of ["swap-move", "swap-offset", "swap-scratch", "overwrite"] as const)
		describe(mode, () => {
			const build = buildOf(mode);
			const start = pending(build);
			const recording = rehearse(build, start, []);

			it("goes through a boot, both ways, by the same moments", () => {
				const timeline = new Timeline(recording);
				const seen: string[] = [];
				const digest = (): string => Buffer.from(timeline.flash).toString("latin1");
				for (let at = 0; at <= timeline.length; at++) {
					timeline.seek(at);
					if (at % 10 === 0) seen[at] = digest();
				}
				for (let at = timeline.length; at >= 0; at--) {
					timeline.seek(at);
					if (at % 10 === 0) assert.equal(digest() === seen[at], true, `operation ${at}`);
				}
				assert.deepEqual(timeline.flash, start);
			});

			it("knows the pieces of both images at every moment", () => {
				const timeline = new Timeline(recording);
				const map = openMap(build.layout, timeline.flash);
				const atlas = new Atlas(build.boot);
				atlas.learn(map);
				const contents = new Contents(map, build.boot, atlas);
				for (let at = 0; at <= timeline.length; at++) {
					timeline.seek(at);
					for (const area of contents.look())
						if (area.slot || area.label === "image-scratch") assert.ok(!/unknown/.test(areaWords(area)), `${at}`);
				}
				const [primary] = contents.look().filter(({ slot }) => slot?.which === "primary");
				assert.match(primary!.sectors.map(({ holds }) => LETTERS[holds]).join(""), /^N{6}-?O?-+T-*$/);
			});

			it("sees the same when it looks at the sectors alone that changed", () => {
				const timeline = new Timeline(recording);
				const map = openMap(build.layout, timeline.flash);
				const atlas = new Atlas(build.boot);
				atlas.learn(map);
				const contents = new Contents(map, build.boot, atlas);
				contents.look();
				for (let at = 0; at < timeline.length; at += 7) {
					timeline.seek(at);
					const done = recording.operations.slice(Math.max(0, at - 7), at);
					const some = contents.look(new Set(done.flatMap(({ at, length }) => sectorsOf(at, length, build.layout))));
					assert.deepEqual(some, new Contents(map, build.boot, atlas).look(), `operation ${at}`);
				}
			});

			it("names what each operation is for", () => {
				const steps = stepsOf(recording, build.layout, build.boot);
				assert.equal(steps.length, recording.operations.length);
				const parts = [...new Set(steps.map(({ part }) => part))];
				assert.deepEqual([parts[0], parts.at(-1)], EXPECTED[mode]);
				const calls = new Set(steps.map((step) => step.calls.split(" ")[0]!));
				for (const call of CALLS[mode]!) assert.ok(calls.has(call), `${call} of ${[...calls].join(", ")}`);
			});
		});

	it("gives an image the same role wherever it is", () => {
		const build = buildOf("swap-move");
		const timeline = new Timeline(rehearse(build, pending(build), []));
		const atlas = new Atlas(build.boot);
		const map = openMap(build.layout, timeline.flash);
		atlas.learn(map);
		assert.deepEqual([atlas.image(0, "old")?.version, atlas.image(0, "new")?.version], ["0.0.0", "0.0.1"]);
		timeline.seek(timeline.length);
		atlas.learn(map);
		assert.deepEqual([atlas.image(0, "old")?.version, atlas.image(0, "new")?.version], ["0.0.0", "0.0.1"]);
		// Who has not seen the swap learns from the trailer which one came last.
		const late = new Atlas(build.boot);
		late.learn(map);
		assert.deepEqual([late.image(0, "old")?.version, late.image(0, "new")?.version], ["0.0.0", "0.0.1"]);
	});

	it("decodes a trailer field by field, with the bytes", () => {
		const build = buildOf("swap-move");
		const fields = trailerFields(build.boot, openMap(build.layout, pending(build)).slot(0, "secondary"));
		assert.deepEqual(
			fields.map(({ name, bytes, meaning }) => [name, bytes, meaning]),
			[
				["magic", "77c295f360d2ef7f3552500f2cb67980", "good: this trailer counts"],
				["image_ok", "ff", "unset"],
				["copy_done", "ff", "unset"],
				["swap_info", "02", "test, image 0"],
				["swap_size", "ffffffff", "unset"],
				["swap_status", "", "unset"],
			],
		);
	});

	for (const mode of ["swap-move", "swap-offset", "swap-scratch"] as const)
		it(`${mode}: goes on with an encrypted swap by the AES keys in its trailer, without the key of the boot loader`, () => {
			const plain = buildOf(mode);
			const build: PageBuild = { ...plain, boot: { ...plain.boot, encryption: "aes-kw", encryptionKeySize: 16 } };
			const kek = new Uint8Array(16).fill(7);
			const decryption = decryptionWith(kek);
			const encrypt = parseEncryptionKey(Buffer.from(kek).toString("base64"));
			const start = pending(build, { encrypt });
			// As the device does it, with the key.
			const done = start.slice();
			const operations = boot(build, done, decryption);
			assert.ok(operations > 40);
			for (const share of [0.3, 0.6, 0.9]) {
				const halfWay = start.slice();
				boot(build, halfWay, decryption, Math.floor(operations * share));
				const timeline = new Timeline(rehearse(build, halfWay, []));
				timeline.seek(timeline.length);
				const primary = ({ areas }: Layout) => areas.find(({ label }) => label === "image-0")!;
				const { offset } = primary(build.layout);
				const image = (flash: Uint8Array) => Buffer.from(flash.subarray(offset, offset + 20_000));
				assert.ok(image(timeline.flash).equals(image(done)), `${share}`);
				const said = explain(openMap(build.layout, halfWay), {
					...{ config: keylessConfig(build), digest: nodeDigest, timing: TYPICAL_NOR },
					securityCounters: countersOf([]),
				});
				assert.deepEqual(
					said.next?.images.map(({ resumed, version }) => [resumed, version]),
					[[true, "0.0.1"]],
				);
			}
		});

	it("tells whether the boot loader would take a file, and why not", () => {
		const build = buildOf("swap-move");
		const flash = pending(build);
		const good = update("0.0.2", 5000).file;
		assert.deepEqual(tryImage(build, flash, [], good, 0).why, "it would install version 0.0.2");
		const bad = good.slice();
		bad[bad.length - 1]! ^= 1;
		assert.deepEqual({ ...tryImage(build, flash, [], bad, 0), log: [] }, { taken: false, why: WRONG, log: [] });
		const long = new Uint8Array(600_000);
		assert.match(tryImage(build, flash, [], long, 0).why, /^it has 600000 bytes, and \d+ fit the slot$/);
	});
});

const WRONG = "no good signature by a trusted key";

/** The first and the last part of the boot. */
const EXPECTED: Readonly<Record<string, readonly [string, string]>> = {
	"swap-move": ["Move 1 of 7", "Finish"],
	"swap-offset": ["Swap 1 of 7, first half", "Finish"],
	"swap-scratch": ["Swap 1: into scratch", "Finish"],
	overwrite: ["Copy", "Copy"],
};

const CALLS: Readonly<Record<string, readonly string[]>> = {
	"swap-move": [
		...["boot_move_sector_up", "boot_swap_sectors", "boot_erase_region", "swap_scramble_trailer_sectors"],
		...[
			"boot_write_magic",
			"boot_write_swap_info",
			"boot_write_swap_size",
			"boot_write_status",
			"boot_write_copy_done",
		],
	],
	"swap-offset": ["boot_swap_sectors", "boot_write_unprotected_tlv_sizes", "boot_write_status", "boot_write_copy_done"],
	"swap-scratch": ["boot_swap_sectors", "boot_write_status", "boot_write_copy_done"],
	overwrite: ["boot_copy_image", "boot_erase_region"],
};
