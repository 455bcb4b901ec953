// Compiles what a manifest lists to one C file with an `Image` (engine/image.h).
//
// By hand: node engine/bundle.mjs MANIFEST NAME [PLATFORM [DIST]], which writes build/image-NAME.c with the symbol NAMEImage,
// where each hyphen of the name is an underscore.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as esbuild from "esbuild";
import { BuildError, matches, PLATFORM, readManifest } from "./manifest.mjs";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

export { BuildError };

/**
 * @param {{ manifest: string, name: string, platform?: string, dist?: string, build?: string }} options `manifest`: file;
 *   `name`: of the image; `platform`: for whom the manifest is read; `dist`: where tsc put its output; `build`: where the
 *   result goes. Paths are relative to the repository.
 * @returns {Promise<{ file: string, changed: boolean, modules: string[] }>} the C file, whether it is new, and the names
 *   of the modules in it
 */
export async function bundle({ manifest, name, platform = PLATFORM, dist = "dist", build = "build" }) {
	const listing = readManifest(path.resolve(ROOT, manifest), ROOT, platform);
	const main = listing.creation.main;
	if (!main) throw new BuildError(`${manifest}: creation has no main`);

	let modules = new Map();
	for (const [module, file] of listing.modules) modules.set(module, describe(module, file, path.resolve(ROOT, dist)));
	await strip(modules, path.resolve(ROOT, build, "stripped"));
	await lower(modules, listing.lower, path.resolve(ROOT, build, "lowered"));
	// Files that came after tsc: no matter, unless the image needs them.
	const imports = await readImports([...modules.values()].filter(({ js }) => existsSync(js)));
	// The host's main imports the application by the name that `config` gives.
	const { application } = listing.config;
	if (application && !modules.has(application))
		throw new BuildError(`${manifest}: the application is ${application}, which no manifest lists`);
	const entries = [...listing.entries, ...(application ? [application] : [])];
	if (listing.entries.length > 0) modules = reachable(modules, imports, entries, manifest);
	else if (!modules.has(main)) throw new BuildError(`${manifest}: main is ${main}, which no manifest lists`);
	check(modules, imports);

	const names = [...modules.keys()].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
	const lines = [
		`image\t${name.replaceAll("-", "_")}Image\t${main}\t${listing.lines ? "lines" : "bare"}`,
		`creation\t${creation(listing.creation, manifest).join("\t")}`,
	];
	for (const { key } of listing.preload) if (modules.has(key)) lines.push(`preload\t${key}`);
	for (const each of listing.strip) lines.push(`strip\t${each}`);
	for (const each of names) {
		const { js, map, label } = modules.get(each);
		lines.push(["module", each, js, map ?? "-", label].join("\t"));
	}
	const file = path.resolve(ROOT, build, `image-${name}.c`);
	mkdirSync(path.dirname(file), { recursive: true });
	return { file, changed: compile(lines, file, path.resolve(ROOT, build)), modules: names };
}

function describe(name, source, dist) {
	const relative = path.relative(ROOT, source);
	if (!source.endsWith(".ts")) {
		const label = relative.startsWith("node_modules") ? name + path.extname(source) : relative;
		return { name, js: source, map: undefined, label };
	}
	const js = path.join(dist, relative.replace(/\.ts$/, ".js"));
	return { name, source, js, map: existsSync(`${js}.map`) ? `${js}.map` : undefined, label: relative };
}

/** Folders that tsc compiles. */
const COMPILED = new Set(JSON.parse(readFileSync(path.join(ROOT, "tsconfig.json"), "utf8")).include);

/**
 * Takes the types out of modules that tsc did not compile, because they are no part of this project: a folder with an
 * application of the user's own, in the repository or elsewhere. Nothing checks their types; an error of syntax is said
 * with file and line.
 */
async function strip(modules, folder) {
	for (const module of modules.values()) {
		if (module.source === undefined || COMPILED.has(path.relative(ROOT, module.source).split(path.sep)[0])) continue;
		const output = path.join(folder, `${module.name}.js`);
		const { code, map } = await esbuild
			.transform(readFileSync(module.source, "utf8"), {
				loader: "ts",
				target: "es2022",
				format: "esm",
				sourcemap: true,
				sourcefile: module.source,
				sourcesContent: false,
			})
			.catch((failure) => {
				throw new BuildError(syntaxError(failure));
			});
		mkdirSync(path.dirname(output), { recursive: true });
		writeFileSync(`${output}.map`, map);
		writeFileSync(output, code);
		module.js = output;
		module.map = `${output}.map`;
	}
}

/** The first error of esbuild, with file and line. */
function syntaxError(failure) {
	const [first] = failure.errors ?? [];
	const where = first?.location ? `${first.location.file}:${first.location.line}: ` : "";
	return first ? `${where}SyntaxError: ${first.text}` : String(failure);
}

/** Brings the listed modules down to ES2021. */
async function lower(modules, patterns, folder) {
	for (const module of modules.values()) {
		if (!patterns.some((pattern) => matches(pattern, module.name))) continue;
		const output = path.join(folder, `${module.name}.js`);
		if (!existsSync(output) || statSync(output).mtimeMs < statSync(module.js).mtimeMs) {
			const source = readFileSync(module.js, "utf8");
			const { code, map } = await esbuild.transform(source, {
				target: "es2021",
				format: "esm",
				sourcemap: true,
				sourcefile: module.label,
				sourcesContent: false,
			});
			mkdirSync(path.dirname(output), { recursive: true });
			writeFileSync(`${output}.map`, map);
			writeFileSync(output, code);
		}
		module.js = output;
		module.map = `${output}.map`;
	}
}

/** What each module imports: name to list of specifiers as written. */
async function readImports(modules) {
	const imports = new Map();
	if (modules.length === 0) return imports;
	const result = await esbuild
		.build({
			entryPoints: modules.map((module) => module.js),
			absWorkingDir: ROOT,
			preserveSymlinks: true,
			outdir: "unused",
			bundle: true,
			write: false,
			metafile: true,
			format: "esm",
			platform: "neutral",
			logLevel: "silent",
			plugins: [
				{
					name: "names only",
					setup(build) {
						build.onResolve({ filter: /.*/ }, (args) =>
							args.kind === "entry-point" ? undefined : { path: args.path, external: true },
						);
					},
				},
			],
		})
		.catch((failure) => {
			throw new BuildError(syntaxError(failure));
		});
	for (const module of modules) {
		const input = result.metafile.inputs[path.relative(ROOT, module.js)];
		imports.set(
			module.name,
			input.imports.map((each) => each.path),
		);
	}
	return imports;
}

/** Module name of a specifier, by the rules of fxFindModule (engine/machine.c). */
function resolve(specifier, importer) {
	const stem = specifier.replace(/\.m?js$/, "");
	return stem.startsWith(".") ? path.posix.join(path.posix.dirname(importer), stem) : stem;
}

function reachable(modules, imports, entries, manifest) {
	const found = new Map();
	const queue = [];
	for (const pattern of entries) {
		const names = [...modules.keys()].filter((name) => matches(pattern, name));
		if (names.length === 0 && !pattern.includes("*")) throw new BuildError(`${manifest}: there is no entry ${pattern}`);
		queue.push(...names);
	}
	while (queue.length > 0) {
		const name = queue.pop();
		if (found.has(name) || !modules.has(name)) continue;
		found.set(name, modules.get(name));
		queue.push(...(imports.get(name) ?? []).map((specifier) => resolve(specifier, name)));
	}
	return found;
}

function check(modules, imports) {
	for (const [name, { label, js }] of modules) {
		if (!imports.has(name)) throw new BuildError(`${label} is not compiled: there is no ${path.relative(ROOT, js)}`);
		for (const specifier of imports.get(name)) {
			const target = resolve(specifier, name);
			if (!modules.has(target))
				throw new BuildError(`${label} imports "${specifier}", but no manifest lists a module ${target}`);
		}
	}
}

/** The numbers of ImageCreation. */
function creation({ static: limit = 0, chunk, heap, stack, keys }, manifest) {
	const numbers = {
		"chunk.initial": chunk?.initial,
		"chunk.incremental": chunk?.incremental,
		"heap.initial": heap?.initial,
		"heap.incremental": heap?.incremental,
		stack,
		"keys.initial": keys?.initial,
		"keys.incremental": keys?.incremental,
		"keys.name": keys?.name,
		"keys.symbol": keys?.symbol,
		static: limit,
	};
	for (const [key, value] of Object.entries(numbers))
		if (!Number.isInteger(value) || value < 0) throw new BuildError(`${manifest}: creation.${key} must be a number`);
	return Object.values(numbers);
}

/** Runs the module compiler. The old file stays, with its time, if the new one is the same. */
function compile(lines, file, build) {
	const list = `${file}.list`;
	const output = `${file}.new`;
	writeFileSync(list, `${lines.join("\n")}\n`);
	const { status, stderr, error } = spawnSync(path.join(build, "engine/xscompile"), [list, output], {
		encoding: "utf8",
	});
	if (error) throw error;
	if (status !== 0) {
		for (const each of [output, `${output}.runtime`]) rmSync(each, { force: true });
		throw new BuildError(stderr.trim());
	}
	renameSync(`${output}.runtime`, `${file}.runtime`);
	if (existsSync(file) && readFileSync(file).equals(readFileSync(output))) {
		rmSync(output);
		return false;
	}
	renameSync(output, file);
	return true;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
	const [manifest, name, platform, dist] = process.argv.slice(2);
	try {
		const { file, changed, modules } = await bundle({ manifest, name, platform, dist });
		if (changed) process.stdout.write(`${path.relative(ROOT, file)}: ${modules.length} modules\n`);
	} catch (error) {
		if (!(error instanceof BuildError)) throw error;
		process.stderr.write(`${error.message}\n`);
		process.exitCode = 1;
	}
}
