import type { SmpClient } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { Op } from "../../modules/smp/header.js";
import { request } from "../unit/smp/support.js";

/** What a device's JavaScript machine has in use, bytes. */
export interface Heap {
	readonly slots: number;
	readonly chunks: number;
}

interface Pool {
	readonly blksiz: number;
	readonly nblks: number;
	readonly nfree: number;
}

/**
 * How often garbage has to have been collected, of each kind, and the most readings that may take. By then one was read right
 * after a collection: an idle device says the same each time, or up to three kilobytes more.
 */
const COLLECTIONS = 20;
const READINGS = 20_000;

/**
 * Asks the device itself, by its memory pools. What it says counts garbage too, and asking makes more of it, until it is
 * collected; so it is asked until it has been, and the least that it said is what is alive.
 */
export async function heapOf(client: SmpClient): Promise<Heap> {
	const least = { slots: Number.POSITIVE_INFINITY, chunks: Number.POSITIVE_INFINITY };
	const last = { slots: 0, chunks: 0 };
	const collected = { slots: 0, chunks: 0 };
	for (let reading = 0; reading < READINGS; reading++) {
		const pools = (await client.request(anyCommand(Op.READ, 0, 3)))["mpools"] as Readonly<Record<keyof Heap, Pool>>;
		for (const kind of ["slots", "chunks"] as const) {
			const { blksiz, nblks, nfree } = pools[kind];
			const used = blksiz * (nblks - nfree);
			if (used < last[kind]) collected[kind]++;
			last[kind] = used;
			least[kind] = Math.min(least[kind], used);
		}
		if (collected.slots >= COLLECTIONS && collected.chunks >= COLLECTIONS) return least;
	}
	throw new Error("the device collects no garbage");
}

/** Settings that `settle` makes: more than a run ever does. */
const SETTINGS = 100;

/**
 * Ends what clients began and empties what they filled, over a way that may do so; tables keep the size that they once needed, so
 * that is made the largest. Answers do not matter.
 */
export function* settling(): Generator<Uint8Array> {
	// An upload ends with an error.
	yield request(1, 1, { off: 0 });
	for (let i = 0; i < SETTINGS; i++) yield request(3, 0, { name: `fuzz${i}`, val: new Uint8Array(0) });
	yield request(3, 3, {});
	yield request(63, 0, {});
}
