import { utf8Length } from "../../bytes/utf8.js";
import { GroupError, Rc, SmpError } from "../errors.js";
import { texts } from "../fields.js";
import { type Group, operation } from "../group.js";
import { SHELL_GROUP, ShellError } from "../protocol/shell.js";

/** What a command line printed, and its return value. */
export interface ShellResult {
	readonly output: string;
	readonly status: number;
}

export interface ShellOptions {
	/** Runs a command line. */
	readonly run: (line: string) => ShellResult;
	/** Bytes of a command line, its terminating zero counted. Default 256. */
	readonly lineLimit?: number;
}

/** Bytes of a response beside its output: keys, heads and a 32-bit status. */
const OVERHEAD = 16;

/** The shell group (Zephyr SMP group 9, Shell management). Output that does not fit the response is cut. */
export function shellGroup({ run, lineLimit = 256 }: ShellOptions): Group {
	return {
		id: SHELL_GROUP,
		name: "shell mgmt",
		commands: {
			0: {
				name: "execute",
				write: operation({ argv: texts }, ({ argv }, context) => {
					if (!argv) throw new SmpError(Rc.INVALID, "the command line is missing");
					const line = argv.join(" ");
					// As in Zephyr a line of empty words is one, which its shell answers.
					if (argv.length === 0)
						throw new GroupError(SHELL_GROUP, ShellError.EMPTY_COMMAND, "the command line is empty");
					if (utf8Length(line) >= lineLimit)
						throw new GroupError(SHELL_GROUP, ShellError.COMMAND_TOO_LONG, "the command line is too long");
					const { output, status } = run(line);
					return { o: cut(output, Math.max(0, context.room - OVERHEAD)), ret: status };
				}),
			},
		},
		errors: V1_ERRORS,
	};
}

const V1_ERRORS = Object.freeze({
	[ShellError.COMMAND_TOO_LONG]: Rc.INVALID,
	[ShellError.EMPTY_COMMAND]: Rc.INVALID,
});

/** The beginning of `text` that takes at most `room` bytes, no character cut. */
function cut(text: string, room: number): string {
	let end = Math.min(text.length, room);
	while (utf8Length(text.slice(0, end)) > room) end--;
	return (text.charCodeAt(end - 1) & 0xfc00) === 0xd800 ? text.slice(0, end - 1) : text.slice(0, end);
}
