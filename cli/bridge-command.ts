import { randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import type { Command } from "commander";
import { type WebSocket, WebSocketServer } from "ws";
import { SharedLink } from "../client/shared.js";
import { commonOptions, type DeviceOptions } from "./command.js";
import { type Context, parsed, quote } from "./command-line.js";
import { JsonOutput, printable, TextOutput } from "./output.js";
import { openLink, placeOf } from "./place.js";
import { UsageError } from "./usage-error.js";

/** Where pages find a bridge unless it is told otherwise. */
const PORT = 8477;

/** Longest SMP packet: header, and what its length field can say. */
const LONGEST = 8 + 0xffff;

/** Close codes (RFC 6455, 7.4.1): a message that is none of ours, and a server that has a problem for now. */
const UNSUPPORTED = 1003;
const TRY_AGAIN = 1013;

/** Longest reason of a close frame, bytes (RFC 6455, 5.5). */
const LONGEST_REASON = 123;

interface Address {
	readonly host: string;
	readonly port: number;
}

/** Reads `PORT` or `ADDRESS:PORT`, where an IPv6 address stands in brackets. */
function addressOf(text: string, name: string): Address {
	const [, host = "127.0.0.1", digits] = /^(?:(.+):)?(\d{1,5})$/.exec(text) ?? [];
	const port = Number(digits);
	if (!(port <= 65535)) throw new UsageError(`${name} is PORT or ADDRESS:PORT, not ${quote(text)}.`);
	return { host: host.replace(/^\[|\]$/g, ""), port };
}

/** What the address of a bridge does not depend on: it speaks for one client, and remembers nothing. */
const NOT_HERE = ["--access-key", "--timeout"];

/**
 * Gives the command `bridge` its options, and has it pass packets between a device and pages in browsers: one packet a binary
 * message of a WebSocket. Several may be connected at once.
 */
export function defineBridge(command: Command, context: Context): void {
	command.addOption(
		parsed("--listen <[ADDR:]PORT>", `where pages connect to (default 127.0.0.1:${PORT}; 0 is any port)`, addressOf),
	);
	for (const option of commonOptions()) if (!NOT_HERE.includes(option.long ?? "")) command.addOption(option);
	command.action(async () => {
		const options = command.opts<DeviceOptions & { listen?: Address }>();
		const place = placeOf(options);
		const shared = new SharedLink(await openLink(place, options));
		const token = randomBytes(16).toString("hex");
		const server = new WebSocketServer({
			...(options.listen ?? { host: "127.0.0.1", port: PORT }),
			maxPayload: LONGEST,
			// Any page, and any program, may try: the token is what only the person here can hand on.
			verifyClient: ({ req }: { req: IncomingMessage }) => knows(token, req.url),
		});
		try {
			await once(server, "listening");
			server.on("connection", (socket) => serve(socket, shared));
			const { address, port, family } = server.address() as { address: string; port: number; family: string };
			const url = `ws://${family === "IPv6" ? `[${address}]` : address}:${port}/?token=${token}`;
			const output = new (options.json ? JsonOutput : TextOutput)(context.stdout);
			output.say(`Pages reach the device at ${printable(place.where)} through ${url}`, "Ctrl-C ends the bridge.");
			output.json({ url });
			await once(process, "SIGINT");
		} catch (error) {
			throw new UsageError(`The bridge cannot listen: ${reasonOf(error)}.`);
		} finally {
			for (const client of server.clients) client.terminate();
			server.close();
			await shared.close();
		}
	});
}

function knows(token: string, url = ""): boolean {
	const given = Buffer.from(new URLSearchParams(url.split("?")[1]).get("token") ?? "");
	return given.length === token.length && timingSafeEqual(given, Buffer.from(token));
}

/** Passes packets between a page and the device until either is gone. */
function serve(socket: WebSocket, shared: SharedLink): void {
	const link = shared.open();
	link.onPacket = (packet) => socket.send(packet);
	link.onFailure = (reason) => socket.close(TRY_AGAIN, shortened(reason));
	socket.on("message", (data: Buffer, binary) => {
		if (binary) link.send(data);
		else socket.close(UNSUPPORTED, "an SMP packet is a binary message");
	});
	socket.on("close", () => link.close());
	// It is closed then.
	socket.on("error", () => {});
}

/** A reason that fits into a close frame. */
function shortened(reason: string): string {
	let text = reason;
	while (Buffer.byteLength(text) > LONGEST_REASON) text = text.slice(0, -1);
	return text;
}

function reasonOf(error: unknown): string {
	const { code, message } = error as NodeJS.ErrnoException;
	if (code === "EADDRINUSE") return "another program has that port; --listen takes another";
	if (code === "EACCES") return "this port is not for everybody; --listen takes another";
	if (code === "EADDRNOTAVAIL" || code === "ENOTFOUND") return "this machine has no such address";
	return message.replace(/\.$/, "");
}
