import assert from "node:assert";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { ZipFile } from "yazl";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { chooseImages, readPackage } from "../../client/package.js";
import { type UpgradeStep, upgradeAll } from "../../client/upgrade.js";
import { generateKey, parseKey } from "../../image/keys.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { type Update, update } from "../clients/images.js";
import { xsSmp } from "./command.js";

/** What the nRF Connect SDK says of a file: numbers that come from CMake are text. */
interface Entry {
	[key: string]: unknown;
}

const APP = update("0.0.2", 20_000);
const NET = update("0.0.3+7", 15_000);

const entry = (file: string, bytes: Uint8Array, image: number, more: Entry = {}): Entry => ({
	...{ type: "application", board: "xs_smp_sim", soc: "none", load_address: 0xc200, image_index: `${image}` },
	...{ slot_index_primary: `${2 * image + 1}`, slot_index_secondary: `${2 * image + 2}` },
	...{ size: bytes.length, file, modtime: 1_700_000_000, ...more },
});

const ENTRIES = [
	entry("app.bin", APP.file, 0, { version_MCUBOOT: "0.0.2+0" }),
	entry("net.bin", NET.file, 1, { version_MCUBOOT: "0.0.3+7" }),
];

type Files = Readonly<Record<string, Uint8Array | string>>;

const manifestOf = (entries: unknown, more: Entry = {}): string =>
	JSON.stringify({ "format-version": 1, time: 1_700_000_000, files: entries, name: "kitchen", ...more });

const filesOf = (entries: unknown = ENTRIES, more: Entry = {}): Files => ({
	"app.bin": APP.file,
	"net.bin": NET.file,
	"manifest.json": manifestOf(entries, more),
});

const bytesOf = (content: Uint8Array | string): Buffer => Buffer.from(content as Uint8Array);

/** A ZIP archive of files; `zipped` has more to say of it. */
async function zip(files: readonly (readonly [name: string, content: Uint8Array | string])[], compress = false) {
	const archive = new ZipFile();
	for (const [name, content] of files) archive.addBuffer(bytesOf(content), name, { compress });
	archive.end();
	return buffer(archive.outputStream);
}

const zipOf = (files: Files, compress = false): Promise<Buffer> => zip(Object.entries(files), compress);

/** The same bytes with one text in place of another, everywhere. */
const replaced = (bytes: Buffer, from: string, to: string): Buffer =>
	Buffer.from(bytes.toString("latin1").replaceAll(from, to), "latin1");

const changed = (bytes: Buffer, at: number, value: number): Buffer => {
	const copy = Buffer.from(bytes);
	copy[at] = value;
	return copy;
};

describe("client: packages", () => {
	const directory = freshDirectory();
	after(() => rmSync(directory, { recursive: true }));

	let count = 0;
	function written(bytes: Uint8Array | string, name = `package${++count}.zip`): string {
		const path = join(directory, name);
		writeFileSync(path, bytes);
		return path;
	}

	/** What is said of a package before anything is sent: nobody is there. */
	async function refusal(bytes: Uint8Array | string, ...more: string[]): Promise<string> {
		const path = written(bytes);
		const { status, output, errors } = await xsSmp("upload", path, "--udp", "127.0.0.1:9", ...more);
		assert.deepEqual([status, output], [2, ""], errors);
		const inspected = await xsSmp("package", "inspect", path);
		if (more.length === 0) assert.deepEqual(inspected, { status: 2, output: "", errors });
		assert.match(errors, /^[^\n]+\.\n$/);
		return errors.trim().replace(`${path}: `, "");
	}

	it("are read, in both formats, packed in any way", async () => {
		for (const compress of [false, true])
			for (const format of [0, 1]) {
				const path = written(await zipOf(filesOf(ENTRIES, { "format-version": format }), compress));
				const { status, output } = await xsSmp("package", "inspect", path, "--json");
				assert.equal(status, 0);
				const { name, made, images } = JSON.parse(output);
				assert.deepEqual([name, made, images.length], ["kitchen", "2023-11-14T22:13:20", 2]);
				assert.deepEqual(images[1], {
					...{ file: "net.bin", image: 1, board: "xs_smp_sim", version: "0.0.3.7", hash: NET.hash },
					...{ hashChecked: true, size: NET.file.length },
				});
			}
	});

	it("need not say what has a default", () => {
		const { images, name } = readPackage(
			new Map<string, Uint8Array>([
				["a.bin", APP.file],
				[
					"manifest.json",
					bytesOf(JSON.stringify({ "format-version": 0, files: [{ file: "a.bin", size: APP.file.length }] })),
				],
			]),
		);
		assert.equal(name, undefined);
		assert.deepEqual(
			images.map(({ image, slot, board }) => [image, slot, board]),
			[[0, undefined, undefined]],
		);
	});

	const damaged = Uint8Array.from(APP.file);
	damaged[1000]! ^= 1;
	const cases: readonly (readonly [what: string, files: Files, sentence: RegExp])[] = [
		["no manifest", { "app.bin": APP.file }, /^There is no manifest\.json in the package\.$/],
		["a folder", { "dfu/manifest.json": "{}" }, /^The manifest is dfu\/manifest\.json: it must not be in a folder\.$/],
		["a manifest that is none", { "manifest.json": "{" }, /^manifest\.json is no JSON\.$/],
		["a manifest that is a list", { "manifest.json": "[]" }, /^manifest\.json is no JSON object\.$/],
		[
			"another format",
			filesOf(ENTRIES, { "format-version": 2 }),
			/^manifest\.json has format 2, and this client reads 0 and 1\.$/,
		],
		["no format", filesOf(ENTRIES, { "format-version": undefined }), /^manifest\.json has no "format-version"\.$/],
		["no files", filesOf([]), /^manifest\.json names no files\.$/],
		["too many files", filesOf(Array(33).fill({})), /^manifest\.json names more than 32 files\.$/],
		["an entry that is none", filesOf([3]), /^An entry of "files" in manifest\.json is no JSON object\.$/],
		["no name", filesOf([{ size: 3 }]), /^File 1 in manifest\.json has no name\.$/],
		[
			"a file that is not there",
			filesOf([entry("b.bin", APP.file, 0)]),
			/^b\.bin: manifest\.json names this file, and it is not in the package\.$/,
		],
		["a file elsewhere", filesOf([entry("../app.bin", APP.file, 0)]), /^\.\.\/app\.bin: .* is not in the package\.$/],
		[
			"another size",
			filesOf([entry("app.bin", APP.file, 0, { size: 7 })]),
			/^app\.bin: It has \d+ bytes, and manifest\.json says 7\.$/,
		],
		[
			"no size",
			filesOf([entry("app.bin", APP.file, 0, { size: undefined })]),
			/^app\.bin: manifest\.json does not tell its size\.$/,
		],
		[
			"another version",
			filesOf([entry("app.bin", APP.file, 0, { version_MCUBOOT: "0.0.2+1" })]),
			/^app\.bin: It is version 0\.0\.2, and manifest\.json says "0\.0\.2\+1"\.$/,
		],
		[
			"an image number that is none",
			filesOf([entry("app.bin", APP.file, 0, { image_index: "one" })]),
			/^app\.bin: Its image_index in manifest\.json is no number\.$/,
		],
		[
			"a slot of another image",
			filesOf([entry("app.bin", APP.file, 0, { slot: "3" })]),
			/^app\.bin: Image 0 has no slot "3"\.$/,
		],
		[
			"two files for one image",
			filesOf([entry("app.bin", APP.file, 0), entry("net.bin", NET.file, 0)]),
			/^app\.bin and net\.bin are both for image 0\.$/,
		],
		[
			"two files for one slot",
			filesOf([entry("app.bin", APP.file, 0, { slot: "1" }), entry("net.bin", NET.file, 0, { slot: "1" })]),
			/^app\.bin and net\.bin are both for image 0\.$/,
		],
		[
			"a boot loader",
			filesOf([entry("app.bin", APP.file, 0, { type: "mcuboot" })]),
			/^app\.bin: It is a boot loader, /,
		],
		[
			"a SUIT envelope",
			filesOf([entry("app.bin", APP.file, 0, { type: "suit-envelope" })]),
			/^app\.bin: It is for a device with SUIT, /,
		],
		[
			"an unknown type",
			filesOf([entry("app.bin", APP.file, 0, { type: 5 })]),
			/^app\.bin: It is of a type that this client does not know: 5\.$/,
		],
		[
			"a damaged image",
			{ ...filesOf(), "app.bin": damaged },
			/^app\.bin: The image is damaged: its SHA-256 is not the one that it carries\.$/,
		],
		[
			"a file that is no image",
			{ ...filesOf([entry("app.bin", bytesOf("hello"), 0)]), "app.bin": "hello" },
			/^app\.bin: The file is no MCUboot image: /,
		],
	];
	for (const [what, files, sentence] of cases)
		it(`are refused with ${what}`, async () => {
			assert.match(await refusal(await zipOf(files)), sentence);
		});

	it("are refused if the archive is not what it should be", async () => {
		const good = await zipOf(filesOf());
		const packed = await zipOf(filesOf(), true);
		const inDirectory = packed.lastIndexOf(Buffer.from("app.bin")) - 46;
		assert.equal(await refusal("hello"), "The file is no ZIP archive.");
		assert.match(await refusal(good.subarray(0, good.length - 100)), /^The archive cannot be read: /);
		const rest: readonly (readonly [name: string, content: Uint8Array | string])[] = Object.entries(filesOf());
		assert.equal(await refusal(await zip([...rest, ["app.bin", "x"]])), "The archive has two files app.bin.");
		const nested = await zip([...rest, ["xx/evil.bin", "x"]]);
		assert.match(
			await refusal(replaced(nested, "xx/evil.bin", "../evil.bin")),
			/^The archive cannot be read: .*relative path/,
		);
		assert.match(
			await refusal(replaced(nested, "xx/evil.bin", "/x/evil.bin")),
			/^The archive cannot be read: absolute path/,
		);
		assert.match(
			await refusal(replaced(nested, "xx/evil.bin", "x\\\\evil.bin")),
			/^The archive cannot be read: invalid char/,
		);
		// The contents of a file that no hash guards, behind the image's.
		const at = good.indexOf(Buffer.from(APP.file)) + APP.file.length - 1;
		assert.equal(await refusal(changed(good, at, good[at]! ^ 1)), "app.bin: The file is damaged: its CRC is wrong.");
		assert.match(
			await refusal(changed(packed, inDirectory + 8, packed[inDirectory + 8]! | 1)),
			/^app\.bin: The file cannot be read: .*encrypted/,
		);
		assert.match(
			await refusal(changed(packed, inDirectory + 10, 99)),
			/^app\.bin: The file cannot be read: unsupported compression/,
		);
	});

	it("are refused if they grow too large", async () => {
		const zeros = await zip([["zeros.bin", new Uint8Array(65 * 1024 * 1024)]], true);
		assert.ok(zeros.length < 100_000);
		assert.equal(await refusal(zeros), "Unpacked, the archive would have more than 64 MiB.");
		// One that lies about it gets no farther than it says.
		const size = Buffer.alloc(4);
		size.writeUInt32LE(65 * 1024 * 1024);
		const less = Buffer.alloc(4);
		less.writeUInt32LE(1000);
		const liar = replaced(zeros, size.toString("latin1"), less.toString("latin1"));
		assert.match(await refusal(liar), /^zeros\.bin: The file cannot be read: too many bytes/);
		const many = Array.from({ length: 257 }, (_, i) => [`f${i}`, "x"] as const);
		assert.equal(await refusal(await zip(many)), "The archive has more than 256 files.");
	});

	it("say themselves which images they have", async () => {
		const message = "--image does not go with a package, which says itself what its images are.";
		assert.equal(await refusal(await zipOf(filesOf()), "--image", "1"), message);
		const path = written(APP.file, "app.bin");
		const { errors } = await xsSmp("upload", path, "--any-board", "--udp", "127.0.0.1:9");
		assert.equal(errors, "--any-board goes with a package.\n");
	});

	it("are made of image files", async () => {
		const [app, net] = [written(APP.file, "app.bin"), written(NET.file, "net.bin")];
		const path = join(directory, "made.zip");
		const made = await xsSmp("package", "create", path, app, net, "--name", "hall", "--board", "lamp");
		assert.deepEqual(made, { status: 0, output: "", errors: "" });
		const { output } = await xsSmp("package", "inspect", path);
		assert.match(output, /made\.zip: a package of 2 images, hall, 20/);
		assert.match(output, /^image 1 {2}0\.0\.3\.7 {2}[0-9a-f]{16} {2}\d+ bytes {2}net\.bin {2}lamp$/m);
		assert.equal((await xsSmp("package", "create", path, `3=${app}`, net)).status, 0);
		const { images } = JSON.parse((await xsSmp("package", "inspect", path, "--json")).output);
		assert.deepEqual(
			images.map(({ image }: { image: number }) => image),
			[3, 4],
		);
		const twice = await xsSmp("package", "create", path, app, app);
		assert.deepEqual([twice.status, twice.errors], [2, "Two of the files are called app.bin.\n"]);
		const same = await xsSmp("package", "create", path, `1=${app}`, `1=${net}`);
		assert.deepEqual([same.status, same.errors], [2, "app.bin and net.bin are both for image 1.\n"]);
	});

	/** Runs command lines on a simulated device. */
	async function onDevice(
		options: readonly string[],
		use: (command: (...args: string[]) => ReturnType<typeof xsSmp>, simulator: Simulator) => Promise<void>,
	): Promise<void> {
		const simulator = await Simulator.start(options);
		try {
			await use((...args) => xsSmp(...args, "--udp", simulator.udp), simulator);
		} finally {
			await simulator.stop();
		}
	}

	it("update two images in one command, with one restart", () =>
		onDevice(["--images", "2"], async (command) => {
			const path = written(await zipOf(filesOf()));
			const { status, output, errors } = await command("upgrade", path, "--confirm");
			assert.deepEqual([status, errors], [0, ""]);
			assert.equal(output.match(/The device restarts/g)?.length, 1);
			assert.match(
				output,
				/^The package kitchen has image 0 in version 0\.0\.2 \(app\.bin\) and image 1 in version 0\.0\.3\.7 \(net\.bin\)\.\n/,
			);
			assert.match(output, /\nImage 0: It is confirmed\.\nImage 1: It is confirmed\.\n$/);
			const listed = await command("list");
			assert.match(listed.output, /^image 0 slot 0 {2}0\.0\.2 .* active confirmed$/m);
			assert.match(listed.output, /^image 1 slot 0 {2}0\.0\.3\.7 .* active confirmed$/m);
			const again = await command("upgrade", path, "--confirm");
			assert.match(again.output, /\nImage 0: The update runs already\.\nImage 1: The update runs already\.\n$/);
			const uploaded = await command("upload", path);
			assert.match(uploaded.output, /\nImage 0: The update runs already\.\nImage 1: The update runs already\.\n$/);
		}));

	it("update the images that the device has not yet, and meet their needs among themselves", () =>
		onDevice(["--images", "2"], async (command) => {
			const net = update("0.0.3", 15_000);
			const needy = update("0.0.4", 20_000, undefined, { dependencies: [{ image: 1, version: "0.0.3" }] });
			const alone = written(
				await zipOf({ "a.bin": needy.file, "manifest.json": manifestOf([entry("a.bin", needy.file, 0)]) }),
			);
			const refused = await command("upgrade", alone);
			assert.equal(refused.status, 1);
			assert.match(refused.errors, /^The update needs image 1 in version 0\.0\.3 or later, /);
			const both = written(
				await zipOf({
					...{ "a.bin": needy.file, "b.bin": net.file },
					"manifest.json": manifestOf([entry("a.bin", needy.file, 0), entry("b.bin", net.file, 1)]),
				}),
			);
			const first = await command("upload", both);
			assert.match(first.output, /\nImage 0: Uploaded .*\n.*\nImage 1: Uploaded /);
			const trial = await command("upgrade", both);
			assert.equal(trial.status, 0, trial.errors);
			assert.match(
				trial.output,
				/\nImage 0: The device has this file already\.\nImage 1: The device has this file already\.\n/,
			);
			assert.match(
				trial.output,
				/the next restart brings back image 0 in version 0\.0\.0 and image 1 in version 0\.0\.0\. "xs-smp confirm" and "xs-smp confirm --image 1" keep them\.\n$/,
			);
			assert.equal((await command("confirm", "--image", "1")).status, 0);
			const rest = await command("upgrade", both, "--confirm");
			assert.equal(rest.status, 0, rest.errors);
			assert.doesNotMatch(rest.output, /restarts/);
			assert.match(rest.output, /\nImage 0: It is confirmed\.\n$/);
		}));

	it("are not sent to another board, nor to a device that lacks an image", () =>
		onDevice(["--images", "1"], async (command) => {
			const other = ENTRIES.map((each) => ({ ...each, board: "nrf5340dk/nrf5340/cpuapp" }));
			const path = written(await zipOf(filesOf(other)));
			const refused = await command("upgrade", path);
			const sentence = "The package is for the board nrf5340dk, and the device is a xs_smp_sim.\n";
			assert.deepEqual([refused.status, refused.output, refused.errors], [1, "", sentence]);
			const lacking = await command("upload", path, "--any-board");
			assert.deepEqual([lacking.status, lacking.errors], [1, "The device has no image 1; it has only image 0.\n"]);
			const one = written(await zipOf(filesOf(other.slice(0, 1))));
			assert.equal((await command("upgrade", one, "--any-board")).status, 0);
			assert.doesNotMatch((await command("list")).output, /image 1/);
		}));

	it("give the image for the slot that takes the upload, where each slot has its own", () =>
		onDevice(["--images", "1", "--mode", "direct-xip"], async (command, { udp }) => {
			const [low, high] = [update("0.0.2", 20_000), update("0.0.2", 20_004)] as [Update, Update];
			const entries = [
				entry("low.bin", low.file, 0, { slot: "0", "version_MCUBOOT+XIP": "0.0.2" }),
				entry("high.bin", high.file, 0, { slot: "1", "version_MCUBOOT+XIP": "0.0.2" }),
			];
			const files = { "low.bin": low.file, "high.bin": high.file, "manifest.json": manifestOf(entries) };
			const { status, output } = await command("upgrade", written(await zipOf(files)));
			assert.equal(status, 0);
			assert.match(output, /^The package kitchen has image 0 in version 0\.0\.2 \(high\.bin\)\.\n/);
			await using client = new SmpClient(udpLink(udp));
			const lowOnly = readPackage(
				new Map([
					["low.bin", low.file],
					["manifest.json", bytesOf(manifestOf(entries.slice(0, 1)))],
				]),
			);
			const [choice] = await chooseImages(client, lowOnly);
			assert.equal(choice?.name, "low.bin");
		}));

	/** A package whose second image is this file. */
	const withNet = async (file: Uint8Array): Promise<string> => {
		const entries = [entry("app.bin", APP.file, 0), entry("net.bin", file, 1)];
		return written(await zipOf({ ...filesOf(entries), "net.bin": file }));
	};

	it("say how things stand if one image is refused", () =>
		onDevice(["--images", "2"], async (command, { udp }) => {
			await using client = new SmpClient(udpLink(udp));
			const updates = [
				{ file: APP.file, image: 0 },
				{ file: NET.file, image: 1 },
			];
			// Another client erases the second image in between.
			const onStep = ({ step }: UpgradeStep): void => {
				if (step === "marked") void client.erase(3);
			};
			await assert.rejects(
				upgradeAll(client, updates, { onStep }),
				/^Error: image 1: version 0\.0\.3\.7 is not in the slot any more: .*; image 0 is marked: the next restart installs it$/,
			);
			assert.match((await command("list")).output, /^image 0 slot 1 {2}0\.0\.2 .* pending$/m);
			// What was marked is not sent again.
			const good = written(await zipOf(filesOf()));
			const done = await command("upgrade", good, "--confirm");
			assert.equal(done.status, 0);
			assert.match(done.output, /\nImage 0: The device has this file already\.\nImage 1: Uploaded /);
		}));

	it("say how things stand if the boot loader takes one image only", () =>
		onDevice(["--images", "2"], async (command) => {
			const { type, publicKey, sign } = parseKey(generateKey("ecdsa-p256"));
			const strange = update("0.0.3", 15_000, undefined, { signer: { type, publicKey, sign: sign! } });
			const { status, errors } = await command("upgrade", await withNet(strange.file), "--confirm");
			assert.equal(status, 1);
			assert.match(
				errors,
				/^Image 1: the boot loader did not accept the update; .* Image 0 runs version 0\.0\.2, on trial\.\n$/,
			);
		}));

	it("cannot hold one image twice: a device marks by hash", () =>
		onDevice(["--images", "2"], async (command) => {
			const twice = [entry("app.bin", APP.file, 0), entry("net.bin", APP.file, 1)];
			const path = written(await zipOf({ ...filesOf(twice), "net.bin": APP.file }));
			const refused = await command("upgrade", path);
			assert.equal(refused.status, 1);
			assert.match(refused.errors, /^The files app\.bin and net\.bin are the same image, /);
		}));
});
