import type { Link } from "../../client/link.js";
import { HEADER_SIZE } from "../../modules/smp/header.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";
import type { Drop, Transport } from "../../modules/smp/transport/transport.js";

// A transport of one's own, whole: SMP packets in the frames of SLIP (RFC 1055), for a device and for a client.

const END = 0xc0;
const ESC = 0xdb;
const ESC_END = 0xdc;
const ESC_ESC = 0xdd;

/** The frame of a packet. */
function frame(packet: Uint8Array): Uint8Array {
	const bytes = Array.from(packet).flatMap((byte) =>
		byte === END ? [ESC, ESC_END] : byte === ESC ? [ESC, ESC_ESC] : [byte],
	);
	// The END in front ends what noise may have begun.
	return Uint8Array.of(END, ...bytes, END);
}

/** Calls `take` with each packet that arrives whole, and `drop` for what does not. */
function unframe(
	stream: ByteStream,
	maxPacket: number,
	take: (packet: Uint8Array) => void,
	drop: (why: Drop) => void,
): void {
	const buffer = new Uint8Array(maxPacket);
	let length = 0;
	let escaped = false;
	const put = (byte: number): void => {
		if (length < maxPacket) buffer[length] = byte;
		length++;
	};
	const end = (): void => {
		const got = length;
		length = 0;
		escaped = false;
		if (got > maxPacket) drop("rx_too_long");
		else if (got >= HEADER_SIZE) take(buffer.subarray(0, got));
		else if (got > 0) drop("rx_bad_header");
	};
	stream.onBytes = (bytes) => {
		for (const byte of bytes) {
			if (byte === END) end();
			else if (escaped) {
				escaped = false;
				put(byte === ESC_END ? END : byte === ESC_ESC ? ESC : byte);
			} else if (byte === ESC) escaped = true;
			else put(byte);
		}
	};
}

/** The device's end. */
export class SlipTransport implements Transport {
	readonly maxPacket: number;
	onPacket: Transport["onPacket"];
	onDrop: Transport["onDrop"];
	readonly #stream: ByteStream;

	constructor(stream: ByteStream, maxPacket: number) {
		this.maxPacket = maxPacket;
		this.#stream = stream;
		const reply = (packet: Uint8Array): void => void stream.write(frame(packet));
		unframe(
			stream,
			maxPacket,
			(packet) => this.onPacket?.(packet, reply),
			(why) => this.onDrop?.(why),
		);
	}

	close(): void {
		this.#stream.close();
	}
}

/** The client's end. */
export function slipLink(stream: ByteStream): Link {
	const link: Link = {
		onPacket: undefined,
		onDrop: undefined,
		send: (packet) => void stream.write(frame(packet)),
		close: () => stream.close(),
	};
	unframe(
		stream,
		0x10000,
		(packet) => link.onPacket?.(packet),
		(why) => link.onDrop?.(why),
	);
	return link;
}
