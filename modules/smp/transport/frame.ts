import { crc16 } from "../../bytes/crc16.js";
import { BASE64_VALUES, base64Encode } from "./base64.js";
import { type ConsoleCodec, type ConsoleDecoder, CRC_SIZE, LOSSES, NOTHING } from "./codec.js";

// Console framing in JavaScript, for hosts without C. engine/native/console-frame.c does the same, and a test compares both.

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const PAD = 0x3d;

/** Bytes of a frame that one sent line carries: 124 characters make 127 bytes with marker and LF, the line limit. */
const BYTES_PER_LINE = 93;

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

class ScriptDecoder implements ConsoleDecoder {
	readonly frame: Uint8Array;
	at = 0;
	readonly #maxLine: number;
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

	constructor(maxPacket: number, maxLine: number) {
		this.frame = new Uint8Array(maxPacket + CRC_SIZE);
		this.#maxLine = maxLine;
	}

	decode(bytes: Uint8Array, at: number): number {
		const end = bytes.length;
		let event: number = NOTHING;
		while (at < end && event === NOTHING) {
			if (this.#line === Line.DATA && this.#characters === 0 && this.#got >= 2) {
				// As many as the line may still have.
				at = this.#groups(bytes, at, Math.min(end, at + Math.max(0, this.#maxLine - 1 - this.#lineLength)));
				if (at === end) break;
			}
			const byte = bytes[at++]!;
			if (byte === LF) event = this.#endLine();
			else if (++this.#lineLength >= this.#maxLine && this.#line > Line.FOREIGN) event = this.#lose("rx_too_long");
			else if (this.#line < Line.FOREIGN) event = this.#marker(byte);
			else if (this.#line > Line.FOREIGN) event = this.#data(byte);
		}
		this.at = at;
		return event;
	}

	/** Whole groups go straight into the frame, behind the two bytes of its length. Returns where they end. */
	#groups(bytes: Uint8Array, at: number, end: number): number {
		const { frame } = this;
		const size = frame.length;
		const from = at;
		let to = this.#got - 2;
		for (; at + 4 <= end && to + 3 <= size; at += 4) {
			const a = BASE64_VALUES[bytes[at]!] ?? -1;
			const b = BASE64_VALUES[bytes[at + 1]!] ?? -1;
			const c = BASE64_VALUES[bytes[at + 2]!] ?? -1;
			const d = BASE64_VALUES[bytes[at + 3]!] ?? -1;
			if ((a | b | c | d) < 0) break;
			const bits = (a << 18) | (b << 12) | (c << 6) | d;
			frame[to++] = bits >> 16;
			frame[to++] = bits >> 8;
			frame[to++] = bits;
		}
		this.#got = to + 2;
		this.#lineLength += at - from;
		return at;
	}

	#marker(byte: number): number {
		const line = this.#line;
		if (line === Line.START) {
			this.#line = byte === 0x06 ? Line.MARKER_FIRST : byte === 0x04 ? Line.MARKER_NEXT : Line.FOREIGN;
			return NOTHING;
		}
		if (line === Line.MARKER_FIRST && byte === 0x09) {
			const event = this.#active ? lossOf("rx_unfinished") : NOTHING;
			this.#line = Line.DATA;
			this.#firstLine = true;
			this.#active = true;
			this.#got = 0;
			this.#length = 0;
			this.#characters = 0;
			return event;
		}
		this.#line = line === Line.MARKER_NEXT && byte === 0x14 && this.#active ? Line.DATA : Line.FOREIGN;
		return NOTHING;
	}

	#data(byte: number): number {
		const value = this.#line === Line.DATA ? (BASE64_VALUES[byte] ?? -1) : -1;
		if (value < 0) return this.#tail(byte);
		const bits = this.#characters === 0 ? value : (this.#bits << 6) | value;
		this.#bits = bits;
		if (++this.#characters < 4) return NOTHING;
		this.#byte(bits >> 16);
		this.#byte(bits >> 8);
		this.#byte(bits);
		this.#characters = 0;
		return NOTHING;
	}

	/** What may follow the base64 of a line: padding, then one CR or spaces. */
	#tail(byte: number): number {
		const line = this.#line;
		if (byte === PAD && line === Line.DATA && this.#characters >= 2) {
			const one = this.#characters === 3;
			this.#byte(this.#bits >> (one ? 10 : 4));
			if (one) this.#byte(this.#bits >> 2);
			this.#characters = 0;
			this.#line = one ? Line.PADDED : Line.PAD_DUE;
		} else if (byte === PAD && line === Line.PAD_DUE) {
			this.#line = Line.PADDED;
		} else if ((byte === CR || byte === SPACE) && (line === Line.DATA || line === Line.PADDED)) {
			this.#line = byte === CR ? Line.ENDED : Line.PADDED;
		} else return this.#lose("rx_bad_base64");
		return NOTHING;
	}

	#byte(bits: number): void {
		const at = this.#got++;
		if (at < 2) this.#length = (this.#length << 8) | (bits & 0xff);
		else if (at - 2 < this.frame.length) this.frame[at - 2] = bits;
	}

	#endLine(): number {
		const line = this.#line;
		this.#line = Line.START;
		this.#lineLength = 0;
		if (line < Line.DATA) return NOTHING;
		// Zephyr wants more than the length in the first line; what is there has to be a possible length in any case.
		const short = this.#firstLine && this.#got < 3;
		this.#firstLine = false;
		if (line === Line.PAD_DUE) return this.#drop("rx_bad_base64");
		if (this.#length > this.frame.length) return this.#drop("rx_too_long");
		if (short || this.#length < 2 || this.#got > this.#length + 2) return this.#drop("rx_bad_length");
		if (this.#got < this.#length + 2 || this.#characters !== 0) return NOTHING;
		if (crc16(this.frame.subarray(0, this.#length)) !== 0) return this.#drop("rx_bad_crc");
		this.#active = false;
		return this.#length - CRC_SIZE;
	}

	/** Drops the frame, and the rest of its line. */
	#lose(loss: Loss): number {
		this.#line = Line.FOREIGN;
		return this.#drop(loss);
	}

	#drop(loss: Loss): number {
		this.#active = false;
		return lossOf(loss);
	}
}

type Loss = (typeof LOSSES)[number];

const lossOf = (loss: Loss): number => NOTHING - 1 - LOSSES.indexOf(loss);

/** `ConsoleCodec.encode`. */
export function encodeConsole(packet: Uint8Array): Uint8Array {
	const raw = new Uint8Array(packet.length + 4);
	raw[0] = (packet.length + 2) >> 8;
	raw[1] = (packet.length + 2) & 0xff;
	raw.set(packet, 2);
	const crc = crc16(packet);
	raw[raw.length - 2] = crc >> 8;
	raw[raw.length - 1] = crc & 0xff;
	const lines = Math.ceil(raw.length / BYTES_PER_LINE);
	const out = new Uint8Array(3 * lines + 4 * Math.ceil(raw.length / 3));
	let at = 0;
	for (let from = 0; from < raw.length; from += BYTES_PER_LINE) {
		out[at++] = from === 0 ? 0x06 : 0x04;
		out[at++] = from === 0 ? 0x09 : 0x14;
		at = base64Encode(raw.subarray(from, from + BYTES_PER_LINE), out, at);
		out[at++] = LF;
	}
	return out;
}

/** In JavaScript, for hosts without. */
export const scriptCodec: ConsoleCodec = Object.freeze({
	decoder: (maxPacket: number, maxLine: number) => new ScriptDecoder(maxPacket, maxLine),
	encode: encodeConsole,
});
