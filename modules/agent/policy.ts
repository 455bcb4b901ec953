import { isCheckName, networkCheck, PLAIN_CHECKS } from "./checks.js";

/**
 * Who decides on an update on trial, and by what, as data (docs/APPLICATIONS.md, Confirm policy): it is confirmed once all
 * checks have passed and `minUptime` is over. If a check fails, or at the deadline, the device resets and the former image is
 * back.
 */
export interface Policy {
	/** Seconds from the start until all has to be well: 1 to 3600. */
	readonly deadline: number;
	/** Seconds that an update runs at least before it is confirmed: 0 to 3599, and less than `deadline`. */
	readonly minUptime: number;
	/** "timer", "flash", "client", "network:HOST:PORT" or "app:NAME", none of them twice; eight at most. */
	readonly checks: readonly string[];
	/** After so many crashes in a row the device starts without a confirmed application: 1 to 100. Missing: the runtime's. */
	readonly crashes?: number;
	/** Milliseconds after which a device that hangs restarts: 1000 to 3600000. Missing: the runtime's. */
	readonly watchdog?: number;
}

/** What a board has for policies. */
export interface PolicyBoard {
	/** Whether it can check a network. */
	readonly network: boolean;
	/** Seconds that it allows at most; a policy with a later deadline gets this one. */
	readonly deadline: number;
}

/** The longest text of a policy, characters. XS reads JSON by recursion, and a policy may be anybody's text. */
export const POLICY_LENGTH = 1024;

/** The numbers of a policy: the least and the most that each can be. */
const LEAST: Readonly<Record<string, number>> = Object.freeze({
	deadline: 1,
	minUptime: 0,
	crashes: 1,
	watchdog: 1000,
});
const MOST: Readonly<Record<string, number>> = Object.freeze({
	...{ deadline: 3600, minUptime: 3599, crashes: 100, watchdog: 3_600_000 },
});

/**
 * Reads a policy. Takes any text, in bounded time and memory. Default of `board`: one that has and allows everything.
 *
 * @throws RangeError with one clause that says what is wrong.
 */
export function parsePolicy(text: string, board: PolicyBoard = { network: true, deadline: 3600 }): Policy {
	// Nothing is nested deeper than there are brackets. A policy has two, and an IPv6 address has one.
	let brackets = 0;
	for (let i = 0; i < text.length && i <= POLICY_LENGTH; i++) if ("[{".includes(text[i]!)) brackets++;
	if (text.length > POLICY_LENGTH || brackets > 16)
		throw new RangeError(`the policy has more than ${POLICY_LENGTH} characters, or more than 16 lists and objects`);
	let fields: unknown;
	try {
		fields = JSON.parse(text);
	} catch (error) {
		throw new RangeError(`the policy is no JSON: ${(error as Error).message}`);
	}
	if (typeof fields !== "object" || fields === null || Array.isArray(fields))
		throw new RangeError(`the policy is an object, not ${shown(fields)}`);
	for (const name of Object.keys(fields)) {
		const value: unknown = fields[name as keyof typeof fields];
		if (name === "checks") judgeChecks(value, board.network);
		else if (!Object.hasOwn(MOST, name))
			throw new RangeError(`the policy has no field ${shown(name)}, but checks, ${Object.keys(MOST).join(", ")}`);
		else if (!(Number.isInteger(value) && (value as number) >= LEAST[name]! && (value as number) <= MOST[name]!))
			throw new RangeError(`${name} is a whole number from ${LEAST[name]} to ${MOST[name]}, not ${shown(value)}`);
	}
	const policy = { deadline: 30, minUptime: 0, checks: PLAIN_CHECKS, ...fields };
	policy.deadline = Math.min(policy.deadline, board.deadline);
	const { deadline, minUptime, checks } = policy;
	if (minUptime >= deadline)
		throw new RangeError(`no update could pass: minUptime, ${minUptime} s, is not below the deadline, ${deadline} s`);
	if (checks.length === 0 && minUptime === 0)
		throw new RangeError("the policy asks for nothing: it has no check, and minUptime is 0");
	return policy;
}

function judgeChecks(checks: unknown, network: boolean): void {
	if (!Array.isArray(checks) || checks.length > 8)
		throw new RangeError(`checks is a list of up to 8 names, not ${shown(checks)}`);
	for (let i = 0; i < checks.length; i++) {
		const check: unknown = checks[i];
		const name = typeof check === "string" ? check : "";
		const own = name.startsWith("app:") && isCheckName(name.slice(4));
		if (!own && !PLAIN_CHECKS.includes(name) && !networkCheck(name))
			throw new RangeError(
				`${shown(check)} is no check: those are ${PLAIN_CHECKS.join(", ")}, network:HOST:PORT and app:NAME`,
			);
		if (!network && name.startsWith("network"))
			throw new RangeError(`this runtime cannot check ${name}: its board has no network`);
		if (checks.indexOf(check) < i) throw new RangeError(`the check ${name} is there twice`);
	}
}

/** A value as a sentence quotes it. */
const shown = (value: unknown): string =>
	typeof value === "number" ? String(value) : JSON.stringify(value).slice(0, 40);
