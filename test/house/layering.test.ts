import assert from "node:assert";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

// Who may import whom. A file's path says what it may touch.

/** Source files below a folder, as paths from the root of the repository. */
function sources(folder: string): string[] {
	if (!existsSync(folder)) return [];
	return readdirSync(folder, { recursive: true, encoding: "utf8" })
		.map((name) => path.posix.join(folder, name.replaceAll("\\", "/")))
		.filter((name) => name.endsWith(".ts") && !name.endsWith(".d.ts"))
		.sort();
}

/**
 * What a file imports: files as paths from the root, packages as written. `import type` counts unless `code` is set:
 * types bind as well, but only code is linked.
 */
function imports(file: string, code = false): string[] {
	const text = readFileSync(file, "utf8");
	const statements = text.matchAll(
		/^(?:import|export)\s+(type\s+)?(?:(?:\*(?:\s+as\s+\w+)?|[\w$*{},\s]+?)\s+from\s+)?"([^"]+)"|\bimport\("([^"]+)"\)/gm,
	);
	return Array.from(statements)
		.filter(([, type]) => !(code && type))
		.map(([, , first, second]) => first ?? second!)
		.map((specifier) =>
			specifier.startsWith(".")
				? path.posix.join(path.posix.dirname(file), specifier).replace(/\.js$/, ".ts")
				: specifier,
		);
}

const LOADER = "modules/bootutil/loader/";

// folder, what its files may import besides themselves
const layers: [string, string[]][] = [
	["modules/flash/", []],
	["modules/bootutil/", ["modules/flash/", "@noble/"]],
	["modules/smp/", ["modules/bootutil/", "modules/flash/"]],
	// The board's composition root takes its devices from the Moddable SDK.
	["apps/", ["modules/", "hosts/", "embedded:provider/builtin", "mc/config", "time", "timer"]],
	["hosts/rtl8721f/", ["modules/", "modules/agent/host.ts"]],
	["hosts/sim/xs/", ["modules/", "modules/agent/host.ts"]],
	["hosts/mps3/xs/", ["modules/", "modules/agent/host.ts", "hosts/sim/xs/"]],
];

describe("layering", () => {
	it("finds imports", () => {
		assert.ok(imports("modules/bytes/noble-digest.ts").includes("@noble/hashes/sha2.js"));
		assert.ok(imports("modules/agent/host.ts").includes("modules/flash/partition.ts"));
		assert.ok(!imports("modules/agent/host.ts", true).includes("modules/flash/partition.ts"));
	});

	for (const [folder, allowed] of layers)
		it(`${folder} imports only ${[folder, ...allowed].join(", ")}`, () => {
			const wrong = sources(folder.slice(0, -1)).flatMap((file) =>
				imports(file)
					.filter((target) => ![folder, ...allowed].some((prefix) => target.startsWith(prefix)))
					.map((target) => `${file} imports ${target}`),
			);
			assert.deepEqual(wrong, []);
		});

	it("every folder of modules has a layer", () => {
		const folders = readdirSync("modules", { withFileTypes: true }).filter((entry) => entry.isDirectory());
		const missing = folders.filter(({ name }) => !layers.some(([folder]) => folder === `modules/${name}/`));
		assert.deepEqual(missing, []);
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
			.map((line) => line.split("\t")[1]!);

	it("the boot loader is in its own image and not in the application's", () => {
		assert.deepEqual(
			imageModules("app").filter((name) => name.startsWith(LOADER)),
			[],
		);
		assert.ok(imageModules("loader").some((name) => name.startsWith(LOADER)));
	});

	it("manifests list every module of the device", () => {
		const listed = new Set([...imageModules("app"), ...imageModules("loader")]);
		const missing = sources("modules").filter((file) => !listed.has(file.replace(/\.ts$/, "")) && hasCode(file));
		assert.deepEqual(missing, []);
	});

	/** Files with types alone leave nothing to run. */
	function hasCode(file: string): boolean {
		return /^export (?:async )?(?:abstract )?(?:class|function|const|let|default|\{)/m.test(readFileSync(file, "utf8"));
	}
});
