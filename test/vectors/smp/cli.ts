// npm run vectors:smp -- [DIR...] [--engine node|xs] [--file NAME]

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { onClosedPipe } from "../../../cli/closed-pipe.js";
import { report } from "./core.js";
import { parseJson } from "./match.js";

const DEFAULT_FOLDER = "test/vectors/data/smp";
const XSRUN = "build/xsrun";

class UsageError extends Error {}

/** The vector files of the folders, by name; `only` picks one, with or without its extension. */
function vectorFiles(folders: readonly string[], only: string | undefined): string[] {
	const files = folders.flatMap((folder) => {
		if (!existsSync(folder)) throw new UsageError(`there is no folder ${folder}`);
		if (!existsSync(join(folder, "fixtures.json"))) throw new UsageError(`${folder} has no fixtures.json`);
		return readdirSync(folder)
			.filter((name) => name.endsWith(".json") && name !== "fixtures.json")
			.filter((name) => only === undefined || name === only || name === `${only}.json`)
			.sort()
			.map((name) => join(folder, name));
	});
	if (files.length === 0)
		throw new UsageError(only ? `no file is called ${basename(only)}` : "there are no vector files");
	return files;
}

function main(): number {
	const { values, positionals } = parseArgs({
		allowPositionals: true,
		options: { engine: { type: "string", default: "node" }, file: { type: "string" } },
	});
	const files = vectorFiles(positionals.length > 0 ? positionals : [DEFAULT_FOLDER], values.file);
	switch (values.engine) {
		case "node": {
			const print = (line: string) => void process.stdout.write(`${line}\n`);
			return report(files, { read: (path) => parseJson(readFileSync(path)), print }) > 0 ? 1 : 0;
		}
		case "xs": {
			if (!existsSync(XSRUN)) throw new UsageError(`${XSRUN} is not built`);
			const { status, signal } = spawnSync(XSRUN, ["xs-smp/test/vectors/smp/xs", ...files], { stdio: "inherit" });
			// Nobody reads the report any more.
			return signal === "SIGPIPE" ? 0 : (status ?? 1);
		}
		default:
			throw new UsageError(`--engine is node or xs, not ${values.engine}`);
	}
}

onClosedPipe();
try {
	process.exitCode = main();
} catch (error) {
	const usage = error instanceof UsageError || (error instanceof TypeError && "code" in error);
	if (!usage) throw error;
	process.stderr.write(`${(error as Error).message}\n`);
	process.exitCode = 2;
}
