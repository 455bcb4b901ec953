// Builds what a command line of `xs-smp sim` or `xs-smp mps3` is about to start, and starts it:
//
//     node tools/start.mjs sim|mps3 [OPTION]...
import path from "node:path";
import { pathToFileURL } from "node:url";
import { APPS, application, build, Failure, reportFailure } from "./build.mjs";

/** Whether the command line asks for the page, which only the simulator has. */
function wantsPage([board, ...words]) {
	return (
		board === "sim" && !words.some((word, i) => word === "--page=off" || (word === "off" && words[i - 1] === "--page"))
	);
}

/** What has to be built. For a command line that starts nothing, or that the board will refuse, that is its program alone. */
function target([board, ...words]) {
	if (words.some((word) => ["--help", "-h"].includes(word))) return "typescript";
	const at = words.findLastIndex((word) => word === "--app" || word.startsWith("--app="));
	const word = at < 0 ? "smp-svr" : words[at] === "--app" ? words[at + 1] : words[at].slice("--app=".length);
	if (word === undefined) return "typescript";
	return APPS.includes(word) || application(word).own ? `${board}:${word}` : "typescript";
}

/** Runs a command line. Ends this process if a device has run. */
export async function start(words) {
	try {
		const program = target(words);
		await build(program !== "typescript" && wantsPage(words) ? [program, "page"] : [program]);
	} catch (error) {
		if (!(error instanceof Failure)) throw error;
		reportFailure(error);
		return;
	}
	// Loaded late: it may just have been compiled.
	const { runProgram } = await import("../dist/cli/program.js");
	const { onClosedPipe } = await import("../dist/cli/closed-pipe.js");
	onClosedPipe(() => {});
	const [name] = words;
	process.exit(await runProgram(words, process, { clone: true, boards: { [name]: await board(name) } }));
}

async function board(name) {
	const { defineBoard } = await import("../dist/hosts/desk/node/command-line.js");
	if (name === "sim") return defineBoard((await import("../dist/hosts/desk/node/options.js")).SIMULATOR);
	const { MPS3, qemu } = await import("../dist/hosts/mps3/board.js");
	return defineBoard(MPS3, qemu);
}

if (process.argv[1] && import.meta.url === pathToFileURL(path.resolve(process.argv[1])).href)
	await start(process.argv.slice(2));
