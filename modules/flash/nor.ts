import { hex } from "../bytes/hex.js";
import { FlashError } from "./error.js";
import type { FlashPartition, FlashStatus } from "./partition.js";

/** Geometry of a memory-backed flash. `strict` false lets a write clear bits of bytes that are already programmed. */
export interface NorGeometry {
	readonly sectorSize: number;
	readonly writeAlign: number;
	readonly erasedValue?: number;
	readonly strict?: boolean;
}

/**
 * NOR flash over bytes in memory, with the rules of the chip: erase by whole sectors, and a write to bytes that are
 * not erased changes nothing and throws `not erased` (or, not `strict`, only clears bits).
 */
export class NorPartition implements FlashPartition {
	readonly memory: Uint8Array;
	readonly #geometry: Required<NorGeometry>;

	/** `memory` is used in place, so that partitions can be views on one device. */
	constructor(memory: Uint8Array, geometry: NorGeometry) {
		if (memory.length % geometry.sectorSize !== 0)
			throw new FlashError("not aligned", `${memory.length} bytes are no whole number of sectors`);
		this.memory = memory;
		this.#geometry = { erasedValue: 0xff, strict: true, ...geometry };
	}

	read(into: Uint8Array | ArrayBuffer, byteOffset: number): number {
		const target = bytesOf(into);
		this.#inside(byteOffset, target.length);
		target.set(this.memory.subarray(byteOffset, byteOffset + target.length));
		return target.length;
	}

	write(bytes: Uint8Array | ArrayBuffer, byteOffset: number): void {
		const source = bytesOf(bytes);
		const { writeAlign, erasedValue, strict } = this.#geometry;
		this.#inside(byteOffset, source.length);
		if (byteOffset % writeAlign !== 0 || source.length % writeAlign !== 0)
			throw new FlashError("not aligned", `writes are multiples of ${writeAlign} bytes`);
		const target = this.memory.subarray(byteOffset, byteOffset + source.length);
		if (strict) {
			// By number, neither a callback nor an iterator: simulated swaps spend most of their time here.
			for (let i = 0, { length } = target; i < length; i++)
				if (target[i] !== erasedValue)
					throw new FlashError("not erased", `the bytes at ${hex(byteOffset)} are not erased`);
			target.set(source);
		} else {
			for (let i = 0; i < source.length; i++) target[i]! &= source[i]!;
		}
	}

	eraseBlock(first: number, end = first + 1): void {
		const { sectorSize, erasedValue } = this.#geometry;
		this.#inside(first * sectorSize, (end - first) * sectorSize);
		this.memory.fill(erasedValue, first * sectorSize, end * sectorSize);
	}

	status(): FlashStatus {
		const { sectorSize, writeAlign, erasedValue } = this.#geometry;
		const size = this.memory.length;
		return { size, blockLength: sectorSize, blocks: size / sectorSize, writeAlign, eraseValue: erasedValue };
	}

	close(): void {}

	#inside(offset: number, length: number): void {
		if (!(offset >= 0 && length >= 0 && offset + length <= this.memory.length))
			throw new FlashError("out of bounds", `${length} bytes at ${hex(offset)} are outside the partition`);
	}
}

const bytesOf = (data: Uint8Array | ArrayBuffer): Uint8Array =>
	data instanceof Uint8Array ? data : new Uint8Array(data);
