import assert from "node:assert";
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";

// Manifests and file tree keep in step, for our own build and for mcconfig of the Moddable SDK, which reads the same files.

interface Listing {
	/** Name to file. */
	readonly modules: ReadonlyMap<string, string>;
	readonly preload: readonly { readonly key: string; readonly name: string }[];
	readonly creation: Readonly<Record<string, unknown>>;
	readonly config: Readonly<Record<string, unknown>>;
	readonly files: readonly string[];
}

const root = path.resolve(".");
let readManifest: (file: string, root: string, platform: string) => Listing;

before(async () => {
	({ readManifest } = await import(pathToFileURL(path.join(root, "engine/manifest.mjs")).href));
});

/** What the SDK brings along. */
const OF_THE_SDK = /^(embedded:|mc\/|crypt$|timer$|time$)/;

/** Names that the SDK knows in a manifest, and our reader's own: see engine/manifest.mjs. */
const KEYS = new Set([
	...["build", "config", "creation", "defines", "include", "modules", "platforms", "preload", "resources", "strip"],
	...["typescript", "zephyrConfig", "zephyrOverlay", "error"],
	...["entries", "lines", "lower"],
]);

/** The boards that an application runs on, and what starts on one besides main and application. */
const boards: [string, string[]][] = [
	["xs-smp/desktop", []],
	["xs-smp/mps3", []],
	["x-cli-lin", ["xs-smp/hosts/sim/xs/loader/main"]],
	["zephyr/rtl8721f", []],
];
const applications = readdirSync("apps").map((app) =>
	app === "smp-svr" ? "manifest.json" : `apps/${app}/manifest.json`,
);

/** Boards whose manifest says of an application that it cannot run there. */
const refused = (manifest: string, platform: string): boolean =>
	JSON.parse(readFileSync(manifest, "utf8")).platforms?.[platform]?.error !== undefined;

/** Manifest, platform, and what starts besides its main. */
const builds: [string, string, string[]][] = [
	...applications.flatMap((manifest) =>
		boards
			.filter(([platform]) => !refused(manifest, platform))
			.map(([platform, others]): [string, string, string[]] => [manifest, platform, others]),
	),
	["hosts/sim/loader.json", "xs-smp/desktop", []],
];

/** Modules whose code a module imports, by name. */
function imports(name: string, file: string): string[] {
	const text = readFileSync(file, "utf8");
	const found = text.matchAll(
		/^(?:import|export)\s+(?!type\b)(?:[\w$*{},\s]+?\sfrom\s+)?"([^"]+)"|\bvoid import\("([^"]+)"\)/gm,
	);
	return Array.from(found, ([, first, later]) => {
		const stem = (first ?? later!).replace(/\.m?js$/, "");
		return stem.startsWith(".") ? path.posix.join(path.posix.dirname(name), stem) : stem;
	});
}

/** Files of types alone are listed for people; nothing imports their code. */
const hasCode = (file: string): boolean =>
	!file.endsWith(".ts") ||
	/^(?:export )?(?:async )?(?:abstract )?(?:class|function|const|let|default)\b|^\w+\(/m.test(
		readFileSync(file, "utf8"),
	);

/** What a board starts, and what it then imports by the name in its configuration. */
const starts = ({ creation, config }: Listing): string[] =>
	[creation["main"], config["application"]].filter((name) => typeof name === "string");

/** Modules that are reached from `starts`. */
function reach({ modules }: Listing, starts: readonly string[]): Set<string> {
	const reached = new Set<string>();
	const queue = [...starts];
	for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
		const file = modules.get(name);
		if (reached.has(name) || file === undefined) continue;
		reached.add(name);
		queue.push(...imports(name, file));
	}
	return reached;
}

for (const [manifest, platform, others] of builds)
	describe(`${manifest} for ${platform}`, () => {
		let listing: Listing;
		let own: string[];

		before(() => {
			listing = readManifest(path.join(root, manifest), root, platform);
			own = [...listing.modules.keys()].filter((name) => name.startsWith("xs-smp/"));
		});

		it("has a main, and room for a machine", () => {
			const { main, ...sizes } = listing.creation;
			assert.ok(listing.modules.has(main as string), `${main} is no module`);
			assert.deepEqual(Object.keys(sizes).sort(), ["chunk", "heap", "keys", "stack", "static"]);
		});

		it("names each module by its path", () => {
			for (const name of own)
				assert.strictEqual(`xs-smp/${path.relative(root, listing.modules.get(name)!)}`, `${name}.ts`);
		});

		it("lists all that its modules import", () => {
			const missing = own.flatMap((name) =>
				imports(name, listing.modules.get(name)!)
					.filter((target) => !listing.modules.has(target) && !OF_THE_SDK.test(target))
					.map((target) => `${name} imports ${target}`),
			);
			// A module that nothing reaches is not run: fonts of curves, tests of a library.
			const reached = reach(listing, [...starts(listing), ...others]);
			assert.deepEqual(
				missing.filter((line) => reached.has(line.split(" ")[0]!)),
				[],
			);
		});

		it("lists of its host and its application only what is used", () => {
			const reached = reach(listing, [...starts(listing), ...others]);
			const idle = own.filter(
				(name) => /^xs-smp\/(hosts|apps)\//.test(name) && !reached.has(name) && hasCode(listing.modules.get(name)!),
			);
			assert.deepEqual(idle, []);
		});

		it("preloads no module whose imports are not preloaded", () => {
			// What a preloaded module imports is preloaded with it, listed or not, and cannot change its own buffers any more.
			const preloaded = new Set(listing.preload.map(({ key }) => key));
			const dragged = [...preloaded].flatMap((name) =>
				imports(name, listing.modules.get(name)!)
					.filter((target) => !preloaded.has(target) && !OF_THE_SDK.test(target))
					.map((target) => `${name} imports ${target}`),
			);
			assert.deepEqual(dragged, []);
		});

		it("preloads by exact names, once each", () => {
			const names = listing.preload.map(({ key }) => key);
			assert.deepEqual(
				names.filter((name) => name.includes("*")),
				[],
			);
			assert.strictEqual(new Set(names).size, names.length);
		});

		it("knows every key of its manifests", () => {
			for (const file of listing.files) {
				const content = JSON.parse(readFileSync(file, "utf8"));
				const parts = [content, ...Object.values(content.platforms ?? {})] as object[];
				for (const part of parts)
					for (const key of Object.keys(part)) assert.ok(KEYS.has(key), `${path.relative(root, file)}: ${key}`);
			}
		});
	});

describe("manifests", () => {
	it("list and preload every module of the device", () => {
		const listings = ["agent", "update"].map((folder) =>
			readManifest(path.join(root, `modules/${folder}/manifest.json`), root, "x-cli-lin"),
		);
		const modules = new Map(listings.flatMap((listing) => [...listing.modules]));
		const preloaded = new Set(listings.flatMap(({ preload }) => preload.map(({ key }) => key)));
		const files = ["bytes", "flash", "bootutil", "smp", "agent", "update"].flatMap((folder) =>
			readdirSync(`modules/${folder}`, { recursive: true, encoding: "utf8" })
				.filter((file) => file.endsWith(".ts"))
				.map((file) => `xs-smp/modules/${folder}/${file.replaceAll("\\", "/").replace(/\.ts$/, "")}`),
		);
		// The boot loader, what it shares with applications that verify signatures, and a port's own part are in manifests of
		// their own.
		const names = files.filter(
			(name) => !/^xs-smp\/modules\/(bootutil\/(loader|signature)|update\/zephyr)\//.test(name),
		);
		assert.deepEqual(
			names.filter((name) => !modules.has(name)),
			[],
		);
		// noble's scratch arrays must stay writable; flash in memory is for tests; logical sectors are for ports that need them.
		const exempt = new Set([
			"xs-smp/modules/bytes/noble-digest",
			"xs-smp/modules/flash/nor",
			"xs-smp/modules/flash/logical-sectors",
		]);
		assert.deepEqual(
			names.filter((name) => !preloaded.has(name) && !exempt.has(name)),
			[],
		);
	});

	it("list every module of the Bluetooth peripheral", () => {
		const { modules } = readManifest(path.join(root, "modules/bluetooth/manifest.json"), root, "x-cli-lin");
		for (const file of readdirSync("modules/bluetooth").filter((name) => name.endsWith(".ts")))
			assert.ok(modules.has(`xs-smp/modules/bluetooth/${file.slice(0, -3)}`), file);
	});

	it("refuse a host that nobody has ported", () => {
		assert.throws(
			() => readManifest(path.join(root, "manifest.json"), root, "esp32/nobody"),
			/this host is not supported/,
		);
	});

	it("leave noble's JavaScript out of the firmware for the board", () => {
		const { modules } = readManifest(path.join(root, "manifest.json"), root, "zephyr/rtl8721f");
		assert.deepEqual(
			[...modules.keys()].filter((name) => name.startsWith("@noble/")),
			[],
		);
	});
});
