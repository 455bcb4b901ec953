import { createSocket } from "node:dgram";
import type { Link } from "./client.js";

/** Connects to an SMP server at `address:port` over UDP: one packet a datagram. */
export function udpLink(server: string): Link {
	const colon = server.lastIndexOf(":");
	const address = server.slice(0, colon).replace(/^\[|\]$/g, "");
	const port = Number(server.slice(colon + 1));
	const socket = createSocket(address.includes(":") ? "udp6" : "udp4");
	const link: Link = {
		onPacket: undefined,
		send: (packet) => socket.send(packet, port, address),
		close: () => socket.close(),
	};
	socket.on("message", (message) => link.onPacket?.(message));
	// An answer that cannot come is a time-out of the request, which says more than the socket could.
	socket.on("error", () => {});
	return link;
}
