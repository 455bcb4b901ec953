/** Where a server listens. */
export interface Server {
	readonly host: string;
	readonly port: number;
}

/**
 * Reads `HOST:PORT`, where an IPv6 address stands in brackets.
 *
 * @throws An Error with one sentence that begins with `what` if it is none.
 */
export function parseServer(text: string, what = "The server"): Server {
	const [, host = "", digits] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
	const port = Number(digits);
	if (!(port >= 1 && port <= 65535)) throw new Error(`${what} is HOST:PORT, such as 192.0.2.1:1337, not "${text}".`);
	return { host: host.replace(/^\[|\]$/g, ""), port };
}
