import assert from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { freshDirectory, root } from "../../tools/simulator.js";

// Behind `| head -1` a command ends as soon as nobody reads on: as if all was well, and without a word.

/** Runs a program, and closes its standard output at once or after the first of it. */
async function unread(args: readonly string[], directory: string, close: "at once" | "after a line") {
	const program = spawn(process.execPath, args, { cwd: directory, stdio: ["ignore", "pipe", "pipe"] });
	if (close === "at once") program.stdout.destroy();
	else program.stdout.once("data", () => program.stdout.destroy());
	let errors = "";
	program.stderr.on("data", (data: Buffer) => {
		errors += data.toString();
	});
	const [status, signal] = (await once(program, "close")) as [number | null, string | null];
	return { status, signal, errors };
}

/** By the names in package.json: options with which each command writes soon. */
const COMMANDS: Readonly<Record<string, readonly string[]>> = {
	start: ["--udp", "0", "--images", "1", "--flash", "flash.bin", "--serial", "uart"],
	mps3: ["--help"],
	"self-confirm": ["--udp", "0", "--images", "1", "--flash", "flash.bin", "--serial", "uart"],
	vectors: ["--file", "trailer-layout"],
	"vectors:smp": ["--file", "client-newtmgr"],
	size: [],
	bench: ["--help"],
	"power-loss": ["--help"],
	fuzz: ["--packets", "10"],
	demo: [],
	image: ["--help"],
	explain: ["--help"],
};

/** These write pictures and tables of the documents. */
const WRITERS: readonly string[] = ["imgtool-table", "screenshots", "measure-page"];

describe("a command whose output nobody reads", () => {
	const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
		scripts: Record<string, string>;
	};
	for (const [name, script] of Object.entries(scripts)) {
		const [, program] = /node (dist\/\S+)/.exec(script) ?? [];
		if (program === undefined || WRITERS.includes(name)) continue;
		for (const close of ["at once", "after a line"] as const)
			it(`${name}, closed ${close}`, async () => {
				const options = COMMANDS[name];
				assert.ok(options, `this test has no options for npm run ${name}`);
				const directory = freshDirectory();
				const given = script.split(program)[1]!.split(" ").filter(Boolean);
				// Where a command reads files of the repository it does so from there.
				const at = options.includes("--flash") ? directory : root;
				const outcome = await unread([join(root, program), ...given, ...options], at, close);
				assert.deepEqual(outcome, { status: 0, signal: null, errors: "" });
				rmSync(directory, { recursive: true });
			});
	}

	it("a device that has nothing to write ends too", async () => {
		const directory = freshDirectory();
		const args = [join(root, "dist/hosts/sim/cli.js"), "--json", ...COMMANDS["start"]!];
		assert.deepEqual(await unread(args, directory, "after a line"), { status: 0, signal: null, errors: "" });
		rmSync(directory, { recursive: true });
	});
});
