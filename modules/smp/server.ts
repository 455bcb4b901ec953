import { MapEncoder, type ResponseMap } from "./cbor.js";
import { GroupError, Rc, SmpError } from "./errors.js";
import { FieldDecoder, type Fields, type Schema } from "./fields.js";
import type { Context, Group, Operation, Origin, Work } from "./group.js";
import { HEADER_SIZE, Op } from "./header.js";
import type { Drop, Reply, Transport } from "./transport/transport.js";

/** A request that was answered. Valid during the call only: the next request may have the same object. */
export interface Exchange {
	readonly origin: Origin;
	/** Of the protocol: 0 original, 1 with group errors. */
	readonly version: number;
	/** Bytes of request and response, headers included. */
	readonly received: number;
	readonly sent: number;
}

/** What an application may learn of, or have a say in. */
export interface ServerHooks {
	/** Before a handler runs. Throwing an `SmpError` or `GroupError` refuses the request with that error. */
	received?(group: number, command: number, write: boolean, origin: Origin): void;
	/** After a request was answered; `error` if it failed. */
	done?(group: number, command: number, write: boolean, error: unknown, exchange: Exchange): void;
	/** Something that came over `transport`, or an answer on its way there, was dropped. */
	dropped?(drop: Drop, transport: string): void;
}

/** Several hooks in one: each is asked in turn, and the first that refuses ends it. */
export function joinHooks(...hooks: readonly (ServerHooks | undefined)[]): ServerHooks {
	const all: ServerHooks[] = [];
	for (const each of hooks) if (each) all.push(...(each instanceof JoinedHooks ? each.hooks : [each]));
	return all.length === 1 ? all[0]! : new JoinedHooks(all);
}

/** A class, for its methods take no memory where it is preloaded. */
class JoinedHooks implements ServerHooks {
	readonly hooks: readonly ServerHooks[];

	constructor(hooks: readonly ServerHooks[]) {
		this.hooks = hooks;
	}

	// By number: on XS `for…of` takes eight slots of memory each time, and this runs for every packet.

	received(group: number, command: number, write: boolean, origin: Origin): void {
		const { hooks } = this;
		for (let i = 0, count = hooks.length; i < count; i++) hooks[i]!.received?.(group, command, write, origin);
	}

	done(group: number, command: number, write: boolean, error: unknown, exchange: Exchange): void {
		const { hooks } = this;
		for (let i = 0, count = hooks.length; i < count; i++) hooks[i]!.done?.(group, command, write, error, exchange);
	}

	dropped(drop: Drop, transport: string): void {
		for (const each of this.hooks) each.dropped?.(drop, transport);
	}
}

/** Packets that a transport without a name, or no transport, brought. */
const NOWHERE: Origin = Object.freeze({ transport: "", peer: "" });

/** What a server is made of. */
export interface ServerOptions {
	readonly groups: readonly Group[];
	/** Size of the response buffer, bytes: the longest response, header included. Default 1024. */
	readonly bufferSize?: number;
	/** Whether requests of the original protocol are answered. Default true. */
	readonly original?: boolean;
	/** Whether `rc` errors carry a sentence in `rsn`. Default false, as in Zephyr. */
	readonly verbose?: boolean;
	readonly hooks?: ServerHooks;
	/**
	 * Calls its argument once nothing else is to be done. With it, the work for an answer that takes long is done in parts, and
	 * other requests are served in between. Default: all at once.
	 */
	readonly later?: (callback: () => void) => void;
}

/**
 * A request, from when it came until it is answered: its header, and what handlers and hooks are told of it. One object for all
 * of that, which serves one request after the other, because on a microcontroller what a packet allocates decides how often garbage
 * is collected. Only a request that takes long keeps its object.
 */
class Request implements Context, Exchange {
	op = 0;
	version = 0;
	group = 0;
	sequence = 0;
	command = 0;
	/** Bytes that its header promises behind it. */
	length = 0;
	origin = NOWHERE;
	reply: Reply = nowhere;
	received = 0;
	sent = 0;
	readonly room: number;
	/** What its handler wants to be done after the answer. */
	actions: (() => void)[] | undefined;

	constructor(room: number) {
		this.room = room;
	}

	after(action: () => void): void {
		if (this.actions) this.actions.push(action);
		else this.actions = [action];
	}

	/** Reads the header at `at` (header.ts). */
	read(packet: Uint8Array, at: number): void {
		const first = packet[at]!;
		this.op = first & 7;
		this.version = (first >> 3) & 3;
		this.length = (packet[at + 2]! << 8) | packet[at + 3]!;
		this.group = (packet[at + 4]! << 8) | packet[at + 5]!;
		this.sequence = packet[at + 6]!;
		this.command = packet[at + 7]!;
	}
}

const nowhere: Reply = () => {};

/** So many requests may be worked on at once, of as many clients: peers are free to choose many addresses. */
const MAX_LONG = 4;

/**
 * An SMP server (Zephyr SMP protocol specification): takes packets of one or more requests, runs the handlers of its groups
 * and answers each request with a packet. Nothing that a packet holds makes it throw.
 */
export class SmpServer {
	readonly #groups: Group[];
	readonly #buffer: Uint8Array;
	/** The response that was sent last. The next of its length takes the same view. */
	#response: Uint8Array;
	#sent: number;
	/** What the next request is put into; undefined while one is served. */
	#spare: Request | undefined;
	readonly #decoder = new FieldDecoder();
	readonly #encoder: MapEncoder;
	readonly #original: boolean;
	readonly #verbose: boolean;
	readonly #hooks: ServerHooks;
	readonly #later: ServerOptions["later"];
	/** Requests that are worked on. */
	readonly #long: Request[] = [];

	constructor(options: ServerOptions) {
		this.#groups = [...options.groups];
		const { bufferSize = 1024 } = options;
		this.#buffer = new Uint8Array(bufferSize);
		this.#encoder = new MapEncoder(this.#buffer);
		this.#response = this.#buffer;
		this.#sent = bufferSize;
		this.#original = options.original ?? true;
		this.#verbose = options.verbose ?? false;
		this.#hooks = options.hooks ?? {};
		this.#later = options.later;
	}

	/** What it serves. */
	get groups(): readonly Group[] {
		return this.#groups;
	}

	/** Serves one more group, from the next request on. */
	add(group: Group): void {
		this.#groups.push(group);
	}

	/** Serves the clients of `transport`. Hooks and handlers know it by `name`. */
	attach(transport: Transport, name = ""): void {
		let origin: Origin = { transport: name, peer: "" };
		transport.onPacket = (packet, reply, peer = "") => {
			if (peer !== origin.peer) origin = { transport: name, peer };
			this.receive(packet, reply, origin);
		};
		transport.onDrop = (drop) => this.#hooks.dropped?.(drop, name);
	}

	/**
	 * Handles one packet. `reply` is called once for each response, with bytes that are valid during the call only, and after the
	 * return for an answer that takes long. Several requests in one packet are handled in turn; the first that fails ends the
	 * packet.
	 */
	receive(packet: Uint8Array, reply: Reply, origin: Origin = NOWHERE): void {
		const size = packet.length;
		if (size < HEADER_SIZE) this.#hooks.dropped?.("rx_bad_header", origin.transport);
		for (let at = 0; size - at >= HEADER_SIZE; ) {
			const request = this.#spare ?? new Request(this.#buffer.length - HEADER_SIZE);
			request.read(packet, at);
			const { op } = request;
			// A response is never answered: two servers on one line would answer each other for ever.
			if (op === Op.READ_RESPONSE || op === Op.WRITE_RESPONSE) {
				this.#hooks.dropped?.("rx_response", origin.transport);
				return;
			}
			// An answer may bring the next packet before this one is done with.
			this.#spare = undefined;
			const start = at + HEADER_SIZE;
			at = start + request.length;
			request.origin = origin;
			request.reply = reply;
			request.received = Math.min(at, size) - start + HEADER_SIZE;
			request.actions = undefined;
			const served = this.#serve(request, packet, start, size - at < HEADER_SIZE);
			if (this.#long.length === 0 || !this.#long.includes(request)) this.#spare = request;
			if (!served) return;
		}
	}

	/** Handles one request, whose payload begins at `start`, and answers it, unless that takes long. Returns false if it failed. */
	#serve(request: Request, packet: Uint8Array, start: number, last: boolean): boolean {
		const { op, origin, length } = request;
		let error: unknown;
		let end = -1;
		try {
			const operation = this.#find(request);
			this.#hooks.received?.(request.group, request.command, op === Op.WRITE, origin);
			const answer = operation.handle(this.#decode(operation, packet, start, start + length), request);
			// That of an application in an image may be nothing.
			const map = typeof answer === "function" ? this.#work(request, answer, last) : (answer ?? {});
			if (!map) return true;
			end = this.#encode(map);
		} catch (thrown) {
			error = thrown ?? Rc.UNKNOWN;
		}
		this.#respond(request, end, error);
		return error === undefined;
	}

	#decode(operation: Operation, packet: Uint8Array, start: number, end: number): Fields<Schema> {
		const { fields } = operation;
		if (!fields) return {};
		try {
			return this.#decoder.decode(packet, start, end, fields);
		} catch (error) {
			if (operation.lenient) return {};
			throw error;
		}
	}

	/** Does the first part of the work for a request. Returns its map, or undefined if there is more to be done, later. */
	#work(request: Request, work: Work, last: boolean): ResponseMap | undefined {
		const later = this.#later;
		let map = work();
		while (!map && !later) map = work();
		if (map || !later) return map;
		// What follows in the packet is to be done only if this succeeds, and cannot be kept for so long.
		if (!last) throw new SmpError(Rc.BUSY, "this takes long: send it as the last request of a packet");
		const mine = this.#long.find(({ origin }) => sameClient(origin, request.origin));
		// Sent once more by a client that has waited for long: the answer to the first will do.
		if (mine && sameRequest(mine, request)) return undefined;
		if (mine)
			throw new SmpError(Rc.BUSY, "another request of this client is still being worked on; wait for its answer");
		if (this.#long.length >= MAX_LONG)
			throw new SmpError(Rc.BUSY, "requests of other clients are being worked on; try again later");
		this.#long.push(request);
		const goOn = (): void => {
			let error: unknown;
			let end = -1;
			try {
				const map = work();
				if (!map) {
					later(goOn);
					return;
				}
				end = this.#encode(map);
			} catch (thrown) {
				error = thrown ?? Rc.UNKNOWN;
			}
			this.#long.splice(this.#long.indexOf(request), 1);
			this.#respond(request, end, error);
		};
		later(goOn);
		return undefined;
	}

	/** Sends what is encoded up to `end`, or the error. */
	#respond(request: Request, end: number, error: unknown): void {
		const { op, version, group, command, actions } = request;
		const sent = error === undefined ? end : this.#encodeError(error, version);
		const buffer = this.#buffer;
		const length = sent - HEADER_SIZE;
		buffer[0] = (version > 0 ? 8 : 0) | (op === Op.READ ? Op.READ_RESPONSE : Op.WRITE_RESPONSE);
		buffer[1] = 0;
		buffer[2] = length >> 8;
		buffer[3] = length & 0xff;
		buffer[4] = group >> 8;
		buffer[5] = group & 0xff;
		buffer[6] = request.sequence;
		buffer[7] = command;
		if (sent !== this.#sent) {
			this.#response = buffer.subarray(0, sent);
			this.#sent = sent;
		}
		request.sent = sent;
		request.reply(this.#response);
		if (actions && error === undefined) for (const action of actions) action();
		this.#hooks.done?.(group, command, op === Op.WRITE, error, request);
	}

	#find({ op, version, group: id, command, length, received }: Request): Operation {
		// In the order of Zephyr (smp.c, smp_process_request_packet): a request may have several faults.
		if (received - HEADER_SIZE < length) throw new SmpError(Rc.CORRUPT, "the packet is shorter than its header says");
		if (op === Op.READ || op === Op.WRITE) {
			if (version > 1) throw new SmpError(Rc.VERSION_TOO_NEW, "this server speaks versions 1 and 2");
			if (version === 0 && !this.#original) throw new SmpError(Rc.VERSION_TOO_OLD, "this server speaks version 2");
			const groups = this.#groups;
			// As in Zephyr two groups may have one id; the first that has the command serves it.
			for (let i = 0, count = groups.length; i < count; i++) {
				const group = groups[i]!;
				if (group.id !== id) continue;
				const known = group.commands[command];
				const operation = op === Op.READ ? known?.read : known?.write;
				if (operation) return operation;
			}
		}
		throw new SmpError(Rc.NOT_SUPPORTED, "there is no such command");
	}

	#encode(map: ResponseMap): number {
		const end = this.#encoder.encode(map, HEADER_SIZE);
		if (end < 0) throw new SmpError(Rc.TOO_LARGE, "the response does not fit the buffer");
		return end;
	}

	#encodeError(error: unknown, version: number): number {
		if (error instanceof GroupError && version > 0) {
			const end = this.#encoder.encode({ err: { group: error.group, rc: error.code }, ...error.extra }, HEADER_SIZE);
			if (end >= 0) return end;
		}
		const rc = this.#translate(error);
		const rsn = this.#verbose && error instanceof Error ? error.message : undefined;
		const end = this.#encoder.encode({ rc, rsn }, HEADER_SIZE);
		return end >= 0 ? end : this.#encoder.encode({ rc }, HEADER_SIZE);
	}

	/** The `rc` by which version 1 clients learn of an error. */
	#translate(error: unknown): number {
		if (!(error instanceof SmpError)) return Rc.UNKNOWN;
		if (!(error instanceof GroupError)) return error.code;
		const table = this.#groups.find((group) => group.id === error.group)?.errors;
		return table?.[error.code] ?? Rc.UNKNOWN;
	}
}

const sameClient = (a: Origin, b: Origin): boolean => a.transport === b.transport && a.peer === b.peer;

const sameRequest = (a: Request, b: Request): boolean =>
	a.sequence === b.sequence && a.group === b.group && a.command === b.command && a.op === b.op;
