import { ConsoleTransport, encodeConsole } from "../modules/smp/transport/console.js";
import type { ByteStream } from "../modules/smp/transport/stream.js";
import type { Link } from "./link.js";

/** Longest answer that is taken, bytes: what the length field of a frame can say. */
const MAX_ANSWER = 0xffff;

/** Bytes of a server's buffer that console framing takes (Zephyr SMP transport specification): length and CRC. */
const FRAMING = 4;

/** A link over a console: one packet a frame. A stream of a browser's Web Serial port does as well as one of Node. */
export function consoleLink(stream: ByteStream): Link {
	const transport = new ConsoleTransport(stream, { maxPacket: MAX_ANSWER, maxLine: 2 * MAX_ANSWER });
	const link: Link = {
		onPacket: undefined,
		send: (packet) => stream.write(encodeConsole(packet)),
		close: () => transport.close(),
		packetSize: (bufferSize) => bufferSize - FRAMING,
	};
	transport.onPacket = (packet) => link.onPacket?.(packet);
	return link;
}
