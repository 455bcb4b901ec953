import { encodeMap, type ResponseMap } from "./cbor.js";
import { GroupError, Rc, SmpError } from "./errors.js";
import { decodeFields, type Fields, type Schema } from "./fields.js";
import type { Context, Group, Operation, Origin, Work } from "./group.js";
import { HEADER_SIZE, type Header, Op, readHeader, writeHeader } from "./header.js";
import type { Drop, Reply, Transport } from "./transport/transport.js";

/** A request that was answered. */
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
	return new JoinedHooks(hooks.filter((each) => each !== undefined));
}

/** A class, for its methods take no memory where it is preloaded. */
class JoinedHooks implements ServerHooks {
	readonly hooks: readonly ServerHooks[];

	constructor(hooks: readonly ServerHooks[]) {
		this.hooks = hooks;
	}

	received(group: number, command: number, write: boolean, origin: Origin): void {
		for (const each of this.hooks) each.received?.(group, command, write, origin);
	}

	done(group: number, command: number, write: boolean, error: unknown, exchange: Exchange): void {
		for (const each of this.hooks) each.done?.(group, command, write, error, exchange);
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
 * A request, from when it came until it is answered: what handlers and hooks are told of it. One object for all of that, because
 * on a microcontroller what a packet allocates decides how often garbage is collected.
 */
class Request implements Context, Exchange {
	readonly header: Header;
	readonly origin: Origin;
	readonly reply: Reply;
	readonly version: number;
	readonly received: number;
	readonly room: number;
	sent = 0;
	/** What its handler wants to be done after the answer. */
	actions: (() => void)[] | undefined;

	constructor(header: Header, origin: Origin, reply: Reply, received: number, room: number) {
		this.header = header;
		this.origin = origin;
		this.reply = reply;
		this.version = header.version;
		this.received = received;
		this.room = room;
	}

	after(action: () => void): void {
		if (this.actions) this.actions.push(action);
		else this.actions = [action];
	}
}

/** So many requests may be worked on at once, of as many clients: peers are free to choose many addresses. */
const MAX_LONG = 4;

/**
 * An SMP server (Zephyr SMP protocol specification): takes packets of one or more requests, runs the handlers of its groups
 * and answers each request with a packet. Nothing that a packet holds makes it throw.
 */
export class SmpServer {
	readonly groups: readonly Group[];
	readonly #buffer: Uint8Array;
	readonly #original: boolean;
	readonly #verbose: boolean;
	readonly #hooks: ServerHooks;
	readonly #later: ServerOptions["later"];
	/** Requests that are worked on. */
	readonly #long: Request[] = [];

	constructor(options: ServerOptions) {
		this.groups = options.groups;
		this.#buffer = new Uint8Array(options.bufferSize ?? 1024);
		this.#original = options.original ?? true;
		this.#verbose = options.verbose ?? false;
		this.#hooks = options.hooks ?? {};
		this.#later = options.later;
	}

	/** Serves the clients of `transport`. Hooks and handlers know it by `name`. */
	attach(transport: Transport, name = ""): void {
		transport.onPacket = (packet, reply, peer = "") => this.receive(packet, reply, { transport: name, peer });
		transport.onDrop = (drop) => this.#hooks.dropped?.(drop, name);
	}

	/**
	 * Handles one packet. `reply` is called once for each response, with bytes that are valid during the call only, and after the
	 * return for an answer that takes long. Several requests in one packet are handled in turn; the first that fails ends the
	 * packet.
	 */
	receive(packet: Uint8Array, reply: Reply, origin: Origin = NOWHERE): void {
		if (packet.length < HEADER_SIZE) this.#hooks.dropped?.("rx_bad_header", origin.transport);
		for (let at = 0; packet.length - at >= HEADER_SIZE; ) {
			const header = readHeader(packet, at);
			// A response is never answered: two servers on one line would answer each other for ever.
			if (header.op === Op.READ_RESPONSE || header.op === Op.WRITE_RESPONSE) {
				this.#hooks.dropped?.("rx_response", origin.transport);
				return;
			}
			const end = at + HEADER_SIZE + header.length;
			const payload = packet.subarray(at + HEADER_SIZE, end);
			const received = HEADER_SIZE + payload.length;
			const request = new Request(header, origin, reply, received, this.#buffer.length - HEADER_SIZE);
			if (!this.#serve(request, payload, packet.length - end < HEADER_SIZE)) return;
			at = end;
		}
	}

	/** Handles one request and answers it, unless that takes long. Returns false if it failed. */
	#serve(request: Request, payload: Uint8Array, last: boolean): boolean {
		const { header, origin } = request;
		let error: unknown;
		let end = -1;
		try {
			const operation = this.#find(header, payload);
			this.#hooks.received?.(header.group, header.command, header.op === Op.WRITE, origin);
			const answer = operation.handle(decode(operation, payload), request);
			const map = typeof answer === "function" ? this.#work(request, answer, last) : answer;
			if (!map) return true;
			end = this.#encode(map);
		} catch (thrown) {
			error = thrown;
		}
		this.#respond(request, end, error);
		return error === undefined;
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
		if (mine && sameRequest(mine.header, request.header)) return undefined;
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
				error = thrown;
			}
			this.#long.splice(this.#long.indexOf(request), 1);
			this.#respond(request, end, error);
		};
		later(goOn);
		return undefined;
	}

	/** Sends what is encoded up to `end`, or the error. */
	#respond(request: Request, end: number, error: unknown): void {
		const { header, actions } = request;
		const sent = error === undefined ? end : this.#encodeError(error, header.version);
		const response = this.#buffer.subarray(0, sent);
		writeHeader(response, {
			op: header.op === Op.READ ? Op.READ_RESPONSE : Op.WRITE_RESPONSE,
			version: header.version > 0 ? 1 : 0,
			flags: 0,
			length: sent - HEADER_SIZE,
			group: header.group,
			sequence: header.sequence,
			command: header.command,
		});
		request.sent = sent;
		request.reply(response);
		if (actions && error === undefined) for (const action of actions) action();
		this.#hooks.done?.(header.group, header.command, header.op === Op.WRITE, error, request);
	}

	#find(header: Header, payload: Uint8Array): Operation {
		if (header.version > 1) throw new SmpError(Rc.VERSION_TOO_NEW, "this server speaks versions 1 and 2");
		if (header.version === 0 && !this.#original) throw new SmpError(Rc.VERSION_TOO_OLD, "this server speaks version 2");
		if (payload.length < header.length) throw new SmpError(Rc.CORRUPT, "the packet is shorter than its header says");
		if (header.op === Op.READ || header.op === Op.WRITE) {
			// As in Zephyr two groups may have one id; the first that has the command serves it.
			for (const group of this.groups) {
				if (group.id !== header.group) continue;
				const command = Object.hasOwn(group.commands, header.command) ? group.commands[header.command] : undefined;
				const operation = header.op === Op.READ ? command?.read : command?.write;
				if (operation) return operation;
			}
		}
		throw new SmpError(Rc.NOT_SUPPORTED, "there is no such command");
	}

	#encode(map: ResponseMap): number {
		const end = encodeMap(map, this.#buffer, HEADER_SIZE);
		if (end < 0) throw new SmpError(Rc.TOO_LARGE, "the response does not fit the buffer");
		return end;
	}

	#encodeError(error: unknown, version: number): number {
		if (error instanceof GroupError && version > 0) {
			const end = encodeMap({ err: { group: error.group, rc: error.code }, ...error.extra }, this.#buffer, HEADER_SIZE);
			if (end >= 0) return end;
		}
		const rc = this.#translate(error);
		const rsn = this.#verbose && error instanceof Error ? error.message : undefined;
		const end = encodeMap({ rc, rsn }, this.#buffer, HEADER_SIZE);
		return end >= 0 ? end : encodeMap({ rc }, this.#buffer, HEADER_SIZE);
	}

	/** The `rc` by which version 1 clients learn of an error. */
	#translate(error: unknown): number {
		if (!(error instanceof SmpError)) return Rc.UNKNOWN;
		if (!(error instanceof GroupError)) return error.code;
		const table = this.groups.find((group) => group.id === error.group)?.errors;
		return table?.[error.code] ?? Rc.UNKNOWN;
	}
}

const sameClient = (a: Origin, b: Origin): boolean => a.transport === b.transport && a.peer === b.peer;

const sameRequest = (a: Header, b: Header): boolean =>
	a.sequence === b.sequence && a.group === b.group && a.command === b.command && a.op === b.op;

function decode(operation: Operation, payload: Uint8Array): Fields<Schema> {
	if (!operation.fields) return {};
	try {
		return decodeFields(payload, operation.fields);
	} catch (error) {
		if (operation.lenient) return {};
		throw error;
	}
}
