import { Command, CommanderError, Help, type HelpContext, Option } from "commander";
import { UsageError } from "./usage-error.js";

// Every command line of the project is read by commander. Here is what they have in common: sentences, help of 80
// columns, and values that are numbers or one of a few words.

/** Where text goes: a standard stream. */
export interface Sink {
	readonly isTTY?: boolean;
	/** Of a terminal. */
	readonly columns?: number | undefined;
	write(data: string | Uint8Array): unknown;
}

/** Where the words of a command go. */
export interface Streams {
	readonly stdout: Sink;
	readonly stderr: Sink;
}

/** What a command works with. */
export interface Context extends Streams {
	/** The exit code; 0 unless the command sets it. */
	status: number;
}

/** Most columns of the help, and the fewest of a column of descriptions. */
const WIDTH = 80;
const LEAST_COLUMN = 24;

/** Commander's command, which says in one sentence what is wrong. */
class Line extends Command {
	constructor(name?: string) {
		super(name);
		// An option behind a command is the command's: `image sign --version 1.2.0` gives the version of the image.
		this.enablePositionalOptions();
		this.helpOption("-h, --help", "print this text");
		// Later than commander looks for them: a slip of the pen in the name of an option is named first.
		this.hook("preAction", (_, command) => {
			const missing = command.options.find(
				(option) => REQUIRED.has(option) && command.getOptionValue(option.attributeName()) === undefined,
			);
			if (missing)
				throw new UsageError(
					`${pathOf(command) || command.name()} needs ${longPart(missing.flags).split(" ").map(bare).join(" ")}.`,
				);
		});
	}

	override createCommand(name?: string): Line {
		return new Line(name);
	}

	override createHelp(): Help {
		return Object.assign(new LineHelp(), this.configureHelp());
	}

	override error(message: string, { code = "" }: { code?: string } = {}): never {
		throw new UsageError(sentenceOf(this, code, message));
	}
}

class LineHelp extends Help {
	override prepareContext(context: HelpContext): void {
		super.prepareContext(context);
		this.helpWidth = Math.min(WIDTH, this.helpWidth ?? WIDTH);
		this.minWidthToWrap = LEAST_COLUMN;
	}

	/** The text behind the list says how to get help. */
	override visibleCommands(command: Command): Command[] {
		return super.visibleCommands(command).filter((each) => each.name() !== "help");
	}

	/** One sentence in the list; the help of the command has them all. */
	override subcommandDescription(command: Command): string {
		return command.summary() || (/^.*?\.(?= [A-Z]|$)/.exec(command.description())?.[0] ?? command.description());
	}

	/** Choices and defaults in one bracket, with what the description has in brackets at its end. */
	override optionDescription({ description, argChoices, defaultValue, defaultValueDescription }: Option): string {
		const [, text = "", own] = /^(.*?)(?: \(([^()]*)\))?$/s.exec(description) ?? [];
		const value = defaultValueDescription ?? defaultValue;
		const facts = [argChoices && listOf(argChoices), own, value === undefined ? undefined : `default ${value}`];
		const given = facts.filter((fact) => fact !== undefined);
		return given.length > 0 ? `${text} (${given.join("; ")})` : text;
	}

	/** Nearly every command has options; the list is easier to read without saying so. */
	override subcommandTerm(command: Command): string {
		const operands = command.registeredArguments.map(
			(each) => ` ${bracket(each.required, each.name(), each.variadic)}`,
		);
		return command.name() + operands.join("");
	}
}

/** Words in a sentence: "a, b or c". */
export const listOf = (words: readonly string[]): string =>
	words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;

const bracket = (required: boolean, name: string, variadic: boolean): string =>
	`${required ? "<" : "["}${name}${variadic ? "..." : ""}${required ? ">" : "]"}`;

/** A command line with this name, whose help goes to the streams. */
export function newProgram(name: string, { stdout, stderr }: Streams): Command {
	return new Line(name).exitOverride().configureOutput({
		writeOut: (text) => stdout.write(text),
		writeErr: (text) => stderr.write(text),
		getOutHelpWidth: () => stdout.columns ?? WIDTH,
		getErrHelpWidth: () => stderr.columns ?? WIDTH,
	});
}

/** Reads a command line and runs its command. Returns the exit code. Throws a UsageError. */
export async function runLine(program: Command, args: readonly string[], context: Context): Promise<number> {
	try {
		await program.parseAsync([...args], { from: "user" });
		return context.status;
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		// The help was printed: because it was asked for, or because a command is missing.
		return error.code === "commander.help" && error.exitCode !== 0 ? 2 : 0;
	}
}

/** As `runLine`, for a program of one command, and prints what is wrong. */
export async function runAlone(program: Command, args: readonly string[], context: Context): Promise<number> {
	try {
		return await runLine(program, args, context);
	} catch (error) {
		if (!(error instanceof UsageError)) throw error;
		context.stderr.write(`${error.message}\n`);
		return 2;
	}
}

/** Reads a command line whose command does nothing, for its options. Throws a UsageError. */
export function readLine(program: Command, args: readonly string[]): Command {
	return program.action(() => {}).parse([...args], { from: "user" });
}

/** The name of a command with those above it, without the program's. */
function pathOf(command: Command): string {
	const { parent } = command;
	if (!parent) return "";
	const above = pathOf(parent);
	return above === "" ? command.name() : `${above} ${command.name()}`;
}

/** Commander's words as a sentence. */
function sentenceOf(command: Command, code: string, message: string): string {
	const [, named = ""] = /'(.*?)'/s.exec(message) ?? [];
	const [, meant] = /\(Did you mean (.*?)\?\)$/s.exec(message) ?? [];
	const end = meant === undefined ? "; --help lists them." : `; did you mean ${meant}?`;
	const subject = pathOf(command) || command.name();
	switch (code) {
		case "commander.unknownOption": {
			const [name = ""] = named.split("=");
			if (command.options.some(({ short, long }) => name === short || name === long)) return `${name} takes no value.`;
			return `There is no option ${quote(named)}${end}`;
		}
		case "commander.unknownCommand":
			return `There is no command ${quote([pathOf(command), named].filter(Boolean).join(" "))}${end}`;
		case "commander.missingArgument": {
			const needed = command.registeredArguments.filter(({ required }) => required);
			return `${subject} needs ${needed.map((each) => each.name()).join(" and ")}; --help tells more.`;
		}
		case "commander.excessArguments":
			return `${quote(command.args[command.registeredArguments.length] ?? "")} is one argument too many.`;
		case "commander.optionMissingArgument": {
			const [name = "", ...values] = longPart(named).split(" ");
			return `${name} needs ${values.map(bare).join(" and ")}.`;
		}
		case "commander.conflictingOption": {
			const [first = "", second = ""] = [...message.matchAll(/'(.*?)'/gs)].map(([, flags = ""]) => longPart(flags));
			return `${first.split(" ")[0]} and ${second.split(" ")[0]} do not go together.`;
		}
		default:
			return `${message.replace(/^error: /, "").replace(/^./, (first) => first.toUpperCase())}.`;
	}
}

/** Of `-i, --image <N>` what comes behind the short name. */
const longPart = (flags: string): string => flags.replace(/^-\w, /, "");
const bare = (value: string): string => value.replace(/[<>[\]]/g, "");

/** A value as it may stand in a sentence on a terminal. */
export const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);

/** An option with a value, which must not be empty. */
export const textOption = (flags: string, help: string): Option =>
	parsed(flags, help, (text, name) => {
		if (text === "" || text.startsWith("--")) throw new UsageError(`${name} needs a value.`);
		if (text.includes("\0")) throw new UsageError(`The value of ${name} has a zero byte in it.`);
		return text;
	});

/** An option whose value is a number: decimal, 0x…, 0o… or 0b…. */
export const numberOption = (flags: string, help: string): Option => parsed(flags, help, parseInteger);

/** An option whose value is a whole number between two others. */
export const countOption = (flags: string, help: string, least: number, most: number): Option =>
	parsed(flags, help, (text, name) => {
		const value = Number(text);
		if (/^\d{1,9}$/.test(text) && value >= least && value <= most) return value;
		throw new UsageError(`${name} is a number from ${least} to ${most}, not ${quote(text)}.`);
	});

/** An option whose value is one of a few words. */
export function choiceOption(flags: string, help: string, choices: readonly string[]): Option {
	const option = new Option(flags, help).choices(choices);
	return option.argParser((text) => {
		if (choices.includes(text)) return text;
		throw new UsageError(`${option.long} is ${listOf(choices)}, not ${quote(text)}.`);
	});
}

/** Options that a command cannot do without. */
const REQUIRED = new WeakSet<Option>();

/** The same option, which the command cannot do without. */
export function required(option: Option): Option {
	REQUIRED.add(option);
	option.description += " (required)";
	return option;
}

/** The same option, which may be given more than once; its value is the list of all values. */
export function repeated(option: Option): Option {
	const parse = option.parseArg;
	return option.argParser((text, before: unknown[] | undefined) => [
		...(before ?? []),
		parse ? parse(text, undefined) : text,
	]);
}

export function parsed<T>(flags: string, help: string, parse: (text: string, name: string) => T): Option {
	const option = new Option(flags, help);
	return option.argParser((text) => parse(text, option.long ?? flags));
}

/** Reads a non-negative number as imgtool does: decimal, 0x…, 0o… or 0b…, with _ between digits as in Python. */
export function parseInteger(text: string, what: string): number {
	const plain = text
		.trim()
		.replace(/^\+/, "")
		.replace(/(?<=[0-9a-fxob])_(?=[0-9a-f])/gi, "");
	const value = /^(0+|[1-9]\d*|0x[0-9a-f]+|0o[0-7]+|0b[01]+)$/i.test(plain) ? Number(plain) : Number.NaN;
	if (!Number.isSafeInteger(value)) throw new UsageError(`${what} needs a number, not ${quote(text)}.`);
	return value;
}
