import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { readdirSync, readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, isIPv6 } from "node:net";
import { extname } from "node:path";
import { type WebSocket, WebSocketServer } from "ws";
import { UsageError } from "../../../cli/usage-error.js";
import type { Devices } from "./devices.js";
import type { SimEvent } from "./event-words.js";
import { ROOT } from "./loader-setup.js";
import type { Options } from "./options.js";
import { isLoopback, refusalOf, sameSecret } from "./page-access.js";
import { PageDevice } from "./page-device.js";
import { LESSON_IMAGES, type PageMessage } from "./page-protocol.js";

/** What the build made (tools/build.mjs). */
const ASSETS = `${ROOT}build/page`;

const TYPES: Readonly<Record<string, string>> = {
	".html": "text/html; charset=utf-8",
	".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8",
	".svg": "image/svg+xml",
};

/** The longest SMP packet, bytes: what a datagram takes. */
const LONGEST_PACKET = 65507;

/** Bytes that may wait for a page that does not read; then it is left. */
const MOST_WAITING = 64 * 1024 * 1024;

/** The page of one or several devices. */
export interface Page {
	/** Its address, with the token if that is needed to change a device; of one device if a number is given. */
	url(device?: number): string;
	/** Takes an event of a device. */
	onEvent(event: SimEvent, number: number): void;
	close(): void;
}

/** Path and query of a request. Whatever stands there: `new URL` throws for a path such as "//". */
function targetOf(target = ""): { readonly path: string; readonly searchParams: URLSearchParams } {
	const [path = "", query] = target.split("?");
	return { path, searchParams: new URLSearchParams(query) };
}

/**
 * Serves the page. `devices` gives the devices once they run. Throws a UsageError if the address cannot be used.
 */
export async function servePage(
	where: NonNullable<Options["page"]>,
	devices: () => Devices | undefined,
	{ devices: count, flashTiming, app }: Pick<Options, "devices" | "flashTiming" | "app">,
): Promise<Page> {
	const shown = new Map<number, PageDevice>();
	const token = isLoopback(where.address) ? undefined : randomBytes(16).toString("hex");
	let port = 0;
	const server = createServer((request, response) => {
		const refusal = refusalOf(request, port);
		if (refusal !== undefined) answer(response, 403, refusal);
		else serve(request, response);
	});
	const sockets = new WebSocketServer({ noServer: true, maxPayload: MOST_WAITING, perMessageDeflate: false });
	server.on("upgrade", (request, socket, head) => {
		const target = addressed(request);
		// A browser always says where such a request comes from.
		const refusal = request.headers.origin === undefined ? "Only the page itself talks to this server." : undefined;
		const why = refusal ?? refusalOf(request, port) ?? (target ? undefined : "There is no such device.");
		if (why !== undefined || !target) {
			socket.end(`HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n${why}\n`);
			return;
		}
		sockets.handleUpgrade(request, socket, head, (webSocket) => {
			webSocket.on("error", () => webSocket.terminate());
			if (target.path === "/smp") bridge(webSocket, target.device, target.mayChange);
			else state(webSocket, target.device, target.mayChange);
		});
	});

	/** The device that a request is about; undefined if there is none, or for another path. */
	function addressed({ url = "" }: IncomingMessage): Addressed | undefined {
		const { path, searchParams } = targetOf(url);
		const device = shown.get(Number(searchParams.get("device") ?? 1));
		if (!device || !/^\/(smp$|state$|boots\/|lesson\/)/.test(path)) return undefined;
		const mayChange = token === undefined || sameSecret(searchParams.get("token") ?? "", token);
		return { path, device, mayChange };
	}

	function state(webSocket: WebSocket, device: PageDevice, mayChange: boolean): void {
		const send = (data: string | Uint8Array): void => {
			if (webSocket.bufferedAmount > MOST_WAITING) webSocket.terminate();
			else webSocket.send(data);
		};
		const refuse = (message: string): void => send(JSON.stringify({ type: "refused", message }));
		const end = device.show(
			{ send: (message) => send(JSON.stringify(message)), sendFlash: (piece) => send(piece), mayChange },
			count,
		);
		webSocket.on("close", end);
		webSocket.on("message", (data: Buffer, isBinary) => {
			if (!mayChange)
				return refuse("Changing the device needs the address with the token, as the simulator prints it.");
			try {
				if (isBinary) device.startWith(data);
				else device.command(readMessage(data.toString()));
			} catch (error) {
				refuse((error as Error).message);
			}
		});
	}

	function serve(request: IncomingMessage, response: ServerResponse): void {
		const { path: pathname } = targetOf(request.url);
		const boot = /^\/boots\/(\d{1,10})$/.exec(pathname)?.[1];
		if (boot !== undefined) {
			const recording = addressed(request)?.device.recording(Number(boot));
			if (!recording) answer(response, 404, "There is no such recording.");
			else give(response, "application/octet-stream", recording);
			return;
		}
		if (pathname.startsWith("/lesson/")) {
			void lesson(request, response);
			return;
		}
		// Only what lies there, and nothing that a path could lead to.
		const name = pathname === "/" ? "index.html" : pathname.slice(1);
		const type = TYPES[extname(name)];
		if (type === undefined || !assets().includes(name)) answer(response, 404, "There is nothing here.");
		else give(response, type, readFileSync(`${ASSETS}/${name}`));
	}

	/** Gives an image that a lesson needs. Whoever may only look gets nothing that the device's key has signed. */
	async function lesson(request: IncomingMessage, response: ServerResponse): Promise<void> {
		const { path, searchParams } = targetOf(request.url);
		const name = LESSON_IMAGES.find((each) => path === `/lesson/${each}`);
		const version = searchParams.get("version") ?? "";
		const target = addressed(request);
		if (!target || !name || !/^\d{1,3}\.\d{1,3}\.\d{1,5}$/.test(version))
			return answer(response, 404, "There is no such image.");
		if (!target.mayChange) return answer(response, 403, "Images for lessons need the address with the token.");
		try {
			// Loaded late: not everybody takes lessons.
			const { lessonImage } = await import("./lesson-images.js");
			give(response, "application/octet-stream", await lessonImage(name, version, target.device.device.setup, app));
		} catch (error) {
			answer(response, 500, (error as Error).message);
		}
	}

	port = await listen(server, where);
	// The end of the devices is the end of the program.
	server.unref();
	return {
		url: (device) => {
			const host = isIPv6(where.address) ? `[${where.address}]` : where.address;
			const query = new URLSearchParams();
			if (token !== undefined) query.set("token", token);
			if (device !== undefined) query.set("device", String(device));
			const text = query.toString();
			return `http://${host}:${port}/${text && `?${text}`}`;
		},
		onEvent: (event, number) => {
			let device = shown.get(number);
			if (!device) {
				const started = devices()?.device(number);
				if (!started) return;
				device = new PageDevice(started, number, flashTiming);
				shown.set(number, device);
			}
			device.onEvent(event);
		},
		close: () => {
			for (const webSocket of sockets.clients) webSocket.terminate();
			server.close();
		},
	};
}

interface Addressed {
	readonly path: string;
	readonly device: PageDevice;
	readonly mayChange: boolean;
}

/** Nothing of another origin has a part in the page. Terminals set styles of their own. */
const HEADERS: Readonly<Record<string, string>> = {
	"Content-Security-Policy":
		"default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"Cross-Origin-Opener-Policy": "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Referrer-Policy": "no-referrer",
	"X-Content-Type-Options": "nosniff",
	"Cache-Control": "no-store",
};

const answer = (response: ServerResponse, status: number, words: string): void => {
	response.writeHead(status, { ...HEADERS, "Content-Type": "text/plain; charset=utf-8" }).end(`${words}\n`);
};

const give = (response: ServerResponse, type: string, bytes: Uint8Array): void => {
	response.writeHead(200, { ...HEADERS, "Content-Type": type, "Content-Length": bytes.length }).end(bytes);
};

function assets(): string[] {
	try {
		return readdirSync(ASSETS);
	} catch {
		return [];
	}
}

/** One SMP packet a message, to and from the device's own UDP port. */
function bridge(webSocket: WebSocket, device: PageDevice, mayChange: boolean): void {
	if (!mayChange) {
		webSocket.close(1008, "the address with the token is needed");
		return;
	}
	const [, host = "", port = ""] = /^(.*):(\d+)$/.exec(device.udp) ?? [];
	const address = host.replace(/^\[(.*)\]$/, "$1");
	const socket = createSocket(isIPv6(address) ? "udp6" : "udp4");
	// A device that restarts does not read meanwhile; the client asks again.
	socket.on("error", () => {});
	socket.on("message", (packet) => webSocket.send(packet));
	webSocket.on("message", (packet: Buffer, isBinary) => {
		if (isBinary && packet.length <= LONGEST_PACKET) socket.send(packet, Number(port), reachable(address), () => {});
	});
	webSocket.on("close", () => socket.close());
}

/** An address that means all of this machine's leads nowhere by itself. */
const reachable = (address: string): string =>
	address === "0.0.0.0" ? "127.0.0.1" : address === "::" ? "::1" : address;

/** Throws an Error with a sentence for anything else. */
function readMessage(text: string): PageMessage {
	const message = parse(text);
	if (message?.["type"] === "reset") return { type: "reset" };
	if (message?.["type"] === "power" && typeof message["on"] === "boolean") return { type: "power", on: message["on"] };
	throw new Error("The simulator does not know this message.");
}

function parse(text: string): Record<string, unknown> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
	} catch {
		return undefined;
	}
}

/** Listens; at any free port if the wanted one is taken and nobody asked for it. Returns the port. */
function listen(server: ReturnType<typeof createServer>, where: NonNullable<Options["page"]>): Promise<number> {
	const { address, given } = where;
	return new Promise((settle, fail) => {
		server.once("error", (error: NodeJS.ErrnoException) => {
			if (error.code === "EADDRINUSE" && !given) {
				settle(listen(server, { ...where, port: 0, given: true }));
				return;
			}
			const why = error.code === "EADDRINUSE" ? "the port is in use" : error.message;
			const choose = 'choose another with --page PORT, or "--page off"';
			fail(new UsageError(`The page cannot be served at ${address} port ${where.port}: ${why}; ${choose}.`));
		});
		server.listen(where.port, address, () => {
			server.removeAllListeners("error");
			settle((server.address() as AddressInfo).port);
		});
	});
}
