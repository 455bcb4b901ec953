import type { FlashPartition, FlashStatus } from "../../flash/partition.js";
import type { Exchange, ServerHooks } from "../server.js";
import type { Drop } from "../transport/transport.js";
import type { ImageEvent } from "./image/image.js";
import type { Counters } from "./statistics.js";

type Tally = Record<string, number>;
type Traffic = Record<"reads" | "writes" | "errors" | "rx_bytes" | "tx_bytes" | Drop, number>;

/**
 * Counts what goes through a server, and what is lost on the way, for the statistics group: one set of counters in all and one
 * for each transport.
 */
export class TrafficCounters {
	readonly hooks: ServerHooks = {
		done: (_group, _command, write, error, exchange) => {
			count(this.#all, write, error, exchange);
			count(this.#transport(exchange.origin.transport), write, error, exchange);
		},
		dropped: (drop, transport) => {
			this.#all[drop]++;
			this.#transport(transport)[drop]++;
		},
	};
	readonly #all = traffic();
	readonly #transports = new Map<string, Traffic>();

	#transport(name: string): Traffic {
		let tally = this.#transports.get(name);
		if (!tally) {
			tally = traffic();
			this.#transports.set(name, tally);
		}
		return tally;
	}

	/** The counters of everything, or of one transport. */
	of(transport?: string): Counters {
		return { ...(transport === undefined ? this.#all : (this.#transports.get(transport) ?? traffic())) };
	}
}

const traffic = (): Traffic => ({
	reads: 0,
	writes: 0,
	errors: 0,
	rx_bytes: 0,
	tx_bytes: 0,
	rx_bad_crc: 0,
	rx_bad_base64: 0,
	rx_bad_header: 0,
	rx_bad_length: 0,
	rx_too_long: 0,
	rx_unfinished: 0,
	rx_response: 0,
	tx_dropped: 0,
});

function count(tally: Traffic, write: boolean, error: unknown, { received, sent }: Exchange): void {
	tally[write ? "writes" : "reads"]++;
	if (error !== undefined) tally.errors++;
	tally.rx_bytes += received;
	tally.tx_bytes += sent;
}

/** Counts the uploads of an image group; give `onEvent` to it. */
export class UploadCounters {
	readonly #tally: Tally = { started: 0, complete: 0, mismatched: 0, stopped: 0, confirmed: 0 };

	onEvent(event: ImageEvent): void {
		if (event.type === "started" || event.type === "stopped" || event.type === "confirmed") this.#tally[event.type]!++;
		else if (event.type === "pending") {
			this.#tally["complete"]!++;
			if (event.upload.match === false) this.#tally["mismatched"]!++;
		}
	}

	counters(): Counters {
		return { ...this.#tally };
	}
}

/** Counts the operations on all partitions that go through it. */
export class FlashCounters {
	readonly #tally: Tally = { reads: 0, read_bytes: 0, writes: 0, write_bytes: 0, erased_blocks: 0, failures: 0 };

	/** The partition, counted. */
	partition(partition: FlashPartition): FlashPartition {
		return new CountedPartition(partition, this.#tally);
	}

	counters(): Counters {
		return { ...this.#tally };
	}
}

class CountedPartition implements FlashPartition {
	readonly isErased?: (byteOffset: number, length: number) => boolean;
	readonly #partition: FlashPartition;
	readonly #tally: Tally;

	constructor(partition: FlashPartition, tally: Tally) {
		this.#partition = partition;
		this.#tally = tally;
		// Where the driver has none, nothing that is read to find out goes uncounted.
		if (partition.isErased)
			this.isErased = (byteOffset, length) => {
				tally["reads"]!++;
				tally["read_bytes"]! += length;
				return this.#counted(() => partition.isErased!(byteOffset, length));
			};
	}

	read(into: Uint8Array | ArrayBuffer, byteOffset: number): number {
		this.#tally["reads"]!++;
		this.#tally["read_bytes"]! += into.byteLength;
		return this.#counted(() => this.#partition.read(into, byteOffset));
	}

	write(bytes: Uint8Array | ArrayBuffer, byteOffset: number): void {
		this.#tally["writes"]!++;
		this.#tally["write_bytes"]! += bytes.byteLength;
		this.#counted(() => this.#partition.write(bytes, byteOffset));
	}

	eraseBlock(first: number, end = first + 1): void {
		this.#tally["erased_blocks"]! += end - first;
		this.#counted(() => this.#partition.eraseBlock(first, end));
	}

	status(): FlashStatus {
		return this.#partition.status();
	}

	close(): void {
		this.#partition.close();
	}

	#counted<T>(operation: () => T): T {
		try {
			return operation();
		} catch (error) {
			this.#tally["failures"]!++;
			throw error;
		}
	}
}
