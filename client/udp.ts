import { createSocket } from "node:dgram";
import { parseServer } from "./address.js";
import type { Link } from "./link.js";

/** What an Ethernet frame leaves for a datagram over IPv4 and IPv6, bytes. Longer ones are cut by Zephyr, or dropped. */
const LARGEST = { udp4: 1472, udp6: 1452 } as const;

/** Connects to an SMP server at `address:port` over UDP: one packet a datagram. Throws an Error with one sentence if `server` is no address. */
export function udpLink(server: string): Link {
	const { host, port } = parseServer(server);
	const type = host.includes(":") ? "udp6" : "udp4";
	const socket = createSocket(type);
	const link: Link = {
		onPacket: undefined,
		// An answer that cannot come is a time-out of the request, which says more than the socket could.
		send: (packet) => socket.send(packet, port, host, () => {}),
		close: () => {
			socket.close();
		},
		packetSize: (bufferSize) => Math.min(bufferSize, LARGEST[type]),
	};
	socket.on("message", (message) => link.onPacket?.(message));
	socket.on("error", () => {});
	return link;
}
