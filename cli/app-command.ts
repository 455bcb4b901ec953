import { existsSync } from "node:fs";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Command, Option } from "commander";
import { type Archive, type ArchiveModule, RUNTIME_TLV, writeArchive } from "../image/archive.js";
import { ImageError } from "../image/error.js";
import { readRuntime } from "../image/runtime.js";
import { parsePolicy } from "../modules/agent/policy.js";
import { bytesOf } from "../modules/bytes/hex.js";
import { type Context, numberOption, type Sink } from "./command-line.js";
import { readBytes } from "./files.js";
import { addSignOptions, type OptionFiles, type SignRequest, signRequest } from "./sign-options.js";

/** Of the repository: the compiler is not in the package. */
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const RUNTIME = "sim:smp-svr";

/** The options of `app` itself. */
interface AppOptions {
	readonly runtime: string;
	readonly policy?: string;
}

/** What the command works with. */
export interface AppSurroundings extends Pick<Context, "stderr"> {
	readonly files: OptionFiles;
	/** Makes the image of a payload and writes it as the options say. */
	readonly write: (payload: Uint8Array, request: SignRequest) => void;
}

/** Gives `image app` its options: an application in TypeScript becomes an image. */
export function defineApp(command: Command, surroundings: AppSurroundings): void {
	command
		.summary("make an image of an application in TypeScript")
		.description(
			"Compile the application SOURCE, and what it imports, for a runtime, and make a signed image of it. A policy in SOURCE.policy.json, beside SOURCE.ts, goes into the image. The other options are those of sign.",
		)
		.arguments("<SOURCE> <OUTFILE>")
		.addOption(
			new Option(
				"--runtime <RUNTIME>",
				"the program that it will run on: sim:APP, mps3:APP, or the file with its description",
			).default(RUNTIME),
		)
		.addOption(new Option("--policy <JSON>", "file with the confirm policy"))
		.addOption(numberOption("-H, --header-size <BYTES>", "size of the header").default(0x200))
		.addOption(numberOption("-S, --slot-size <BYTES>", "size of the slot; 0: it is not checked").default(0))
		.addOption(new Option("--pad-header", "there is always room for the header").default(true).hideHelp());
	addSignOptions(command);
	command.action(() => runApp(command, surroundings));
}

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

async function runApp(command: Command, { files, stderr, write }: AppSurroundings): Promise<void> {
	const request = signRequest(command, files);
	const { runtime, policy: policyFile } = command.opts<AppOptions>();
	const [source = ""] = request.operands;
	const archive = await compile(source, runtime, policyFile, stderr);
	const tlv = { type: RUNTIME_TLV, value: bytesOf(archive.runtime) };
	const customTlvs = [tlv, ...(request.options.customTlvs ?? [])];
	write(writeArchive(archive), { ...request, options: { ...request.options, customTlvs } });
}

/** Compiles an application, and the runtime before it if that is one of the repository's. */
async function compile(source: string, word: string, policyFile: string | undefined, stderr: Sink): Promise<Archive> {
	if (!existsSync(path.join(ROOT, "engine/application.mjs")))
		throw new ImageError("app needs the compiler, which is in the repository of xs-smp and not in its package.");
	const file = await runtimeFile(word);
	const { id, lines, network, modules } = readRuntime(readBytes(file));
	const policy = readPolicy(source, policyFile, network);
	const { compileApplication, BuildError } = await load<Compiler>("engine/application.mjs");
	try {
		const { warnings, ...compiled } = await compileApplication({ source, runtime: file, modules });
		stderr.write(warnings);
		return { runtime: id, lines, policy, ...compiled };
	} catch (error) {
		if (!(error instanceof BuildError)) throw error;
		throw new ImageError(error.message);
	}
}

const load = async <T>(module: string): Promise<T> => (await import(pathToFileURL(path.join(ROOT, module)).href)) as T;

/** The file with the description of a runtime. One of the repository's is built if that is due. */
async function runtimeFile(word: string): Promise<string> {
	const [, board, app] = /^(sim|mps3):(.+)$/s.exec(word) ?? [];
	if (board === undefined || app === undefined) return word;
	interface Build {
		readonly Failure: new () => Error;
		application(word: string): { readonly name: string };
		build(targets: readonly string[]): Promise<void>;
	}
	const { Failure, application, build } = await load<Build>("tools/build.mjs");
	try {
		await build([word]);
		const file = path.join(ROOT, "build", `runtime-${board === "mps3" ? "mps3-" : ""}${application(app).name}.txt`);
		if (!existsSync(file)) throw new ImageError(`The firmware ${word} runs no applications in images.`);
		return file;
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		throw new ImageError(error.message || `The runtime ${word} cannot be built.`);
	}
}

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
