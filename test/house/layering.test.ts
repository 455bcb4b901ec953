import assert from "node:assert";
import { readFileSync } from "node:fs";
import { imports, sources } from "./imports.js";

// Who may import whom. A file's path says what it may touch.

const LOADER = "modules/bootutil/loader/";

/** All that a program takes from `cli/` to read its command line. */
const COMMAND_LINE = ["cli/closed-pipe.ts", "cli/command-line.ts", "cli/usage-error.ts", "commander"];

/**
 * The rooms of the house, each with the rooms and packages that its files may import besides their own. A file belongs to the
 * room with the longest name that its path begins with.
 */
const rooms: readonly (readonly [string, readonly string[]])[] = [
	// The device. It has no host API and no Node API.
	["modules/bytes/", ["@noble/hashes/"]],
	["modules/flash/", ["modules/bytes/"]],
	["modules/bootutil/", ["modules/bytes/", "modules/flash/"]],
	["modules/bootutil/signature/", ["modules/bytes/", "modules/flash/", "modules/bootutil/", "@noble/"]],
	[LOADER, ["modules/bytes/", "modules/flash/", "modules/bootutil/", "modules/bootutil/signature/", "@noble/"]],
	// A server of its own: what of SMP is in the boot loader has no groups.
	[
		`${LOADER}recovery/`,
		["modules/bytes/", "modules/flash/", "modules/bootutil/", LOADER, "modules/smp/", "modules/smp/transport/"],
	],
	["modules/smp/", ["modules/bytes/", "modules/smp/transport/"]],
	["modules/smp/protocol/", []],
	["modules/smp/transport/", ["modules/bytes/", "modules/smp/"]],
	// A chip of its own has the radio: this room is what of Bluetooth runs beside it, for one transport.
	["modules/bluetooth/", ["modules/bytes/", "modules/smp/transport/"]],
	[
		"modules/smp/group/",
		[
			...["modules/bytes/", "modules/flash/", "modules/bootutil/"],
			...["modules/smp/", "modules/smp/protocol/", "modules/smp/transport/"],
		],
	],
	[
		"modules/agent/",
		[
			...["modules/bytes/", "modules/flash/", "modules/bootutil/"],
			...["modules/smp/", "modules/smp/protocol/", "modules/smp/transport/", "modules/smp/group/"],
		],
	],
	// Updates that the application installs go the way of those that a client uploads: one writer, one set of checks.
	[
		"modules/update/",
		[
			...["modules/bytes/", "modules/flash/", "modules/bootutil/"],
			...["modules/smp/", "modules/smp/protocol/", "modules/smp/group/"],
		],
	],
	// As the Moddable SDK's Zephyr port would have it.
	["modules/update/zephyr/", ["xs-smp/modules/", "crypt", "embedded:storage/flash", "mc/config"]],
	["apps/", ["modules/", "-modules/bootutil/loader/", "embedded:storage/flash", "embedded:update"]],
	// Hosts: `xs` runs on the device, `node` on the desk.
	["hosts/desk/xs/", ["modules/"]],
	["hosts/sim/xs/", ["modules/", "hosts/desk/xs/"]],
	["hosts/mps3/xs/", ["modules/", "hosts/desk/xs/"]],
	// The Moddable SDK gives the board its devices.
	["hosts/rtl8721f/", ["modules/", "embedded:storage/flash", "mc/config", "time", "timer"]],
	// The page's lessons send applications, which the command `image app` compiles too.
	[
		"hosts/desk/node/",
		[
			...["modules/", "image/", "hosts/desk/xs/", ...COMMAND_LINE, "cli/running.ts", "cli/app-archive.ts"],
			...["ws", "node:"],
		],
	],
	["hosts/sim/", ["hosts/desk/node/"]],
	["hosts/mps3/", ["hosts/desk/node/", "cli/usage-error.ts", "node:"]],
	// The desk.
	[
		"client/",
		[
			...["modules/bytes/", "modules/flash/", "modules/bootutil/"],
			...["modules/smp/", "modules/smp/protocol/", "modules/smp/transport/", "@noble/hashes/", "cbor-x/"],
			// How long a device takes to decide on an update: the reader that the device has.
			"modules/agent/policy.ts",
			// Names files that are no images.
			"image/foreign.ts",
		],
	],
	// Types alone: the package is loaded when the first line is opened, if it is there.
	["client/node/", ["client/", "modules/smp/transport/", "serialport", "node:"]],
	// What a browser has: its objects come from the page, by interfaces of their own.
	["client/web/", ["client/", "modules/smp/", "modules/smp/transport/"]],
	["image/", ["modules/", "@noble/", "node:crypto"]],
	// Packages of images are ZIP archives.
	[
		"cli/",
		["client/", "client/node/", "image/", "hosts/desk/", "modules/", "commander", "ws", "yauzl", "yazl", "node:"],
	],
	// A browser's: nothing of Node, and of the simulator only what its server and the page say to each other.
	[
		"page/",
		[
			...["client/", "client/web/", "image/", "modules/", "hosts/desk/xs/loader-config.ts"],
			...["hosts/desk/node/page-protocol.ts", "hosts/desk/node/event-words.ts"],
			...["@noble/hashes/", "@preact/signals", "@xterm/", "preact"],
		],
	],
	// Examples see what a user of the package sees.
	["examples/", ["xs-smp", "node:fs/promises"]],
	["tools/", ["bench/", ...COMMAND_LINE, "client/", "client/node/", "hosts/", "image/", "modules/", "node:"]],
];

const roomNames = rooms.map(([room]) => room);

/** The room of a file, or the name of a package. */
const roomOf = (file: string): string =>
	roomNames.filter((room) => file.startsWith(room)).sort((a, b) => b.length - a.length)[0] ?? file;

/** Whether a room may import a file. A rule with a minus takes away from a rule before it. */
const may = (room: string, rules: readonly string[], target: string): boolean => {
	if (roomOf(target) === room) return true;
	if (rules.some((rule) => rule.startsWith("-") && target.startsWith(rule.slice(1)))) return false;
	// "modules/" is no room: it stands for all below. A room stands for itself, and not for the rooms in it.
	return rules.some((rule) => (roomNames.includes(rule) ? roomOf(target) === rule : target.startsWith(rule)));
};

describe("layering", () => {
	it("finds imports", () => {
		assert.ok(imports("modules/bytes/noble-digest.ts").includes("@noble/hashes/sha2.js"));
		assert.ok(imports("modules/agent/host.ts").includes("modules/flash/partition.ts"));
		assert.ok(!imports("modules/agent/host.ts", true).includes("modules/flash/partition.ts"));
	});

	const everything = ["modules", "apps", "hosts", "client", "image", "cli", "page", "tools", "examples"].flatMap(
		sources,
	);

	for (const [room, rules] of rooms)
		it(`${room} imports only ${[room, ...rules].join(", ")}`, () => {
			const wrong = everything
				.filter((file) => roomOf(file) === room)
				.flatMap((file) =>
					imports(file)
						.filter((target) => !may(room, rules, target))
						.map((target) => `${file} imports ${target}`),
				);
			assert.deepEqual(wrong, []);
		});

	it("every file is in a room, and every room has files", () => {
		assert.deepEqual(
			everything.filter((file) => !roomNames.includes(roomOf(file))),
			[],
		);
		const used = new Set(everything.map(roomOf));
		assert.deepEqual(
			roomNames.filter((room) => !used.has(room)),
			[],
		);
	});

	it("nothing of the device imports the boot loader", () => {
		const importsLoader = (file: string, code: boolean) =>
			imports(file, code).some((target) => target.startsWith(LOADER));
		const modules = sources("modules").filter((file) => !file.startsWith(LOADER) && importsLoader(file, false));
		const apps = sources("apps").filter((file) => importsLoader(file, true));
		assert.deepEqual([...modules, ...apps], []);
	});

	/** Module names that the build put into an image. */
	const imageModules = (image: string): string[] =>
		readFileSync(`build/image-${image}.c.list`, "utf8")
			.split("\n")
			.filter((line) => line.startsWith("module\t"))
			.map((line) => line.split("\t")[1]!.replace(/^xs-smp\//, ""));

	it("the boot loader is in its own image and not in the application's", () => {
		assert.deepEqual(
			imageModules("smp-svr").filter((name) => name.startsWith(LOADER)),
			[],
		);
		assert.ok(imageModules("loader").some((name) => name.startsWith(LOADER)));
	});

	it("manifests list every module of the device", () => {
		const listed = new Set(["smp-svr", "own-update", "loader"].flatMap(imageModules));
		const missing = sources("modules").filter((file) => !listed.has(file.replace(/\.ts$/, "")) && hasCode(file));
		// The SDK builds it, under the name embedded:update.
		assert.deepEqual(missing, ["modules/update/zephyr/update-zephyr.ts"]);
	});

	/** Files with types alone leave nothing to run. */
	function hasCode(file: string): boolean {
		return /^export (?:async )?(?:abstract )?(?:class|function|const|let|default|\{)/m.test(readFileSync(file, "utf8"));
	}
});
