import { ImageError } from "../image/error.js";

/** One option of a command. */
export interface OptionSpec {
	/** Name without the dashes; what `Arguments` is asked for. */
	readonly name: string;
	readonly short?: string;
	/** Names of the values that follow; none for a flag. */
	readonly values?: readonly string[];
	/** The only values allowed. */
	readonly choices?: readonly string[];
	/** Values that imgtool takes and this tool does not, and why. */
	readonly refused?: Readonly<Record<string, string>>;
	readonly required?: boolean;
	/** Why this tool has not this option, which imgtool has. */
	readonly absent?: string;
	readonly help: string;
}

/** A command that can be run; `run` returns the exit code. */
export interface Command extends CommandSpec {
	readonly run: (args: readonly string[]) => number;
}

export interface CommandSpec {
	readonly name: string;
	readonly summary: string;
	readonly options: readonly OptionSpec[];
	/**
	 * Names of the arguments behind the options; all of them are needed but those in brackets, which come last. A last one that
	 * ends in `...` stands for one or more.
	 */
	readonly operands: readonly string[];
}

/** The option or its value is one that imgtool has and this tool deliberately has not. */
export class UnsupportedOption extends ImageError {}

/** What stood on the command line. */
export class Arguments {
	readonly operands: readonly string[];
	#given: ReadonlyMap<string, readonly (readonly string[])[]>;

	constructor(given: ReadonlyMap<string, readonly (readonly string[])[]>, operands: readonly string[]) {
		this.#given = given;
		this.operands = operands;
	}

	has(name: string): boolean {
		return this.#given.has(name);
	}

	/** The values of every use of an option, in order. */
	all(name: string): readonly (readonly string[])[] {
		return this.#given.get(name) ?? [];
	}

	/** The value of an option; of the last one if it was repeated. */
	text(name: string): string | undefined {
		return this.all(name).at(-1)?.[0];
	}

	/** As `text`, for a number: decimal, or hexadecimal with 0x. */
	integer(name: string): number | undefined {
		const text = this.text(name);
		return text === undefined ? undefined : parseInteger(text, `--${name}`);
	}
}

/** Reads a non-negative number as imgtool does: decimal, 0x…, 0o… or 0b…, with _ between digits as in Python. */
export function parseInteger(text: string, what: string): number {
	const plain = text
		.trim()
		.replace(/^\+/, "")
		.replace(/(?<=[0-9a-fxob])_(?=[0-9a-f])/gi, "");
	const value = /^(0+|[1-9]\d*|0x[0-9a-f]+|0o[0-7]+|0b[01]+)$/i.test(plain) ? Number(plain) : Number.NaN;
	if (!Number.isSafeInteger(value)) throw new ImageError(`${what} needs a number, not "${text}".`);
	return value;
}

/** Splits a command line by a command's options. Throws an ImageError with one sentence. */
export function parseArguments(command: CommandSpec, args: readonly string[]): Arguments {
	const given = new Map<string, string[][]>();
	const operands: string[] = [];
	const words = [...args];
	for (let i = 0; i < words.length; i++) {
		const arg = words[i]!;
		if (arg === "--") {
			operands.push(...words.slice(i + 1));
			break;
		}
		if (!arg.startsWith("-") || arg === "-") {
			operands.push(arg);
			continue;
		}
		if (arg.length > 2 && arg[1] !== "-") {
			// -S0x80000 is -S 0x80000, and -cE is -c -E.
			const takesValue = findOption(command, arg.slice(0, 2)).values !== undefined;
			words.splice(i--, 1, arg.slice(0, 2), `${takesValue ? "" : "-"}${arg.slice(2)}`);
			continue;
		}
		const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
		const name = equals < 0 ? arg : arg.slice(0, equals);
		const option = findOption(command, name);
		const values = equals < 0 ? [] : [arg.slice(equals + 1)];
		const wanted = option.values?.length ?? 0;
		if (values.length > wanted) throw new ImageError(`${name} takes no value.`);
		while (values.length < wanted) {
			const value = words[++i];
			if (value === undefined) throw new ImageError(`${name} needs ${option.values!.join(" and ")}.`);
			values.push(value);
		}
		const reason = option.refused?.[values[0]!];
		if (reason !== undefined) throw new UnsupportedOption(`${name} ${values[0]} is not supported: ${reason}.`);
		if (option.choices && !option.choices.includes(values[0]!)) {
			throw new ImageError(`${name} is one of ${option.choices.join(", ")}, not "${values[0]}".`);
		}
		given.set(option.name, [...(given.get(option.name) ?? []), values]);
	}
	const missing = command.options.find((option) => option.required && !given.has(option.name));
	if (missing) throw new ImageError(`${command.name} needs --${missing.name}.`);
	const needed = command.operands.filter((name) => !name.startsWith("["));
	if (operands.length < needed.length) throw new ImageError(`${command.name} needs ${needed.join(" and ")}.`);
	if (operands.length > command.operands.length && !command.operands.at(-1)?.endsWith("...")) {
		throw new ImageError(`"${operands[command.operands.length]}" is one argument too many.`);
	}
	return new Arguments(given, operands);
}

function findOption(command: CommandSpec, name: string): OptionSpec {
	const option = command.options.find((one) => name === `--${one.name}` || (one.short && name === `-${one.short}`));
	if (option?.absent !== undefined) throw new UnsupportedOption(`${name} is not supported: ${option.absent}.`);
	if (option) return option;
	throw new ImageError(`${command.name} has no option ${name}.`);
}

/** The help text of a command, made from what the parser goes by. */
export function commandHelp(program: string, command: CommandSpec): string {
	const lines = [
		`Usage: ${[program, command.name, "[OPTIONS]", ...command.operands].join(" ")}`,
		"",
		...wrap(command.summary, 100),
		"",
		"Options:",
	];
	for (const option of [
		...command.options.filter((option) => option.absent === undefined),
		{ name: "help", short: "h", help: "show this text and exit" } as OptionSpec,
	]) {
		const short = option.short ? `-${option.short}, ` : "    ";
		const values = option.choices ? [`[${option.choices.join("|")}]`] : (option.values ?? []);
		const head = `  ${short}--${[option.name, ...values].join(" ")}`;
		const help = wrap(option.required ? `${option.help} (required)` : option.help, 66);
		const column = " ".repeat(34);
		if (head.length > column.length - 2) lines.push(head, ...help.map((line) => column + line));
		else lines.push(...help.map((line, i) => (i === 0 ? head.padEnd(column.length) : column) + line));
	}
	return `${lines.join("\n")}\n`;
}

function wrap(text: string, width: number): string[] {
	const lines: string[] = [""];
	for (const word of text.split(" ")) {
		const line = lines[lines.length - 1]!;
		if (line === "") lines[lines.length - 1] = word;
		else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
		else lines.push(word);
	}
	return lines;
}
