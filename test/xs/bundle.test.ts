import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

// What engine/bundle.mjs says about a manifest or a module that is wrong.

const creation = {
	chunk: { initial: 65536, incremental: 65536 },
	heap: { initial: 8192, incremental: 8192 },
	stack: 1024,
	keys: { initial: 32, incremental: 32, name: 127, symbol: 127 },
	main: "main",
};
const modules = { main: "./main" };

// what, files, message
const mistakes: [string, Record<string, unknown>, RegExp][] = [
	["no manifest", {}, /manifest\.json: .*no such file/],
	["a manifest that is no JSON", { "manifest.json": "{" }, /manifest\.json: .*JSON/],
	["no main", { "manifest.json": { modules }, "main.js": "" }, /creation has no main/],
	["an unknown main", { "manifest.json": { creation } }, /main is main, which no manifest lists/],
	[
		"a missing number",
		{ "manifest.json": { modules, creation: { ...creation, stack: "1" } }, "main.js": "" },
		/creation\.stack must be a number/,
	],
	["a missing include", { "manifest.json": { include: "./no.json" } }, /includes \.\/no\.json, which does not exist/],
	["a missing source", { "manifest.json": { modules, creation } }, /there is no .*main\.ts or \.js/],
	[
		"a name with extension",
		{ "manifest.json": { modules: { "main.js": "./main" }, creation }, "main.js": "" },
		/module name main\.js must not have an extension/,
	],
	[
		"an unknown preload",
		{ "manifest.json": { modules, creation, preload: ["min"] }, "main.js": "" },
		/preloads min, which is no module/,
	],
	["an unsupported platform", { "manifest.json": { platforms: { "...": { error: "not here" } } } }, /not here/],
	[
		"an unlisted import",
		{ "manifest.json": { modules, creation }, "main.js": 'import "./other.js";' },
		/main\.js imports "\.\/other\.js", but no manifest lists a module other/,
	],
	[
		"an unlisted package",
		{ "manifest.json": { modules, creation }, "main.js": 'import "left-pad";' },
		/main\.js imports "left-pad", but no manifest lists a module left-pad/,
	],
	[
		"a syntax error",
		{ "manifest.json": { modules, creation }, "main.js": "let a;\nlet 1;\n" },
		/main\.js:2: SyntaxError: /,
	],
	[
		"what only XS refuses",
		{ "manifest.json": { modules, creation }, "main.js": "let a;\n/[a&&b]/v;\n" },
		/main\.js:2: SyntaxError: /,
	],
	[
		"excluded sources",
		{ "manifest.json": { modules: { ...modules, "~": "./main" }, creation }, "main.js": "" },
		/main is main, which no manifest lists/,
	],
];

describe("bundler", () => {
	let folder: string;

	beforeEach(() => {
		folder = mkdtempSync(path.join(tmpdir(), "bundle-"));
	});
	afterEach(() => rmSync(folder, { recursive: true }));

	for (const [what, files, message] of mistakes)
		it(`refuses ${what}`, () => {
			for (const [name, content] of Object.entries(files)) {
				mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
				writeFileSync(path.join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
			}
			const args = ["engine/bundle.mjs", path.join(folder, "manifest.json"), "refused"];
			const { status, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
			assert.match(stderr, message);
			assert.equal(stderr.trim().split("\n").length, 1, stderr);
			assert.equal(status, 1);
		});
});
