import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { root } from "../../tools/simulator.js";

// What xslink makes of modules that are preloaded, and what it refuses; and how a machine over its tables behaves.

const NAME = "link-test";
const LINKED = path.join(root, `build/linked-${NAME}.c`);

const creation = {
	chunk: { initial: 65536, incremental: 65536 },
	heap: { initial: 8192, incremental: 8192 },
	stack: 1024,
	keys: { initial: 32, incremental: 32, name: 127, symbol: 31 },
	main: "main",
};

describe("xslink", () => {
	let folder: string;

	beforeEach(() => {
		folder = mkdtempSync(path.join(tmpdir(), "link-"));
	});
	afterEach(() => {
		rmSync(folder, { recursive: true });
		for (const file of [`image-${NAME}.c`, `image-${NAME}.c.list`, `linked-${NAME}.c`, `linked-${NAME}.c.new`])
			rmSync(path.join(root, "build", file), { force: true });
		for (const kind of ["image", "linked", "run", "xslink"])
			for (const end of ["", ".o"]) rmSync(path.join(root, `build/engine/link/${kind}-${NAME}${end}`), { force: true });
	});

	/** Links an image of two modules, of which one is preloaded. Returns the C file, or what was said instead. */
	function link(preloaded: string, { strip, main = "" }: { strip?: string | string[]; main?: string } = {}): string {
		const modules = { main: "./main", preloaded: "./preloaded" };
		const manifest = { modules, creation, lines: false, preload: "preloaded", ...(strip && { strip }) };
		writeFileSync(path.join(folder, "manifest.json"), JSON.stringify(manifest));
		writeFileSync(path.join(folder, "main.js"), main);
		writeFileSync(path.join(folder, "preloaded.js"), preloaded);
		const options = { cwd: root, encoding: "utf8" } as const;
		const bundle = ["engine/bundle.mjs", path.join(folder, "manifest.json"), NAME];
		const bundled = spawnSync(process.execPath, bundle, options);
		assert.equal(bundled.status, 0, bundled.stderr);
		const { status, stderr } = spawnSync("make", ["--silent", "-C", "engine", `../build/linked-${NAME}.c`], options);
		return status === 0 ? readFileSync(LINKED, "utf8") : stderr;
	}

	for (const [what, source, message] of [
		["a promise", "export const promise = Promise.resolve();", /xslink: a preloaded module makes a promise, which/],
		["a WeakMap", "export const map = new WeakMap();", /xslink: a preloaded module makes a WeakMap or a WeakSet/],
		["a generator", "function* f() { yield 1; }\nexport const g = f();\ng.next();", /xslink: .* cannot lie in flash/],
		["a module that throws", 'throw new RangeError("no");', /xslink: .*: crash: uncaught RangeError: no/],
	] as const)
		it(`refuses ${what}`, () => assert.match(link(source), message));

	it("keeps the functions of a preloaded module, and drops the code that made them", () => {
		const c = link('export const f = () => "inside";\nexport const made = ["outside"].length;');
		const code = (text: string): boolean => c.includes([...Buffer.from(text)].join(","));
		assert.deepEqual([code("inside"), code("outside")], [true, false]);
	});

	it("keeps the whole code of a module that is not preloaded", () => {
		const c = link("export {};", { main: 'globalThis.told = "started";' });
		assert.ok(c.includes([...Buffer.from("started")].join(",")));
	});

	it("has an alias for each variable and each object that may change, and for no other", () => {
		const aliases = (source: string): number => Number(/aliasCount = (\d+)/.exec(link(source))?.[1]);
		const none = aliases("export {};");
		assert.equal(aliases("export const f = () => 1;\nexport const o = Object.freeze({ f });"), none);
		assert.equal(aliases("let n = 0;\nexport const f = () => ++n;\nexport const list = [1];"), none + 2);
	});

	/** Links the modules and runs them. Returns what they print, one line each, and what is said of a crash. */
	function run(preloaded: string, main: string): string[] {
		link(preloaded, { strip: "*", main });
		const program = path.join(root, `build/engine/link/run-${NAME}`);
		const options = { cwd: root, encoding: "utf8" } as const;
		const made = spawnSync("make", ["--silent", "-C", "engine", `../build/engine/link/run-${NAME}`], options);
		assert.equal(made.status, 0, made.stderr);
		const { stdout, stderr } = spawnSync(program, [], options);
		return (stdout + stderr).trim().split("\n");
	}

	// what, preloaded module, main module, what it prints; each twice, around a garbage collection
	for (const [what, preloaded, main, ...expected] of [
		["a variable that counts", "let n = 0;\nexport const up = () => ++n;", "up()", "1", "2"],
		["an exported variable", "export let n = 5;\nexport const up = () => n++;", "[up(), n].join(' ')", "5 6", "6 7"],
		["an array", "export const list = [1, [2]];", "(list[1].push(3), list.join())", "1,2,3", "1,2,3,3"],
		[
			"an object",
			"export const o = { a: 1 };",
			"(o.b = (o.b ?? 0) + 1, Object.entries(o).join())",
			"a,1,b,1",
			"a,1,b,2",
		],
		[
			"a class with private fields and an accessor",
			"export class C { #n = 1; get n() { return this.#n; } up() { this.#n++; return this; } }\nclass D extends C {}\nexport { D };",
			"String(new D().up().n + (new D() instanceof C))",
			"3",
			"3",
		],
		["a map", 'export const m = new Map([["a", 1], ["b", 2]]);', "[...m.entries()].join()", "a,1,b,2", "a,1,b,2"],
		["bytes", "export const bytes = new Uint8Array([1, 200]);", "bytes.join()", "1,200", "1,200"],
		["numbers and text", "export const all = [0.1, -1 / 0, NaN, 'é?', null, undefined, true];", "all.join('|')"].concat(
			Array(2).fill("0.1|-Infinity|NaN|é?|||true"),
		),
		["a regular expression", "export const re = /a(b+)/;", "re.exec('xabb')[1]", "bb", "bb"],
		["a power", "export const power = (n) => n ** 10;", "power(2)", "1024", "1024"],
		["a generator function", "export function* f() { yield 1; yield 2; }", "[...f()].join()", "1,2", "1,2"],
	] as string[][])
		it(`runs ${what} from the tables`, () => {
			const names = [...preloaded!.matchAll(/export (?:const|let|class|function\*?) (\w+)|export \{ (\w+)/g)];
			const imports = names.map(([, one, other]) => one ?? other).join(", ");
			const twice = `print(${main});\ncollect();\nprint(${main});\ncollect();`;
			assert.deepEqual(run(preloaded!, `import { ${imports} } from "preloaded";\n${twice}`), expected);
		});

	for (const [what, preloaded, main, message] of [
		["a frozen object", "export const o = Object.freeze({ a: 1 });", "o.a = 2;", /TypeError: .*a: /],
		["a prototype", "export class C { f() {} }", "C.prototype.f = 1;", /TypeError: .*f: /],
		["bytes in flash", "export const b = new Uint8Array(1);", "b[0] = 1;", /TypeError: .*read-only buffer/],
		["JSON of a table", "export const o = { a: 1 };", "JSON.stringify(o);", /TypeError: read only value/],
		["a built-in", "export const f = () => [];", "Array.prototype.push = f;", /TypeError: .*push: /],
	] as const)
		it(`throws where ${what} is written`, () => {
			const [, name] = /export (?:const|let|class) (\w+)/.exec(preloaded)!;
			assert.match(run(preloaded, `import { ${name} } from "preloaded";\n${main}`).join(), message);
		});

	it("leaves out powers where no code has the operator", () => {
		const without = /^txNumber fx_pow\(/m;
		assert.match(link("export const f = () => 1;", { strip: "*" }), without);
		assert.doesNotMatch(link("export const f = (n) => n ** 2;", { strip: "*" }), without);
	});

	for (const [what, source, strip, message] of [
		["a member that is not there", "export {};", ["*", "Math.none"], /xslink: there is no Math\.none to strip/],
		[
			"a compartment",
			"export const f = () => new Compartment();",
			["*"],
			/xslink: a device has neither Compartment nor/,
		],
	] as const)
		it(`refuses ${what}`, () => assert.match(link(source, { strip: [...strip] }), message));

	it("imports a preloaded module again by its name", () => {
		const main = 'import("preloaded").then(({ f }) => print(f()));';
		assert.deepEqual(run('export const f = () => "here";', main), ["here"]);
	});

	const source = "export const f = (a) => Math.max(a, 1);";
	const builtIns = /\bfx_(?:Math_max|Math_min|Date_parse)\b/g;
	for (const [strip, expected] of [
		[undefined, ["fx_Date_parse", "fx_Math_max", "fx_Math_min"]],
		["*", ["fx_Math_max"]],
		[["*", "Math"], []],
		[["*", "Math.max"], []],
		[["*", "Math.max", "!Math.max"], ["fx_Math_max"]],
		[
			["*", "!min"],
			["fx_Math_max", "fx_Math_min"],
		],
	] as const)
		it(`leaves out built-ins with strip ${JSON.stringify(strip) ?? "absent"}`, () => {
			const c = link(source, strip === undefined ? {} : { strip: [strip].flat() });
			assert.deepEqual([...new Set(c.match(builtIns))].sort(), expected);
		});
});
