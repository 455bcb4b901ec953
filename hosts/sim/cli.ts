#!/usr/bin/env node
import { createInterface } from "node:readline";
import { startDevice } from "./device.js";
import { mayReadTerminal } from "./lifeline.js";
import { HELP, OptionError, parseOptions } from "./options.js";
import { jsonRenderer, textRenderer } from "./render.js";

/** Exit codes: 0 ended as wanted, 1 failed, 2 an option or file cannot be used. */
async function main(): Promise<number> {
	const options = parseOptions(process.argv.slice(2));
	if (options === "help") {
		process.stdout.write(HELP);
		return 0;
	}
	const render = options.json ? jsonRenderer() : textRenderer();
	const device = startDevice(options, (event) => {
		const text = render(event);
		if (text !== "") process.stdout.write(text);
	});
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => device.quit());
	// Nobody reads any more, for example `| head`.
	process.stdout.on("error", () => device.quit());
	if (!process.stdin.isTTY || mayReadTerminal())
		createInterface({ input: process.stdin }).on("line", (line) => {
			if (/^\s*(r|reset)\s*$/.test(line)) device.reset();
			else if (/^\s*(q|quit)\s*$/.test(line)) device.quit();
		});
	const failure = await device.ended;
	if (failure) throw failure;
	return 0;
}

main().then(
	(code) => process.exit(code),
	(error: Error) => {
		process.stderr.write(`${error.message}\n`);
		process.exit(error instanceof OptionError ? 2 : 1);
	},
);
