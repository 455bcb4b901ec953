import assert from "node:assert";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { parseEncryptionKey } from "../../image/encryption.js";
import type { BootExplanation } from "../../image/explain.js";
import { inspectImage } from "../../image/inspect.js";
import { generateKey } from "../../image/keys.js";
import { UPLOAD_JOURNAL, UploadJournal } from "../../modules/smp/group/image/upload-journal.js";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { type Update, update } from "../clients/images.js";
import { Device, forecastIn, run, SECONDARY } from "./device.js";

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
			const typical = device.json("--flash-timing", "mx25r6435f", "--program-ms", "0").next;
			assert.equal(typical.seconds.toFixed(6), (0.048 * erases).toFixed(6));
		});
	});

describe("explain: what it says is what the simulator then does", () => {
	/** Marks an update for a test and compares two boots of the simulator with the forecasts. */
	async function compare(options: readonly string[], { file, hash }: Update): Promise<void> {
		const simulator = await Simulator.start(["--images", "1", ...options]);
		const client = new SmpClient(udpLink(simulator.udp));
		await client.upload(file);
		await client.test(hash);
		client.close();
		await simulator.stop({ keep: true });
		const { stdout } = run("--images", "1", ...options, "--json", simulator.flash);
		const { next, unconfirmed } = forecastIn(stdout);
		const short = ({ image, version, action, resumed, confirmed }: BootExplanation["images"][number]) => ({
			image,
			version,
			action,
			resumed,
			confirmed,
		});
		assert.equal(next.images[0]!.version, "3.2.1");
		const again = Simulator.spawn(["--images", "1", ...options], simulator.directory);
		const first = await again.next("boot");
		assert.deepEqual(first["images"], next.images.map(short));
		const second = await again.pressReset();
		assert.deepEqual(second["images"], unconfirmed.images.map(short));
		await again.stop();
	}

	for (const mode of ["move", "offset", "scratch", "overwrite"]) {
		it(mode, () => compare(["--mode", mode], update("3.2.1", 20000)));

		it(`${mode}, an encrypted image`, async () => {
			const directory = freshDirectory();
			const key = join(directory, "encryption.pem");
			writeFileSync(key, generateKey("x25519"));
			const encrypt = parseEncryptionKey(readFileSync(key, "utf8"));
			const { file } = update("3.2.1", 20000, undefined, { encrypt });
			const hash = inspectImage(file).digest?.value ?? "";
			await compare(["--mode", mode, "--encryption-key", key], { file, hash });
			rmSync(directory, { recursive: true });
		});
	}
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
		assert.match(stdout, /^Usage: xs-smp explain \[options\] <FLASHFILE>\n/);
		for (const name of ["images", "mode", "layout", "trailer", "key", "encryption-key", "downgrade-prevention", "json"])
			assert.ok(stdout.includes(`--${name} `), name);
	});

	const wrong: [readonly string[], RegExp][] = [
		[[], /^explain needs FLASHFILE; --help tells more\.\n$/],
		[["a", "b"], /"b" is one argument too many/],
		[["--frob", "a"], /no option "--frob"/],
		[["--mode", "overlay", "a"], /--mode is move, offset, .* or single-slot-ram-load, not "overlay"/],
		[["--key", "none", "--key", "a.pem", "a"], /--key none stands alone/],
		[["--encryption-key-length", "256", "a"], /--encryption-key-length needs --encryption-key/],
		[["--encryption-key", "none.pem", "a"], /--encryption-key none\.pem cannot be read: no such file/],
		[["--erase-ms", "fast", "a"], /--erase-ms needs a number of milliseconds/],
		[["--flash-timing", "none", "a"], /--flash-timing is w25q32jv, w25q32jv-worst,/],
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
