// The checks of confirm policies. They are apart from the reader of policies (policy.ts), which needs JSON: a board that takes no
// policy from an image does without it.

/** What every board can check, and what a policy asks for that names no checks. */
export const PLAIN_CHECKS: readonly string[] = Object.freeze(["timer", "flash", "client"]);

/** Whether an application may name a check so: 1 to 32 letters, digits, hyphens and characters of `others`. */
export function isCheckName(name: string, others = "_", longest = 32): boolean {
	for (let i = 0; i < name.length; i++) {
		const code = name.charCodeAt(i);
		const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
		if (!letter && !(code >= 0x30 && code <= 0x39) && code !== 0x2d && !others.includes(name[i]!)) return false;
	}
	return name.length > 0 && name.length <= longest;
}

/** The host and the port of a check "network:HOST:PORT"; undefined if it is none. */
export function networkCheck(check: string): readonly [host: string, port: number] | undefined {
	const first = check.indexOf(":");
	let last = first;
	for (let at = first; at >= 0; at = check.indexOf(":", at + 1)) last = at;
	const host = check.slice(first + 1, last);
	const digits = check.slice(last + 1);
	const port = Number(digits);
	if (check.slice(0, first) !== "network" || !isCheckName(host, ".:[]", 64)) return undefined;
	return Number.isInteger(port) && String(port) === digits && port > 0 && port < 0x10000 ? [host, port] : undefined;
}
