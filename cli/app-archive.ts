import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Archive, ArchiveModule } from "../image/archive.js";
import { ImageError } from "../image/error.js";
import { readRuntime } from "../image/runtime.js";
import { parsePolicy } from "../modules/agent/policy.js";
import { readBytes } from "./files.js";

/** Of the repository: the compiler is not in the package. */
export const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** engine/application.mjs */
interface Compiler {
	readonly BuildError: new () => Error;
	compileApplication(options: {
		readonly source: string;
		readonly runtime: string;
		readonly modules: ReadonlySet<string>;
	}): Promise<{
		readonly main: string;
		readonly keys: readonly string[];
		readonly modules: readonly ArchiveModule[];
		readonly imports: readonly string[];
		readonly warnings: string;
	}>;
}

/**
 * Compiles an application in TypeScript for a runtime. Throws an ImageError in words.
 *
 * @param source - the file
 * @param runtimeFile - gives the file with the description of the runtime
 * @param policyFile - the file with the confirm policy; without one it is SOURCE.policy.json, if that exists
 */
export async function compileArchive(
	source: string,
	runtimeFile: () => string | Promise<string>,
	policyFile?: string,
): Promise<{ readonly archive: Archive; readonly warnings: string }> {
	if (!existsSync(path.join(ROOT, "engine/application.mjs")))
		throw new ImageError("app needs the compiler, which is in the repository of xs-smp and not in its package.");
	const file = await runtimeFile();
	const { id, lines, network, modules } = readRuntime(readBytes(file));
	const policy = readPolicy(source, policyFile, network);
	const { compileApplication, BuildError } = await load<Compiler>("engine/application.mjs");
	try {
		const { warnings, ...compiled } = await compileApplication({ source, runtime: file, modules });
		return { archive: { runtime: id, lines, policy, ...compiled }, warnings };
	} catch (error) {
		if (!(error instanceof BuildError)) throw error;
		throw new ImageError(error.message);
	}
}

/** A module of the repository that is no TypeScript. */
export const load = async <T>(module: string): Promise<T> =>
	(await import(pathToFileURL(path.join(ROOT, module)).href)) as T;

/**
 * The policy's text: of the file that was named, else of the one beside the source, without blanks. Empty if there is none.
 * `network`: whether the runtime can check one.
 */
function readPolicy(source: string, named: string | undefined, network: boolean): string {
	const beside = source.replace(/\.[cm]?[jt]s$/, ".policy.json");
	const file = named ?? (beside !== source && existsSync(beside) ? beside : undefined);
	if (file === undefined) return "";
	const text = new TextDecoder().decode(readBytes(file));
	try {
		parsePolicy(text, { network, deadline: 3600 });
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		throw new ImageError(`${file}: ${error.message}.`);
	}
	return JSON.stringify(JSON.parse(text));
}
