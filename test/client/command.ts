import { runProgram } from "../../cli/program.js";

/** Runs a command line in this process. */
export async function xsSmp(...args: string[]) {
	const output: string[] = [];
	const errors: string[] = [];
	const status = await runProgram(args, {
		stdout: { write: (text) => output.push(String(text)) },
		stderr: { write: (text) => errors.push(String(text)) },
	});
	return { status, output: output.join(""), errors: errors.join("") };
}
