import type { Argument, Command, Option } from "commander";

// Completion of command lines. The shell calls the program with the words that it has so far, and the program answers from its
// own table of commands; so all shells complete alike, and nothing has to be kept up.

/** The command that shells call; its operands are the words of the line, the last of which is to be completed. */
export const COMPLETE = "__complete";

/** Says that files of this machine fit as well. */
const FILES = ":files";

/** Names of values that are files of this machine. */
const FILE_VALUES = /\b(\w*FILES?|PEM|JSON|SOURCE|KEY)\b/;

/** What fits: words with what they mean, and `:files`, a line each. */
export function completionLines(program: Command, words: readonly string[]): string[] {
	const [first, ...rest] = joined(words);
	// The explanation of a command: its name alone.
	const explained = first === "help" && rest.length > 0;
	return explained ? commandsOf(program, rest.at(-1)!) : complete(program, joined(words));
}

/** The words of bash, which makes words of their own of colons and equals signs: put together again. */
function joined(words: readonly string[]): string[] {
	const whole: string[] = [];
	let open = false;
	for (const word of words) {
		const seam = /^[:=]+$/.test(word);
		if (whole.length > 0 && (seam || open)) whole[whole.length - 1] += word;
		else whole.push(word);
		open = seam;
	}
	return whole;
}

function complete(program: Command, words: readonly string[]): string[] {
	const current = words.at(-1) ?? "";
	let command = program;
	let operands = 0;
	let option: Option | undefined;
	let literal = false;
	for (const word of words.slice(0, -1)) {
		if (option) option = undefined;
		else if (!literal && word === "--") literal = true;
		else if (!literal && word.startsWith("-")) option = optionWithValue(command, word);
		else {
			const next = operands === 0 ? command.commands.find((each) => each.name() === word) : undefined;
			if (next) command = next;
			else operands++;
		}
	}
	if (option) return fitting(option.argChoices ?? wordsIn(valueName(option)), current, isLocal(option));
	if (!literal && current.startsWith("-")) return optionsOf(command, current);
	if (command.commands.length > 0 && operands === 0) return commandsOf(command, current);
	const { registeredArguments } = command;
	const last = registeredArguments.at(-1);
	const argument: Argument | undefined = registeredArguments[operands] ?? (last?.variadic ? last : undefined);
	if (!argument) return [];
	return fitting(argument.argChoices ?? wordsIn(argument.name()), current, FILE_VALUES.test(argument.name()));
}

/** The option by this name, if its value is the next word. */
const optionWithValue = (command: Command, word: string): Option | undefined =>
	command.options.find((each) => each.required && (each.long === word || each.short === word));

/** Of `-k, --key <PEM>` the name of the value. */
const valueName = ({ flags }: Option): string => /<([^>]+)>/.exec(flags)?.[1] ?? "";

/** A path behind an option is one of this machine; an operand may be a path of the device. */
const isLocal = (option: Option): boolean => FILE_VALUES.test(valueName(option)) || valueName(option) === "PATH";

/** Of a value that is called `on/off`, the words that it may be. */
const wordsIn = (name: string): readonly string[] => (/^[a-z]+(\/[a-z]+)+$/.test(name) ? name.split("/") : []);

const fitting = (words: readonly string[], current: string, files: boolean): string[] => [
	...words.filter((word) => word.startsWith(current)),
	...(files ? [FILES] : []),
];

function optionsOf(command: Command, current: string): string[] {
	const help = command.createHelp();
	return help.visibleOptions(command).flatMap((option) => {
		const name = option.long ?? option.short ?? "";
		return name.startsWith(current) ? [described(name, help.optionDescription(option))] : [];
	});
}

function commandsOf(command: Command, current: string): string[] {
	const help = command.createHelp();
	return help
		.visibleCommands(command)
		.filter((each) => each.name().startsWith(current))
		.map((each) => described(each.name(), help.subcommandDescription(each)));
}

const described = (word: string, meaning: string): string => `${word}\t${meaning.replace(/\s+/g, " ")}`;
