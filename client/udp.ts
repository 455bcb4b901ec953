import { createSocket } from "node:dgram";
import type { Link } from "./link.js";

/** What an Ethernet frame leaves for a datagram over IPv4 and IPv6, bytes. Longer ones are cut by Zephyr, or dropped. */
const LARGEST = { udp4: 1472, udp6: 1452 } as const;

/** Connects to an SMP server at `address:port` over UDP: one packet a datagram. */
export function udpLink(server: string): Link {
	const colon = server.lastIndexOf(":");
	const address = server.slice(0, colon).replace(/^\[|\]$/g, "");
	const port = Number(server.slice(colon + 1));
	const type = address.includes(":") ? "udp6" : "udp4";
	const socket = createSocket(type);
	const link: Link = {
		onPacket: undefined,
		// An answer that cannot come is a time-out of the request, which says more than the socket could.
		send: (packet) => socket.send(packet, port, address, () => {}),
		close: () => {
			socket.close();
		},
		packetSize: (bufferSize) => Math.min(bufferSize, LARGEST[type]),
	};
	socket.on("message", (message) => link.onPacket?.(message));
	socket.on("error", () => {});
	return link;
}
