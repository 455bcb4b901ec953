import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { consoleLink } from "../../client/console.js";
import type { Link } from "../../client/link.js";
import { HEADER_SIZE, readHeader } from "../../modules/smp/header.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";
import type { Random } from "./mutate.js";

// Clients of a simulated device over the network that behave as badly as they can. They listen to nothing.

/** `address:port` as an event names it. */
export const hostAndPort = (address: string): { host: string; port: number } => {
	const colon = address.lastIndexOf(":");
	return { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) };
};

/** A connection over TCP of a client that behaves: console frames. */
export function tcpLink(address: string): Link {
	const socket = connect(hostAndPort(address));
	// The end shows in answers that do not come.
	socket.on("error", () => {});
	const stream: ByteStream = {
		onBytes: undefined,
		write: (bytes) => void socket.write(bytes),
		close: () => void socket.destroy(),
	};
	socket.on("data", (bytes) => stream.onBytes?.(bytes));
	return consoleLink(stream);
}

/** Sockets over UDP: as many clients. */
const PORTS = 24;

/** Sends datagrams from several ports. */
export class UdpPeers {
	readonly #sockets: UdpSocket[];
	sent = 0;

	constructor(address: string) {
		const { host, port } = hostAndPort(address);
		this.#sockets = Array.from({ length: PORTS }, () => {
			const socket = createSocket("udp4");
			socket.on("error", () => {});
			socket.connect(port, host);
			return socket;
		});
	}

	async ready(): Promise<this> {
		await Promise.all(this.#sockets.map((socket) => new Promise<void>((resolve) => socket.once("connect", resolve))));
		return this;
	}

	send(packet: Uint8Array, next: Random): void {
		this.#sockets[next(PORTS)]!.send(packet.slice());
		this.sent++;
	}

	close(): void {
		for (const socket of this.#sockets) socket.close();
	}
}

/** Whether bytes are one bare packet by what its header says. */
const isWhole = (bytes: Uint8Array): boolean =>
	bytes.length >= HEADER_SIZE && HEADER_SIZE + readHeader(bytes).length === bytes.length;

/** Connections at a time: more than the device has room for. */
const CONNECTIONS = 12;

/** Connections over TCP that are opened, left half-way through a packet, closed politely or not, and not read from. */
export class TcpPeers {
	readonly #address: { host: string; port: number };
	readonly #sockets: (Socket | undefined)[] = new Array(CONNECTIONS).fill(undefined);
	readonly #framed: boolean[] = new Array(CONNECTIONS).fill(false);
	/** In the middle of a bare packet, where further bytes could mean anything, a reset of the device among it. */
	readonly #stuck: boolean[] = new Array(CONNECTIONS).fill(false);
	sent = 0;
	opened = 0;

	constructor(address: string) {
		this.#address = hostAndPort(address);
	}

	/** Sends a packet, or a part of it, over some connection, and may do something to that before and after. */
	send(packet: Uint8Array, next: Random): void {
		const index = next(CONNECTIONS);
		const socket = this.#sockets[index] ?? this.#open(index, next);
		if (!this.#stuck[index]) this.#write(socket, index, packet, next);
		switch (next(this.#stuck[index] ? 10 : 40)) {
			case 0:
			case 1:
				// One that was not read from is reset by that.
				socket.destroy();
				break;
			case 2:
				socket.end();
				break;
			case 3:
				// Answers pile up from now on.
				socket.pause();
		}
	}

	/** Ends all connections. */
	close(): void {
		for (const socket of this.#sockets) socket?.destroy();
		this.#sockets.fill(undefined);
	}

	#write(socket: Socket, index: number, packet: Uint8Array, next: Random): void {
		const framed = this.#framed[index]!;
		let bytes = framed ? encodeConsole(packet) : packet.slice();
		if (framed && next(10) === 0) bytes[next(bytes.length)] = next(256);
		if (next(6) === 0) bytes = bytes.subarray(0, next(bytes.length + 1));
		this.#stuck[index] = !framed && !isWhole(bytes);
		const cut = next(3) === 0 ? next(bytes.length + 1) : 0;
		socket.write(bytes.subarray(0, cut));
		socket.write(bytes.subarray(cut));
		this.sent++;
	}

	#open(index: number, next: Random): Socket {
		const socket = connect(this.#address);
		this.opened++;
		this.#sockets[index] = socket;
		this.#framed[index] = next(2) === 0;
		this.#stuck[index] = false;
		socket.resume();
		// The device may end it, and a peer that is too many is not waited for.
		socket.on("error", () => {});
		socket.once("close", () => {
			if (this.#sockets[index] === socket) this.#sockets[index] = undefined;
		});
		return socket;
	}
}
