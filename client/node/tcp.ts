import { connect, type Socket } from "node:net";
import type { ByteStream } from "../../modules/smp/transport/stream.js";
import { consoleLink } from "../console.js";
import type { DisposableLink } from "../link.js";
import { parseServer } from "./address.js";
import { unreachable } from "./unreachable.js";

/**
 * Connects to an SMP server at `address:port` over TCP: one packet a console frame, as on a serial line behind a terminal
 * server. A connection that is lost is made anew, as after a restart of the device.
 *
 * @throws An Error with one sentence if `server` is no address.
 */
export function tcpLink(server: string): DisposableLink {
	const { host, port } = parseServer(server);
	let socket: Socket | undefined;
	let closed = false;
	const open = (lost = false): Socket => {
		// Without noDelay each exchange would wait for an acknowledgement that the peer delays.
		const opened = connect({ host, port, noDelay: true });
		let connected = false;
		let heard = false;
		let code: string | undefined;
		opened.on("connect", () => {
			connected = true;
		});
		opened.on("data", (bytes) => {
			heard = true;
			stream.onBytes?.(bytes);
		});
		opened.on("error", (error: NodeJS.ErrnoException) => {
			code = error.code;
		});
		opened.on("close", () => {
			socket = undefined;
			if (closed) return;
			// One that brought nothing would not do so the next time either.
			if (heard) open(true);
			else link.onFailure?.(`${lost ? "the connection is lost, and " : ""}${server} ${failure(connected, code)}`);
		});
		socket = opened;
		return opened;
	};
	const stream: ByteStream = {
		onBytes: undefined,
		write: (bytes) => {
			if (!closed) (socket ?? open()).write(bytes);
		},
		close: () => {
			closed = true;
			socket?.destroy();
		},
	};
	const link = consoleLink(stream);
	return link;
}

function failure(connected: boolean, code: string | undefined): string {
	if (connected) return "closes the connection";
	if (code === "ECONNREFUSED") return "refuses the connection";
	return unreachable(code);
}
