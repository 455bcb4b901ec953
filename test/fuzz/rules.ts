import { DEVELOPMENT_KEY } from "../../apps/locked-down/rules.js";
import { THERMOSTAT_GROUP } from "../../apps/own-group/thermostat.js";
import { nobleDigest } from "../../modules/bootutil/noble-digest.js";
import { AccessControl, type AccessRule, accessAnswer } from "../../modules/smp/access.js";
import { OS_GROUP } from "../../modules/smp/group/os.js";
import { ZEPHYR_GROUP } from "../../modules/smp/group/zephyr.js";

export const ACCESS_GROUP = 64;

/** Each verdict is met somewhere; most is allowed, so that it is reached. */
const RULES: readonly AccessRule[] = Object.freeze([
	{ command: 200, verdict: "deny" },
	{ group: THERMOSTAT_GROUP, op: "write", verdict: "challenge" },
	{ group: OS_GROUP, command: 6, verdict: "allow", rate: { requests: 10, milliseconds: 5000 } },
	{ group: ZEPHYR_GROUP, transport: "ble", verdict: "deny" },
] as const);

const KEY = Uint8Array.from(DEVELOPMENT_KEY);

/** Every challenge is this one, so that the answer can stand in a corpus. */
const NONCE = new Uint8Array(16).fill(7);

/** The right answer. */
export const ANSWER = accessAnswer(nobleDigest, KEY, NONCE);

export const accessControl = (uptime: () => number): AccessControl =>
	new AccessControl({
		rules: RULES,
		otherwise: "allow",
		key: KEY,
		digest: nobleDigest,
		entropy: (into) => into.set(NONCE),
		uptime,
		group: ACCESS_GROUP,
		attempts: { requests: 5, milliseconds: 1000 },
	});
