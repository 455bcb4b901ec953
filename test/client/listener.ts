import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { ConsoleTransport } from "../../modules/smp/transport/console.js";
import { scriptCodec } from "../../modules/smp/transport/frame.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";

/** A server whose connections do with a packet what `take` says. */
export class Listener {
	readonly server: Server;
	connections = 0;

	constructor(take: (packet: Uint8Array, reply: (packet: Uint8Array) => void, socket: Socket) => void) {
		this.server = createServer({ noDelay: true }, (socket) => {
			this.connections++;
			const stream: ByteStream = {
				onBytes: undefined,
				write: (bytes) => void socket.write(bytes),
				close: () => socket.destroy(),
			};
			socket.on("data", (bytes) => stream.onBytes?.(bytes));
			socket.on("error", () => {});
			new ConsoleTransport(stream, { codec: scriptCodec }).onPacket = (packet, reply) => take(packet, reply, socket);
		});
	}

	/** Its address. */
	async listen(host = "127.0.0.1", port = 0): Promise<string> {
		await new Promise<void>((resolve) => this.server.listen(port, host, resolve));
		const bound = (this.server.address() as AddressInfo).port;
		return `${host.includes(":") ? `[${host}]` : host}:${bound}`;
	}

	close(): Promise<void> {
		return new Promise((resolve) => this.server.close(() => resolve()));
	}
}
