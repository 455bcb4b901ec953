import { HEADER_SIZE, readHeader } from "../modules/smp/header.js";
import type { Link } from "./link.js";

/** Sequence numbers of the protocol. */
const NUMBERS = 256;

/** How long an answer may take before its number is given to another request, milliseconds. */
const PATIENCE = 60_000;

/** A request on its way, and what its client calls it. */
interface Sent {
	readonly client: Client;
	readonly sequence: number;
	readonly group: number;
	readonly command: number;
	/** When it was last sent, milliseconds. */
	readonly at: number;
}

interface Client {
	receive(packet: Uint8Array): void;
	fail(reason: string): void;
}

/**
 * Lets several clients share a link to one server. Clients count their requests each for itself, so that two may have the same
 * sequence number on their way: on the shared link each request gets a number of its own, and its answer the client's again.
 */
export class SharedLink {
	readonly #link: Link;
	readonly #clients = new Set<Client>();
	readonly #sent: (Sent | undefined)[] = new Array(NUMBERS).fill(undefined);
	#last = 0;

	/** The link is this object's from now on. */
	constructor(link: Link) {
		this.#link = link;
		link.onPacket = (packet) => this.#receive(packet);
		link.onFailure = (reason) => {
			for (const client of [...this.#clients]) client.fail(reason);
		};
	}

	/** A link for one more client. Closing it leaves the others theirs. */
	open(): Link {
		const client: Client = {
			receive: (packet) => link.onPacket?.(packet),
			fail: (reason) => link.onFailure?.(reason),
		};
		this.#clients.add(client);
		const link: Link = {
			onPacket: undefined,
			onFailure: undefined,
			send: (packet) => {
				if (this.#clients.has(client)) this.#send(client, packet);
			},
			close: () => {
				this.#clients.delete(client);
				for (const [number, sent] of this.#sent.entries()) if (sent?.client === client) this.#sent[number] = undefined;
			},
			packetSize: (bufferSize) => this.#link.packetSize?.(bufferSize) ?? bufferSize,
		};
		return link;
	}

	/** Ends the links of all clients. */
	close(): void | Promise<void> {
		this.#clients.clear();
		return this.#link.close();
	}

	#send(client: Client, packet: Uint8Array): void {
		if (packet.length < HEADER_SIZE) return;
		const { sequence, group, command } = readHeader(packet);
		// A request that is sent again keeps its number, so that either answer will do.
		const before = this.#sent.findIndex(
			(sent) =>
				sent?.client === client && sent.sequence === sequence && sent.group === group && sent.command === command,
		);
		const at = Date.now();
		const number = before >= 0 ? before : this.#free(at - PATIENCE);
		// Lost, as on a busy line: the client asks again.
		if (number === undefined) return;
		this.#sent[number] = { client, sequence, group, command, at };
		this.#link.send(numbered(packet, number));
	}

	/** Numbers go round. One whose answer is awaited since before `given` milliseconds will not get it any more. */
	#free(given: number): number | undefined {
		for (let tried = 1; tried <= NUMBERS; tried++) {
			const number = (this.#last + tried) % NUMBERS;
			if ((this.#sent[number]?.at ?? 0) > given) continue;
			this.#last = number;
			return number;
		}
		return undefined;
	}

	#receive(packet: Uint8Array): void {
		if (packet.length < HEADER_SIZE) return;
		const header = readHeader(packet);
		const sent = this.#sent[header.sequence];
		if (!sent || sent.group !== header.group || sent.command !== header.command) return;
		this.#sent[header.sequence] = undefined;
		sent.client.receive(numbered(packet, sent.sequence));
	}
}

/** The packet with another sequence number (Zephyr SMP protocol specification, Frame: byte 6). */
function numbered(packet: Uint8Array, sequence: number): Uint8Array {
	const copy = packet.slice();
	copy[6] = sequence;
	return copy;
}
