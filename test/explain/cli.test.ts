import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/udp.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { ImageFlag } from "../../modules/bootutil/header.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import { guideLayout } from "../../modules/flash/layout.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { UPLOAD_JOURNAL, UploadJournal } from "../../modules/smp/group/upload-journal.js";
import type { BootExplanation, Explanation } from "../../tools/explain/explain.js";
import { parseEncryptionKey } from "../../tools/image/encryption.js";
import { generateKey } from "../../tools/image/keys.js";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { loaderConfig } from "../unit/bootutil/support.js";

const PROGRAM = join(root, "dist/tools/explain/cli.js");
const SECONDARY = 0x94000;

type Mode = "move" | "offset";

/** Runs the command. */
function run(...args: readonly string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
	return { status, stdout, stderr };
}

/** The guide's flash with signed images: 1.0.0 runs, 2.0.0 is uploaded. Power fails when `power` operations were made. */
class Device {
	readonly memory = new Uint8Array(0x400000).fill(0xff);
	readonly api: BootUtil;
	readonly #mode: Mode;
	#power = Number.POSITIVE_INFINITY;

	constructor(mode: Mode) {
		this.#mode = mode;
		const operate = (): void => {
			if (this.#power-- <= 0) throw new Error("no power");
		};
		class Partition extends NorPartition {
			override write(bytes: Uint8Array | ArrayBuffer, offset: number): void {
				operate();
				super.write(bytes, offset);
			}
			override eraseBlock(first: number, end?: number): void {
				operate();
				super.eraseBlock(first, end);
			}
		}
		const map = FlashMap.open(guideLayout, (label) => {
			const { offset, size } = guideLayout.areas.find((area) => area.label === label)!;
			return new Partition(this.memory.subarray(offset, offset + size), guideLayout);
		});
		this.api = new BootUtil(map, loaderConfig({ mode: `swap-${mode}` }));
		this.memory.set(update("1.0.0", 30000).file, 0x14000);
		this.memory.set(update("2.0.0", 35000).file, SECONDARY + this.start);
	}

	/** Where an update starts in the secondary slot. */
	get start(): number {
		return this.#mode === "offset" ? 4096 : 0;
	}

	boot(power = Number.POSITIVE_INFINITY): void {
		this.#power = power;
		const digest = { sha256: () => createHash("sha256") };
		const securityCounters = { get: () => 0, set: () => {} };
		const config = loaderConfig({ mode: `swap-${this.#mode}` });
		new Loader(this.api.map, config, { digest, log: () => {}, securityCounters }).boot();
		this.#power = Number.POSITIVE_INFINITY;
	}

	/** The explanation of the flash as it is. */
	explain(...args: readonly string[]): string {
		const file = join(freshDirectory(), "flash.bin");
		writeFileSync(file, this.memory);
		const { status, stdout, stderr } = run("--images", "1", "--mode", this.#mode, ...args, file);
		const left = new Uint8Array(readFileSync(file));
		rmSync(join(file, ".."), { recursive: true });
		assert.deepEqual([status, stderr], [0, ""]);
		assert.ok(Buffer.compare(left, this.memory) === 0, "the flash file was changed");
		return stdout;
	}

	json(...args: readonly string[]): Forecast {
		return forecastIn(this.explain("--json", ...args));
	}
}

/** An explanation that does not stop before the next boots. */
type Forecast = Explanation & { readonly next: BootExplanation; readonly unconfirmed: BootExplanation };

function forecastIn(json: string): Forecast {
	const explanation = JSON.parse(json) as Explanation;
	assert.equal(explanation.stops, null);
	assert.ok(explanation.next && explanation.unconfirmed);
	return explanation as Forecast;
}

for (const mode of ["move", "offset"] as const)
	describe(`explain, ${mode}`, () => {
		const stories: [string, (device: Device) => void, readonly RegExp[]][] = [
			[
				"an upload that nobody asked for",
				() => {},
				[/state V +nothing is asked for/, /Next boot\n {2}1\.0\.0 runs on, confirmed\n {2}Flash is not written to/],
			],
			[
				"an upload that was broken off",
				(it) => {
					const journal = new UploadJournal(it.api.map.labelled(UPLOAD_JOURNAL)!);
					journal.begin(1, 35000, new Uint8Array(32), 4096);
					journal.reached(20000);
				},
				[/an upload of 34\.2 KiB was broken off; it goes on at 16\.0 KiB\n/],
			],
			[
				"a test request",
				(it) => it.api.boot_set_pending(false),
				[
					/state II +the image in the secondary slot is to be tested\n +secondary magic good, secondary image_ok unset/,
					/Next boot\n {2}installs 2\.0\.0, on trial\n {2}\d+ flash operations, \d+ erases among them: about [\d.]+ s/,
					/if nobody confirms\n {2}goes back to 1\.0\.0, confirmed/,
					/The boot after that, if confirmed\n {2}2\.0\.0 runs on, confirmed\n {2}Flash is not written to/,
				],
			],
			[
				"a permanent request",
				(it) => it.api.boot_set_pending(true),
				[/state III/, /installs 2\.0\.0 for good, confirmed/, /The boot after that\n {2}2\.0\.0 runs on, confirmed/],
			],
			[
				"an image on trial",
				(it) => {
					it.api.boot_set_pending(false);
					it.boot();
				},
				[
					/state IV/,
					/Next boot, if nobody confirms\n {2}goes back to 1\.0\.0, confirmed/,
					/Next boot, if confirmed before\n {2}2\.0\.0 runs on, confirmed\n {2}Flash is not written to/,
				],
			],
			[
				"an interrupted swap",
				(it) => {
					it.api.boot_set_pending(false);
					it.boot(60);
				},
				[
					/power failed in a test swap; it goes on with step \d+ of \d+/,
					/finishes the interrupted swap and installs 2\.0\.0/,
				],
			],
			[
				"a damaged update",
				(it) => {
					it.memory[SECONDARY + it.start + 5000]! ^= 1;
					it.api.boot_set_pending(false);
				},
				[
					/2\.0\.0, .*the boot loader refuses it: wrong hash/,
					/does not do the test swap: 1\.0\.0 runs on, confirmed/,
					/\| image 0: secondary slot: refused and erased: wrong hash/,
				],
			],
			[
				"a device that does not start",
				(it) => {
					it.memory[0x14000 + 5000]! ^= 1;
				},
				[/Nothing starts: image 0: primary slot: wrong hash/, /The boot after that\n {2}The same/],
			],
		];
		for (const [what, prepare, expected] of stories)
			it(`tells ${what}`, () => {
				const device = new Device(mode);
				prepare(device);
				const text = device.explain();
				for (const words of expected) assert.match(text, words);
				for (const line of text.split("\n")) assert.ok(line === line.trimEnd() && !line.includes("undefined"), line);
			});

		it("checks signatures by the keys given, or hashes alone", () => {
			const device = new Device(mode);
			device.api.boot_set_pending(false);
			const key = join(freshDirectory(), "other.pem");
			writeFileSync(key, generateKey("ecdsa-p256"));
			assert.match(String(device.json("--key", key).next.reason), /no good signature by a trusted key/);
			assert.match(device.explain("--key", "none"), /, hashes alone, NO SIGNATURES\n/);
			assert.equal(device.json("--key", "none").next.images[0]!.action, "test");
			rmSync(join(key, ".."), { recursive: true });
		});

		it("takes a downgrade for what the boot loader takes it for", () => {
			const device = new Device(mode);
			device.memory.fill(0xff, SECONDARY, SECONDARY + 0x80000);
			device.memory.set(update("0.9.0", 35000).file, SECONDARY + device.start);
			device.api.boot_set_pending(false);
			assert.equal(device.json().next.images[0]!.action, "test");
			const prevented = device.json("--downgrade-prevention", "version").next;
			assert.equal(prevented.images[0]!.action, "none");
			assert.match(prevented.log.join("\n"), /downgrade refused/);
		});

		it("estimates times from the chip's figures", () => {
			const device = new Device(mode);
			device.api.boot_set_pending(false);
			const { operations, erases, seconds } = device.json("--erase-ms", "1000", "--program-ms", "0").next;
			assert.ok(erases > 10 && operations > erases);
			assert.equal(seconds, erases);
		});
	});

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
				[PROGRAM, path],
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

describe("explain: what it says is what the simulator then does", () => {
	for (const mode of ["move", "offset", "scratch", "overwrite"])
		it(mode, async () => {
			const simulator = await Simulator.start(["--mode", mode, "--images", "1"]);
			const client = new SmpClient(udpLink(simulator.udp));
			const { file, hash } = update("3.2.1", 20000);
			await client.upload(file);
			await client.test(hash);
			client.close();
			await simulator.stop({ keep: true });
			const { stdout } = run("--mode", mode, "--images", "1", "--json", simulator.flash);
			const { next, unconfirmed } = forecastIn(stdout);
			const short = ({ image, version, action, resumed, confirmed }: BootExplanation["images"][number]) => ({
				image,
				version,
				action,
				resumed,
				confirmed,
			});
			const again = Simulator.spawn(["--mode", mode, "--images", "1"], simulator.directory);
			const first = await again.next("boot");
			assert.deepEqual(first["images"], next.images.map(short));
			const second = await again.pressReset();
			assert.deepEqual(second["images"], unconfirmed.images.map(short));
			await again.stop();
		});
});

describe("explain: documentation", () => {
	it("shows what the command prints", () => {
		const device = new Device("move");
		device.api.boot_set_pending(false);
		const [, shown] = /^flash\.bin(:.*?)```/ms.exec(readFileSync(join(root, "docs/EXPLAIN.md"), "utf8"))!;
		const text = device.explain();
		assert.equal(text.slice(text.indexOf(":")), shown);
	});
});

describe("explain: command line", () => {
	it("explains itself", () => {
		const { status, stdout } = run("--help");
		assert.equal(status, 0);
		assert.match(stdout, /^Usage: npm run explain -- \[OPTION\]\.\.\. FLASHFILE\n/);
		for (const name of ["images", "mode", "layout", "trailer", "key", "encryption-key", "downgrade-prevention", "json"])
			assert.ok(stdout.includes(`--${name} `), name);
	});

	const wrong: [readonly string[], RegExp][] = [
		[[], /FLASHFILE is missing/],
		[["a", "b"], /"b" is one argument too many/],
		[["--frob", "a"], /no option "--frob"/],
		[["--mode", "overlay", "a"], /--mode is move or offset or/],
		[["--key", "none", "--key", "a.pem", "a"], /--key none stands alone/],
		[["--encryption-key-length", "256", "a"], /--encryption-key-length needs --encryption-key/],
		[["--encryption-key", "none.pem", "a"], /--encryption-key none\.pem cannot be read: no such file/],
		[["--erase-ms", "fast", "a"], /--erase-ms needs a number of milliseconds/],
		[["--page-size", "100", "a"], /--page-size is a power of two/],
		[["no-such-file"], /no-such-file cannot be read: no such file/],
		[["."], /is not a regular file/],
		[[join(root, "package.json")], /has \d+ bytes, but the flash of the layout guide has 4194304/],
		[["--key", join(root, "package.json"), "a"], /The key .* cannot be used/],
		[["--layout", join(root, "README.md"), "a"], /is not JSON/],
	];
	for (const [args, sentence] of wrong)
		it(`refuses ${args.join(" ").replaceAll(root, "") || "nothing at all"} with one sentence`, () => {
			const { status, stdout, stderr } = run(...args);
			assert.deepEqual([status, stdout], [2, ""]);
			assert.match(stderr, sentence);
			assert.match(stderr, /^[^\n]+\.\n$/);
		});
});
