import type { SecurityCounterStore } from "./security-counter.js";

/** One-time programmable memory, 32-bit words that start with all bits set: programming clears bits, nothing sets them. */
export interface OtpMemory {
	/** An unsigned 32-bit integer. */
	read(word: number): number;
	/** Clears the bits that `value` has clear. */
	program(word: number, value: number): void;
	/** Lets a word be programmed no more until the next reset. */
	lock?(word: number): void;
}

/** Bits of a word, and so the highest security counter. */
const BITS = 32;

/**
 * Security counters in one-time programmable memory, one word an image: the value is the number of cleared bits from
 * bit 0 up (Realtek OTA guide, Hardware Anti-Rollback). So a counter can be raised 32 times in the life of a chip.
 */
export class OtpCounters implements SecurityCounterStore {
	readonly limit = BITS;
	readonly #memory: OtpMemory;

	constructor(memory: OtpMemory) {
		this.#memory = memory;
	}

	get(image: number): number {
		const word = this.#memory.read(image);
		let value = 0;
		while (value < BITS && ((word >>> value) & 1) === 0) value++;
		return value;
	}

	/** Throws a RangeError for a value below the stored one or above the limit, an Error if the memory did not take it. */
	set(image: number, value: number): void {
		if (value > BITS) throw new RangeError(`the hardware counts to ${BITS}, not to ${value}`);
		const stored = this.get(image);
		if (value < stored) throw new RangeError(`the hardware counter cannot go back from ${stored} to ${value}`);
		if (value === stored) return;
		// A shift by 32 would be none.
		this.#memory.program(image, value === BITS ? 0 : (0xffffffff << value) >>> 0);
		if (this.get(image) !== value) throw new Error(`the hardware counter reads ${this.get(image)} instead of ${value}`);
	}

	/** Throws an Error if the memory has no lock. */
	lock(image: number): void {
		if (!this.#memory.lock) throw new Error("the hardware has no lock");
		this.#memory.lock(image);
	}
}
