import { constants, openSync, writeSync } from "node:fs";
import { ReadStream } from "node:tty";
import type { Link } from "../../client/client.js";
import { ConsoleTransport, encodeConsole } from "../../modules/smp/transport/console.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";

/** Connects to an SMP server on a serial line: one packet a console frame. */
export function serialLink(path: string): Link {
	const file = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
	const line = new ReadStream(file);
	const stream: ByteStream = { onBytes: undefined, write: (bytes) => void writeSync(file, bytes), close: () => {} };
	const transport = new ConsoleTransport(stream);
	const link: Link = {
		onPacket: undefined,
		send: (packet) => stream.write(encodeConsole(packet)),
		close: () => {
			line.destroy();
		},
	};
	transport.onPacket = (packet) => link.onPacket?.(packet.slice());
	line.on("data", (bytes) => stream.onBytes?.(bytes));
	line.on("error", () => {});
	return link;
}
