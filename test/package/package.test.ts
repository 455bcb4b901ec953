import assert from "node:assert";
import {
	existsSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	rmSync,
	statSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { type Outcome, run } from "../support/tools.js";

// The package, as its user gets it: packed, installed in an empty folder, compiled against and run there.

/** What the SDK builds alone, and its modules. */
const ZEPHYR = "modules/update/zephyr/";
const OF_THE_SDK = /^(xs-smp\/modules\/|embedded:|mc\/|crypt$)/;

/** Most bytes of the packed file. */
const LIMIT = 500_000;

describe("package", () => {
	const folder = freshDirectory();
	const installed = path.join(folder, "node_modules/xs-smp");
	let tarball: string;
	/** Paths in the package. */
	let files: string[];

	const read = (file: string): string => readFileSync(path.join(installed, file), "utf8");
	const inFolder = (command: string, ...args: string[]): Promise<Outcome> => run(command, args, { cwd: folder });

	before(async () => {
		const packed = await run(process.execPath, [path.join(root, "tools/pack.mjs"), folder]);
		assert.equal(packed.status, 0, packed.output);
		tarball = packed.output.trim().split("\n").at(-1)!;
		writeFileSync(path.join(folder, "package.json"), '{ "name": "consumer", "private": true, "type": "module" }\n');
		await install();
		files = readdirSync(installed, { recursive: true, encoding: "utf8" })
			.filter((name) => statSync(path.join(installed, name)).isFile())
			.filter((name) => !name.startsWith("node_modules"))
			.sort();
	});

	after(() => rmSync(folder, { recursive: true }));

	/** With npm; if that has neither a registry nor a cache, as npm would do it, with the packages of this repository. */
	async function install(): Promise<void> {
		const options = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=0"];
		const { status } = await inFolder("npm", "install", ...options, tarball);
		const linked = ["@types/node", "undici-types"];
		if (status !== 0) {
			rmSync(path.join(folder, "node_modules"), { recursive: true, force: true });
			mkdirSync(installed, { recursive: true });
			const { status, output } = await inFolder("tar", "-xzf", tarball, "-C", installed, "--strip-components=1");
			assert.equal(status, 0, output);
			linked.push(...Object.keys(dependencies()));
		}
		// What a project in TypeScript has besides.
		for (const name of linked) {
			const link = path.join(folder, "node_modules", name);
			mkdirSync(path.dirname(link), { recursive: true });
			if (!existsSync(link)) symlinkSync(path.join(root, "node_modules", name), link);
		}
	}

	const dependencies = (): Record<string, string> => {
		const { dependencies = {}, optionalDependencies = {} } = JSON.parse(read("package.json"));
		return { ...dependencies, ...optionalDependencies };
	};

	/** Compiles files of the folder as a user with strict settings does. */
	function compile(sources: readonly string[], more: Record<string, unknown> = {}): Promise<Outcome> {
		const compilerOptions = {
			...{ module: "nodenext", target: "es2022", lib: ["es2022"], types: ["node"] },
			...{ strict: true, skipLibCheck: false, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
			...{ verbatimModuleSyntax: true, noPropertyAccessFromIndexSignature: true, ...more },
		};
		writeFileSync(path.join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: sources }));
		return inFolder(path.join(root, "node_modules/.bin/tsc"), "-p", ".");
	}

	it(`has at most ${LIMIT} bytes`, () => {
		const { size } = statSync(tarball);
		assert.ok(size <= LIMIT, `${size} bytes`);
	});

	it("holds the library, the command and the device's modules, and nothing else", () => {
		const rooms =
			/^(dist\/(cli|client|image|modules|hosts\/desk)\/|keys\/|modules\/.+\.(ts|json|md)$|modules\/update\/zephyr\/\w+-zephyr\.c$|(README\.md|LICENSE|NOTICE|package\.json)$)/;
		assert.deepEqual(
			files.filter((file) => !rooms.test(file)),
			[],
		);
		// mcpack would include a manifest at the root, and that is an application.
		assert.ok(!files.includes("manifest.json"));
		assert.ok(files.includes("modules/agent/agent.ts"));
		assert.ok(files.includes("dist/modules/agent/agent.d.ts"));
		assert.equal(JSON.parse(read("package.json")).private, undefined);
	});

	it("names no path of the machine that packed it", () => {
		for (const file of files) assert.ok(!read(file).includes(root.replace(/\/$/, "")), file);
	});

	it("imports what it holds, what it depends on, and nothing else", () => {
		const known = new Set(Object.keys(dependencies()));
		const wrong: string[] = [];
		for (const file of files.filter((name) => /\.(js|ts)$/.test(name))) {
			const text = read(file).replace(/^\s*(\*|\/\/).*$/gm, "");
			for (const [, specifier = ""] of text.matchAll(/(?:\bfrom\s*|^import\s*|\bimport\()"([^"]+)"/gm)) {
				const relative = path.posix.join(path.posix.dirname(file), specifier);
				const source = /^modules\/|\.d\.ts$/.test(file);
				const target = /\.d\.ts$/.test(file) ? relative.replace(/\.js$/, ".d.ts") : relative.replace(/\.js$/, ".ts");
				const name = specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
				const good = specifier.startsWith(".")
					? files.includes(source ? target : relative)
					: specifier.startsWith("node:") || known.has(name) || (file.startsWith(ZEPHYR) && OF_THE_SDK.test(specifier));
				if (!good) wrong.push(`${file}: ${specifier}`);
			}
		}
		assert.deepEqual(wrong, []);
	});

	it("has manifests for mcconfig that lead to modules which are there", async () => {
		const { readManifest } = await import(pathToFileURL(path.join(root, "engine/manifest.mjs")).href);
		for (const room of ["agent", "update"]) {
			const manifest = path.join(installed, `modules/${room}/manifest.json`);
			const { modules } = readManifest(manifest, installed) as { modules: ReadonlyMap<string, string> };
			const source = (name: string): string => path.relative(installed, modules.get(name) ?? "");
			assert.equal(source(`xs-smp/modules/${room}/${room}`), `modules/${room}/${room}.ts`);
			assert.equal(source("xs-smp/modules/bytes/crc32"), "modules/bytes/crc32.ts");
			// A name in a manifest is what a program on Node writes, too.
			for (const [name, file] of modules)
				assert.equal(name, `xs-smp/${path.relative(installed, file).replace(/\.ts$/, "")}`);
		}
	});

	it("has a manifest for mcpack that preloads, of what it compiled, what mcconfig preloads", async () => {
		const { readManifest } = await import(pathToFileURL(path.join(root, "engine/manifest.mjs")).href);
		const { moddable } = JSON.parse(read("package.json"));
		const { preload } = JSON.parse(read(moddable.manifest.include)) as { preload: readonly string[] };
		const names = ["agent", "update"].flatMap((room) => {
			const manifest = readManifest(path.join(installed, `modules/${room}/manifest.json`), installed);
			return (manifest as { preload: readonly { readonly key: string }[] }).preload.map(({ key }) => key);
		});
		assert.deepEqual(
			[...preload].sort(),
			[...new Set(names)].sort().map((name) => name.replace("xs-smp/", "xs-smp/dist/")),
		);
		for (const name of preload) assert.ok(files.includes(name.replace("xs-smp/", "").concat(".js")), name);
	});

	it("serves a consumer with strict types, who signs an image and upgrades a device", async () => {
		/** A line that takes in the types of every entry of a room. */
		const entries = (room: string): string[] =>
			files.flatMap((file) => {
				const name = new RegExp(`^dist/client/${room}/(.*)\\.js$`).exec(file)?.[1];
				if (name === undefined) return [];
				return [`export * as ${room}_${name.replaceAll("-", "_")} from "xs-smp/${room}/${name}";`];
			});
		const everything = [...entries("group"), ...entries("node")];
		assert.ok(everything.length > 10);
		writeFileSync(path.join(folder, "everything.ts"), `${everything.join("\n")}\n`);
		writeFileSync(path.join(folder, "consumer.ts"), readFileSync(path.join(root, "test/package/consumer.ts")));
		const compiled = await compile(["consumer.ts", "everything.ts"]);
		assert.equal(compiled.output, "");

		const simulator = await Simulator.start(["--images", "1"]);
		try {
			const key = path.join(root, "keys/development-ec-p256.pem");
			const { status, output } = await inFolder(process.execPath, "consumer.js", simulator.udp, key);
			assert.equal(status, 0, output);
			assert.deepEqual(JSON.parse(output), {
				version: "4.5.6",
				runs: "4.5.6",
				confirmed: true,
				steps: ["found", "uploaded", "marked", "forecast", "restarting", "running", "confirmed"],
				name: "kitchen",
				refusal: "the device refuses command 0 of group 200: it has no such command (rc 8): there is no such command",
				kernel: "xs-smp",
				wrong: 'the request for its name has no text "format"',
				aborted: "no",
				group: { id: 70, name: "own", commands: {} },
			});
		} finally {
			await simulator.stop();
		}
	});

	it("has examples in its docstrings that compile", async () => {
		const examples = files
			.filter((file) => /^dist\/(client|image)\/.*\.d\.ts$/.test(file))
			.flatMap((file) => Array.from(read(file).matchAll(/^ *\* ```ts\n(.*?)^ *\* ```$/gms), ([, code = ""]) => code))
			.map((code) => code.replace(/^ *\* ?/gm, ""));
		assert.ok(examples.length >= 10, `${examples.length} examples`);
		const names = examples.map((_, i) => `example${i}.ts`);
		for (const [i, code] of examples.entries()) writeFileSync(path.join(folder, names[i]!), code);
		// What they have from elsewhere.
		writeFileSync(
			path.join(folder, "given.d.ts"),
			`declare const client: import("xs-smp").SmpClient;
			declare const file: Uint8Array, key: Uint8Array, pem: string;
			declare const socket: {
				onmessage: ((event: { data: Uint8Array }) => void) | null;
				send(bytes: Uint8Array): void;
				close(): void;
			};
			declare const navigator: {
				serial: { requestPort(): Promise<import("xs-smp/web/serial").WebSerialPort> };
				bluetooth: { requestDevice(options: object): Promise<import("xs-smp/web/bluetooth").WebBluetoothDevice> };
			};\n`,
		);
		const compiled = await compile(["given.d.ts", ...names], { noEmit: true });
		assert.equal(compiled.output, "");
	});

	it("serves the programs of the documents", async () => {
		const document = (name: string): string => readFileSync(path.join(root, "docs", name), "utf8");
		const programs = Array.from(
			document("SAFE-UPDATES.md").matchAll(/^```ts (\S+)\n(.*?)^```$/gms),
			([, name = "", code = ""]) => ({ name, code }),
		);
		assert.ok(programs.length >= 4);
		for (const name of ["CLIENT", "IMAGE"])
			for (const [i, [, code = ""]] of [...document(`${name}.md`).matchAll(/^```ts\n(.*?)^```$/gms)].entries())
				programs.push({ name: `${name}-${i}.ts`, code });
		// What the reader has.
		programs.push({
			name: "host.ts",
			code: 'import type { Host } from "xs-smp/modules/agent/host";\nexport declare const host: Host;\n',
		});
		programs.push({
			name: "given.d.ts",
			code: `declare module "embedded:storage/flash" {
					const flash: import("xs-smp/modules/update/flash-storage").FlashStorage;
					export default flash;
				}
				declare module "embedded:update" {
					const update: import("xs-smp/modules/update/update").UpdateModule;
					export default update;
				}
				declare const client: import("xs-smp").SmpClient;
				declare const file: Uint8Array, key: Uint8Array, rules: Uint8Array;
				declare const payload: Uint8Array, publicKey: Uint8Array;
				declare function askTheSigningService(digest: Uint8Array): Uint8Array;\n`,
		});
		for (const { name, code } of programs) {
			mkdirSync(path.join(folder, "guide", path.dirname(name)), { recursive: true });
			writeFileSync(path.join(folder, "guide", name), code);
		}
		const compiled = await compile(
			programs.map(({ name }) => `guide/${name}`),
			{ noEmit: true },
		);
		assert.equal(compiled.output, "");
	});

	it("bundles for a browser, but for what needs Node", async () => {
		const bundle = (...names: string[]) =>
			build({
				stdin: { contents: names.map((name) => `export * from "${name}";`).join("\n"), resolveDir: folder },
				...{ bundle: true, platform: "browser", format: "esm", write: false, logLevel: "silent" },
			});
		await bundle(
			"xs-smp",
			"xs-smp/group/files",
			"xs-smp/group/settings",
			"xs-smp/image/create",
			"xs-smp/image/inspect",
			"xs-smp/package",
		);
		for (const name of ["xs-smp/image", "xs-smp/node/udp"])
			await assert.rejects(bundle(name), /Could not resolve "node:/);
	});

	it("loads every module by its public name, and none by another", async () => {
		const modules = files.flatMap((file) => {
			const [, name] = /^dist\/(modules\/.*)\.js$/.exec(file) ?? [];
			return name === undefined ? [] : [`xs-smp/${name}`];
		});
		assert.ok(modules.length > 60);
		writeFileSync(
			path.join(folder, "load.js"),
			`for (const name of ${JSON.stringify([...modules, "xs-smp/group/settings", "xs-smp/node/serial"])}) await import(name);
			for (const name of ["xs-smp/dist/client/channel.js", "xs-smp/client", "xs-smp/modules/none"])
				await import(name).then(() => console.log(name), (error) => console.log(error.code));`,
		);
		const { output } = await inFolder(process.execPath, "load.js");
		const hidden = "ERR_PACKAGE_PATH_NOT_EXPORTED\n";
		assert.equal(output, `${hidden}${hidden}ERR_MODULE_NOT_FOUND\n`);
	});

	it("is imported by its public names in the documents", async () => {
		const documents = [
			...readdirSync(path.join(root, "docs"))
				.filter((name) => name.endsWith(".md"))
				.map((name) => `docs/${name}`),
			"README.md",
			"examples/README.md",
		];
		const names = documents.flatMap((document) => {
			const text = readFileSync(path.join(root, document), "utf8");
			return Array.from(
				text.matchAll(/from "(xs-smp[^"]*)"|`(xs-smp\/(?:node|group|image|modules)[\w/-]*)`/g),
				([, a, b]) => a ?? b!,
			);
		});
		assert.ok(names.length > 15);
		writeFileSync(path.join(folder, "names.js"), names.map((name) => `import "${name}";\n`).join(""));
		assert.equal((await inFolder(process.execPath, "names.js")).output, "");
	});

	it("works without its optional dependency, and has types without it", async () => {
		for (const name of ["serialport", "@serialport"])
			rmSync(path.join(folder, "node_modules", name), { recursive: true, force: true });
		const compiled = await compile(["consumer.ts", "everything.ts"], { noEmit: true });
		assert.equal(compiled.output, "");
		const simulator = await Simulator.start(["--images", "1"]);
		try {
			const echo = await inFolder("npx", "--no-install", "xs-smp", "echo", "hello", "--serial", simulator.serial);
			assert.deepEqual(echo, { status: 0, output: "hello\n" });
		} finally {
			await simulator.stop();
		}
	});

	it("has the command xs-smp", async () => {
		const xsSmp = (...args: string[]): Promise<Outcome> => inFolder("npx", "--no-install", "xs-smp", ...args);
		const help = await xsSmp("--help");
		assert.match(help.output, /^Usage: xs-smp \[options\] \[command\]/);
		assert.doesNotMatch(help.output, /^ {2}(sim|mps3) /m);
		assert.equal(help.status, 0);
		const { version } = JSON.parse(read("package.json"));
		assert.deepEqual(await xsSmp("--version"), { status: 0, output: `${version}\n` });
		for (const board of ["sim", "mps3"])
			assert.deepEqual(await xsSmp(board, "--images", "1"), {
				status: 2,
				output:
					"The package has no simulator: `npm ci && npm start` in a clone of the repository of xs-smp builds and starts it.\n",
			});
	});

	it("makes images, and explains a flash", async () => {
		const xsSmp = (...args: string[]): Promise<Outcome> => inFolder("npx", "--no-install", "xs-smp", ...args);
		writeFileSync(path.join(folder, "app.bin"), new Uint8Array(2000));
		const key = ["--key", "key.pem"];
		const form = ["--version", "1.2.3", "--header-size", "0x200", "--pad-header", "--slot-size", "0x80000"];
		for (const command of [
			["keygen", "--type", "ecdsa-p256", ...key],
			["sign", ...key, ...form, "app.bin", "app.img"],
			["verify", ...key, "app.img"],
		]) {
			const { status, output } = await xsSmp("image", ...command);
			assert.equal(status, 0, output);
		}
		const simulator = await Simulator.start(["--images", "1"]);
		await simulator.stop({ keep: true });
		const { status, output } = await xsSmp("explain", "--images", "1", simulator.flash);
		assert.equal(status, 0, output);
		assert.match(output, /: guide layout, swap using move, ecdsa-p256 signatures\n/);
		assert.match(output, /0\.0\.0/);
		rmSync(simulator.directory, { recursive: true });
	});
});
