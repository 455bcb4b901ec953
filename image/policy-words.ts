import { type Policy, parsePolicy } from "../modules/agent/policy.js";

/** Why the text of a confirm policy does not count on a device, in words; undefined if it does, or if there is none. */
export function policyFault(text: string): string | undefined {
	try {
		if (text !== "") parsePolicy(text);
		return undefined;
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		return error.message;
	}
}

/** What the text of a confirm policy asks for, one clause each. The text itself if it does not count; nothing if there is none. */
export function policyWords(text: string): string[] {
	if (text === "") return [];
	return policyFault(text) === undefined ? clauses(parsePolicy(text)) : [text.trim()];
}

function clauses({ deadline, minUptime, checks, crashes, watchdog }: Policy): string[] {
	const words = [];
	if (checks.length > 0) words.push(`on trial it has ${deadline} s to pass: ${checks.join(", ")}`);
	if (minUptime > 0) words.push(`on trial it runs ${minUptime} s at least`);
	if (crashes !== undefined)
		words.push(`the device starts without it after ${crashes === 1 ? "a crash" : `${crashes} crashes in a row`}`);
	if (watchdog !== undefined) words.push(`the device restarts when it hangs for ${watchdog / 1000} s`);
	return words;
}
