// Compiles an application for a runtime: TypeScript in, one module of bytecode out, with the names that the runtime lacks.
// image/archive.ts makes an archive of the result.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { BuildError } from "./manifest.mjs";

export { BuildError };

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Where an application has its types from. Nothing of it runs. */
const TYPES = "xs-smp/application";

/**
 * @param {{ source: string, runtime: string, modules: ReadonlySet<string>, build?: string }} options `source`: the file;
 *   `runtime`: the runtime's description; `modules`: the modules that it offers; `build`: where the module compiler is
 * @returns {Promise<{ main: string, keys: string[], modules: { name: string, code: Uint8Array }[], imports: string[],
 *   warnings: string }>}
 * @throws BuildError with one line an error, each with file and line
 */
export async function compileApplication({ source, runtime, modules, build = path.join(ROOT, "build") }) {
	if (!existsSync(source)) throw new BuildError(`${source} cannot be read: there is no such file.`);
	const compiler = path.join(build, "engine/xscompile");
	if (!existsSync(compiler)) throw new BuildError("The module compiler is not built: `npm run build` does it.");
	const stem = path.basename(source).replace(/\.[cm]?[jt]s$/, "");
	const main = `application/${stem}`;
	if (modules.has(main)) throw new BuildError(`${source}: the runtime has a module ${main}; take another name.`);
	const { js, map, imports, label } = await bundle(source, modules);
	const folder = mkdtempSync(path.join(tmpdir(), "xs-smp-app-"));
	try {
		const file = (name, contents) => {
			const at = path.join(folder, name);
			if (contents !== undefined) writeFileSync(at, contents);
			return at;
		};
		const module = ["module", main, file("app.js", js), map ? file("app.js.map", map) : "-", label].join("\t");
		const list = file("list", `application\t${path.resolve(runtime)}\n${module}\n`);
		const { status, stderr, error } = spawnSync(compiler, [list, file("output")], { encoding: "utf8" });
		if (error) throw error;
		if (status !== 0) throw new BuildError(stderr.trim());
		return { main, imports, warnings: stderr, ...readOutput(readFileSync(file("output"), "utf8")) };
	} finally {
		rmSync(folder, { recursive: true, force: true });
	}
}

function readOutput(text) {
	const keys = [];
	const modules = [];
	for (const line of text.split("\n")) {
		const [what, first = "", second = ""] = line.split(" ");
		if (what === "key") keys.push(Buffer.from(first, "hex").toString("utf8"));
		if (what === "module") modules.push({ name: first, code: new Uint8Array(Buffer.from(second, "hex")) });
	}
	return { keys, modules };
}

/** One ES module of the application and all that the runtime does not have. */
async function bundle(source, modules) {
	const imports = new Set();
	const result = await esbuild
		.build({
			entryPoints: [source],
			bundle: true,
			write: false,
			metafile: true,
			format: "esm",
			platform: "neutral",
			mainFields: ["module", "main"],
			target: "es2022",
			// XS 13.3 mishandles them (engine/README.md, Libraries).
			supported: { "class-static-field": false, "class-static-blocks": false },
			outfile: "application.js",
			sourcemap: "external",
			sourcesContent: false,
			logLevel: "silent",
			plugins: [{ name: "runtime", setup: (build) => resolveModules(build, modules, imports) }],
		})
		.catch((failure) => {
			throw new BuildError(errorLines(failure));
		});
	const [output] = Object.values(result.metafile.outputs).filter(({ entryPoint }) => entryPoint !== undefined);
	const file = (end) => result.outputFiles.find((each) => each.path.endsWith(end)).contents;
	const wrong = output.exports.includes("default") ? wrongDefault(Buffer.from(file(".js")).toString()) : "";
	if (wrong !== undefined)
		throw new BuildError(
			`${source}:1: an application exports a function as its default${wrong}: export default (device) => {…}`,
		);
	// A map from several files to one line has no place for their names.
	const single = Object.keys(result.metafile.inputs).filter((name) => !name.startsWith("types:")).length === 1;
	const label = single ? path.basename(source) : `${path.basename(source)} (bundled)`;
	return { js: file(".js"), map: single ? file(".map") : undefined, imports: [...imports].sort(), label };
}

/** What no function begins with, as esbuild writes it, up to the end of the statement. */
const NO_FUNCTION = [
	["a class", /^class\b.*\{\n(?: .*\n)*\};?$/m],
	["a generator", /^(?:async )?function\*/],
	["an object", /^\{(?: .* )?\};$|^\{\n(?:[ ].*\n)+\};$/m],
	["a list", /^\[.*\];$|^\[\n(?:[ ].*\n)+\];$/m],
	["a string", /^(?:"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*');$/m],
	["a number", /^-?[.\d][\w.+-]*;$/m],
];

/**
 * Why the default export of a bundle can be no function, as far as the bundle says so: a name that it has twice, where the name is
 * declared and where it is exported, is what it is declared as. The device asks again.
 */
function wrongDefault(js) {
	let [, name] = /^ {2}([\w$]+) as default,?$/m.exec(js.slice(js.lastIndexOf("\nexport {"))) ?? [];
	while (name) {
		const word = `(?<![\\w$])${name.replaceAll("$", "\\$")}(?![\\w$])`;
		if (js.match(new RegExp(word, "g")).length !== 2) return undefined;
		const at = js.search(new RegExp(`^(?:class|(?:async )?function\\*?|var) ${word}`, "m"));
		if (at < 0) return undefined;
		const declared = js.slice(at).replace(/^var \S+ = /, "");
		const [wrong] = NO_FUNCTION.find(([, pattern]) => declared.search(pattern) === 0) ?? [];
		if (wrong) return `, not ${wrong}`;
		[, name] = /^([\w$]+);\n/.exec(declared) ?? [];
	}
	return undefined;
}

/** Modules of the runtime stay there, by whatever path they are named. */
function resolveModules(build, modules, imports) {
	build.onResolve({ filter: /^(xs-smp\/|\.)/ }, ({ path: wanted, resolveDir, kind }) => {
		if (wanted === TYPES) return { path: wanted, namespace: "types" };
		const stem = wanted.replace(/\.[cm]?[jt]s$/, "");
		const relative = path.relative(ROOT, path.resolve(resolveDir, stem)).split(path.sep).join("/");
		const name = wanted.startsWith("xs-smp/") ? stem : `xs-smp/${relative}`;
		if (modules.has(name)) {
			imports.add(name);
			return { path: name, external: true };
		}
		if (wanted.startsWith(".") || kind === "entry-point") return undefined;
		return { errors: [{ text: `the runtime offers no module ${name}` }] };
	});
	build.onLoad({ filter: /.*/, namespace: "types" }, () => ({ contents: "" }));
}

const errorLines = (failure) =>
	failure.errors
		? failure.errors
				.map(({ text, location }) => `${location ? `${location.file}:${location.line}: ` : ""}${text}`)
				.join("\n")
		: String(failure);
