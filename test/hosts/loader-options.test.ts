import assert from "node:assert";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Option } from "commander";
import { parseExplain } from "../../cli/explain-options.js";
import { readLoader } from "../../hosts/desk/node/loader-setup.js";
import { optionsOf, parseOptions, SIMULATOR } from "../../hosts/desk/node/options.js";
import { prepare } from "../../hosts/desk/node/setup.js";
import { loaderConfig } from "../../hosts/desk/xs/loader-config.js";
import { MPS3 } from "../../hosts/mps3/board.js";
import { generateKey } from "../../image/keys.js";
import type { LoaderConfig } from "../../modules/bootutil/loader/config.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import type { Layout } from "../../modules/flash/layout.js";
import { freshDirectory } from "../../tools/simulator.js";
import { update } from "../clients/images.js";

// What the boot loader is built with is said in one way: the simulator, the emulated board and explain, which rehearses
// that boot loader, have the same options and understand them alike.

interface Loader {
	readonly layout: Layout;
	readonly config: LoaderConfig;
}

/** Options of the simulator that the emulated board does not have. */
const MPS3_LACKS = [
	...["--uart", "--udp", "--tcp", "--hci", "--files", "--power-cut", "--flash-timing", "--save", "--page", "--record"],
	...["--recovery", "--recovery-wait", "--direct-upload", "--hold-pin"],
];

const nameOf = ({ long }: Option): string => long ?? "";

describe("options of the boot loader", () => {
	let directory = "";
	/** Values of the options that name something, and options that they need. */
	let samples: Readonly<Record<string, readonly string[]>> = {};

	before(() => {
		directory = freshDirectory();
		const file = (name: string, text: string): string => {
			const path = join(directory, name);
			writeFileSync(path, text);
			return path;
		};
		writeFileSync(join(directory, "factory.img"), update("1.0.0", 1000).file);
		samples = {
			"--flash": [join(directory, "other.bin")],
			"--serial": [join(directory, "other")],
			"--factory": [join(directory, "factory.img")],
			"--save": [join(directory, "save")],
			"--page": ["off"],
			"--record": ["off"],
			"--udp": ["[::1]:4711"],
			"--tcp": ["4712"],
			"--hci": ["4713"],
			"--devices": ["2"],
			"--watchdog": ["3"],
			"--files": [directory],
			"--trial": ["7"],
			"--layout": [file("layout.json", JSON.stringify({ ...guideLayout, name: "other", writeAlign: 16 }))],
			"--key": [file("key.pem", generateKey("ed25519"))],
			"--encryption-key": [file("encryption.pem", generateKey("x25519"))],
			"--p384": [file("p384.pem", generateKey("ecdsa-p384"))],
			"--vid": ["a.example"],
			"--cid": ["00112233445566778899aabbccddeeff"],
			"--baud": ["9600"],
			"--power-cut": ["5"],
			"--recovery": ["pin"],
			"--recovery-wait": ["100", "--recovery", "wait"],
			"--direct-upload": ["--recovery", "boot-mode"],
			"--hold-pin": ["--recovery", "pin"],
		};
	});
	after(() => rmSync(directory, { recursive: true }));

	/** Command lines, each with another value of the option than its default. */
	function uses(option: Option): string[][] {
		const { argChoices: choices, defaultValue } = option;
		const name = nameOf(option);
		if (name === "--key")
			return [
				[name, ...samples[name]!],
				[name, "none"],
			];
		if (name === "--encryption-key-length") return [[name, "256", "--encryption-key", ...samples["--encryption-key"]!]];
		const key = samples["--key"]![0]!;
		if (name === "--sha")
			return [
				[name, "512", "--key", key],
				[name, "512", "--key", "none"],
				[name, "384", "--key", ...samples["--p384"]!],
			];
		if (name === "--lock-counter") return [[name, "--downgrade-prevention", "hardware"]];
		if (name === "--pure") return [[name, "--key", key]];
		if (name === "--hmac-sha") return [[name, "512", "--encryption-key", ...samples["--encryption-key"]!]];
		if (samples[name]) return [[name, ...samples[name]]];
		if (choices) return choices.filter((choice) => choice !== defaultValue).map((choice) => [name, choice]);
		assert.ok(!option.required, `the test has no value for ${name}`);
		return [[name]];
	}

	function loaderOfSimulator(args: readonly string[]): Loader {
		const own = ["--flash", join(directory, "flash.bin"), "--serial", join(directory, "uart")];
		const options = parseOptions([...own, ...args]);
		const { config } = prepare(options);
		return { layout: config.layout, config: loaderConfig(config) };
	}

	function loaderOfExplain(args: readonly string[]): Loader {
		const options = parseExplain([...args, "flash.bin"]);
		const { layout, build } = readLoader(options);
		return { layout, config: loaderConfig(build) };
	}

	it("each option of the simulator that changes the boot loader is an option of explain, and changes it alike", () => {
		const plain = loaderOfSimulator([]);
		assert.deepEqual(loaderOfExplain([]), plain);
		const changing = new Set<string>();
		for (const option of optionsOf(SIMULATOR))
			for (const use of uses(option)) {
				const loader = loaderOfSimulator(use);
				try {
					assert.deepEqual(loader, plain);
				} catch {
					changing.add(nameOf(option));
					assert.deepEqual(loaderOfExplain(use), loader, use.join(" "));
				}
			}
		assert.deepEqual([...changing].sort(), [
			"--bootstrap",
			"--cid",
			"--downgrade-prevention",
			"--encryption-key",
			"--encryption-key-length",
			"--hmac-sha",
			"--images",
			"--key",
			"--layout",
			"--lock-counter",
			"--mode",
			"--public-key-format",
			"--pure",
			"--sha",
			"--trailer",
			"--vid",
		]);
	});

	it("the emulated board has them all", () => {
		const names = optionsOf(MPS3).map(nameOf);
		for (const name of optionsOf(SIMULATOR).map(nameOf))
			assert.notEqual(names.includes(name), MPS3.lacks.includes(name), name);
		assert.deepEqual(MPS3.lacks, MPS3_LACKS);
	});
});
