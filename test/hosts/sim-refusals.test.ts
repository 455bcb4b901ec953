import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { serialLink } from "../../client/node/serial.js";
import { generateKey } from "../../image/keys.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { developmentKey, outcome, publicHalf } from "./command-line.js";

const layoutWith = (areas: unknown): string => JSON.stringify({ ...guideLayout, name: "test", areas });

describe("simulator: what cannot be used is refused", () => {
	/** Files of the test's directory, options, and what the one sentence says. */
	type Row = readonly [title: string, files: Record<string, string>, options: readonly string[], sentence: RegExp];
	const rows: readonly Row[] = [
		["unknown option", {}, ["--flsh", "x"], /There is no option "--flsh"; did you mean --flash\?/],
		["stray word", {}, ["hello"], /"hello" is one argument too many/],
		["option without value", {}, ["--flash"], /--flash needs FILE/],
		["option in place of a value", {}, ["--flash", "--json"], /--flash needs a value/],
		["value of a switch", {}, ["--json=yes"], /--json takes no value/],
		["images", {}, ["--images", "3"], /--images is 1 or 2, not "3"/],
		["mode", {}, ["--mode", "swap"], /--mode is move, offset, .* or single-slot-ram-load, not "swap"/],
		["confirm", {}, ["--confirm", "yes"], /--confirm is smp or self/],
		["erase pending", {}, ["--erase-pending", "yes"], /--erase-pending is on or off/],
		["guards", {}, ["--guards", "yes"], /--guards is on or off/],
		["trailer", {}, ["--trailer", "2.3"], /--trailer is current or 2\.2/],
		["baud", {}, ["--baud", "fast"], /--baud is a number/],
		["entrance", {}, ["--recovery", "button"], /--recovery is pin, boot-mode, no-image or wait, not "button"/],
		[
			"listening for a firmware loader",
			{},
			["--mode", "firmware-loader", "--recovery", "wait"],
			/--recovery wait is not for --mode firmware-loader/,
		],
		[
			"time without listening",
			{},
			["--recovery-wait", "5", "--recovery", "pin"],
			/--recovery-wait needs --recovery wait/,
		],
		[
			"direct upload to nothing",
			{},
			["--direct-upload"],
			/--direct-upload is for serial recovery: it needs --recovery/,
		],
		[
			"direct upload to a firmware loader",
			{},
			["--direct-upload", "--mode", "firmware-loader"],
			/is for serial recovery/,
		],
		["holding no pin", {}, ["--hold-pin", "--recovery", "no-image"], /--hold-pin needs --recovery pin/],
		["two images and a firmware loader", {}, ["--mode", "firmware-loader", "--images", "2"], /is for one image/],
		["two images and one slot", {}, ["--mode", "single-slot", "--images", "2"], /is for one image/],
		[
			"direct upload to one slot",
			{},
			["--mode", "single-slot", "--recovery", "pin", "--direct-upload"],
			/--direct-upload is not for a single slot/,
		],
		["bootstrap without a swap", {}, ["--mode", "ram-load", "--bootstrap"], /no --bootstrap with --mode ram-load/],
		[
			"downgrade prevention with a firmware loader",
			{},
			["--mode", "firmware-loader", "--downgrade-prevention", "hardware"],
			/no --downgrade-prevention hardware with --mode firmware-loader/,
		],
		["negative baud", {}, ["--baud=-1"], /--baud is a number/],
		["power cut", {}, ["--power-cut", "1e3"], /--power-cut is a number/],
		["port", {}, ["--udp", "65536"], /--udp is PORT or ADDRESS:PORT/],
		["port name", {}, ["--udp", "smp"], /--udp is PORT or ADDRESS:PORT/],
		["host name", {}, ["--udp", "example.org:1337"], /--udp is PORT or ADDRESS:PORT/],
		["foreign address", {}, ["--udp", "192.0.2.1:0"], /Cannot listen on UDP port 192\.0\.2\.1:0/],
		["flash file of another size", { "a.bin": "abc" }, ["--flash", "a.bin"], /has 3 bytes, but .* has 4194304/],
		["directory as flash file", {}, ["--flash", "."], /not a regular file|directory/],
		["flash file in no directory", {}, ["--flash", "no/flash.bin"], /no directory no/],
		[
			"flash file below a file",
			{ a: "" },
			["--flash", "a/b/c"],
			/--flash a\/b\/c cannot be made: there is no directory a\/b/,
		],
		["flash file of a long name", {}, ["--flash", "a".repeat(300)], /cannot be used: .*name too long/],
		[
			"serial link over the chip's counter",
			{},
			["--downgrade-prevention", "hardware", "--flash", "a", "--serial", "a.otp"],
			/--serial names the file of the counter/,
		],
		[
			"flash conformance without its area",
			{},
			["--app", "flash-conformance", "--layout", join(root, "layouts/guide-bare.json")],
			/needs an area "storage" to erase/,
		],
		["layout larger than a command line", { l: " ".repeat(40_000) }, ["--layout", "l"], /l is larger than 32768 bytes/],
		["serial link in no directory", {}, ["--serial", "no/uart"], /no directory no/],
		["serial link over a file", { uart2: "mine" }, ["--serial", "uart2"], /uart2 exists and is no link/],
		["flash file and serial link in one", {}, ["--flash", "a", "--serial", "a"], /name the same file/],
		["missing layout", {}, ["--layout", "none.json"], /none\.json cannot be read: no such file/],
		["layout that is no JSON", { l: "{" }, ["--layout", "l"], /is not JSON/],
		["empty layout", { l: "{}" }, ["--layout", "l"], /the layout has no name/],
		[
			"layout with areas that overlap",
			{ l: layoutWith(guideLayout.areas.map((area) => ({ ...area, offset: 0 }))) },
			["--layout", "l"],
			/areas "bootloader" and "image-0" overlap/,
		],
		[
			"layout without the slots",
			{ l: layoutWith(guideLayout.areas.slice(0, 3)) },
			["--layout", "l"],
			/has no primary slot for image 1/,
		],
		...["move", "offset"].map((mode): Row => {
			const areas = [
				{ id: 1, label: "a", offset: 0, size: 0x10000 },
				{ id: 2, label: "b", offset: 0x10000, size: 0x20000 },
			];
			const options = ["--layout", "l", "--images", "1", "--mode", mode];
			return [
				`slots that do not fit ${mode}`,
				{ l: layoutWith(areas) },
				options,
				new RegExp(`do not fit --mode ${mode}`),
			];
		}),
		[
			"layout with slots too small",
			{
				l: layoutWith([
					{ id: 1, label: "a", offset: 0, size: 0x2000 },
					{ id: 2, label: "b", offset: 0x10000, size: 0x2000 },
				]),
			},
			["--layout", "l", "--images", "1"],
			/too small/,
		],
		["missing key", {}, ["--key", "none.pem"], /none\.pem cannot be read: no such file/],
		["key that is none", { k: "hello" }, ["--key", "k"], /The key k cannot be used: The key is not a PEM file/],
		[
			"public key that the factory images cannot be signed for",
			{ k: publicHalf(generateKey("ed25519")) },
			["--key", "k"],
			/flash\.bin is missing and cannot be made, because no --key is private/,
		],
		[
			"keys of two types",
			{ k: generateKey("ed25519") },
			["--key", developmentKey, "--key", "k"],
			/one type of signature, but .* is ecdsa-p256 and k is ed25519/,
		],
	];
	for (const [title, files, options, sentence] of rows)
		it(title, async () => {
			const directory = freshDirectory();
			for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
			const before = readdirSync(directory);
			const refused = await outcome(["--udp", "0", ...options], directory);
			assert.match(refused.errors, sentence);
			assert.match(refused.errors, /^[^\n]+[.?]\n$/);
			assert.deepEqual({ ...refused, errors: "" }, { status: 2, output: "", errors: "" });
			assert.deepEqual(readdirSync(directory), before);
			for (const [name, text] of Object.entries(files)) assert.equal(readFileSync(join(directory, name), "utf8"), text);
			rmSync(directory, { recursive: true });
		});

	it("a pipe in place of a file, which would keep it waiting", async () => {
		const directory = freshDirectory();
		execFileSync("mkfifo", [join(directory, "pipe")]);
		for (const option of ["--flash", "--layout", "--key", "--encryption-key"]) {
			const refused = await outcome(["--udp", "0", option, "pipe"], directory);
			assert.equal(refused.status, 2);
			assert.match(refused.errors, /pipe is not a (regular )?file\.\n$/);
		}
		rmSync(directory, { recursive: true });
	});

	it("a link to itself as the flash file", async () => {
		const directory = freshDirectory();
		symlinkSync("loop", join(directory, "loop"));
		const refused = await outcome(["--udp", "0", "--flash", "loop"], directory);
		assert.match(refused.errors, /^--flash loop cannot be used: too many symbolic links encountered\.\n$/);
		rmSync(directory, { recursive: true });
	});

	it("a UDP port in use", async () => {
		const socket = createSocket("udp4");
		await new Promise<void>((resolve) => socket.bind(0, "127.0.0.1", resolve));
		const { port } = socket.address();
		const directory = freshDirectory();
		const refused = await outcome(["--udp", String(port)], directory);
		socket.close();
		assert.equal(refused.status, 2);
		assert.match(
			refused.errors,
			new RegExp(`^UDP port 127\\.0\\.0\\.1:${port} is in use: choose another with --udp PORT`),
		);
		assert.deepEqual(readdirSync(directory), []);
	});

	it("a flash file or a serial link of another simulator, which goes on", async () => {
		const simulator = await Simulator.start();
		const flash = await outcome(["--udp", "0", "--flash", simulator.flash], freshDirectory());
		assert.equal(flash.status, 2);
		assert.match(flash.errors, /^another simulator is running on the flash file .*\n$/i);
		const serial = await outcome(["--udp", "0", "--serial", simulator.serial], freshDirectory());
		assert.equal(serial.status, 2);
		assert.match(serial.errors, /^another simulator has the serial link .*\n$/i);
		const client = new SmpClient(serialLink(simulator.serial));
		assert.equal(await client.echo("still here"), "still here");
		client.close();
		await simulator.stop();
	});
});
