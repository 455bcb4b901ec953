import { HEADER_SIZE } from "../modules/smp/header.js";
import { RawTransport } from "../modules/smp/transport/raw.js";
import type { ByteStream } from "../modules/smp/transport/stream.js";
import { type DisposableLink, disposable } from "./link.js";

/** Longest answer that is taken, bytes: what the length field of a header can say. */
const MAX_ANSWER = HEADER_SIZE + 0xffff;

/** A link without framing: bare packets back to back, for a server on Zephyr's raw UART. */
export function rawLink(stream: ByteStream): DisposableLink {
	const transport = new RawTransport(stream, { maxPacket: MAX_ANSWER, uptime: () => Date.now() });
	const link = disposable({
		onPacket: undefined,
		send: (packet) => stream.write(packet.slice()),
		close: () => transport.close(),
	});
	transport.onPacket = (packet) => link.onPacket?.(packet);
	transport.onDrop = (drop) => link.onDrop?.(drop);
	return link;
}
