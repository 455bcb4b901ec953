import assert from "node:assert";
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { COMMANDS } from "../../cli/commands.js";
import { freshDirectory, root } from "../../tools/simulator.js";
import { describeWith, run } from "../support/tools.js";
import { xsSmp } from "./command.js";

/** What is offered for the last word: the words, without what they mean. */
async function offered(...words: string[]): Promise<string[]> {
	const { status, output, errors } = await xsSmp("__complete", ...words);
	assert.deepEqual([status, errors], [0, ""]);
	return output.split("\n").flatMap((line) => (line === "" ? [] : [line.split("\t")[0]!]));
}

describe("xs-smp: completion", () => {
	it("offers each command, with what it does", async () => {
		const names = new Set(COMMANDS.map(({ name }) => name.split(" ")[0]!));
		const tools = ["ports", "bridge", "image", "package", "explain", "completion"];
		assert.deepEqual(await offered(""), [...names, ...tools]);
		const { output } = await xsSmp("__complete", "upl");
		assert.equal(output, "upload\tSend an image file to the secondary slot, or the images of a package.\n");
		assert.deepEqual(await offered("settings", "s"), ["save"]);
		assert.deepEqual(await offered("package", ""), ["inspect", "create"]);
		assert.deepEqual(await offered("help", "gr"), ["groups"]);
		assert.deepEqual(await offered("fly", ""), []);
	});

	it("offers each option of a command, and its values", async () => {
		for (const { name, options } of COMMANDS) {
			const found = await offered(...name.split(" "), "--");
			for (const { long } of options?.() ?? []) assert.ok(found.includes(long!), `${name} ${long}`);
			assert.deepEqual(found.slice(-3), ["--timeout", "--json", "--help"]);
		}
		assert.deepEqual(await offered("confirm", "--slot", ""), ["1"]);
		assert.deepEqual(await offered("image", "sign", "--sha", "3"), ["384"]);
		assert.deepEqual(await offered("image", "sign", "-k", ""), [":files"]);
		assert.deepEqual(await offered("erase", "--slot", ""), []);
		assert.deepEqual(await offered("console-echo", "--json", "of"), ["off"]);
		assert.deepEqual(await offered("completion", ""), ["bash", "zsh", "fish"]);
	});

	it("offers files where there is one of this machine", async () => {
		for (const words of [
			["upgrade", ""],
			["upgrade", "--image", "1", "app"],
			["upload", "--serial", "/dev/tty"],
			["files", "put", ""],
			["files", "get", "/lfs/a", ""],
			["package", "create", "dfu.zip", "app.bin", ""],
			["upgrade", "--", "--odd"],
			// As bash has it.
			["upgrade", "--udp", "192.0.2.1", ":", "1337", "app"],
			["upgrade", "--timeout", "=", "3", "app"],
		])
			assert.deepEqual(await offered(...words), [":files"], words.join(" "));
		for (const words of [
			["files", "put", "app.bin", ""],
			["files", "get", ""],
			["echo", ""],
			["list", ""],
			["upgrade", "app.bin", ""],
			["upgrade", "--udp", "192.0.2.1", ":", "13"],
		])
			assert.deepEqual(await offered(...words), [], words.join(" "));
	});

	it("has a script for these shells alone", async () => {
		const { status, errors } = await xsSmp("completion", "tcsh");
		assert.deepEqual([status, errors], [2, 'completion is for bash, zsh or fish, not "tcsh".\n']);
	});

	const directory = freshDirectory();
	after(() => rmSync(directory, { recursive: true }));
	const program = join(directory, "bin/xs-smp");
	mkdirSync(join(directory, "bin"));
	writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${join(root, "dist/cli/main.js")} "$@"\n`);
	chmodSync(program, 0o755);
	mkdirSync(join(directory, "work"));
	writeFileSync(join(directory, "work/new image.bin"), "");

	/** The lines that a script prints in a shell. */
	async function linesOf(shell: string, ...args: string[]): Promise<string[]> {
		const env = {
			...process.env,
			HOME: directory,
			PATH: [join(directory, "bin"), process.env["PATH"]].join(delimiter),
		};
		const { status, output } = await run(shell, args, { env, cwd: join(directory, "work") });
		assert.equal(status, 0, output);
		return output.split("\n").filter((line) => line !== "");
	}

	/** By shell, how to complete the words that are the arguments of a function `try`, and print what comes of it. */
	const TRIALS = {
		bash: `eval "$(xs-smp completion bash)"
			try() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _xs_smp; printf '%s\\n' "\${COMPREPLY[@]}" end; }`,
		// The line editor is not there: its functions print what they are given.
		zsh: `compdef() { print "$1 completes $2" }
			eval "$(xs-smp completion zsh)"
			_describe() { print -l -- "\${(@P)2}" }
			_files() { print -l -- *(N) }
			try() { words=("$@"); CURRENT=$#; _xs_smp; print end }`,
	} as const;

	const LINES = [
		["xs-smp", "upg"],
		["xs-smp", "upgrade", ""],
		["xs-smp", "erase", ""],
		["xs-smp", "image", "sign", "--sha", "3"],
	];
	const tries = LINES.map((words) => `try ${words.map((word) => `'${word}'`).join(" ")}`).join("\n");

	describeWith("bash", "completes", () => {
		it("commands, files and values", async () => {
			const lines = await linesOf("bash", "--norc", "-c", `${TRIALS.bash}\n${tries}`);
			assert.deepEqual(lines, ["upgrade", "end", "new image.bin", "end", "end", "384", "end"]);
		});
	});

	describeWith("zsh", "completes", () => {
		it("commands, files and values", async () => {
			const lines = await linesOf("zsh", "-f", "-c", `${TRIALS.zsh}\n${tries}`);
			const [who, upgrade, ...rest] = lines;
			assert.equal(who, "_xs_smp completes xs-smp");
			assert.match(upgrade!, /^upgrade:Update the device\\?: upload, test, /);
			assert.deepEqual(rest, ["end", "new image.bin", "end", "end", "384", "end"]);
		});
	});

	describeWith("fish", "completes", () => {
		it("commands, files and values", async () => {
			const trials = LINES.map((words) => `complete -C "${words.join(" ")}"; echo end`).join("\n");
			const lines = await linesOf("fish", "--no-config", "-c", `xs-smp completion fish | source\n${trials}`);
			assert.match(lines.shift()!, /^upgrade\tUpdate the device: upload, test, /);
			assert.deepEqual(lines, ["end", "new image.bin", "end", "end", "384", "end"]);
		});
	});
});
