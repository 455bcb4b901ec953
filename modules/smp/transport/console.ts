import { BASE64_VALUES } from "./base64.js";
import { type ConsoleCodec, scriptCodec } from "./codec.js";
import type { ByteStream } from "./stream.js";
import type { Drop, Reply, Transport } from "./transport.js";

// Console framing (Zephyr SMP transport specification, Console/UART): length, packet and CRC in base64, cut into lines that
// begin with one of two markers, so that SMP shares a console with people and logs.

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const PAD = 0x3d;

/** Bytes of a frame that one sent line carries: 124 characters make 127 bytes with marker and LF, the line limit. */
const BYTES_PER_LINE = 93;

export interface ConsoleOptions {
	/** Longest packet, bytes. Default 1024. */
	readonly maxPacket?: number;
	/** Longest received line, bytes, LF included. Default 4096, far above Zephyr's 128: newtmgr's `mtu` is a line length. */
	readonly maxLine?: number;
	/** Default: in JavaScript. */
	readonly codec?: ConsoleCodec | undefined;
}

/** Where in a line the next byte stands. */
const Line = Object.freeze({
	START: 0,
	/** The first byte of a marker was read. */
	MARKER_FIRST: 1,
	MARKER_NEXT: 2,
	/** Not for SMP, or of a frame that is lost. */
	FOREIGN: 3,
	DATA: 4,
	/** Behind the first of two padding characters. */
	PAD_DUE: 5,
	/** Behind the padding or a space: only spaces or a CR may come. */
	PADDED: 6,
	/** Behind the CR. */
	ENDED: 7,
} as const);

/**
 * SMP on a console UART. Lines may arrive in any cut; every line is decoded as it comes, so that no line is ever held in
 * memory. Lines without a marker are ignored. A line need not hold a multiple of four characters: newtmgr cuts anywhere.
 */
export class ConsoleTransport implements Transport {
	readonly maxPacket: number;
	onPacket: Transport["onPacket"];
	onDrop: Transport["onDrop"];
	readonly #stream: ByteStream;
	readonly #maxLine: number;
	readonly #codec: ConsoleCodec;
	/** Packet and CRC of the frame that arrives. */
	readonly #frame: Uint8Array;
	readonly #reply: Reply;
	#line: number = Line.START;
	#lineLength = 0;
	#firstLine = false;
	/** A frame is in progress. */
	#active = false;
	/** Bytes of the frame so far, the two of its length counted. */
	#got = 0;
	#length = 0;
	/** Base64 group in progress: its characters so far, 0 to 3, and their bits. */
	#characters = 0;
	#bits = 0;

	constructor(stream: ByteStream, options: ConsoleOptions = {}) {
		this.maxPacket = options.maxPacket ?? 1024;
		this.#maxLine = options.maxLine ?? 4096;
		this.#codec = options.codec ?? scriptCodec;
		this.#frame = new Uint8Array(this.maxPacket + 2);
		this.#stream = stream;
		this.#reply = (packet) => {
			if (stream.write(encodeConsole(packet, this.#codec)) === false) this.onDrop?.("tx_dropped");
		};
		stream.onBytes = (bytes) => this.#receive(bytes);
	}

	close(): void {
		this.#stream.onBytes = undefined;
		this.#stream.close();
	}

	#receive(bytes: Uint8Array): void {
		for (let at = 0; at < bytes.length; ) {
			const lf = bytes.indexOf(LF, at);
			const end = lf < 0 ? bytes.length : lf;
			this.#lineLength += end - at;
			this.#part(bytes, at, end, this.#lineLength >= this.#maxLine);
			if (lf >= 0) this.#endLine();
			at = end + 1;
		}
	}

	/** Takes part of a line. */
	#part(bytes: Uint8Array, at: number, end: number, tooLong: boolean): void {
		for (; at < end && this.#line < Line.FOREIGN; at++) this.#marker(bytes[at]!);
		if (tooLong && this.#line > Line.FOREIGN) this.#lose("rx_too_long");
		if (this.#line === Line.DATA) at = this.#data(bytes, at, end);
		for (; at < end && this.#line > Line.FOREIGN; at++) this.#tail(bytes[at]!);
	}

	#marker(byte: number): void {
		if (this.#line === Line.START) {
			this.#line = byte === 0x06 ? Line.MARKER_FIRST : byte === 0x04 ? Line.MARKER_NEXT : Line.FOREIGN;
		} else if (this.#line === Line.MARKER_FIRST && byte === 0x09) {
			if (this.#active) this.onDrop?.("rx_unfinished");
			this.#line = Line.DATA;
			this.#firstLine = true;
			this.#active = true;
			this.#got = 0;
			this.#length = 0;
			this.#characters = 0;
		} else {
			this.#line = this.#line === Line.MARKER_NEXT && byte === 0x14 && this.#active ? Line.DATA : Line.FOREIGN;
		}
	}

	/** Decodes the base64 characters from `at` on. Returns where they end. */
	#data(bytes: Uint8Array, at: number, end: number): number {
		let bits = this.#bits;
		let characters = this.#characters;
		for (; at < end; at++) {
			// Whole groups go straight into the frame, behind the two bytes of its length.
			if (characters === 0 && this.#got >= 2) {
				const decoded = this.#codec.base64Decode(bytes, at, end, this.#frame, this.#got - 2);
				at += decoded;
				this.#got += (decoded >> 2) * 3;
				if (at === end) break;
			}
			const value = BASE64_VALUES[bytes[at]!] ?? -1;
			if (value < 0) break;
			bits = (bits << 6) | value;
			if (++characters === 4) {
				this.#threeBytes(bits);
				characters = bits = 0;
			}
		}
		this.#bits = bits;
		this.#characters = characters;
		return at;
	}

	/** What may follow the base64 of a line: padding, then one CR or spaces. */
	#tail(byte: number): void {
		const line = this.#line;
		if (byte === PAD && line === Line.DATA && this.#characters === 3) {
			this.#byte((this.#bits >> 10) & 0xff);
			this.#byte((this.#bits >> 2) & 0xff);
			this.#endGroup(Line.PADDED);
		} else if (byte === PAD && line === Line.DATA && this.#characters === 2) {
			this.#byte((this.#bits >> 4) & 0xff);
			this.#endGroup(Line.PAD_DUE);
		} else if (byte === PAD && line === Line.PAD_DUE) {
			this.#line = Line.PADDED;
		} else if ((byte === CR || byte === SPACE) && (line === Line.DATA || line === Line.PADDED)) {
			this.#line = byte === CR ? Line.ENDED : Line.PADDED;
		} else this.#lose("rx_bad_base64");
	}

	#endGroup(line: number): void {
		this.#characters = 0;
		this.#bits = 0;
		this.#line = line;
	}

	#threeBytes(bits: number): void {
		this.#byte((bits >> 16) & 0xff);
		this.#byte((bits >> 8) & 0xff);
		this.#byte(bits & 0xff);
	}

	#byte(byte: number): void {
		const at = this.#got++;
		if (at < 2) this.#length = (this.#length << 8) | byte;
		else if (at - 2 < this.#frame.length) this.#frame[at - 2] = byte;
	}

	#endLine(): void {
		const line = this.#line;
		this.#line = Line.START;
		this.#lineLength = 0;
		if (line < Line.DATA) return;
		// Zephyr wants more than the length in the first line; what is there has to be a possible length in any case.
		const short = this.#firstLine && this.#got < 3;
		this.#firstLine = false;
		if (line === Line.PAD_DUE) this.#drop("rx_bad_base64");
		else if (this.#length > this.#frame.length) this.#drop("rx_too_long");
		else if (short || this.#length < 2 || this.#got > this.#length + 2) this.#drop("rx_bad_length");
		else if (this.#got === this.#length + 2 && this.#characters === 0) {
			const frame = this.#frame.subarray(0, this.#length);
			if (this.#codec.crc16(frame, 0) === 0) {
				this.#active = false;
				this.onPacket?.(frame.subarray(0, this.#length - 2), this.#reply);
			} else this.#drop("rx_bad_crc");
		}
	}

	/** Drops the frame, and the rest of its line. */
	#lose(drop: Drop): void {
		this.#line = Line.FOREIGN;
		this.#drop(drop);
	}

	#drop(drop: Drop): void {
		this.#active = false;
		this.onDrop?.(drop);
	}
}

/** Frames a packet for the console: lines of up to 127 bytes, each of which decodes alone. */
export function encodeConsole(packet: Uint8Array, codec = scriptCodec): Uint8Array {
	const raw = new Uint8Array(packet.length + 4);
	raw[0] = (packet.length + 2) >> 8;
	raw[1] = (packet.length + 2) & 0xff;
	raw.set(packet, 2);
	const crc = codec.crc16(packet, 0);
	raw[raw.length - 2] = crc >> 8;
	raw[raw.length - 1] = crc & 0xff;
	const lines = Math.ceil(raw.length / BYTES_PER_LINE);
	const out = new Uint8Array(3 * lines + 4 * Math.ceil(raw.length / 3));
	let at = 0;
	for (let from = 0; from < raw.length; from += BYTES_PER_LINE) {
		out[at++] = from === 0 ? 0x06 : 0x04;
		out[at++] = from === 0 ? 0x09 : 0x14;
		at = codec.base64Encode(raw.subarray(from, from + BYTES_PER_LINE), out, at);
		out[at++] = LF;
	}
	return out;
}
