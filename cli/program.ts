import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { ImageError } from "../image/error.js";
import type { DeviceCommand, DeviceOptions } from "./command.js";
import { commonOptions } from "./command.js";
import { type Context, newProgram, quote, runLine, type Streams } from "./command-line.js";
import { COMMAND_GROUPS, FAMILIES } from "./commands.js";
import { COMPLETE, completionLines } from "./completion.js";
import { UsageError } from "./usage-error.js";

/** Gives a command its options, its commands, and something to do. */
export type Define = (command: Command, context: Context) => void;

/** A command that needs no device. Only the one that runs is loaded. */
interface Tool {
	readonly name: string;
	readonly summary: string;
	readonly load: () => Promise<Define>;
	/** What has to be done to the words of the command line first. */
	readonly prepare?: (words: readonly string[]) => Promise<string[]>;
}

const TOOLS: readonly Tool[] = [
	{
		name: "ports",
		summary: "Print the serial lines of this machine, with the names of the boards.",
		load: async () => (await import("./ports-command.js")).definePorts,
	},
	{
		name: "bridge",
		summary: "Let pages in a browser reach a device, through a WebSocket.",
		load: async () => (await import("./bridge-command.js")).defineBridge,
	},
	{
		name: "image",
		summary: "Make, sign and inspect MCUboot images.",
		load: async () => (await import("./image.js")).defineImage,
		prepare: async (words) => (await import("./image.js")).prepareImage(words),
	},
	{
		name: "package",
		summary: "Make and inspect packages of several images.",
		load: async () => (await import("./package-commands.js")).definePackage,
	},
	{
		name: "explain",
		summary: "Print what is on a flash, and what the next boots will do with it.",
		load: async () => (await import("./explain.js")).defineExplain,
	},
	{
		name: "completion",
		summary: "Print a script with which a shell completes command lines.",
		load: async () => (await import("./completion-command.js")).defineCompletion,
	},
];

/** Devices that run on this machine. The package has none: a clone of the repository builds them, and brings them. */
export type Boards = Readonly<Record<string, Define>>;

const BOARDS: Readonly<Record<string, string>> = {
	sim: "Run a simulated device.",
	mps3: "Run the firmware on an emulated Cortex-M55.",
};

/** Whether this program is a part of a clone. */
export interface Installation {
	readonly clone: boolean;
	/** The devices that can be run at once. */
	readonly boards?: Boards;
}

/**
 * Runs a command line. Returns the exit code: 0 if it is done, 1 if the device refuses or does not answer, or an image
 * is not right, 2 for input that cannot be used, 130 after Ctrl-C.
 */
export async function runProgram(
	args: readonly string[],
	streams: Streams,
	installation: Installation = { clone: false },
): Promise<number> {
	const context: Context = { stdout: streams.stdout, stderr: streams.stderr, status: 0 };
	const program = newProgram("xs-smp", context)
		.version(version(), "-V, --version", "print the version")
		.description("Talk to devices that speak SMP (MCUmgr) and boot with MCUboot, and make images for them.")
		.addHelpText("after", "\nxs-smp COMMAND --help prints the options of a command.");
	try {
		const [first, ...rest] = args;
		if (first === COMPLETE) {
			await addCommands(program, rest, context, installation);
			for (const line of completionLines(program, rest)) context.stdout.write(`${line}\n`);
			return 0;
		}
		const words = await addCommands(program, args, context, installation);
		if (first === "help" && rest.length > 0) return await runLine(program, helpOf(program, rest), context);
		return await runLine(program, words, context);
	} catch (error) {
		if (!(error instanceof UsageError || error instanceof ImageError)) throw error;
		context.stderr.write(`${error.message}\n`);
		return 2;
	}
}

/**
 * The command line for the words behind `help`. If they are no command, it ends with the first that is not one, so that what reads
 * it says so, and which one was meant. Throws a UsageError.
 */
function helpOf(program: Command, words: readonly string[]): readonly string[] {
	let command = program;
	for (const [at, word] of words.entries()) {
		const found = command.commands.find((each) => each.name() === word);
		if (!found && command.commands.length > 0) return words.slice(0, at + 1);
		if (!found) throw new UsageError(`There is no command ${quote(words.join(" "))}; --help lists them.`);
		command = found;
	}
	return [...words, "--help"];
}

const version = (): string =>
	(JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as { version: string }).version;

/** Adds all commands. Returns the words of the command line, ready to be read. */
async function addCommands(
	program: Command,
	args: readonly string[],
	context: Context,
	installation: Installation,
): Promise<readonly string[]> {
	// `help image` needs its commands too.
	const wanted = args[0] === "help" ? args[1] : args[0];
	let words = args;
	for (const [heading, commands] of COMMAND_GROUPS) {
		program.commandsGroup(heading);
		for (const command of commands) addDeviceCommand(familyOf(program, command.name), command, context);
	}
	program.commandsGroup("Without a device:");
	for (const { name, summary, load, prepare } of TOOLS) {
		const command = program.command(name).description(summary);
		if (name !== wanted) continue;
		(await load())(command, context);
		if (prepare) words = await prepare(args);
	}
	for (const [name, summary] of Object.entries(BOARDS)) {
		const command = program.command(name, { hidden: !installation.clone }).description(summary);
		const define = installation.boards?.[name] ?? refuseBoard;
		define(command, context);
	}
	return words;
}

const refuseBoard: Define = (command) => {
	command
		.allowUnknownOption()
		.allowExcessArguments()
		.helpOption(false)
		.action(() => {
			throw new UsageError(
				"The package has no simulator: `npm ci && npm start` in a clone of the repository of xs-smp builds and starts it.",
			);
		});
};

/** The command of which one with this name is a part. */
function familyOf(program: Command, name: string): Command {
	const [first = "", second] = name.split(" ");
	if (second === undefined) return program;
	return (
		program.commands.find((each) => each.name() === first) ?? program.command(first).description(FAMILIES[first] ?? "")
	);
}

function addDeviceCommand(
	parent: Command,
	{ name, operands, summary, options, load }: DeviceCommand,
	context: Context,
) {
	const command = parent.command(name.split(" ").at(-1)!).description(summary);
	if (operands !== undefined) command.arguments(operands);
	const own = options?.() ?? [];
	for (const option of own) command.addOption(option);
	for (const option of commonOptions()) if (!own.some(({ long }) => long === option.long)) command.addOption(option);
	command.action(async () => {
		const { runOnDevice } = await import("./device.js");
		await runOnDevice(await load(), { operands: command.args, options: command.opts<DeviceOptions>() }, context);
	});
}
