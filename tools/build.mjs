// Builds everything that the commands in package.json run: TypeScript to dist/, XS and the native programs to build/.
//
// Says nothing when nothing is to do. Exit code 1 with a sentence, or the compiler's words, when something is wrong.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const BUILD = path.join(ROOT, "build");
const DIST = path.join(ROOT, "dist");
const STAMP = path.join(BUILD, "stamp");
const LOCK = path.join(BUILD, "lock");

/** Folders with what the build reads; see tsconfig.json. */
const SOURCES = ["modules", "hosts", "apps", "client", "tools", "test", "bench", "engine"];
const SOURCE_FILE = /\.(ts|mjs|json|c|h|ld|mk)$|^makefile$/;
const ROOT_FILES = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.device.json", "manifest.json"];

/** Images, and what is linked from them. One whose manifest does not exist is left out. */
const BUNDLES = [
	{ name: "test", manifest: "test/xs/manifest.json" },
	{ name: "loader", manifest: "hosts/desk/loader.json" },
	{ name: "app", manifest: "manifest.json" },
	{ name: "selfConfirm", manifest: "apps/self-confirm/manifest.json" },
	{ name: "ownGroup", manifest: "apps/own-group/manifest.json" },
	{ name: "lockedDown", manifest: "apps/locked-down/manifest.json" },
	{ name: "flashConformance", manifest: "test/conformance/manifest.json" },
	{ name: "mps3app", manifest: "hosts/mps3/manifest.json", firmware: true },
	{ name: "mps3selfConfirm", manifest: "apps/self-confirm/mps3.json", firmware: true },
	{ name: "mps3flashConformance", manifest: "test/conformance/mps3.json", firmware: true },
	{ name: "mps3loader", manifest: "hosts/mps3/loader.json", firmware: true },
];
const PROGRAMS = [
	{ target: "xsrun", file: "build/xsrun", images: ["test"] },
	{ target: "sim", file: "build/xs-smp-sim", images: ["loader", "app"] },
	{ target: "sim-self-confirm", file: "build/xs-smp-sim-self-confirm", images: ["loader", "selfConfirm"] },
	{ target: "sim-own-group", file: "build/xs-smp-sim-own-group", images: ["loader", "ownGroup"] },
	{ target: "sim-locked-down", file: "build/xs-smp-sim-locked-down", images: ["loader", "lockedDown"] },
	{
		target: "sim-flash-conformance",
		file: "build/xs-smp-sim-flash-conformance",
		images: ["loader", "flashConformance"],
	},
	{ folder: "hosts/mps3", target: "all", file: "build/mps3/app.elf", images: ["mps3app", "mps3loader"] },
	{
		folder: "hosts/mps3",
		target: "self-confirm",
		file: "build/mps3/self-confirm.elf",
		images: ["mps3selfConfirm", "mps3loader"],
	},
	{
		folder: "hosts/mps3",
		target: "flash-conformance",
		file: "build/mps3/flash-conformance.elf",
		images: ["mps3flashConformance", "mps3loader"],
	},
];

/** What of the environment engine/makefile reads. */
const COMPILER_VARIABLES = ["CC", "CFLAGS", "LDFLAGS"];

/** Without this compiler there is no firmware; `npm run mps3` then says what is missing. */
const CROSS_COMPILER = "arm-none-eabi-gcc";

class Failure extends Error {}

// Not standard output: that of `npm start -- --json` is for events alone.
const say = (line) => process.stderr.write(`${line}\n`);

function main() {
	checkNode();
	if (upToDate()) return;
	mkdirSync(BUILD, { recursive: true });
	lock();
	try {
		if (upToDate()) return;
		checkTools();
		const stamp = stampOf(inputs());
		rmSync(STAMP, { force: true });
		compileTypeScript();
		buildEngine();
		const images = bundle();
		for (const program of PROGRAMS) if (program.images.every((image) => images.has(image))) link(program);
		writeFileSync(STAMP, stamp);
	} finally {
		rmSync(LOCK, { force: true });
	}
}

function checkNode() {
	const [major] = process.versions.node.split(".").map(Number);
	if (major < 20) throw new Failure(`Node.js 20 or newer is needed; this is ${process.versions.node}.`);
	if (!existsSync(path.join(ROOT, "node_modules/@agoric/xsnap/moddable/xs/sources")))
		throw new Failure("The dependencies are not installed: run `npm ci`.");
}

function checkTools() {
	for (const tool of [process.env.CC || "cc", "make"]) {
		// By a shell, as make does it: CC may be several words.
		if (spawnSync("sh", ["-c", `${tool} --version`], { stdio: "ignore" }).status !== 0)
			throw new Failure(
				`No ${tool} found: a C compiler and make are needed (Debian: apt-get install build-essential).`,
			);
	}
}

/** Every file that the build reads, relative to the repository. */
function inputs() {
	const found = ROOT_FILES.filter((file) => existsSync(path.join(ROOT, file)));
	const walk = (folder) => {
		for (const entry of readdirSync(path.join(ROOT, folder), { withFileTypes: true })) {
			const name = `${folder}/${entry.name}`;
			// Test data is read by the tests themselves.
			if (entry.isDirectory() && entry.name !== "data") walk(name);
			else if (entry.isFile() && SOURCE_FILE.test(entry.name)) found.push(name);
		}
	};
	for (const folder of SOURCES) if (existsSync(path.join(ROOT, folder))) walk(folder);
	return found.sort();
}

function stampOf(files) {
	const hash = createHash("sha256");
	for (const name of COMPILER_VARIABLES) hash.update(`${name}=${process.env[name] ?? ""}\n`);
	for (const file of files) {
		const { mtimeMs, size } = statSync(path.join(ROOT, file));
		hash.update(`${file} ${mtimeMs} ${size}\n`);
	}
	return hash.digest("hex");
}

function upToDate() {
	if (!existsSync(STAMP) || !existsSync(DIST)) return false;
	const built = ({ file, images }) =>
		existsSync(path.join(ROOT, file)) || !images.every((image) => wanted(BUNDLES.find(({ name }) => name === image)));
	return PROGRAMS.every(built) && readFileSync(STAMP, "utf8") === stampOf(inputs());
}

let crossCompiler;

/** Whether this machine can build the image. */
function wanted({ manifest, firmware }) {
	if (!existsSync(path.join(ROOT, manifest))) return false;
	crossCompiler ??= !spawnSync(CROSS_COMPILER, ["--version"], { stdio: "ignore" }).error;
	return !firmware || crossCompiler;
}

/** One build at a time: the second waits for the first, and takes over from one that died. */
function lock() {
	for (let waited = false; ; waited = true) {
		try {
			writeFileSync(LOCK, String(process.pid), { flag: "wx" });
			return;
		} catch (error) {
			if (error.code !== "EEXIST") throw error;
		}
		if (!waited) say("Waiting for another build…");
		if (!alive(LOCK)) rmSync(LOCK, { force: true });
		else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
	}
}

function alive(file) {
	try {
		const pid = Number(readFileSync(file, "utf8"));
		if (pid !== 0) process.kill(pid, 0); // 0: being written
	} catch (error) {
		return error.code !== "ESRCH";
	}
	return true;
}

function run(command, args) {
	const { status, error, signal } = spawnSync(command, args, { cwd: ROOT, stdio: ["ignore", "inherit", "inherit"] });
	if (error) throw error;
	if (status !== 0) throw new Failure(signal ? `${command} was ended by ${signal}.` : "");
}

function compileTypeScript() {
	say("Compiling TypeScript…");
	removeStale(DIST, "");
	const tsc = path.join(ROOT, "node_modules/.bin/tsc");
	run(tsc, ["-p", "."]);
	run(tsc, ["-p", "tsconfig.device.json"]);
}

/** Removes what is compiled from sources that are gone: such a test would run for ever. */
function removeStale(folder, below) {
	if (!existsSync(folder)) return;
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const name = `${below}${entry.name}`;
		const file = path.join(folder, entry.name);
		if (entry.isDirectory()) removeStale(file, `${name}/`);
		else if (!existsSync(path.join(ROOT, name.replace(/\.js(\.map)?$/, ".ts")))) rmSync(file);
	}
}

function make(folder, target) {
	const jobs = Math.min(availableParallelism(), 8);
	run("make", ["--silent", `-j${jobs}`, "-C", folder, target]);
}

function buildEngine() {
	if (!existsSync(path.join(BUILD, "engine/libxs.a"))) say("Building XS 13.3 (once, about half a minute)…");
	make("engine", "engine");
}

function bundle() {
	const images = new Set();
	for (const each of BUNDLES) {
		const { name, manifest } = each;
		if (!wanted(each)) continue;
		// Its own process: esbuild is slow to load and only needed here.
		run(process.execPath, ["engine/bundle.mjs", manifest, name]);
		images.add(name);
	}
	return images;
}

function link({ folder = "engine", target, file }) {
	const modified = () => statSync(path.join(ROOT, file), { throwIfNoEntry: false })?.mtimeMs;
	const before = modified();
	if (folder !== "engine" && before === undefined) say(`Building ${folder} (once, about half a minute)…`);
	make(folder, target);
	if (modified() !== before) say(`Built ${file}.`);
}

try {
	main();
} catch (error) {
	if (!(error instanceof Failure)) throw error;
	if (error.message) process.stderr.write(`${error.message}\n`);
	process.exitCode = 1;
}
