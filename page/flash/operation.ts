/** One flash operation that was carried out: an erase, or a write with its bytes. `at` is its address in the device. */
export interface Operation {
	readonly at: number;
	readonly length: number;
	/** What was written; an erase has none. */
	readonly bytes?: Uint8Array;
}

/** Value of an erased byte. */
export const ERASED = 0xff;
