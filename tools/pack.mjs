// Makes the package that npm publishes: npm run pack [FOLDER]. FOLDER is where it goes; by default build/.
//
// .npmrc turns the scripts of packages off, and `prepack` with them: a bare `npm pack` would pack what an earlier build has
// left, or no program. This command builds first, and refuses a package that is not whole.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { readManifest } from "../engine/manifest.mjs";
import { build, Failure, reportFailure } from "./build.mjs";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));

/** Packs to a folder. Returns the path of the package. */
async function pack(folder) {
	await build(["typescript"]);
	writeFileSync(path.join(ROOT, "dist/modules/mcpack.json"), `${JSON.stringify({ preload: preload() }, null, "\t")}\n`);
	mkdirSync(folder, { recursive: true });
	const { status, stdout, stderr } = spawnSync(
		"npm",
		["pack", "--json", "--ignore-scripts", "--pack-destination", folder],
		{
			cwd: ROOT,
			encoding: "utf8",
			shell: process.platform === "win32",
		},
	);
	if (status !== 0) throw new Failure(stderr.trim());
	// npm 10 prints a list, npm 11 a map by name.
	const [{ filename, files }] = Object.values(JSON.parse(stdout));
	const packed = new Set(files.map((file) => file.path));
	for (const target of targets())
		if (![...packed].some((file) => matches(target, file))) throw new Failure(`The package has no ${target}.`);
	const whole = path.join(folder, path.basename(filename));
	if (!existsSync(whole)) throw new Failure(`npm has packed nothing to ${whole}.`);
	return whole;
}

/** What mcpack, the Moddable SDK's bridge to npm, preloads of the compiled modules: what mcconfig does of the TypeScript. */
function preload() {
	const names = ["agent", "update"].flatMap((room) =>
		readManifest(path.join(ROOT, `modules/${room}/manifest.json`), ROOT).preload.map(({ key }) => key),
	);
	return [...new Set(names)].map((name) => name.replace(/^xs-smp\//, "xs-smp/dist/"));
}

/** Files that package.json promises; `*` stands for any name. */
function targets() {
	const { bin, exports, moddable } = JSON.parse(readFileSync(path.join(ROOT, "package.json"), "utf8"));
	const ends = (value) => (typeof value === "string" ? [value] : Object.values(value).flatMap(ends));
	return [...ends(bin), ...ends(exports), moddable.manifest.include].map((file) => file.replace(/^\.\//, ""));
}

function matches(target, file) {
	const [before, after] = target.split("*");
	return after === undefined ? file === before : file.startsWith(before) && file.endsWith(after);
}

try {
	process.stdout.write(`${await pack(path.resolve(process.argv[2] ?? path.join(ROOT, "build")))}\n`);
} catch (error) {
	reportFailure(error);
}
