import { createSocket, type Socket } from "node:dgram";
import { lookup } from "node:dns";
import { type DisposableLink, disposable } from "../link.js";
import { parseServer } from "./address.js";
import { unreachable } from "./unreachable.js";

/**
 * What an Ethernet frame leaves for a datagram over IPv4 and IPv6, bytes. Longer ones are cut by Zephyr, or dropped.
 */
const LARGEST = { udp4: 1472, udp6: 1452 } as const;

/**
 * Connects to an SMP server at `address:port` over UDP: one packet a datagram. Of the addresses of a name the first
 * of IPv4 counts, else the first. What the system says at once, that there is no such host or that nobody listens
 * there, is a failure of the link, but a device that was heard before is one that restarts.
 *
 * @example
 * ```ts
 * import { SmpClient } from "xs-smp";
 * import { udpLink } from "xs-smp/node/udp";
 *
 * console.log(await new SmpClient(udpLink("192.0.2.1:1337")).info());
 * ```
 *
 * @throws An Error with one sentence if `server` is no address.
 */
export function udpLink(server: string): DisposableLink {
	const { host, port } = parseServer(server);
	let type: keyof typeof LARGEST = host.includes(":") ? "udp6" : "udp4";
	let socket: Socket | undefined;
	let opening = false;
	let heard = false;
	let closed = false;
	/** What waits for the socket. */
	let waiting: Uint8Array[] = [];

	const fail = ({ code }: NodeJS.ErrnoException): void => {
		waiting = [];
		if (closed || heard) return;
		link.onFailure?.(
			`${server} ${code === "ECONNREFUSED" ? "refuses the packets: nobody listens there" : unreachable(code)}`,
		);
	};
	const send = (packet: Uint8Array): void => socket?.send(packet, (error) => error && fail(error));
	const connect = (address: string): void => {
		const opened = createSocket(type);
		opened.on("message", (message) => {
			heard = true;
			link.onPacket?.(message);
		});
		opened.on("error", fail);
		// A connected socket hears of a port that is closed.
		opened.connect(port, address, (error?: Error) => {
			opening = false;
			if (error || closed) {
				opened.close();
				if (error) fail(error);
				return;
			}
			socket = opened;
			for (const packet of waiting.splice(0)) send(packet);
		});
	};
	const open = (): void => {
		opening = true;
		lookup(host, { all: true }, (error, addresses = []) => {
			const found = addresses.find(({ family }) => family === 4) ?? addresses[0];
			if (closed || error || !found) {
				opening = false;
				fail(error ?? Object.assign(new Error(), { code: "ENOTFOUND" }));
				return;
			}
			type = found.family === 6 ? "udp6" : "udp4";
			connect(found.address);
		});
	};

	const link = disposable({
		onPacket: undefined,
		send: (packet) => {
			if (closed) return;
			if (socket) return send(packet);
			waiting.push(packet.slice());
			if (!opening) open();
		},
		close: () => {
			closed = true;
			socket?.close();
		},
		packetSize: (bufferSize) => Math.min(bufferSize, LARGEST[type]),
	});
	return link;
}
