import type { AccessRule } from "../../modules/smp/group/access.js";
import { ENUMERATION_GROUP } from "../../modules/smp/group/enumeration.js";
import { IMAGE_GROUP } from "../../modules/smp/group/image/error.js";
import { LAST_ERROR_GROUP } from "../../modules/smp/group/last-error.js";
import { OS_GROUP } from "../../modules/smp/group/os.js";
import { SHELL_GROUP } from "../../modules/smp/group/shell.js";

/** Commands of the OS group (Zephyr SMP group 0). */
const ECHO = 0;
const PARAMETERS = 6;
const RESET = 5;

/**
 * Who may do what, in the order in which it is asked: everybody may look, whoever has the key may update and reset, files and
 * settings only over the cable, and nobody gets a shell.
 */
export const RULES: readonly AccessRule[] = Object.freeze([
	{ group: SHELL_GROUP, verdict: "deny" },
	{ group: OS_GROUP, command: ECHO, verdict: "allow", rate: { requests: 10, milliseconds: 1000 } },
	{ group: OS_GROUP, command: PARAMETERS, verdict: "allow" },
	{ group: OS_GROUP, command: RESET, verdict: "challenge" },
	{ group: OS_GROUP, op: "read", verdict: "allow" },
	{ group: ENUMERATION_GROUP, verdict: "allow" },
	{ group: LAST_ERROR_GROUP, verdict: "allow" },
	{ group: IMAGE_GROUP, op: "read", verdict: "allow" },
	{ group: IMAGE_GROUP, op: "write", verdict: "challenge" },
	{ transport: "uart", verdict: "challenge" },
] as const);

/**
 * The key of this example, which everybody knows, as everybody knows the one in keys/. A product has one for each device, made
 * when it is made, and where no client can read it.
 */
export const DEVELOPMENT_KEY: readonly number[] = Object.freeze(
	Array.from("xs-smp development", (letter) => letter.charCodeAt(0)),
);
