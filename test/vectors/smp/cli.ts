// npm run vectors:smp -- [DIR...] [--engine node|xs] [--file NAME]

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { onClosedPipe } from "../../../cli/closed-pipe.js";
import { choiceOption, newProgram, runAlone } from "../../../cli/command-line.js";
import { UsageError } from "../../../cli/usage-error.js";
import { report } from "./core.js";
import { parseJson } from "./match.js";

const DEFAULT_FOLDER = "test/vectors/data/smp";
const XSRUN = "build/xsrun";

/** The vector files of the folders, by name; `only` picks one, with or without its extension. */
function vectorFiles(folders: readonly string[], only: string | undefined): string[] {
	const files = folders.flatMap((folder) => {
		if (!existsSync(folder)) throw new UsageError(`There is no folder ${folder}.`);
		if (!existsSync(join(folder, "fixtures.json"))) throw new UsageError(`${folder} has no fixtures.json.`);
		return readdirSync(folder)
			.filter((name) => name.endsWith(".json") && name !== "fixtures.json")
			.filter((name) => only === undefined || name === only || name === `${only}.json`)
			.sort()
			.map((name) => join(folder, name));
	});
	if (files.length === 0)
		throw new UsageError(only ? `No file is called ${basename(only)}.` : "There are no vector files.");
	return files;
}

function run(folders: readonly string[], { engine, file }: { engine: string; file?: string }): number {
	const files = vectorFiles(folders.length > 0 ? folders : [DEFAULT_FOLDER], file);
	if (engine === "node") {
		const print = (line: string) => void process.stdout.write(`${line}\n`);
		return report(files, { read: (path) => parseJson(readFileSync(path)), print }) > 0 ? 1 : 0;
	}
	if (!existsSync(XSRUN)) throw new UsageError(`${XSRUN} is not built.`);
	const { status, signal } = spawnSync(XSRUN, ["xs-smp/test/vectors/smp/xs", ...files], { stdio: "inherit" });
	// Nobody reads the report any more.
	return signal === "SIGPIPE" ? 0 : (status ?? 1);
}

onClosedPipe();
const context = { stdout: process.stdout, stderr: process.stderr, status: 0 };
const program = newProgram("npm run vectors:smp --", context)
	.description("Plays the recorded requests of the SMP server and the client, and compares the answers.")
	.argument("[DIR...]", `folders with vector files (default ${DEFAULT_FOLDER})`)
	.addOption(choiceOption("--engine <ENGINE>", "what runs the server", ["node", "xs"]).default("node"))
	.option("--file <NAME>", "play this file alone")
	.action((folders: string[], options: { engine: string; file?: string }) => {
		context.status = run(folders, options);
	});
process.exitCode = await runAlone(program, process.argv.slice(2), context);
