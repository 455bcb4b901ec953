import { type DisposableLink, disposable } from "../link.js";
import type { OwnBytes } from "./own-bytes.js";

/** A WebSocket, as browsers and Node 22 have it (WHATWG WebSockets): the part that a link uses. */
export interface WebSocketLike {
	/** As what binary messages come. */
	binaryType: string;
	/** 1 while it is open. */
	readonly readyState: number;
	/** Queues a binary message. */
	send(bytes: OwnBytes): void;
	/** Ends the connection. */
	close(): void;
	/** Calls `listener` when the connection stands, or when there is none. */
	addEventListener(type: "open" | "error", listener: () => void): void;
	/** Calls `listener` with each message. */
	addEventListener(type: "message", listener: (event: { readonly data: unknown }) => void): void;
	/** Calls `listener` once the connection is over, with the reason that the server gave. */
	addEventListener(type: "close", listener: (event: { readonly reason: string }) => void): void;
}

/** `WebSocket.OPEN`. */
const OPEN = 1;

/**
 * Connects to an SMP server behind a WebSocket, such as `xs-smp bridge`: one packet a binary message. `open` makes the WebSocket;
 * it is called at once, and by the first request after a connection was lost.
 *
 * @example
 * ```ts
 * import { SmpClient } from "xs-smp";
 * import { webSocketLink } from "xs-smp/web/websocket";
 *
 * const url = "ws://127.0.0.1:8477/?token=3f9c";
 * await using client = new SmpClient(webSocketLink(() => new WebSocket(url)));
 * console.log(await client.images());
 * ```
 */
export function webSocketLink(open: () => WebSocketLike): DisposableLink {
	let socket: WebSocketLike | undefined;
	let ended = false;
	/** What waits for the connection. */
	let waiting: OwnBytes[] = [];

	const connect = (): WebSocketLike => {
		const opened = open();
		let connected = false;
		opened.binaryType = "arraybuffer";
		opened.addEventListener("open", () => {
			connected = true;
			for (const packet of waiting.splice(0)) opened.send(packet);
		});
		opened.addEventListener("message", ({ data }) => {
			if (data instanceof ArrayBuffer) link.onPacket?.(new Uint8Array(data));
		});
		// The event has no reason, and "close" follows.
		opened.addEventListener("error", () => {});
		opened.addEventListener("close", ({ reason }) => {
			if (socket === opened) socket = undefined;
			waiting = [];
			const why = reason.replace(/\.$/, "") || (connected ? "" : "nobody answers at the address");
			// Without a reason, what was on its way is asked again, over the next connection.
			if (why && !ended) link.onFailure?.(why);
		});
		return opened;
	};

	const link = disposable({
		onPacket: undefined,
		send: (packet) => {
			if (ended) return;
			socket ??= connect();
			const copy = packet.slice();
			if (socket.readyState === OPEN) socket.send(copy);
			else waiting.push(copy);
		},
		close: () => {
			ended = true;
			waiting = [];
			socket?.close();
		},
	});
	socket = connect();
	return link;
}
