import { hex } from "../bytes/hex.js";
import { FlashError } from "./error.js";
import type { FlashPartition } from "./partition.js";

/** Bytes that are looked at together; whole words. */
const CHUNK = 256;

/**
 * A flash area: a partition with the identity that MCUboot knows it by, and the one set of checks that every
 * driver shares. This is what bootutil and the image group see.
 *
 * Every method throws a `FlashError`; whatever else a driver throws becomes kind `device failure`.
 */
export class FlashArea {
	/** Flash area id (MCUboot's `fa_id`). */
	readonly id: number;
	/** Devicetree label of the partition, for example `image-0`. */
	readonly label: string;
	/** Offset in the flash device, bytes. Only reported, never used to address. */
	readonly offset: number;
	readonly size: number;
	/** Erase unit, bytes. */
	readonly sectorSize: number;
	/** Number of erase units. */
	readonly sectors: number;
	/** Program unit, bytes. */
	readonly writeAlign: number;
	readonly erasedValue: number;
	readonly #partition: FlashPartition;

	constructor(id: number, label: string, offset: number, partition: FlashPartition) {
		const status = partition.status();
		this.id = id;
		this.label = label;
		this.offset = offset;
		this.size = status.size;
		this.sectorSize = status.blockLength;
		this.sectors = status.blocks;
		this.writeAlign = status.writeAlign ?? 1;
		this.erasedValue = status.eraseValue ?? 0xff;
		this.#partition = partition;
	}

	/** Fills `into` with the bytes at `offset`. */
	read(into: Uint8Array, offset: number): void {
		const { length } = into;
		this.#inside("read", offset, length);
		if (length > 0) this.#read(into, offset, length);
	}

	/** Returns `length` fresh bytes from `offset`. */
	bytes(offset: number, length: number): Uint8Array {
		this.#inside("read", offset, length);
		const into = new Uint8Array(length);
		if (length > 0) this.#read(into, offset, length);
		return into;
	}

	/** Programs `bytes`. Offset and length are multiples of `writeAlign`. */
	write(bytes: Uint8Array, offset: number): void {
		const { length } = bytes;
		this.#inside("write", offset, length);
		this.#aligned("write", offset, length, this.writeAlign);
		if (length === 0) return;
		try {
			this.#partition.write(bytes, offset);
		} catch (error) {
			throw this.#failure("write", offset, length, error);
		}
	}

	/** Erases whole sectors. Offset and length are multiples of `sectorSize`. */
	erase(offset: number, length: number): void {
		this.#inside("erase", offset, length);
		this.#aligned("erase", offset, length, this.sectorSize);
		if (length === 0) return;
		try {
			this.#partition.eraseBlock(offset / this.sectorSize, (offset + length) / this.sectorSize);
		} catch (error) {
			throw this.#failure("erase", offset, length, error);
		}
	}

	/** True if every byte of the range reads as erased. */
	isErased(offset: number, length: number): boolean {
		this.#inside("read", offset, length);
		const partition = this.#partition;
		if (partition.isErased) {
			try {
				return partition.isErased(offset, length);
			} catch (error) {
				throw this.#failure("read", offset, length, error);
			}
		}
		const { erasedValue } = this;
		const end = offset + length;
		let at = offset;
		const chunk = new Uint8Array(Math.min(length, CHUNK));
		if (length >= CHUNK) {
			// A whole sector: four bytes at a time.
			const words = new Int32Array(chunk.buffer);
			const erased = (erasedValue * 0x01010101) | 0;
			for (; end - at >= CHUNK; at += CHUNK) {
				this.#read(chunk, at, CHUNK);
				for (let i = 0; i < CHUNK / 4; i++) if (words[i] !== erased) return false;
			}
			if (at === end) return true;
		}
		const rest = end - at;
		const part = rest === length ? chunk : chunk.subarray(0, rest);
		if (rest > 0) this.#read(part, at, rest);
		for (let i = 0; i < rest; i++) if (part[i] !== erasedValue) return false;
		return true;
	}

	close(): void {
		this.#partition.close();
	}

	#read(into: Uint8Array, offset: number, length: number): void {
		try {
			this.#partition.read(into, offset);
		} catch (error) {
			throw this.#failure("read", offset, length, error);
		}
	}

	#inside(what: string, offset: number, length: number): void {
		if (!(offset % 1 === 0 && length % 1 === 0 && offset >= 0 && length >= 0 && offset + length <= this.size))
			throw new FlashError("out of bounds", `${this.#say(what, offset, length)}: outside its ${hex(this.size)} bytes`);
	}

	#aligned(what: string, offset: number, length: number, unit: number): void {
		if (offset % unit !== 0 || length % unit !== 0)
			throw new FlashError("not aligned", `${this.#say(what, offset, length)}: not a multiple of ${unit} bytes`);
	}

	/** What a driver threw, as a `FlashError`. */
	#failure(what: string, offset: number, length: number, error: unknown): FlashError {
		const cause = error instanceof Error ? error.message : String(error);
		// Drivers outside this project cannot throw a FlashError; the words of the one refusal that callers act
		// on are part of the HAL contract.
		const foreign = cause.includes("not erased") ? "not erased" : "device failure";
		const kind = error instanceof FlashError ? error.kind : foreign;
		return new FlashError(kind, `${this.#say(what, offset, length)}: ${cause}`);
	}

	#say(what: string, offset: number, length: number): string {
		return `flash area ${this.id} (${this.label}): ${what} of ${length} bytes at ${hex(offset)}`;
	}
}
