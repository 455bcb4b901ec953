import type { ShellResult } from "./shell.js";

/** A command of the shell. */
export interface ShellCommand {
	/** One line: what it does, and its arguments. */
	readonly help: string;
	/** `print` adds a line to the output. What it throws becomes the output, with status -22 (EINVAL). */
	run(args: readonly string[], print: (line: string) => void): void;
}

/** `-ENOEXEC`: what Zephyr's shell returns for a command that it does not know, and for a line without one. */
const NO_SUCH_COMMAND = -8;
const INVALID = -22;

/** A shell of these commands and `help`, for `shellGroup`. Words are what spaces separate. */
export function shellOf(commands: Readonly<Record<string, ShellCommand>>): (line: string) => ShellResult {
	return (line) => {
		const [name = "", ...args] = line.split(" ").filter((word) => word !== "");
		if (name === "") return { output: "", status: NO_SUCH_COMMAND };
		let output = "";
		const print = (text: string): void => {
			output += `${text}\n`;
		};
		if (name === "help") {
			for (const each of Object.keys(commands)) print(`${each} - ${commands[each]!.help}`);
			return { output, status: 0 };
		}
		// A look-up by a name from outside would put it into XS's table of keys for ever.
		const known = Object.keys(commands).find((each) => each === name);
		const command = known === undefined ? undefined : commands[known];
		if (!command) return { output: `${name}: command not found; "help" lists them\n`, status: NO_SUCH_COMMAND };
		try {
			command.run(args, print);
			return { output, status: 0 };
		} catch (error) {
			print(error instanceof Error ? error.message : String(error));
			return { output, status: INVALID };
		}
	};
}
