import { hex } from "../bytes/hex.js";
import { FlashError } from "./error.js";
import type { FlashPartition } from "./partition.js";

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
		this.#inside("read", offset, into.length);
		if (into.length === 0) return;
		this.#attempt("read", offset, into.length, () => this.#partition.read(into, offset));
	}

	/** Returns `length` fresh bytes from `offset`. */
	bytes(offset: number, length: number): Uint8Array {
		this.#inside("read", offset, length);
		const into = new Uint8Array(length);
		this.read(into, offset);
		return into;
	}

	/** Programs `bytes`. Offset and length are multiples of `writeAlign`. */
	write(bytes: Uint8Array, offset: number): void {
		this.#inside("write", offset, bytes.length);
		this.#aligned("write", offset, bytes.length, this.writeAlign);
		if (bytes.length === 0) return;
		this.#attempt("write", offset, bytes.length, () => this.#partition.write(bytes, offset));
	}

	/** Erases whole sectors. Offset and length are multiples of `sectorSize`. */
	erase(offset: number, length: number): void {
		this.#inside("erase", offset, length);
		this.#aligned("erase", offset, length, this.sectorSize);
		if (length === 0) return;
		const first = offset / this.sectorSize;
		const end = (offset + length) / this.sectorSize;
		this.#attempt("erase", offset, length, () => this.#partition.eraseBlock(first, end));
	}

	/** True if every byte of the range reads as erased. */
	isErased(offset: number, length: number): boolean {
		this.#inside("read", offset, length);
		const partition = this.#partition;
		if (partition.isErased) {
			let erased = false;
			this.#attempt("read", offset, length, () => {
				erased = partition.isErased!(offset, length);
			});
			return erased;
		}
		const chunk = new Uint8Array(Math.min(length, 256));
		for (let at = offset, end = offset + length; at < end; at += chunk.length) {
			const part = at + chunk.length <= end ? chunk : chunk.subarray(0, end - at);
			this.read(part, at);
			for (let i = 0; i < part.length; i++) if (part[i] !== this.erasedValue) return false;
		}
		return true;
	}

	close(): void {
		this.#partition.close();
	}

	#inside(what: string, offset: number, length: number): void {
		if (!(Number.isInteger(offset) && offset >= 0 && Number.isInteger(length) && offset + length <= this.size))
			throw new FlashError("out of bounds", `${this.#say(what, offset, length)}: outside its ${hex(this.size)} bytes`);
	}

	#aligned(what: string, offset: number, length: number, unit: number): void {
		if (offset % unit !== 0 || length % unit !== 0)
			throw new FlashError("not aligned", `${this.#say(what, offset, length)}: not a multiple of ${unit} bytes`);
	}

	#attempt(what: string, offset: number, length: number, operation: () => void): void {
		try {
			operation();
		} catch (error) {
			const cause = error instanceof Error ? error.message : String(error);
			// Drivers outside this project cannot throw a FlashError; the words of the one refusal that callers act
			// on are part of the HAL contract.
			const foreign = cause.includes("not erased") ? "not erased" : "device failure";
			const kind = error instanceof FlashError ? error.kind : foreign;
			throw new FlashError(kind, `${this.#say(what, offset, length)}: ${cause}`);
		}
	}

	#say(what: string, offset: number, length: number): string {
		return `flash area ${this.id} (${this.label}): ${what} of ${length} bytes at ${hex(offset)}`;
	}
}
