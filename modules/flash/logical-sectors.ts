import { hex } from "../bytes/hex.js";
import { FlashError } from "./error.js";
import type { FlashPartition, FlashStatus } from "./partition.js";

/** A stretch of flash with pages of one size, and where it begins. */
interface Stretch {
	readonly partition: FlashPartition;
	readonly start: number;
	readonly end: number;
	/** Bytes of a page. */
	readonly page: number;
}

/**
 * One partition with sectors of one size, over flash whose pages are smaller or of several sizes (MCUboot
 * `MCUBOOT_LOGICAL_SECTOR_SIZE`): what is above knows the logical sectors alone. A sector is erased page by page, upwards, so
 * power may fail between two of its pages; the contract of a partition covers that.
 *
 * ```ts
 * // 64 KiB in pages of 16 KiB, then 192 KiB in pages of 64 KiB
 * const partition = new LogicalSectors(0x10000, [small, large]);
 * ```
 */
export class LogicalSectors implements FlashPartition {
	readonly #sectorSize: number;
	readonly #stretches: readonly Stretch[];
	readonly #status: FlashStatus;

	/**
	 * `parts` follow each other in flash, and each has pages of one size. Throws a RangeError if a sector would not begin and end
	 * where pages do (MCUboot `boot_verify_logical_sectors`).
	 *
	 * @param sectorSize - bytes, a power of two
	 */
	constructor(sectorSize: number, parts: readonly FlashPartition[]) {
		if (!(sectorSize > 0) || (sectorSize & (sectorSize - 1)) !== 0)
			throw new RangeError(`a logical sector has a power of two of bytes, not ${sectorSize}`);
		const stretches: Stretch[] = [];
		let size = 0;
		let writeAlign = 1;
		let eraseValue: number | undefined;
		for (const partition of parts) {
			const status = partition.status();
			stretches.push({ partition, start: size, end: size + status.size, page: status.blockLength });
			size += status.size;
			writeAlign = Math.max(writeAlign, status.writeAlign ?? 1);
			eraseValue ??= status.eraseValue ?? 0xff;
			if (eraseValue !== (status.eraseValue ?? 0xff)) throw new RangeError("the parts differ in their erased bytes");
		}
		if (size === 0 || size % sectorSize !== 0)
			throw new RangeError(`${size} bytes are no whole number of logical sectors of ${sectorSize}`);
		if (sectorSize % writeAlign !== 0)
			throw new RangeError(`a logical sector of ${sectorSize} bytes is no whole number of units of ${writeAlign}`);
		this.#sectorSize = sectorSize;
		this.#stretches = stretches;
		this.#status = { size, blockLength: sectorSize, blocks: size / sectorSize, writeAlign, eraseValue: eraseValue! };
		for (let at = 0; at < size; at += sectorSize) {
			const { start, page } = stretches.find(({ end }) => at < end)!;
			if ((at - start) % page !== 0)
				throw new RangeError(`a logical sector would begin at ${hex(at)}, inside a page of ${page} bytes`);
		}
	}

	read(into: Uint8Array | ArrayBuffer, byteOffset: number): number {
		const target = into instanceof Uint8Array ? into : new Uint8Array(into);
		this.#each(byteOffset, target.length, ({ partition, start }, from, to) => {
			partition.read(target.subarray(from - byteOffset, to - byteOffset), from - start);
		});
		return target.length;
	}

	write(bytes: Uint8Array | ArrayBuffer, byteOffset: number): void {
		const source = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
		this.#each(byteOffset, source.length, ({ partition, start }, from, to) => {
			partition.write(source.subarray(from - byteOffset, to - byteOffset), from - start);
		});
	}

	eraseBlock(first: number, end = first + 1): void {
		const size = this.#sectorSize;
		this.#each(first * size, (end - first) * size, ({ partition, start, page }, from, to) => {
			for (let at = from; at < to; at += page) partition.eraseBlock((at - start) / page);
		});
	}

	status(): FlashStatus {
		return this.#status;
	}

	close(): void {
		for (const { partition } of this.#stretches) partition.close();
	}

	/** The part of a range in each stretch that it touches, upwards. */
	#each(offset: number, length: number, use: (stretch: Stretch, from: number, to: number) => void): void {
		const until = offset + length;
		if (!(offset >= 0 && length >= 0 && until <= this.#status.size))
			throw new FlashError("out of bounds", `${length} bytes at ${hex(offset)} are outside the partition`);
		for (const stretch of this.#stretches)
			if (offset < stretch.end && until > stretch.start)
				use(stretch, Math.max(offset, stretch.start), Math.min(until, stretch.end));
	}
}
