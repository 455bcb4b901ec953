import { Decoder } from "cbor-x/decode";
import { Encoder } from "cbor-x/encode";
import { HEADER_SIZE, Op, readHeader, writeHeader } from "../modules/smp/header.js";
import { AnswerError, NoAnswerError } from "./errors.js";
import type { Fields, Request } from "./fields.js";
import { fromDecoder, toEncoder } from "./integers.js";
import type { Link } from "./link.js";
import { commandName } from "./words.js";

/** A request on its way. */
export interface Flight {
	/** Sends it once more, under the same number, so that either answer will do. */
	again(): void;
	/** Its answer is not wanted any more. */
	forget(): void;
}

interface Waiting {
	readonly request: Request;
	/** Gets the map of the answer, or an Error if there is none in it. */
	readonly answered: (answer: Fields | Error) => void;
}

/** Requests and their answers over one link: encoding, and which answer belongs to which request. */
export class Channel {
	readonly link: Link;
	/** Of the header: 1 (the protocol's version 2) until the server says that it is too new for it. */
	version = 1;
	readonly #encoder = new Encoder({ useRecords: false, variableMapSize: true, tagUint8Array: false });
	readonly #decoder = new Decoder({ useRecords: false, mapsAsObjects: true });
	readonly #waiting = new Map<number, Waiting>();
	#sequence = Math.floor(Math.random() * 256);
	#closed = false;
	/** What arrived damaged, since somebody last asked. */
	readonly #losses = new Map<string, number>();

	constructor(link: Link) {
		this.link = link;
		link.onDrop = (drop) => this.#losses.set(drop, (this.#losses.get(drop) ?? 0) + 1);
		link.onPacket = (packet) => this.#receive(packet);
		link.onFailure = (reason) => this.#fail(reason);
	}

	/** Sends a request. `answered` is called at most once, and not after `forget`. */
	start(request: Request, answered: (answer: Fields | Error) => void): Flight {
		const sequence = this.#freeSequence();
		const packet = this.#encode(request, sequence);
		const waiting: Waiting = { request, answered };
		this.#waiting.set(sequence, waiting);
		this.#send(packet);
		return {
			again: () => this.#send(packet),
			forget: () => {
				if (this.#waiting.get(sequence) === waiting) this.#waiting.delete(sequence);
			},
		};
	}

	/** Length of the packet of a request, bytes. */
	measure(request: Request): number {
		return this.#encode(request, 0).length;
	}

	/** What arrived damaged since the last call, as the end of a sentence; undefined if nothing did. */
	takeLosses(): string | undefined {
		const kinds = [...this.#losses].map(([kind, count]) => `${kind} ${count}`);
		this.#losses.clear();
		return kinds.length === 0 ? undefined : `something came, but damaged (${kinds.join(", ")})`;
	}

	/** What is on its way stays without an answer. */
	close(): void | Promise<void> {
		this.#closed = true;
		this.#waiting.clear();
		return this.link.close();
	}

	#send(packet: Uint8Array): void {
		if (!this.#closed) this.link.send(packet);
	}

	/** Numbers go round; one that still waits for its answer is passed over. */
	#freeSequence(): number {
		for (let tried = 0; tried < 256; tried++) {
			this.#sequence = (this.#sequence + 1) & 0xff;
			if (!this.#waiting.has(this.#sequence)) return this.#sequence;
		}
		throw new Error("256 requests are waiting for their answers");
	}

	#encode({ op, group, command, fields }: Request, sequence: number): Uint8Array {
		const given = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
		const payload = this.#encoder.encode(toEncoder(given));
		const packet = new Uint8Array(HEADER_SIZE + payload.length);
		writeHeader(packet, { op, version: this.version, flags: 0, length: payload.length, group, sequence, command });
		packet.set(payload, HEADER_SIZE);
		return packet;
	}

	#fail(reason: string): void {
		for (const [sequence, waiting] of [...this.#waiting]) {
			// An answer to one may make others unwanted.
			if (this.#waiting.get(sequence) !== waiting) continue;
			this.#waiting.delete(sequence);
			waiting.answered(new NoAnswerError(commandName(waiting.request), 1, reason));
		}
	}

	#receive(packet: Uint8Array): void {
		if (packet.length < HEADER_SIZE) return;
		const header = readHeader(packet);
		const waiting = this.#waiting.get(header.sequence);
		if (!waiting) return;
		const { request } = waiting;
		const { op, group, command } = request;
		// A late answer to an earlier request of the same number must not pass for this one's. Errors of the protocol may
		// come as a response to a write.
		const responds = header.op === op + 1 || header.op === Op.WRITE_RESPONSE;
		if (!responds || header.group !== group || header.command !== command) return;
		this.#waiting.delete(header.sequence);
		waiting.answered(this.#decode(packet, header.length, commandName(request)));
	}

	#decode(packet: Uint8Array, length: number, what: string): Fields | Error {
		try {
			const fields = fromDecoder(this.#decoder.decode(packet.slice(HEADER_SIZE, HEADER_SIZE + length)));
			if (typeof fields === "object" && fields !== null && !Array.isArray(fields)) return fields as Fields;
		} catch {
			// What cbor-x says of it would help nobody.
		}
		return new AnswerError(`the device's answer to ${what} cannot be read`);
	}
}
