#!/usr/bin/env node
import { existsSync } from "node:fs";
import { onClosedPipe } from "./closed-pipe.js";
import { INTERRUPTED } from "./interrupted.js";

/** There in a clone of the repository, and not in the package: builds the simulated devices before it runs them. */
const START = new URL("../../tools/start.mjs", import.meta.url);
const BOARDS = ["sim", "mps3"];

// An update must not stop half-way because nobody reads on.
onClosedPipe(() => {});
const [first, second, ...more] = process.argv.slice(2);
const clone = existsSync(START);
const words = first === "help" && second !== undefined ? [second, "--help", ...more] : process.argv.slice(2);
if (clone && BOARDS.includes(words[0] ?? "")) {
	// Nothing else is loaded yet: what is built may be newer.
	const { start } = (await import(START.href)) as { start(words: readonly string[]): Promise<void> };
	await start(words);
} else {
	const { runProgram } = await import("./program.js");
	process.exitCode = await runProgram(process.argv.slice(2), process, { clone });
	// Nobody waits for the answers to what was on its way.
	if (process.exitCode === INTERRUPTED) process.exit();
}
