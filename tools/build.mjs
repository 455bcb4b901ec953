// Builds what the commands in package.json run: TypeScript to dist/, XS and the native programs to build/.
//
//     node tools/build.mjs [TARGET]...
//
// A target is `typescript`, `xsrun`, `page`, `sim:APP` or `mps3:APP`, where APP is a folder of apps/ or the path of a folder with an
// application of one's own; without one, all is built that this machine can build. Says nothing when nothing is to do. Exit code
// 1 with a sentence, or the compiler's words, when something is wrong.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const ROOT = path.dirname(path.dirname(fileURLToPath(import.meta.url)));
const BUILD = path.join(ROOT, "build");
const DIST = path.join(ROOT, "dist");
const STAMPS = path.join(BUILD, "stamps");
const LOCK = path.join(BUILD, "lock");

/** Folders with what the build reads; see tsconfig.json. */
const SOURCES = [
	"modules",
	"hosts",
	"apps",
	"client",
	"image",
	"cli",
	"page",
	"tools",
	"test",
	"bench",
	"engine",
	"examples",
];
const SOURCE_FILE = /\.(tsx?|m?js|json|c|h|ld|mk|css|html)$|^makefile$/;
const ROOT_FILES = ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.device.json", "manifest.json"];

/** The applications of the project: each folder of apps/ is one. */
export const APPS = Object.freeze(readdirSync(path.join(ROOT, "apps")).sort());
/** The root's manifest is that of the first application. */
const FIRST_APP = "smp-svr";

/** What of the environment engine/posix.mk reads. */
const COMPILER_VARIABLES = ["CC", "CFLAGS", "LDFLAGS"];

/** Without this compiler there is no firmware; `npm run mps3` then says what is missing. */
const CROSS_COMPILER = "arm-none-eabi-gcc";

export class Failure extends Error {}

// Not standard output: that of `npm start -- --json` is for events alone.
const say = (line) => process.stderr.write(`${line}\n`);

/**
 * An application by the word that names it: `{ name, folder, own }`. `name` is that of its program; `own` is true if it is not
 * one of the project's.
 */
export function application(word) {
	if (!/[/\\.]/.test(word)) return { name: word, folder: path.join(ROOT, "apps", word), own: false };
	const folder = path.resolve(word);
	const name = path.basename(folder);
	if (!existsSync(path.join(folder, "application.ts")) && !existsSync(path.join(folder, "application.js")))
		throw new Failure(`${word} has no application: an application.ts that exports "application" is needed.`);
	if (!/^[\w-]+$/.test(name))
		throw new Failure(`The folder of an application is named with letters, digits, - and _, not ${name}.`);
	return { name: `own-${name}`, folder, own: true };
}

/** The manifest of an application, relative to the repository. One is written for an application that has none. */
function appManifest({ name, folder, own }) {
	if (!own) return name === FIRST_APP ? "manifest.json" : `apps/${name}/manifest.json`;
	const given = path.join(folder, "manifest.json");
	const module = path.basename(folder);
	if (existsSync(given)) {
		const { application: wanted } = JSON.parse(readFileSync(given, "utf8")).config ?? {};
		if (wanted !== `${module}/application`)
			throw new Failure(`${given}: config.application must be "${module}/application", after the folder.`);
		return path.relative(ROOT, given);
	}
	const file = path.join(BUILD, `manifest-${name}.json`);
	const from = (target) => {
		const relative = path.relative(BUILD, target);
		return relative.startsWith(".") ? relative : `./${relative}`;
	};
	const manifest = {
		include: from(path.join(ROOT, "manifest.json")),
		modules: { "~": from(path.join(ROOT, "apps", FIRST_APP, "application")), [`${module}/*`]: `${from(folder)}/*` },
		config: { application: `${module}/application` },
	};
	writeFileSync(file, `${JSON.stringify(manifest, null, "\t")}\n`);
	return path.relative(ROOT, file);
}

const image = (name, manifest, platform) => ({ name, manifest, platform });
const LOADER = image("loader", "hosts/sim/loader.json");
const MPS3_LOADER = image("mps3-loader", "hosts/mps3/loader.json");

/** What a target is made of: images, and programs that make links from them. Undefined if there is no such target. */
function plan(target) {
	if (target === "typescript") return { images: [], programs: [] };
	if (target === "xsrun")
		return {
			images: [image("test", "test/xs/manifest.json")],
			programs: [{ folder: "engine", target: "../build/xsrun" }],
		};
	const [board, ...rest] = target.split(":");
	if (!["sim", "mps3"].includes(board) || rest.length === 0) return undefined;
	const app = application(rest.join(":"));
	if (!existsSync(app.folder)) return undefined;
	// An emulated board has the simulator's supervisor.
	const sim = {
		images: [LOADER, image(app.name, appManifest(app))],
		programs: [{ folder: "hosts/sim", target: `../../build/xs-smp-sim-${app.name}` }],
	};
	if (board === "sim" || !hasCrossCompiler()) return sim;
	return {
		images: [...sim.images, MPS3_LOADER, image(`mps3-${app.name}`, appManifest(app), "xs-smp/mps3")],
		programs: [
			...sim.programs,
			...["loader", app.name].map((name) => ({ folder: "engine", target: `../build/linked-mps3-${name}.c` })),
			{ folder: "hosts/mps3", target: "../../build/mps3/loader.elf" },
			{ folder: "hosts/mps3", target: `../../build/mps3/${app.name}.elf` },
		],
	};
}

/** The examples that are applications of a user's own. */
const EXAMPLES = ["lamp", "self-check"].map((name) => path.join(ROOT, "examples", name));

/** An application that crashes and hangs when a test asks for it. */
const TROUBLE = path.join(ROOT, "test/hosts/trouble");

/** Every target, for a machine with all tools. */
const ALL = [
	"page",
	"xsrun",
	...[...APPS, TROUBLE].map((app) => `mps3:${app}`),
	...EXAMPLES.map((folder) => `sim:${folder}`),
];

/** Builds targets. Throws a Failure, whose message is a sentence, or empty if a compiler has said enough. */
export async function build(targets = ALL) {
	checkNode();
	const wanted = targets.filter((target) => !upToDate(target));
	if (wanted.length === 0) return;
	mkdirSync(STAMPS, { recursive: true });
	lock();
	try {
		const due = wanted.filter((target) => !upToDate(target));
		if (due.length === 0) return;
		const native = due.filter((target) => !["typescript", "page"].includes(target));
		if (native.length > 0) checkTools();
		if (!upToDate("typescript")) make(() => compileTypeScript(), ["typescript"]);
		if (due.includes("page")) await make(buildPage, ["page"]);
		if (native.length > 0) await make(() => buildNative(native), native);
	} finally {
		rmSync(LOCK, { force: true });
	}

	/** A stamp is of the inputs as they were before. */
	function make(action, stamped) {
		const stamps = stamped.map((target) => stampOf(target));
		for (const target of stamped) rmSync(stampFile(target), { force: true });
		const write = () => {
			for (const [i, target] of stamped.entries()) writeFileSync(stampFile(target), stamps[i]);
		};
		const result = action();
		return result ? result.then(write) : write();
	}
}

async function buildPage() {
	// Loaded late: esbuild takes its time.
	await (await import("./page.mjs")).bundlePage();
}

async function buildNative(targets) {
	if (!existsSync(path.join(BUILD, "engine/libxs.a"))) say("Compiling XS 13.3, the JavaScript engine (once)…");
	runMake("engine", ["engine"]);
	const plans = targets.map((target) => {
		const found = plan(target);
		if (!found) throw new Failure(`There is no target ${target} to build.`);
		return found;
	});
	const images = new Map(plans.flatMap(({ images }) => images.map((each) => [each.name, each])));
	// Loaded late: esbuild takes its time.
	const { bundle, BuildError } = await import("../engine/bundle.mjs");
	for (const each of images.values()) {
		try {
			await bundle(each);
		} catch (error) {
			if (error instanceof BuildError) throw new Failure(error.message);
			throw error;
		}
	}
	// Those of a device are described once they are linked.
	for (const { name, platform } of images.values())
		if (!platform && name !== LOADER.name) describeRuntime(path.join(BUILD, `image-${name}.c`), SIM_CHECKS);
	for (const folder of ["engine", "hosts/sim", "hosts/mps3"]) {
		const programs = plans.flatMap(({ programs }) => programs).filter((program) => program.folder === folder);
		if (programs.length === 0) continue;
		if (folder === "hosts/mps3" && !existsSync(path.join(BUILD, "mps3/xs")))
			say("Compiling the firmware for the Cortex-M55 (once)…");
		runMake(folder, [...new Set(programs.map(({ target }) => target))]);
		if (folder === "engine") for (const { target } of programs) describeRuntime(path.join(ROOT, folder, target));
	}
}

/** What the simulated board can check for a confirm policy, besides what every board can: it has `Host.reach`. */
const SIM_CHECKS = "check network\n";

/** A program with this module is a runtime for applications in images: it makes the object that these get. */
const RUNS_APPLICATIONS = "module xs-smp/modules/agent/device-application";

/**
 * What applications are linked for: the description that lies beside an image in C, if there is one, and `checks` of its board.
 * The SHA-256 is the id of the runtime, which the program has in it, and with the id the C that opens applications
 * (engine/native/application.h). A program that is no runtime gets nothing of it.
 */
function describeRuntime(file, checks = "") {
	if (!existsSync(`${file}.runtime`)) return;
	const name = path.basename(file).replace(/^(image|linked)-|\.c$/g, "");
	const [text, source] = ["txt", "c"].map((end) => path.join(BUILD, `runtime-${name}.${end}`));
	const description = Buffer.from(readFileSync(`${file}.runtime`, "utf8") + checks);
	if (!description.toString().split("\n").includes(RUNS_APPLICATIONS)) {
		rmSync(text, { force: true });
		writeChanged(source, Buffer.from("/* No runtime for applications in images. */\n"));
		return;
	}
	const id = createHash("sha256").update(description).digest();
	writeChanged(text, description);
	const lines = [
		"#include <stdint.h>\n",
		`const uint8_t runtimeId[32] = { ${[...id].join(", ")} };`,
		"extern const char applicationFunctions[];",
		"const void *const runtimeFunctions = applicationFunctions;\n",
	];
	writeChanged(source, Buffer.from(lines.join("\n")));
}

/** Keeps the file's time if there is nothing new. */
function writeChanged(file, bytes) {
	if (!existsSync(file) || !readFileSync(file).equals(bytes)) writeFileSync(file, bytes);
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

/** Every file that a target reads, absolute. */
function inputs(target) {
	const found = ROOT_FILES.map((file) => path.join(ROOT, file)).filter((file) => existsSync(file));
	const walk = (folder) => {
		for (const entry of readdirSync(folder, { withFileTypes: true })) {
			const name = path.join(folder, entry.name);
			// Test data is read by the tests themselves.
			if (entry.isDirectory() && entry.name !== "data" && entry.name !== "node_modules") walk(name);
			else if (entry.isFile() && SOURCE_FILE.test(entry.name)) found.push(name);
		}
	};
	for (const folder of SOURCES) walk(path.join(ROOT, folder));
	const app = target.includes(":") ? application(target.slice(target.indexOf(":") + 1)) : undefined;
	if (app?.own) walk(app.folder);
	return found.sort();
}

const stampFile = (target) => path.join(STAMPS, createHash("sha256").update(target).digest("hex").slice(0, 16));

function stampOf(target) {
	const hash = createHash("sha256");
	for (const name of COMPILER_VARIABLES) hash.update(`${name}=${process.env[name] ?? ""}\n`);
	// A cross compiler that was installed since makes firmware possible.
	if (target.startsWith("mps3:")) hash.update(`${hasCrossCompiler()}\n`);
	for (const file of inputs(target)) {
		const { mtimeMs, size } = statSync(file);
		hash.update(`${file} ${mtimeMs} ${size}\n`);
	}
	return hash.digest("hex");
}

function upToDate(target) {
	const file = stampFile(target);
	if (!existsSync(file) || !existsSync(DIST)) return false;
	if (target !== "typescript" && !upToDate("typescript")) return false;
	if (target === "page") return existsSync(path.join(BUILD, "page/index.html")) && isStamped(target);
	const outputs = (plan(target)?.programs ?? []).map((program) => path.join(ROOT, program.folder, program.target));
	return outputs.every((output) => existsSync(output)) && isStamped(target);
}

const isStamped = (target) => readFileSync(stampFile(target), "utf8") === stampOf(target);

let crossCompiler;

function hasCrossCompiler() {
	crossCompiler ??= !spawnSync(CROSS_COMPILER, ["--version"], { stdio: "ignore" }).error;
	return crossCompiler;
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
	// Comments are in the declarations, where editors look for them; in the programs they would be a fifth of the package.
	run(tsc, ["-p", ".", "--declaration", "--emitDeclarationOnly", "--removeComments", "false", "--sourceMap", "false"]);
	run(tsc, ["-p", "tsconfig.device.json"]);
	run(tsc, ["-p", "page"]);
}

/** Removes what is compiled from sources that are gone: such a test would run for ever. */
function removeStale(folder, below) {
	if (!existsSync(folder)) return;
	for (const entry of readdirSync(folder, { withFileTypes: true })) {
		const name = `${below}${entry.name}`;
		const file = path.join(folder, entry.name);
		if (entry.isDirectory()) removeStale(file, `${name}/`);
		else if (!existsSync(path.join(ROOT, name.replace(/\.(js(\.map)?|d\.ts)$/, ".ts")))) rmSync(file);
	}
}

function runMake(folder, targets) {
	const jobs = Math.min(availableParallelism(), 8);
	run("make", ["--silent", `-j${jobs}`, "-C", folder, ...targets]);
}

/** Says what a build failed of. */
export function reportFailure(error) {
	if (!(error instanceof Failure)) throw error;
	if (error.message) process.stderr.write(`${error.message}\n`);
	process.exitCode = 1;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
	const targets = process.argv.slice(2);
	await build(targets.length > 0 ? targets : undefined).catch(reportFailure);
}
