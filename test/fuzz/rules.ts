import { DEVELOPMENT_KEY } from "../../apps/locked-down/rules.js";
import { THERMOSTAT_GROUP } from "../../apps/own-group/thermostat.js";
import { equalBytes } from "../../modules/bytes/equal.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { accessAnswer } from "../../modules/smp/access-answer.js";
import type { ResponseMap } from "../../modules/smp/cbor.js";
import { AccessControl, type AccessRule } from "../../modules/smp/group/access.js";
import type { Operation } from "../../modules/smp/group.js";
import { OS_GROUP } from "../../modules/smp/protocol/os.js";
import { ZEPHYR_GROUP } from "../../modules/smp/protocol/zephyr.js";

export const ACCESS_GROUP = 64;

/** Each verdict is met somewhere; most is allowed, so that it is reached. */
const RULES: readonly AccessRule[] = Object.freeze([
	{ command: 200, verdict: "deny" },
	{ group: THERMOSTAT_GROUP, op: "write", verdict: "challenge" },
	{ group: OS_GROUP, command: 6, verdict: "allow", rate: { requests: 10, milliseconds: 5000 } },
	{ group: ZEPHYR_GROUP, transport: "ble", verdict: "deny" },
] as const);

const KEY = Uint8Array.from(DEVELOPMENT_KEY);

/** Stands for the right answer, which depends on client and time, so that it can stand in a corpus. */
export const ANSWER = accessAnswer(nobleDigest, KEY, new Uint8Array(16).fill(7));

export function accessControl(uptime: () => number): Pick<AccessControl, "hooks" | "group"> {
	const { hooks, group } = new AccessControl({
		rules: RULES,
		otherwise: "allow",
		key: KEY,
		digest: nobleDigest,
		entropy: (into) => into.fill(7),
		uptime,
		group: ACCESS_GROUP,
	});
	const [challenge, answer] = [group.commands[0]!, group.commands[1]!];
	const write: Operation = {
		...answer.write!,
		handle: (fields, context) => {
			const right = fields["answer"] instanceof Uint8Array && equalBytes(fields["answer"], ANSWER);
			if (!right) return answer.write!.handle(fields, context);
			const { nonce } = challenge.read!.handle({}, context) as ResponseMap;
			return answer.write!.handle({ answer: accessAnswer(nobleDigest, KEY, nonce as Uint8Array) }, context);
		},
	};
	return { hooks, group: { ...group, commands: { ...group.commands, 1: { ...answer, write } } } };
}
