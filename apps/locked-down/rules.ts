import type { AccessRule } from "../../modules/smp/group/access.js";
import { BOOT_JOURNAL_GROUP } from "../../modules/smp/protocol/boot-journal.js";
import { ENUMERATION_GROUP } from "../../modules/smp/protocol/enumeration.js";
import { IMAGE_GROUP } from "../../modules/smp/protocol/image.js";
import { LAST_ERROR_GROUP } from "../../modules/smp/protocol/last-error.js";
import { OS_GROUP, OsCommand } from "../../modules/smp/protocol/os.js";
import { SHELL_GROUP } from "../../modules/smp/protocol/shell.js";

/**
 * Who may do what, in the order in which it is asked: everybody may look, whoever has the key may update and reset, files and
 * settings only over the cable, and nobody gets a shell.
 */
export const RULES: readonly AccessRule[] = Object.freeze([
	{ group: SHELL_GROUP, verdict: "deny" },
	{ group: OS_GROUP, command: OsCommand.ECHO, verdict: "allow", rate: { requests: 10, milliseconds: 1000 } },
	{ group: OS_GROUP, command: OsCommand.PARAMETERS, verdict: "allow" },
	{ group: OS_GROUP, command: OsCommand.RESET, verdict: "challenge" },
	{ group: OS_GROUP, op: "read", verdict: "allow" },
	{ group: ENUMERATION_GROUP, verdict: "allow" },
	{ group: LAST_ERROR_GROUP, verdict: "allow" },
	{ group: IMAGE_GROUP, op: "read", verdict: "allow" },
	{ group: IMAGE_GROUP, op: "write", verdict: "challenge" },
	{ group: BOOT_JOURNAL_GROUP, verdict: "challenge" },
	{ transport: "uart", verdict: "challenge" },
] as const);

/**
 * The key of this example, which everybody knows, as everybody knows the one in keys/. A product has one for each device, made
 * when it is made, and where no client can read it.
 */
export const DEVELOPMENT_KEY: readonly number[] = Object.freeze(
	Array.from("xs-smp development", (letter) => letter.charCodeAt(0)),
);
