import { createInterface } from "node:readline";
import type { Command } from "commander";
import { onClosedPipe } from "../../../cli/closed-pipe.js";
import { type Context, newProgram, runAlone } from "../../../cli/command-line.js";
import { announce } from "../../../cli/running.js";
import { UsageError } from "../../../cli/usage-error.js";
import type { Emulator } from "./device.js";
import { checkDevices, type Devices, startDevices } from "./devices.js";
import { mayReadTerminal } from "./lifeline.js";
import { type Board, defineOptions, type Options, readOptions } from "./options.js";
import { jsonRenderer, textRenderer } from "./render.js";

/** Gives a command the options of a board, and has it run one. Exit code 0: it ended as wanted; 1: it failed. */
export const defineBoard =
	(board: Board, emulator?: Emulator) =>
	(command: Command, context: Context): void => {
		defineOptions(command.description(board.summary), board).action(async () => {
			const failure = await run(readOptions(command), context, emulator);
			if (failure instanceof UsageError) throw failure;
			if (!failure) return;
			context.stderr.write(`${failure.message}\n`);
			context.status = 1;
		});
	};

/** Runs a device as the command line of this process says, and ends the process. */
export async function runBoard(board: Board, emulator?: Emulator): Promise<void> {
	const context: Context = { stdout: process.stdout, stderr: process.stderr, status: 0 };
	const program = newProgram(`xs-smp ${board.command}`, context);
	defineBoard(board, emulator)(program, context);
	// Standard input may stay open for ever.
	process.exit(await runAlone(program, process.argv.slice(2), context));
}

/** Returns the cause, if the device ended without being told to. */
async function run(options: Options, { stdout, stderr }: Context, emulator?: Emulator): Promise<Error | undefined> {
	checkDevices(options);
	const renderer = options.json ? jsonRenderer : textRenderer;
	const renderers = Array.from({ length: options.devices }, (_, i) =>
		options.devices === 1 ? renderer() : renderer(i + 1),
	);
	let retract = (): void => {};
	let devices: Devices | undefined;
	// Loaded only where it is wanted.
	const page = options.page && (await (await import("./page.js")).servePage(options.page, () => devices, options));
	const running = startDevices(
		options,
		(happened, number) => {
			const event =
				happened.event === "ready" && page
					? { ...happened, page: page.url(options.devices === 1 ? undefined : number) }
					: happened;
			page?.onEvent(event, number);
			// Of several none is the one that a command without an address means.
			if (event.event === "ready" && options.devices === 1) {
				const { serial, udp } = event;
				retract = announce({ serial, raw: options.uart === "raw", ...(udp !== undefined && { udp }) });
			}
			const text = renderers[number - 1]!(event);
			if (text !== "") stdout.write(text);
		},
		emulator,
	);
	devices = running;
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => running.quit());
	onClosedPipe(() => running.quit());
	if (!process.stdin.isTTY || mayReadTerminal())
		createInterface({ input: process.stdin }).on("line", (line) => {
			const [, press, number] = /^\s*(r|reset|p|pin)(?:\s+(\d{1,4}))?\s*$/.exec(line) ?? [];
			const pin = press?.startsWith("p") ?? false;
			if (pin && !options.recovery?.entrances.includes("pin"))
				stderr.write(
					emulator ? "This board has no pin.\n" : "There is no pin to hold: start the device with --recovery pin.\n",
				);
			else if (press !== undefined) running.reset(number === undefined ? undefined : Number(number), pin);
			else if (/^\s*(q|quit)\s*$/.test(line)) running.quit();
		});
	const failure = await running.ended;
	page?.close();
	retract();
	return failure;
}
