import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";

// Who may use the page's server. Browsers run programs of strangers, which can reach this machine's ports: what such a
// program sends carries the stranger's name as Origin, or, if the name leads to this machine (DNS rebinding), as Host.

/** Addresses of this machine alone. */
export const isLoopback = (address: string): boolean => address === "::1" || /^127\./.test(address);

/** What is wrong with where a request comes from; a sentence, or undefined if nothing is. */
export function refusalOf({ headers, method }: IncomingMessage, port: number): string | undefined {
	const { host = "", origin } = headers;
	if (!isOwnHost(host, port)) return "This server is not called so: use its address, as the simulator prints it.";
	if (origin !== undefined && origin !== `http://${host}`) return "Pages of others are not served here.";
	const site = headers["sec-fetch-site"];
	// A link from elsewhere may lead here; nothing that another page sends by itself does.
	if (site === "cross-site" && headers["sec-fetch-mode"] !== "navigate") return "Pages of others are not served here.";
	if (method !== "GET" && method !== "HEAD") return "Nothing is changed by this way.";
	return undefined;
}

/** A number is nobody else's name, and neither is localhost. */
function isOwnHost(host: string, port: number): boolean {
	const [, name = "", digits] = /^(.*?)(?::(\d+))?$/.exec(host) ?? [];
	if (Number(digits ?? 80) !== port) return false;
	return name === "localhost" || isIP(name.replace(/^\[(.*)\]$/, "$1")) !== 0;
}

/** Whether two secrets are the same, in a time that tells nothing of where they differ. */
export function sameSecret(given: string, own: string): boolean {
	const [a, b] = [Buffer.from(given), Buffer.from(own)];
	return a.length === b.length && timingSafeEqual(a, b);
}
