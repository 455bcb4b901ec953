import { Op } from "../../modules/smp/header.js";
import { SHELL_GROUP, ShellCommandId } from "../../modules/smp/protocol/shell.js";
import { take } from "../answer.js";
import type { Patience, Requester } from "../request.js";

/** What a command line printed, and what it returned: 0, or customarily a negative error number. */
export interface ShellResult {
	readonly output: string;
	readonly status: number;
}

/**
 * Runs a command line on the device's shell (Zephyr SMP group 9, Shell command line execute). By default it is asked once and
 * may take 15 seconds: one that is sent again runs again.
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
	patience: Patience = { timeout: 15_000, tries: 1 },
): Promise<ShellResult> {
	const answer = await device.request(Op.WRITE, SHELL_GROUP, ShellCommandId.EXECUTE, { argv: words }, patience);
	return { output: take(answer, "o", "text"), status: take(answer, "ret", "number") };
}
