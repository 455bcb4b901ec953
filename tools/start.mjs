// Builds what a board's command line is about to start, and starts it: node tools/start.mjs BOARD [OPTION]...
import { APPS, application, build, Failure, reportFailure } from "./build.mjs";

const [board, ...words] = process.argv.slice(2);

/** What has to be built. For a command line that starts nothing, or that the board will refuse, that is its program alone. */
function target() {
	if (words.some((word) => ["--help", "-h", "--version"].includes(word))) return "typescript";
	const at = words.findLastIndex((word) => word === "--app" || word.startsWith("--app="));
	const word = at < 0 ? "smp-svr" : words[at] === "--app" ? words[at + 1] : words[at].slice("--app=".length);
	if (word === undefined) return "typescript";
	return APPS.includes(word) || application(word).own ? `${board}:${word}` : "typescript";
}

try {
	await build([target()]);
	process.argv.splice(2, 1);
	await import(`../dist/hosts/${board}/cli.js`);
} catch (error) {
	if (!(error instanceof Failure)) throw error;
	reportFailure(error);
}
