import type { Link } from "../../client/link.js";
import type { SmpServer } from "../../modules/smp/server.js";
import { random } from "../unit/smp/support.js";

/** A link to a server in the same process. Packets arrive later, as they would over a wire. */
export function localLink(server: Pick<SmpServer, "receive">): Link {
	const link: Link = {
		onPacket: undefined,
		send: (packet) => {
			const sent = packet.slice();
			setImmediate(() =>
				server.receive(sent, (response) => {
					const answer = response.slice();
					setImmediate(() => link.onPacket?.(answer));
				}),
			);
		},
		close: () => {},
	};
	return link;
}

export interface Losses {
	/** Of a hundred packets, each way. */
	readonly dropped?: number;
	readonly doubled?: number;
	/** Held back behind the next one or two. */
	readonly late?: number;
}

/** A link that loses, doubles and reorders packets, by a seed. */
export class LossyLink implements Link {
	onPacket: Link["onPacket"];
	/** Requests that went in. */
	sent = 0;
	readonly #link: Link;
	readonly #next: (limit: number) => number;
	readonly #losses: Losses;

	constructor(link: Link, seed: number, losses: Losses) {
		this.#link = link;
		this.#next = random(seed);
		this.#losses = losses;
		const held: (() => void)[] = [];
		link.onPacket = (packet) => {
			const answer = packet.slice();
			this.#pass(held, () => this.onPacket?.(answer));
		};
	}

	readonly #heldRequests: (() => void)[] = [];

	send(packet: Uint8Array): void {
		this.sent++;
		this.#pass(this.#heldRequests, () => this.#link.send(packet));
	}

	packetSize(bufferSize: number): number {
		return this.#link.packetSize?.(bufferSize) ?? bufferSize;
	}

	close(): void {
		this.#link.close();
	}

	#pass(waiting: (() => void)[], deliver: () => void): void {
		const { dropped = 0, doubled = 0, late = 0 } = this.#losses;
		const fate = this.#next(100);
		const held = waiting.splice(0);
		if (fate < dropped + doubled + late && fate >= dropped + doubled) waiting.push(deliver);
		else if (fate >= dropped) {
			deliver();
			if (fate < dropped + doubled) deliver();
		}
		for (const other of held) other();
	}
}
