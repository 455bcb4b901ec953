import { type ConsoleCodec, type ConsoleDecoder, type ConsoleNatives, CRC_SIZE } from "./codec.js";

/**
 * The codec of a host that has it in C. Frames share an array: the stream has to copy what it queues, as a driver with a ring
 * of bytes does.
 */
export class NativeCodec implements ConsoleCodec {
	readonly natives: ConsoleNatives;
	/** The frame that was made last. The next of its length takes the same array. */
	frame: Uint8Array;
	length = 0;

	constructor(natives: ConsoleNatives) {
		this.natives = natives;
		this.frame = new Uint8Array(0);
	}

	decoder(maxPacket: number, maxLine: number): ConsoleDecoder {
		return new NativeDecoder(this.natives, maxPacket, maxLine);
	}

	encode(packet: Uint8Array): Uint8Array {
		const length = this.natives.consoleEncode(packet, this.frame);
		if (length !== this.length) {
			this.frame = new Uint8Array(length);
			this.length = length;
			this.natives.consoleEncode(packet, this.frame);
		}
		return this.frame;
	}
}

class NativeDecoder implements ConsoleDecoder {
	readonly frame: Uint8Array;
	readonly natives: ConsoleNatives;
	readonly state: ArrayBuffer;

	constructor(natives: ConsoleNatives, maxPacket: number, maxLine: number) {
		this.frame = new Uint8Array(maxPacket + CRC_SIZE);
		this.natives = natives;
		this.state = natives.consoleState(maxLine);
	}

	get at(): number {
		return this.natives.consoleAt(this.state);
	}

	decode(bytes: Uint8Array, at: number): number {
		return this.natives.consoleDecode(this.state, this.frame, bytes, at);
	}
}
