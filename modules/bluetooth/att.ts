import { equalBytes } from "../bytes/equal.js";
import { readU16 } from "../bytes/little-endian.js";

/** ATT_MTU of a connection until it is exchanged, and the most that this server takes (Core Specification, Vol 3, Part G, 5.2.1). */
export const DEFAULT_MTU = 23;
export const LARGEST_MTU = 517;

/** Longest value of an attribute, bytes (Vol 3, Part F, 3.2.9). */
export const LONGEST_VALUE = 512;

/** Error codes (Vol 3, Part F, 3.4.1.1). */
export const AttError = Object.freeze({
	INVALID_HANDLE: 0x01,
	READ_NOT_PERMITTED: 0x02,
	WRITE_NOT_PERMITTED: 0x03,
	INVALID_PDU: 0x04,
	REQUEST_NOT_SUPPORTED: 0x06,
	INVALID_OFFSET: 0x07,
	ATTRIBUTE_NOT_FOUND: 0x0a,
	INVALID_LENGTH: 0x0d,
	UNSUPPORTED_GROUP_TYPE: 0x10,
} as const);

/** Opcodes (Vol 3, Part F, 3.4.8). The response to a request has the opcode that follows. */
const ERROR_RSP = 0x01;
const EXCHANGE_MTU = 0x02;
const FIND_INFORMATION = 0x04;
const FIND_BY_TYPE_VALUE = 0x06;
const READ_BY_TYPE = 0x08;
const READ = 0x0a;
const READ_BLOB = 0x0c;
const READ_BY_GROUP_TYPE = 0x10;
const WRITE = 0x12;
const WRITE_COMMAND = 0x52;
const NOTIFICATION = 0x1b;

/** Lengths of the requests whose length is fixed, bytes. */
const LENGTHS: readonly (readonly [number, number])[] = Object.freeze([
	[EXCHANGE_MTU, 3],
	[FIND_INFORMATION, 5],
	[READ, 3],
	[READ_BLOB, 5],
] as const);

/** Commands are not answered (Vol 3, Part F, 3.3.1). */
const COMMAND_FLAG = 0x40;

const PRIMARY_SERVICE = 0x2800;
const SECONDARY_SERVICE = 0x2801;

/** One attribute. Its handle is its place in the table, from 1 on. */
export interface Attribute {
	/** UUID of 16 or 128 bits, least significant byte first. */
	readonly type: Uint8Array;
	/** Its value, of up to 512 bytes; undefined if it cannot be read. */
	readonly value?: () => Uint8Array;
	/** Takes a value; returns 0 or one of `AttError`. Undefined if it cannot be written. */
	readonly write?: (value: Uint8Array) => number;
	/** Of the declaration of a service: the last handle that belongs to it. */
	readonly end?: number;
}

/**
 * A server of the Attribute Protocol for one connection at a time (Core Specification, Vol 3, Part F). It has all that the
 * Generic Attribute Profile asks of a server, and no queued, signed or multiple operations, which it refuses as unsupported.
 */
export class AttServer {
	#mtu = DEFAULT_MTU;
	readonly #attributes: readonly Attribute[];
	readonly #send: (pdu: Uint8Array) => boolean;
	/** The answer that is being made. */
	readonly #out = new Uint8Array(LARGEST_MTU);

	/** `send` takes a PDU, whose bytes are valid during the call only; it returns false for one that it drops. */
	constructor(attributes: readonly Attribute[], send: (pdu: Uint8Array) => boolean) {
		this.#attributes = attributes;
		this.#send = send;
	}

	/** ATT_MTU of the connection, bytes. */
	get mtu(): number {
		return this.#mtu;
	}

	/** A new connection begins. */
	reset(): void {
		this.#mtu = DEFAULT_MTU;
	}

	/** Sends a notification of up to ATT_MTU - 3 bytes (3.4.7.1). */
	notify(handle: number, value: Uint8Array): boolean {
		const length = Math.min(value.length, this.#mtu - 3);
		this.#out[0] = NOTIFICATION;
		this.#put(1, handle);
		this.#out.set(value.subarray(0, length), 3);
		return this.#send(this.#out.subarray(0, 3 + length));
	}

	/** Takes what the client sent. */
	receive(pdu: Uint8Array): void {
		const opcode = pdu[0];
		// Answers belong to a client, and there is none here; nothing is signed, because nobody is paired.
		if (opcode === undefined || (opcode & 1 && !(opcode & COMMAND_FLAG)) || opcode === 0x1e) return;
		if (opcode & COMMAND_FLAG) {
			if (opcode === WRITE_COMMAND && pdu.length >= 3 && pdu.length <= this.#mtu)
				this.#attributes[readU16(pdu, 1) - 1]?.write?.(pdu.subarray(3));
			return;
		}
		const fixed = LENGTHS.find(([of]) => of === opcode)?.[1];
		if (pdu.length > this.#mtu || (fixed !== undefined && fixed !== pdu.length))
			this.#refuse(opcode, 0, AttError.INVALID_PDU);
		else this.#request(opcode, pdu);
	}

	#request(opcode: number, pdu: Uint8Array): void {
		switch (opcode) {
			case EXCHANGE_MTU:
				this.#exchangeMtu(readU16(pdu, 1));
				return;
			case FIND_INFORMATION:
				this.#findInformation(pdu);
				return;
			case FIND_BY_TYPE_VALUE:
				this.#findByTypeValue(pdu);
				return;
			case READ_BY_TYPE:
			case READ_BY_GROUP_TYPE:
				this.#readByType(opcode, pdu);
				return;
			case READ:
				this.#read(opcode, readU16(pdu, 1), 0);
				return;
			case READ_BLOB:
				this.#read(opcode, readU16(pdu, 1), readU16(pdu, 3));
				return;
			case WRITE:
				this.#write(pdu);
				return;
			default:
				this.#refuse(opcode, 0, AttError.REQUEST_NOT_SUPPORTED);
		}
	}

	/** 3.4.2: both sides take the smaller one, after the answer. */
	#exchangeMtu(client: number): void {
		if (client < DEFAULT_MTU) {
			this.#refuse(EXCHANGE_MTU, 0, AttError.INVALID_PDU);
			return;
		}
		this.#put(1, LARGEST_MTU);
		this.#answer(EXCHANGE_MTU, 3);
		this.#mtu = Math.min(client, LARGEST_MTU);
	}

	/** 3.4.3.1: handles with their types, as many as fit, all types of one length. */
	#findInformation(pdu: Uint8Array): void {
		const range = this.#range(pdu);
		if (!range) return;
		let at = 2;
		const size = this.#attributes[range.start - 1]?.type.length;
		for (let handle = range.start; handle <= range.end; handle++) {
			const { type } = this.#attributes[handle - 1]!;
			if (type.length !== size || at + 2 + size > this.#mtu) break;
			this.#put(at, handle);
			this.#out.set(type, at + 2);
			at += 2 + size;
		}
		this.#out[1] = size === 2 ? 1 : 2;
		this.#list(pdu, at > 2, at);
	}

	/** 3.4.3.3: handles of attributes of a type with this value, and the ends of their groups. */
	#findByTypeValue(pdu: Uint8Array): void {
		const range = this.#range(pdu, 7);
		if (!range) return;
		let at = 1;
		const type = pdu.subarray(5, 7);
		const value = pdu.subarray(7);
		for (let handle = range.start; handle <= range.end && at + 4 <= this.#mtu; handle++) {
			const attribute = this.#attributes[handle - 1]!;
			const own = equalBytes(attribute.type, type) ? attribute.value?.() : undefined;
			if (!own || !equalBytes(own, value)) continue;
			this.#put(at, handle);
			this.#put(at + 2, attribute.end ?? handle);
			at += 4;
		}
		this.#list(pdu, at > 1, at);
	}

	/** 3.4.4.1 and 3.4.4.9: values of a type, as many as fit, all of one length; of groups with their ends. */
	#readByType(opcode: number, pdu: Uint8Array): void {
		if (pdu.length !== 7 && pdu.length !== 21) {
			this.#refuse(opcode, 0, AttError.INVALID_PDU);
			return;
		}
		const range = this.#range(pdu, pdu.length);
		if (!range) return;
		const type = shortType(pdu.subarray(5));
		const grouped = opcode === READ_BY_GROUP_TYPE;
		if (grouped && !isGroupType(type)) {
			this.#refuse(opcode, range.start, AttError.UNSUPPORTED_GROUP_TYPE);
			return;
		}
		const head = grouped ? 4 : 2;
		let at = 2;
		let size = -1;
		for (let handle = range.start; handle <= range.end; handle++) {
			const attribute = this.#attributes[handle - 1]!;
			if (!equalBytes(attribute.type, type)) continue;
			const value = attribute.value?.();
			if (!value) {
				if (size >= 0) break;
				this.#refuse(opcode, handle, AttError.READ_NOT_PERMITTED);
				return;
			}
			// The length of an entry is told in one byte.
			const length = Math.min(value.length, this.#mtu - 2 - head, 0xff - head);
			if (size < 0) size = length;
			if (length !== size || at + head + size > this.#mtu) break;
			this.#put(at, handle);
			if (grouped) this.#put(at + 2, attribute.end ?? handle);
			this.#out.set(value.subarray(0, size), at + head);
			at += head + size;
		}
		this.#out[1] = head + size;
		this.#list(pdu, size >= 0, at);
	}

	/** 3.4.4.3 and 3.4.4.5. */
	#read(opcode: number, handle: number, offset: number): void {
		const attribute = this.#attributes[handle - 1];
		const value = attribute?.value?.();
		if (!attribute) this.#refuse(opcode, handle, AttError.INVALID_HANDLE);
		else if (!value) this.#refuse(opcode, handle, AttError.READ_NOT_PERMITTED);
		else if (offset > value.length) this.#refuse(opcode, handle, AttError.INVALID_OFFSET);
		else {
			const part = value.subarray(offset, offset + this.#mtu - 1);
			this.#out.set(part, 1);
			this.#answer(opcode, 1 + part.length);
		}
	}

	/** 3.4.5.1. */
	#write(pdu: Uint8Array): void {
		if (pdu.length < 3) {
			this.#refuse(WRITE, 0, AttError.INVALID_PDU);
			return;
		}
		const handle = readU16(pdu, 1);
		const attribute = this.#attributes[handle - 1];
		if (!attribute) this.#refuse(WRITE, handle, AttError.INVALID_HANDLE);
		else if (!attribute.write) this.#refuse(WRITE, handle, AttError.WRITE_NOT_PERMITTED);
		else if (pdu.length - 3 > LONGEST_VALUE) this.#refuse(WRITE, handle, AttError.INVALID_LENGTH);
		else {
			const error = attribute.write(pdu.subarray(3));
			if (error !== 0) this.#refuse(WRITE, handle, error);
			else this.#answer(WRITE, 1);
		}
	}

	/** The handles of a request that looks through a range, cut to those that there are; refuses a wrong range (3.4.3.1). */
	#range(pdu: Uint8Array, least = 5): { readonly start: number; readonly end: number } | undefined {
		if (pdu.length < least) {
			this.#refuse(pdu[0]!, 0, AttError.INVALID_PDU);
			return undefined;
		}
		const start = readU16(pdu, 1);
		const end = readU16(pdu, 3);
		if (start === 0 || start > end) {
			this.#refuse(pdu[0]!, start, AttError.INVALID_HANDLE);
			return undefined;
		}
		return { start, end: Math.min(end, this.#attributes.length) };
	}

	/** Answers a request that looks through a range. */
	#list(pdu: Uint8Array, found: boolean, length: number): void {
		if (found) this.#answer(pdu[0]!, length);
		else this.#refuse(pdu[0]!, readU16(pdu, 1), AttError.ATTRIBUTE_NOT_FOUND);
	}

	#answer(request: number, length: number): void {
		this.#out[0] = request + 1;
		this.#send(this.#out.subarray(0, length));
	}

	#refuse(request: number, handle: number, error: number): void {
		this.#out[0] = ERROR_RSP;
		this.#out[1] = request;
		this.#put(2, handle);
		this.#out[4] = error;
		this.#send(this.#out.subarray(0, 5));
	}

	#put(at: number, value: number): void {
		this.#out[at] = value & 0xff;
		this.#out[at + 1] = value >> 8;
	}
}

/** Types of the declarations that begin a group (Vol 3, Part G, 2.5.3). */
const isGroupType = (type: Uint8Array): boolean =>
	type.length === 2 && (readU16(type, 0) === PRIMARY_SERVICE || readU16(type, 0) === SECONDARY_SERVICE);

/** The Bluetooth Base UUID without its first 32 bits, least significant byte first (Vol 3, Part B, 2.5.1). */
const BASE_UUID: readonly number[] = Object.freeze([0xfb, 0x34, 0x9b, 0x5f, 0x80, 0, 0, 0x80, 0, 0x10, 0, 0]);

/** A UUID of 128 bits that stands for one of 16 bits as that. */
const shortType = (type: Uint8Array): Uint8Array =>
	type.length === 16 && type[14] === 0 && type[15] === 0 && BASE_UUID.every((byte, i) => byte === type[i])
		? type.subarray(12, 14)
		: type;
