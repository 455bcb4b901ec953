import { hex } from "../bytes/hex.js";
import { readU16 } from "../bytes/little-endian.js";
import type { ByteStream } from "../smp/transport/stream.js";
import { ACL_DATA, COMMAND, EVENT, H4 } from "./h4.js";

// The host's side of the Host Controller Interface, for a peripheral with one connection. Sections are those of the Bluetooth Core
// Specification, Vol 4, Part E, where nothing else is said.

/** Commands: opcodes (7.1.6, 7.3.1, 7.3.2, 7.4.5, 7.8). */
const DISCONNECT = 0x0406;
const SET_EVENT_MASK = 0x0c01;
const RESET = 0x0c03;
const READ_BUFFER_SIZE = 0x1005;
const LE_SET_EVENT_MASK = 0x2001;
const LE_READ_BUFFER_SIZE = 0x2002;
const LE_SET_RANDOM_ADDRESS = 0x2005;
const LE_SET_ADVERTISING_PARAMETERS = 0x2006;
const LE_SET_ADVERTISING_DATA = 0x2008;
const LE_SET_SCAN_RESPONSE_DATA = 0x2009;
const LE_SET_ADVERTISING_ENABLE = 0x200a;

/** Events (7.7). */
const DISCONNECTION_COMPLETE = 0x05;
const COMMAND_COMPLETE = 0x0e;
const COMMAND_STATUS = 0x0f;
const HARDWARE_ERROR = 0x10;
const NUMBER_OF_COMPLETED_PACKETS = 0x13;
const LE_META = 0x3e;
const LE_CONNECTION_COMPLETE = 0x01;

/** Events that are wanted besides those that cannot be masked: Disconnection Complete, Hardware Error, LE Meta (7.3.1). */
const EVENT_MASK = [0x10, 0x80, 0, 0, 0, 0, 0, 0x20] as const;
/**
 * LE Connection Complete alone (7.8.1). A controller answers by itself what is masked: it accepts no encryption without a key, and
 * decides on connection parameters.
 */
const LE_EVENT_MASK = [0x01, 0, 0, 0, 0, 0, 0, 0] as const;

/**
 * Connectable and scannable undirected advertising, from the random address, each 100 to 150 ms, on all three channels (7.8.5; the
 * intervals are those of Vol 3, Part C, Appendix A, TGAP(adv_fast_interval2)).
 */
const ADVERTISING_PARAMETERS = [0xa0, 0, 0xf0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 7, 0] as const;

/** Why a second connection is ended (Vol 1, Part F, 2): Remote Device Terminated Connection due to Low Resources. */
const LOW_RESOURCES = 0x14;

/** L2CAP: header, and the longest PDU of a channel, bytes (Vol 3, Part A, 3.1). */
const L2CAP_HEADER = 4;
const LONGEST_PDU = 517;

/** Bytes that may wait for the controller: answers of 1.4 KB to four requests, cut for the smallest ATT_MTU. */
const QUEUE = 8192;

/** Commands that may wait. There are never more than eight, unless the controller sends events that make no sense. */
const MOST_COMMANDS = 16;

/** A controller that does not advertise after this time is reset once more, milliseconds. */
const PATIENCE = 1000;

/** Milliseconds after which `callback` is called. */
export type After = (ms: number, callback: () => void) => unknown;

/** What a peripheral tells who looks for one. */
export interface Advertising {
	/** Static random address, least significant byte first (Vol 6, Part B, 1.3.2.1). */
	readonly address: Uint8Array;
	/** Up to 31 bytes each. */
	readonly data: Uint8Array;
	readonly scanResponse: Uint8Array;
}

/**
 * A Bluetooth LE controller behind HCI, as a peripheral needs it: brings it up, advertises whenever nobody is connected, cuts and
 * joins L2CAP PDUs, and sends no more than the controller has room for (4.1.1). Another connection is ended at once.
 */
export class Controller {
	/** Called when the controller advertises for the first time since `start()`. */
	onReady: (() => void) | undefined;
	/** Called with a sentence about a command that the controller refuses. */
	onFault: ((sentence: string) => void) | undefined;
	onConnected: (() => void) | undefined;
	onDisconnected: (() => void) | undefined;
	/** Called with each whole PDU and its channel. The bytes are valid during the call only. */
	onPdu: ((channel: number, pdu: Uint8Array) => void) | undefined;
	readonly #h4: H4;
	readonly #advertising: Advertising;
	readonly #after: After;
	#ready = false;
	#closed = false;
	/** Whether the timer runs that looks after the controller. */
	#watched = false;
	/** Handle of the connection; -1: none. */
	#handle = -1;

	/** Commands that wait for their turn: one is under way at a time (4.4). */
	#commands: Uint8Array[] = [];
	/** Opcode of the one that is under way; 0: none. */
	#pending = 0;
	#commandCredits = 1;

	/** PDUs with their headers that wait, how many bytes they are, and how much of the first one is gone. */
	#queue: Uint8Array[] = [];
	#queued = 0;
	#sent = 0;
	/** ACL packets: longest payload, how many the controller holds, and for how many it has room now (7.8.2). */
	#aclSize = 27;
	#aclTotal = 0;
	#aclCredits = 0;

	/** The PDU that comes in parts, its header included, and how much of it there is. */
	readonly #pdu = new Uint8Array(L2CAP_HEADER + LONGEST_PDU);
	#got = 0;

	constructor(stream: ByteStream, advertising: Advertising, after: After) {
		this.#h4 = new H4(stream);
		this.#h4.onPacket = (indicator, packet) => this.#receive(indicator, packet);
		this.#h4.onLost = () => this.#reset();
		this.#advertising = advertising;
		this.#after = after;
	}

	/** Brings up the controller: now, and whenever a new one is at the other end of the stream. */
	start(): void {
		this.#h4.restart();
		this.#reset();
	}

	/** Queues a PDU of up to 517 bytes. False if nobody is connected, or there is no room. */
	send(channel: number, pdu: Uint8Array): boolean {
		const length = L2CAP_HEADER + pdu.length;
		if (this.#handle < 0 || this.#queued + length > QUEUE) return false;
		const frame = new Uint8Array(length);
		put(frame, 0, pdu.length);
		put(frame, 2, channel);
		frame.set(pdu, L2CAP_HEADER);
		this.#queue.push(frame);
		this.#queued += length;
		this.#transmit();
		return true;
	}

	/** A reset ends the connection and the advertising. */
	close(): void {
		this.#closed = true;
		this.#reset();
		this.#h4.close();
	}

	#reset(): void {
		this.#disconnected();
		this.#ready = false;
		this.#commands = [];
		this.#pending = 0;
		this.#commandCredits = 1;
		this.#command(RESET, []);
		this.#watch();
	}

	#watch(): void {
		if (this.#watched || this.#closed) return;
		this.#watched = true;
		this.#after(PATIENCE, () => {
			this.#watched = false;
			if (!this.#ready && !this.#closed) this.#reset();
		});
	}

	#receive(indicator: number, packet: Uint8Array): void {
		if (indicator === EVENT) this.#event(packet[0]!, packet.subarray(2));
		else if (indicator === ACL_DATA) this.#acl(packet);
	}

	// Commands and events

	#command(opcode: number, parameters: ArrayLike<number>): void {
		const packet = new Uint8Array(4 + parameters.length);
		packet[0] = COMMAND;
		put(packet, 1, opcode);
		packet[3] = parameters.length;
		packet.set(parameters, 4);
		if (this.#commands.push(packet) > MOST_COMMANDS) this.#reset();
		else this.#nextCommand();
	}

	#nextCommand(): void {
		if (this.#pending !== 0 || this.#commandCredits === 0) return;
		const packet = this.#commands.shift();
		if (!packet) return;
		this.#pending = readU16(packet, 1);
		this.#h4.write(packet);
	}

	#event(code: number, parameters: Uint8Array): void {
		switch (code) {
			case COMMAND_COMPLETE:
				if (parameters.length >= 3) this.#commandEnded(parameters[0]!, readU16(parameters, 1), parameters.subarray(3));
				return;
			case COMMAND_STATUS:
				if (parameters.length >= 4)
					this.#commandEnded(parameters[1]!, readU16(parameters, 2), parameters.subarray(0, 1));
				return;
			case LE_META:
				if (parameters[0] === LE_CONNECTION_COMPLETE && parameters.length >= 19) this.#connection(parameters);
				return;
			case DISCONNECTION_COMPLETE:
				if (parameters.length >= 4 && parameters[0] === 0 && handleOf(parameters, 1) === this.#handle) {
					this.#disconnected();
					this.#advertise();
				}
				return;
			case NUMBER_OF_COMPLETED_PACKETS:
				this.#completed(parameters);
				return;
			case HARDWARE_ERROR:
				this.#reset();
		}
	}

	/** `result` begins with the status. */
	#commandEnded(credits: number, opcode: number, result: Uint8Array): void {
		this.#commandCredits = credits;
		// Others, and opcode 0, tell only that there is room for commands.
		if (opcode === this.#pending && opcode !== 0) {
			this.#pending = 0;
			const status = result[0] ?? 0;
			if (status === 0) this.#commandDone(opcode, result);
			else if (!this.#ready) this.onFault?.(`the controller refuses command ${hex(opcode)} with status ${hex(status)}`);
		}
		this.#nextCommand();
	}

	#commandDone(opcode: number, result: Uint8Array): void {
		switch (opcode) {
			case RESET:
				this.#command(SET_EVENT_MASK, EVENT_MASK);
				this.#command(LE_SET_EVENT_MASK, LE_EVENT_MASK);
				this.#command(LE_READ_BUFFER_SIZE, []);
				return;
			case LE_READ_BUFFER_SIZE:
				// A length of 0: LE has no buffers of its own (7.8.2).
				if (result.length >= 4 && readU16(result, 1) > 0) this.#buffers(readU16(result, 1), result[3]!);
				else this.#command(READ_BUFFER_SIZE, []);
				return;
			case READ_BUFFER_SIZE:
				if (result.length >= 8) this.#buffers(readU16(result, 1), readU16(result, 4));
				return;
			case LE_SET_ADVERTISING_ENABLE:
				if (this.#ready) return;
				this.#ready = true;
				this.onReady?.();
		}
	}

	/** The controller's buffers are known: it may be seen now. */
	#buffers(size: number, count: number): void {
		this.#aclSize = Math.min(size, LONGEST_PDU);
		this.#aclTotal = count;
		this.#aclCredits = count;
		const { address, data, scanResponse } = this.#advertising;
		this.#command(LE_SET_RANDOM_ADDRESS, address);
		this.#command(LE_SET_ADVERTISING_PARAMETERS, ADVERTISING_PARAMETERS);
		this.#command(LE_SET_ADVERTISING_DATA, padded(data));
		this.#command(LE_SET_SCAN_RESPONSE_DATA, padded(scanResponse));
		this.#advertise();
	}

	#advertise(): void {
		this.#command(LE_SET_ADVERTISING_ENABLE, [1]);
	}

	#connection(parameters: Uint8Array): void {
		const handle = handleOf(parameters, 2);
		if (parameters[1] !== 0) this.#advertise();
		else if (this.#handle >= 0) this.#command(DISCONNECT, [handle & 0xff, handle >> 8, LOW_RESOURCES]);
		else {
			this.#handle = handle;
			this.onConnected?.();
		}
	}

	/** What was on its way is gone, and the controller's room for it is free (4.1.1). */
	#disconnected(): void {
		const connected = this.#handle >= 0;
		this.#handle = -1;
		this.#queue = [];
		this.#queued = 0;
		this.#sent = 0;
		this.#got = 0;
		this.#aclCredits = this.#aclTotal;
		if (connected) this.onDisconnected?.();
	}

	// Data

	/** Number Of Completed Packets (7.7.19): handles, each with a number. */
	#completed(parameters: Uint8Array): void {
		for (let i = 0, at = 1; i < (parameters[0] ?? 0) && at + 4 <= parameters.length; i++, at += 4)
			if (handleOf(parameters, at) === this.#handle)
				this.#aclCredits = Math.min(this.#aclTotal, this.#aclCredits + readU16(parameters, at + 2));
		this.#transmit();
	}

	/** Cuts what waits into ACL packets (5.4.2; the first of a PDU has packet boundary flag 0, the others 1). */
	#transmit(): void {
		for (let frame = this.#queue[0]; frame && this.#aclCredits > 0; frame = this.#queue[0]) {
			const part = frame.subarray(this.#sent, this.#sent + this.#aclSize);
			const packet = new Uint8Array(5 + part.length);
			packet[0] = ACL_DATA;
			put(packet, 1, this.#handle | (this.#sent > 0 ? 0x1000 : 0));
			put(packet, 3, part.length);
			packet.set(part, 5);
			this.#aclCredits--;
			this.#sent += part.length;
			if (this.#sent === frame.length) {
				this.#queue.shift();
				this.#queued -= frame.length;
				this.#sent = 0;
			}
			this.#h4.write(packet);
		}
	}

	/** Joins ACL packets into PDUs. One that is damaged or too long is dropped whole (Vol 3, Part A, 7.2 and 3.1). */
	#acl(packet: Uint8Array): void {
		if (handleOf(packet, 0) !== this.#handle) return;
		const data = packet.subarray(4);
		if ((packet[1]! & 0x30) !== 0x10) {
			// A PDU begins, whatever is missing of the last one.
			this.#got = 0;
			if (data.length < L2CAP_HEADER) return;
		} else if (this.#got === 0) return;
		const first = this.#got === 0 ? data : this.#pdu;
		const length = L2CAP_HEADER + readU16(first, 0);
		const got = this.#got + data.length;
		if (length > this.#pdu.length || got > length) {
			this.#got = 0;
			return;
		}
		if (got < length || this.#got > 0) this.#pdu.set(data, this.#got);
		this.#got = got < length ? got : 0;
		if (got === length) this.onPdu?.(readU16(first, 2), first.subarray(L2CAP_HEADER, length));
	}
}

function put(into: Uint8Array, at: number, value: number): void {
	into[at] = value & 0xff;
	into[at + 1] = value >> 8;
}

/** Connection handles have 12 bits (5.4.2). */
const handleOf = (bytes: Uint8Array, at: number): number => readU16(bytes, at) & 0xfff;

/** Advertising data as its commands take it: the length, and 31 bytes (7.8.7 and 7.8.8). */
function padded(data: Uint8Array): Uint8Array {
	const bytes = new Uint8Array(32);
	bytes[0] = data.length;
	bytes.set(data, 1);
	return bytes;
}
