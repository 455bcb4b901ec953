// Reads manifest.json files: the subset of the Moddable SDK's format that this project uses.
//
// - `include`: a file or a list, relative to the manifest; each once, before what includes it; `$(…)` is the SDK's own
//   business and skipped.
// - `platforms`: the entry for our platform (key `x/y`, `x/*`, `*/y`, `x`, else `...`) is merged after the rest; its
//   `error` ends the build.
// - `modules`: key to source or list of sources without extension. `*` in the key stands for the file's stem; `"~"`
//   takes sources away. A file keeps the first name that reaches it. Sources in C are the SDK's business.
// - `preload`: names of modules that exist. `creation`, `defines`, `config`: merged.
// - `strip`: built-ins that an image for a device leaves out, by the names of globals, or of one member by its path
//   ("Array.prototype.at"); "*" for all that nothing names, "!name" for one to keep all the same, be it a global or a
//   property. All manifests together.
//
// Beyond the SDK: `**` as the last part of key and source goes through the folders below; `lower` lists modules whose
// source esbuild first brings down to ES2021; `entries` reduces the bundle to what these modules import, and the last
// manifest that has it counts; `lines` false leaves line numbers out of the code. In `lower` and `entries` `*` matches
// within one part of a path, `**` across.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

/** A build error that is the reader's to fix: only its message is shown. */
export class BuildError extends Error {}

/** The platform of our own builds. */
export const PLATFORM = "xs-smp/desktop";

const EXTENSIONS = [".ts", ".js", ".mjs"];

/**
 * @param {string} file the manifest, absolute
 * @param {string} root the repository
 * @param {string} platform for whom to read it, as the SDK names it: `x-cli-lin`, `zephyr/rtl8721f`
 * @returns the manifest with everything that it includes: `modules` maps names to absolute source files
 */
export function readManifest(file, root, platform = PLATFORM) {
	const result = {
		file,
		files: [],
		modules: new Map(),
		preload: [],
		creation: {},
		defines: {},
		config: {},
		lower: [],
		entries: [],
		lines: true,
		strip: [],
	};
	const rules = [];
	const seen = new Set();

	const show = (name) => path.relative(root, name);
	const visit = (name) => {
		if (seen.has(name)) return;
		seen.add(name);
		result.files.push(name);
		let manifest;
		try {
			manifest = JSON.parse(readFileSync(name, "utf8"));
		} catch (error) {
			throw new BuildError(`${show(name)}: ${error.message}`);
		}
		merge(manifest, name);
		const chosen = choosePlatform(manifest.platforms ?? {}, platform);
		if (chosen?.error) throw new BuildError(`${show(name)}: ${chosen.error}`);
		if (chosen) merge(chosen, name);
	};
	const merge = (manifest, name) => {
		const folder = path.dirname(name);
		for (const include of [manifest.include ?? []].flat()) {
			if (include.includes("$(")) continue;
			const included = path.resolve(folder, include);
			if (!existsSync(included)) throw new BuildError(`${show(name)}: includes ${include}, which does not exist`);
			visit(included);
		}
		for (const [key, sources] of Object.entries(manifest.modules ?? {}))
			rules.push({
				key,
				// What the SDK has is not for us, as with includes.
				sources: [sources]
					.flat()
					.filter((source) => !source.includes("$("))
					.map((source) => path.resolve(folder, source)),
				name,
			});
		for (const key of [manifest.preload ?? []].flat()) result.preload.push({ key, name });
		result.lower.push(...(manifest.lower ?? []));
		if (manifest.entries) result.entries = manifest.entries;
		if (typeof manifest.lines === "boolean") result.lines = manifest.lines;
		result.strip.push(...[manifest.strip ?? []].flat());
		for (const part of ["creation", "defines", "config"]) deepMerge(result[part], manifest[part] ?? {});
	};

	visit(file);
	const away = addModules(result.modules, rules, show);
	result.preload = result.preload.filter(({ key }) => !away.has(key));
	for (const { key, name } of result.preload)
		if (!result.modules.has(key)) throw new BuildError(`${show(name)}: preloads ${key}, which is no module`);
	return result;
}

function choosePlatform(platforms, platform) {
	const [family, name] = platform.split("/");
	for (const key of [platform, `${family}/*`, `*/${name}`, family, "..."]) if (platforms[key]) return platforms[key];
	return undefined;
}

function deepMerge(target, source) {
	for (const [key, value] of Object.entries(source)) {
		if (typeof value === "object" && value !== null && !Array.isArray(value)) {
			target[key] ??= {};
			deepMerge(target[key], value);
		} else {
			target[key] = value;
		}
	}
}

/** A file keeps the first name that reaches it, and so does a name the first file. Returns the names whose files "~" took away. */
function addModules(modules, rules, show) {
	const taken = new Set();
	const away = new Set();
	for (const { key, sources, name } of rules)
		if (key === "~")
			for (const source of sources) for (const found of expand(source, name, show)) taken.add(found.file);
	const excluded = new Set(taken);
	for (const { key, sources, name } of rules) {
		if (key === "~") continue;
		if (/\.m?js$/.test(key)) throw new BuildError(`${show(name)}: module name ${key} must not have an extension`);
		for (const source of sources) {
			for (const { file, stem } of expand(source, name, show)) {
				const moduleName = key.replace(/\*\*?$/, () => stem);
				if (excluded.has(file)) away.add(moduleName);
				if (taken.has(file)) continue;
				taken.add(file);
				if (!modules.has(moduleName)) modules.set(moduleName, file);
			}
		}
	}
	return away;
}

/** The files that a source without extension names, each with what `*` stands for. */
function expand(source, name, show) {
	const folder = path.dirname(source);
	const last = path.basename(source);
	if (!existsSync(folder)) throw new BuildError(`${show(name)}: there is no folder ${show(folder)}`);
	if (last === "**") return walk(folder, "");
	const found = [];
	if (last.endsWith("*")) {
		const prefix = last.slice(0, -1);
		for (const entry of readdirSync(folder).sort()) {
			const stem = stemOf(entry);
			if (stem?.startsWith(prefix)) found.push({ file: path.join(folder, entry), stem: stem.slice(prefix.length) });
		}
		return found;
	}
	const extension = EXTENSIONS.find((each) => existsSync(source + each));
	if (!extension && [".c", ".h"].some((each) => existsSync(source + each))) return [];
	if (!extension) throw new BuildError(`${show(name)}: there is no ${show(source)}.ts or .js`);
	return [{ file: source + extension, stem: last }];
}

function walk(folder, below) {
	const found = [];
	for (const entry of readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1))) {
		if (entry.isDirectory()) found.push(...walk(path.join(folder, entry.name), `${below}${entry.name}/`));
		const stem = entry.isFile() ? stemOf(entry.name) : undefined;
		if (stem !== undefined) found.push({ file: path.join(folder, entry.name), stem: below + stem });
	}
	return found;
}

function stemOf(entry) {
	if (entry.endsWith(".d.ts")) return undefined;
	const extension = EXTENSIONS.find((each) => entry.endsWith(each));
	return extension && entry.slice(0, -extension.length);
}

/** True if `name` matches `pattern`, where `**` stands for anything and `*` for anything within one part of a path. */
export function matches(pattern, name) {
	const source = pattern
		.split(/(\*\*\/|\*\*|\*)/)
		.map((part) => {
			if (part === "**/") return "(?:.*/)?";
			if (part === "**") return ".*";
			if (part === "*") return "[^/]*";
			return part.replace(/[.+?^${}()|[\]\\]/g, "\\$&");
		})
		.join("");
	return new RegExp(`^${source}$`).test(name);
}
