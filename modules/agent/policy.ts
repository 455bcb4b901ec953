/**
 * Who decides on an update on trial, and by what, as data (docs/APPLICATIONS.md, Confirm policy): it is confirmed once all
 * checks have passed and `minUptime` is over. If a check fails, or at the deadline, the device resets and the former image is
 * back.
 */
export interface Policy {
	/** Seconds from the start until all has to be well. */
	readonly deadline: number;
	/** Seconds that an update runs at least before it is confirmed; less than `deadline`. */
	readonly minUptime: number;
	/** "timer", "flash", "client", "network:HOST:PORT" or "app:NAME", none of them twice. */
	readonly checks: readonly string[];
	/** How many crashes in a row a confirmed application may have before the device starts without it. Missing: the runtime's. */
	readonly crashes?: number;
	/** Milliseconds after which a device that hangs restarts. Missing: the runtime's. */
	readonly watchdog?: number;
}

/** What the numbers of a policy may be, lowest and highest. A board's own limits lower `deadline` and `watchdog` further. */
export const POLICY_LIMITS = Object.freeze({
	deadline: Object.freeze([1, 3600, " of seconds"] as const),
	minUptime: Object.freeze([0, 3599, " of seconds"] as const),
	crashes: Object.freeze([0, 100, ""] as const),
	watchdog: Object.freeze([1000, 3_600_000, " of milliseconds"] as const),
});

/** The longest text of a policy, characters. XS reads JSON by recursion, and a policy may be anybody's text. */
export const POLICY_LENGTH = 1024;
/** Lists and objects in it: nothing is nested deeper. A policy has two, and an IPv6 address has a bracket. */
const MOST_BRACKETS = 16;

const MOST_CHECKS = 8;
/** Longest name of a check of an application's own, and of a host, characters. */
const LONGEST_NAME = 32;
const LONGEST_HOST = 64;

const FIELDS = Object.freeze(["deadline", "minUptime", "checks", "crashes", "watchdog"]);
const PLAIN_CHECKS = Object.freeze(["timer", "flash", "client"]);
const NETWORK = "network:";
const APP = "app:";

/** What counts where a policy says nothing: seconds, and checks. */
const DEADLINE = 30;

/**
 * Reads a policy. Takes any text, in bounded time and memory. `network`: whether the board can check a network.
 *
 * @throws RangeError with one clause that says what is wrong.
 */
export function parsePolicy(text: string, network = true): Policy {
	const fields = readObject(text);
	for (const name of Object.keys(fields))
		if (!FIELDS.includes(name))
			throw new RangeError(`the policy has an unknown field ${shown(name)}: its fields are ${FIELDS.join(", ")}`);
	const deadline = number(fields, "deadline") ?? DEADLINE;
	const minUptime = number(fields, "minUptime") ?? 0;
	const crashes = number(fields, "crashes");
	const watchdog = number(fields, "watchdog");
	const checks = fields["checks"] === undefined ? PLAIN_CHECKS : checkList(fields["checks"], network);
	if (minUptime >= deadline)
		throw new RangeError(`minUptime, ${minUptime} s, is not below deadline, ${deadline} s: no update could pass`);
	if (checks.length === 0 && minUptime === 0)
		throw new RangeError("the policy asks for nothing: it has no check, and minUptime is 0");
	return {
		...{ deadline, minUptime, checks },
		...(crashes !== undefined && { crashes }),
		...(watchdog !== undefined && { watchdog }),
	};
}

/** The name in "app:NAME", undefined for another check. */
export const appCheck = (check: string): string | undefined =>
	check.startsWith(APP) ? check.slice(APP.length) : undefined;

/** The host and the port in "network:HOST:PORT", undefined for another check. */
export function networkCheck(check: string): { readonly host: string; readonly port: number } | undefined {
	if (!check.startsWith(NETWORK)) return undefined;
	const colon = check.lastIndexOf(":");
	const host = check.slice(NETWORK.length, colon);
	const port = check.slice(colon + 1);
	const bare = host[0] === "[" && host[host.length - 1] === "]" ? host.slice(1, -1) : host;
	return { host: bare, port: only(port, "") && port.length < 6 ? Number(port) : 0 };
}

/** Whether an application may name a check so: 1 to 32 letters, digits, hyphens and underscores. */
export const isCheckName = (name: string): boolean => name.length <= LONGEST_NAME && only(name, "-_", true);

function readObject(text: string): Readonly<Record<string, unknown>> {
	if (text.length > POLICY_LENGTH) throw new RangeError(`the policy is longer than ${POLICY_LENGTH} characters`);
	let brackets = 0;
	for (let i = 0; i < text.length; i++) if (text[i] === "[" || text[i] === "{") brackets++;
	if (brackets > MOST_BRACKETS) throw new RangeError("the policy has more lists and objects than any policy needs");
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw new RangeError(`the policy is no JSON: ${error instanceof Error ? error.message : "it cannot be read"}`);
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new RangeError(`the policy is an object with fields such as "deadline", not ${shown(value)}`);
	return value as Readonly<Record<string, unknown>>;
}

function number(fields: Readonly<Record<string, unknown>>, name: keyof typeof POLICY_LIMITS): number | undefined {
	const value = fields[name];
	if (value === undefined) return undefined;
	const [least, most, unit] = POLICY_LIMITS[name];
	if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) return value;
	throw new RangeError(`${name} is a whole number${unit} from ${least} to ${most}, not ${shown(value)}`);
}

function checkList(value: unknown, network: boolean): readonly string[] {
	if (!Array.isArray(value)) throw new RangeError(`checks is a list of names, not ${shown(value)}`);
	if (value.length > MOST_CHECKS)
		throw new RangeError(`checks has ${value.length} names, and the most is ${MOST_CHECKS}`);
	const checks: string[] = [];
	for (const check of value as readonly unknown[]) {
		if (typeof check !== "string") throw new RangeError(`checks is a list of names, and ${shown(check)} is none`);
		if (checks.includes(check)) throw new RangeError(`the check ${shown(check)} is there twice`);
		if (!PLAIN_CHECKS.includes(check)) judgeName(check, network);
		checks.push(check);
	}
	return checks;
}

function judgeName(check: string, network: boolean): void {
	const name = appCheck(check);
	if (name !== undefined) {
		if (isCheckName(name)) return;
		throw new RangeError(
			`the check ${shown(check)} has a bad name: it is app: and 1 to ${LONGEST_NAME} letters, digits, hyphens, underscores`,
		);
	}
	const target = networkCheck(check);
	if (!target)
		throw new RangeError(
			`there is no check ${shown(check)}: a check is ${PLAIN_CHECKS.join(", ")}, network:HOST:PORT or app:NAME`,
		);
	const { host, port } = target;
	if (port < 1 || port > 0xffff || host.length > LONGEST_HOST || !only(host, "-.:", true))
		throw new RangeError(`the check ${shown(check)} is network:HOST:PORT, such as network:192.0.2.1:1883`);
	if (!network) throw new RangeError(`this runtime cannot do the check ${shown(check)}: its board has no network`);
}

/** Whether a text has a character, and none but digits, those of `others`, and letters if they count too. */
function only(text: string, others: string, letters = false): boolean {
	for (let i = 0; i < text.length; i++) {
		const code = text.charCodeAt(i);
		const digit = code >= 0x30 && code <= 0x39;
		const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
		if (!digit && !(letters && letter) && !others.includes(text[i]!)) return false;
	}
	return text.length > 0;
}

/** A value as a sentence quotes it. */
function shown(value: unknown): string {
	const text = typeof value === "number" ? String(value) : JSON.stringify(value);
	return text.length > 40 ? `${text.slice(0, 40)}...` : text;
}
