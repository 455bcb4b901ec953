import { ConsoleTransport } from "../modules/smp/transport/console.js";
import { encodeConsole, scriptCodec } from "../modules/smp/transport/frame.js";
import type { ByteStream } from "../modules/smp/transport/stream.js";
import { type DisposableLink, disposable } from "./link.js";

/** Longest answer that is taken, bytes: what the length field of a frame can say. */
const MAX_ANSWER = 0xffff;

/** Bytes of a server's buffer that console framing takes (Zephyr SMP transport specification): length and CRC. */
const FRAMING = 4;

const LF = 0x0a;
/** First and second bytes of the two markers. */
const MARKERS: Readonly<Record<number, number>> = { 6: 0x09, 4: 0x14 };

/**
 * A link over a console: one packet a frame. A stream of a browser's Web Serial port does as well as one of Node.
 *
 * @example
 * ```ts
 * import { type ByteStream, consoleLink, SmpClient } from "xs-smp";
 *
 * const stream: ByteStream = {
 * 	onBytes: undefined,
 * 	write: (bytes) => void socket.send(bytes),
 * 	close: () => socket.close(),
 * };
 * socket.onmessage = ({ data }) => stream.onBytes?.(data);
 * console.log(await new SmpClient(consoleLink(stream)).images());
 * ```
 */
export function consoleLink(stream: ByteStream): DisposableLink {
	const transport = new ConsoleTransport(markersFirst(stream), {
		codec: scriptCodec,
		maxPacket: MAX_ANSWER,
		maxLine: 2 * MAX_ANSWER,
	});
	const link = disposable({
		onPacket: undefined,
		send: (packet) => stream.write(encodeConsole(packet)),
		close: () => transport.close(),
		packetSize: (bufferSize) => bufferSize - FRAMING,
	});
	transport.onPacket = (packet) => link.onPacket?.(packet);
	transport.onDrop = (drop) => link.onDrop?.(drop);
	return link;
}

/**
 * The same stream, but with a line feed in front of each marker that stands within a line. A server has its markers
 * at the beginning of lines only, and so wants the receiver of a server. But it shares the console: Zephyr's shell
 * transport answers behind a prompt, and behind a log line that is not at its end. Neither byte of a marker occurs in
 * base64.
 */
function markersFirst(stream: ByteStream): ByteStream {
	const lines: ByteStream = {
		onBytes: undefined,
		write: (bytes) => stream.write(bytes),
		close: () => {
			stream.onBytes = undefined;
			stream.close();
		},
	};
	/** The byte before, if it may be the first of a marker; it is passed on with the next one. */
	let held: number | undefined;
	let atStart = true;
	stream.onBytes = (bytes) => {
		const passed = new Uint8Array(2 * (bytes.length + 1));
		let end = 0;
		for (const byte of bytes) {
			if (held !== undefined) {
				if (MARKERS[held] === byte && !atStart) passed[end++] = LF;
				passed[end++] = held;
				atStart = false;
				held = undefined;
			}
			if (MARKERS[byte] !== undefined) held = byte;
			else {
				passed[end++] = byte;
				atStart = byte === LF;
			}
		}
		if (end > 0) lines.onBytes?.(passed.subarray(0, end));
	};
	return lines;
}
