import { Op } from "../../modules/smp/header.js";
import { SHELL_GROUP, ShellCommandId } from "../../modules/smp/protocol/shell.js";
import { command, list, number, text } from "../command.js";
import type { Requester, RequestOptions } from "../request.js";

/** What a command line printed, and what it returned: 0, or customarily a negative error number. */
export interface ShellResult {
	readonly output: string;
	readonly status: number;
}

/** Shell command line execute (Zephyr SMP group 9): `argv` is its words. Ask once only. */
export const shellExecute = command(Op.WRITE, SHELL_GROUP, ShellCommandId.EXECUTE, {
	request: { argv: list(text) },
	answer: { o: text, ret: number },
});

/**
 * Runs a command line on the device's shell. By default it is asked once and may take 15 seconds: one that is sent again runs
 * again.
 *
 * @example
 * ```ts
 * import { runShell } from "xs-smp/group/shell";
 *
 * const { output, status } = await runShell(client, ["kernel", "uptime"]);
 * console.log(status === 0 ? output : `failed with ${status}`);
 * ```
 */
export async function runShell(
	device: Requester,
	words: readonly string[],
	{ timeout = 15_000, tries = 1, signal }: RequestOptions = {},
): Promise<ShellResult> {
	const { o, ret } = await device.request(shellExecute, { argv: words }, { timeout, tries, signal });
	return { output: o, status: ret };
}
