/** What the user gave cannot be used. The message is one sentence. */
export class OptionError extends Error {
	override readonly name: string = "OptionError";
}

/** One option of a command line. */
export interface OptionSpec {
	/** With its dashes. */
	readonly name: string;
	/** What its value is, for the help; neither this nor `choices`: a switch, which has no value. */
	readonly value?: string;
	/** The only values that there are. */
	readonly choices?: readonly string[];
	/** True if it may be the path of a folder, too: a word with a dot or a slash. */
	readonly orFolder?: true;
	/** What counts where it is not given. Default: nothing. */
	readonly default?: string;
	/** For the help: what happens where it is not given, if `default` does not say it. */
	readonly otherwise?: string;
	/** True if it may be given more than once. Otherwise the last one counts. */
	readonly repeats?: true;
	readonly help: string;
}

/** What stood on a command line; defaults are in the place of what did not. */
export class GivenOptions {
	readonly operands: readonly string[];
	readonly #specs: readonly OptionSpec[];
	readonly #given: ReadonlyMap<string, readonly string[]>;

	constructor(
		specs: readonly OptionSpec[],
		given: ReadonlyMap<string, readonly string[]>,
		operands: readonly string[],
	) {
		this.#specs = specs;
		this.#given = given;
		this.operands = operands;
	}

	has(name: string): boolean {
		return this.#given.has(name);
	}

	/** Every value of an option that may be repeated. */
	all(name: string): readonly string[] {
		return this.#given.get(name) ?? [];
	}

	/** The value; undefined if there is none, nor a default. */
	text(name: string): string | undefined {
		return this.all(name).at(-1) ?? this.#specs.find((spec) => spec.name === name)?.default;
	}

	/** One of the option's choices, which has a default. */
	choice<T extends string>(name: string, choices: readonly T[]): T {
		const value = this.text(name);
		const found = choices.find((choice) => choice === value);
		if (found === undefined) throw new TypeError(`${name} has no default, or other choices`);
		return found;
	}

	/** A whole number up to `most`. */
	count(name: string, most: number): number {
		const value = this.text(name) ?? "";
		if (!/^\d{1,9}$/.test(value) || Number(value) > most)
			throw new OptionError(`${name} is a number from 0 to ${most}, not ${quote(value)}.`);
		return Number(value);
	}
}

/** Reads a command line; "help" if that is what it asks for. Throws an OptionError. */
export function readCommandLine(
	args: readonly string[],
	specs: readonly OptionSpec[],
	operands: readonly string[] = [],
): GivenOptions | "help" {
	// npm takes the options in front of "--" for its own.
	if (args.includes("--help") || args.includes("-h")) return "help";
	const given = new Map<string, string[]>();
	const words: string[] = [];
	for (let i = 0; i < args.length; i++) {
		const arg = args[i]!;
		if (!arg.startsWith("-") && operands.length > 0) {
			if (words.push(arg) > operands.length) throw new OptionError(`${quote(arg)} is one argument too many.`);
			continue;
		}
		const [, name = "", inline] = /^(--[a-z-]+)(?:=(.*))?$/s.exec(arg) ?? [];
		const spec = specs.find((each) => each.name === name);
		if (!spec) throw new OptionError(`There is no option ${quote(arg)}; --help lists them.`);
		let value = inline;
		if (isSwitch(spec)) {
			if (inline !== undefined) throw new OptionError(`${name} takes no value.`);
			value = "yes";
		} else {
			value ??= args[++i];
			checkValue(spec, value, inline !== undefined);
		}
		given.set(name, spec.repeats ? [...(given.get(name) ?? []), value!] : [value!]);
	}
	if (words.length < operands.length) throw new OptionError(`${operands[words.length]} is missing; --help tells more.`);
	return new GivenOptions(specs, given, words);
}

const isSwitch = ({ value, choices }: OptionSpec): boolean => value === undefined && choices === undefined;

/** Whether a word is a path, and not a name. */
export const isPath = (word: string): boolean => /[/\\.]/.test(word);

function checkValue({ name, choices, orFolder }: OptionSpec, value: string | undefined, inline: boolean): void {
	if (value === undefined || value === "" || (!inline && value.startsWith("--")))
		throw new OptionError(`${name} needs a value.`);
	if (value.includes("\0")) throw new OptionError(`The value of ${name} has a zero byte in it.`);
	if (choices && !choices.includes(value) && !(orFolder && isPath(value)))
		throw new OptionError(`${name} is ${choices.join(" or ")}, not ${quote(value)}.`);
}

/** Columns in front of the help of an option, and columns in all. */
const INDENT = 24;
const WIDTH = 120;

/** The text for `--help`: usage, summary, options. */
export function commandHelp(usage: string, summary: string, specs: readonly OptionSpec[]): string {
	const lines = [`Usage: ${usage}`, "", ...wrap(summary, WIDTH), ""];
	for (const spec of [...specs, { name: "--help", help: "this text" }]) {
		const value = spec.choices?.concat(spec.orFolder ? ["FOLDER"] : []).join("|") ?? spec.value;
		const head = `  ${spec.name}${value === undefined ? "" : ` ${value}`}`;
		const otherwise = spec.otherwise ?? (spec.default === undefined ? undefined : `default ${spec.default}`);
		const help = wrap(`${spec.help}${otherwise === undefined ? "" : ` (${otherwise})`}`, WIDTH - INDENT);
		if (head.length >= INDENT) lines.push(head);
		else lines.push(head.padEnd(INDENT) + help.shift());
		lines.push(...help.map((line) => " ".repeat(INDENT) + line));
	}
	return `${lines.join("\n")}\n`;
}

function wrap(text: string, width: number): string[] {
	const lines: string[] = [""];
	for (const word of text.split(" ")) {
		const line = lines.at(-1)!;
		if (line === "") lines[lines.length - 1] = word;
		else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
		else lines.push(word);
	}
	return lines;
}

/** A value as it may stand in a sentence on a terminal. */
export const quote = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
