/** Tags used by keys and signatures (ITU-T X.690, 8.1.2 and X.680, 8.6). */
export const DER_INTEGER = 0x02;
export const DER_SEQUENCE = 0x30;

/**
 * Reads DER elements one after the other from a view on somebody else's bytes; copies nothing and never recurses.
 *
 * Every method answers `undefined` where the bytes are not what was asked for, and does not move then.
 *
 * Lengths: short form, or long form of one to four bytes, which need not be the shortest (as Mbed TLS reads them; X.690, 8.1.3).
 */
export class DerReader {
	#bytes: Uint8Array;
	#at = 0;

	constructor(bytes: Uint8Array) {
		this.#bytes = bytes;
	}

	/** The content of the next element if it has this tag and ends within the bytes. */
	read(tag: number): Uint8Array | undefined {
		if (this.#bytes[this.#at] !== tag) return undefined;
		const length = this.#length();
		if (length === undefined) return undefined;
		const content = this.#bytes.subarray(length.start, length.start + length.value);
		this.#at = length.start + length.value;
		return content;
	}

	/** As `read`, giving a reader on the content. */
	enter(tag: number): DerReader | undefined {
		const content = this.read(tag);
		return content && new DerReader(content);
	}

	/**
	 * Steps into an element without leaving it at its end: what follows the element can be read on. For signatures whose
	 * outer length is shorter than what it holds.
	 */
	stepInto(tag: number): boolean {
		if (this.#bytes[this.#at] !== tag) return false;
		const length = this.#length();
		if (length === undefined) return false;
		this.#at = length.start;
		return true;
	}

	#length(): { start: number; value: number } | undefined {
		let start = this.#at + 1;
		const first = this.#bytes[start++];
		if (first === undefined) return undefined;
		let value = first;
		if (first >= 0x80) {
			const count = first & 0x7f;
			if (count === 0 || count > 4 || start + count > this.#bytes.length) return undefined;
			value = 0;
			for (let i = 0; i < count; i++) value = value * 256 + this.#bytes[start++]!;
		}
		return value > this.#bytes.length - start ? undefined : { start, value };
	}
}
