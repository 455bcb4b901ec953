import { createInterface } from "node:readline";
import { onClosedPipe } from "../../../cli/closed-pipe.js";
import { OptionError } from "./command-options.js";
import { type Emulator, startDevice } from "./device.js";
import { mayReadTerminal } from "./lifeline.js";
import { type Board, help, parseOptions } from "./options.js";
import { jsonRenderer, textRenderer } from "./render.js";

/** Runs a device as the command line says, and ends this process: 0 ended as wanted, 1 failed, 2 an option or file cannot be used. */
export function runCommandLine(board: Board, emulator?: Emulator): void {
	run(board, emulator).then(
		() => process.exit(0),
		(error: Error) => {
			process.stderr.write(`${error.message}\n`);
			process.exit(error instanceof OptionError ? 2 : 1);
		},
	);
}

async function run(board: Board, emulator?: Emulator): Promise<void> {
	const options = parseOptions(process.argv.slice(2), board);
	if (options === "help") {
		process.stdout.write(help(board));
		return;
	}
	const render = options.json ? jsonRenderer() : textRenderer();
	const onEvent = (event: Parameters<typeof render>[0]): void => {
		const text = render(event);
		if (text !== "") process.stdout.write(text);
	};
	const device = startDevice(options, onEvent, emulator);
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => device.quit());
	onClosedPipe(() => device.quit());
	if (!process.stdin.isTTY || mayReadTerminal())
		createInterface({ input: process.stdin }).on("line", (line) => {
			if (/^\s*(r|reset)\s*$/.test(line)) device.reset();
			else if (/^\s*(q|quit)\s*$/.test(line)) device.quit();
		});
	const failure = await device.ended;
	if (failure) throw failure;
}
