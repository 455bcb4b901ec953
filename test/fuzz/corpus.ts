import { type JsonMap, list, map, unhex } from "../vectors/smp/match.js";
import { MOST } from "./mutate.js";

/** Requests of a file of SMP vectors. */
export function vectorRequests(file: JsonMap): Uint8Array[] {
	if (!Array.isArray(file["vectors"])) return [];
	const steps = list(file["vectors"])
		.map(map)
		.flatMap((vector) => (vector["steps"] ? list(vector["steps"]).map(map) : [vector]));
	return steps.flatMap((step) => (typeof step["request_hex"] === "string" ? [unhex(step["request_hex"])] : []));
}

/** Packets of a corpus file: one a line in hexadecimal, what follows a space is a remark. */
export const corpusPackets = (text: string): Uint8Array[] =>
	text
		.split("\n")
		.map((line) => line.split(" ")[0]!)
		.filter((line) => line !== "" && !line.startsWith("#"))
		.map(unhex);

/** How many packets are kept besides those of the files. */
const KEPT = 256;

/**
 * Packets to start from: those of the files, and the latest that made the device do something new. All memory is taken at
 * the start, so that a corpus that grows does not look like a device that leaks.
 */
export class Corpus {
	readonly #fixed: readonly Uint8Array[];
	readonly #kept = new Uint8Array(KEPT * MOST);
	readonly #lengths = new Uint16Array(KEPT);
	#count = 0;

	constructor(fixed: readonly Uint8Array[]) {
		this.#fixed = fixed.filter((packet) => packet.length <= MOST);
	}

	get size(): number {
		return this.#fixed.length + Math.min(this.#count, KEPT);
	}

	readonly pick = (number: number): Uint8Array => {
		const index = number % this.size;
		const fixed = this.#fixed[index];
		if (fixed) return fixed;
		const slot = index - this.#fixed.length;
		return this.#kept.subarray(slot * MOST, slot * MOST + this.#lengths[slot]!);
	};

	keep(packet: Uint8Array): void {
		const slot = this.#count++ % KEPT;
		this.#kept.set(packet, slot * MOST);
		this.#lengths[slot] = packet.length;
	}
}

/** What the device was seen to do, as a set of hashes in memory of a fixed size. */
export class Behaviours {
	readonly #table = new Uint32Array(1 << 13);
	count = 0;

	/** Whether this is new; then it is remembered, unless the table is full. */
	add(behaviour: number): boolean {
		const mask = this.#table.length - 1;
		for (let at = behaviour & mask, tried = 0; tried < 64; at = (at + 1) & mask, tried++) {
			if (this.#table[at] === behaviour) return false;
			if (this.#table[at] === 0) {
				this.#table[at] = behaviour;
				this.count++;
				return true;
			}
		}
		return false;
	}
}
