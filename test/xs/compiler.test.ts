import assert from "node:assert";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { root } from "../../tools/simulator.js";

// The module compiler, built by other C compilers: what it makes must be the same, or it must say that it cannot be.

const IMAGE = "build/image-loader.c";

describe("module compiler", () => {
	let directory = "";
	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "xs-smp-compiler-"));
	});
	afterEach(() => rmSync(directory, { recursive: true, force: true }));

	/** Builds it and compiles an image that the build has made already. */
	function compile(CC: string, CFLAGS: string): SpawnSyncReturns<string> {
		const program = join(directory, "engine/xscompile");
		const make = spawnSync("make", ["--silent", "-j2", "-C", "engine", `BUILD=${directory}`, program], {
			encoding: "utf8",
			env: { ...process.env, CC, CFLAGS },
		});
		assert.equal(make.status, 0, make.stderr);
		return spawnSync(program, [`${IMAGE}.list`, join(directory, "image.c")], { encoding: "utf8" });
	}

	it("is the same when CC is several words and nothing is optimised", () => {
		const { status, stderr } = compile("env cc -g0", "-O0");
		assert.deepEqual({ status, stderr }, { status: 0, stderr: "" });
		assert.ok(readFileSync(join(directory, "image.c")).equals(readFileSync(IMAGE)));
	});

	// The optimisation that LLVM 22 makes by itself, and that GCC can be told to make.
	const itOnX86 = process.arch === "x64" ? it : it.skip;
	itOnX86("says that its own C compiler makes wrong constants", function () {
		const { status, stderr } = compile("cc", "-O1 -fno-trapping-math -fno-signed-zeros -msse4.1");
		// A compiler that has the flag for this in the makefile makes them right.
		if (status === 0) return this.skip();
		assert.equal(
			stderr,
			"xscompile: the C compiler that built this makes -2147483648 of `2147483648;` in JavaScript: " +
				"take another (CC), or fewer optimisations (CFLAGS)\n",
		);
		assert.equal(status, 2);
	});
});

describe("build", () => {
	/** Runs the build where nothing was built and only some tools are there. */
	function build(CC: string, tools: readonly string[]): string {
		const directory = mkdtempSync(join(tmpdir(), "xs-smp-build-"));
		try {
			for (const part of ["apps", "tools", "node_modules"]) symlinkSync(join(root, part), join(directory, part));
			for (const tool of tools) {
				const path = spawnSync("sh", ["-c", `command -v ${tool}`], { encoding: "utf8" }).stdout.trim();
				symlinkSync(path, join(directory, tool));
			}
			const { status, stderr } = spawnSync(
				process.execPath,
				["--preserve-symlinks-main", join(directory, "tools/build.mjs")],
				{ encoding: "utf8", env: { CC, PATH: directory } },
			);
			assert.equal(status, 1);
			return stderr;
		} finally {
			rmSync(directory, { recursive: true, force: true });
		}
	}

	it("takes a CC of several words", () => {
		assert.match(build("env cc -O1", ["sh", "env", "cc"]), /^No make found: /);
	});

	it("says when there is no such compiler", () => {
		assert.match(
			build("no-such-compiler -O1", ["sh"]),
			/^No no-such-compiler -O1 found: a C compiler and make are needed/,
		);
	});
});
