import { FlashArea } from "../../flash/area.js";
import { FlashError } from "../../flash/error.js";
import { FlashMap } from "../../flash/map.js";
import type { FlashPartition, FlashStatus } from "../../flash/partition.js";
import type { FlashTiming } from "../../flash/timing.js";

/** Flash operations: what was asked of the chip, refused writes included. */
export interface FlashWork {
	readonly erases: number;
	readonly writes: number;
	/** Bytes that were written. */
	readonly bytes: number;
	/** Pages of the chip that were programmed, in whole or in part, each as often as it was. */
	readonly pages: number;
}

/** How long the chip is busy with that, seconds. Reading and computing are not in it. */
export const secondsOf = ({ erases, pages }: FlashWork, timing: FlashTiming): number =>
	(erases * timing.sectorErase + pages * timing.pageProgram) / 1000;

export const sumOf = (works: readonly FlashWork[]): FlashWork =>
	works.reduce(
		(a, b) => ({
			erases: a.erases + b.erases,
			writes: a.writes + b.writes,
			bytes: a.bytes + b.bytes,
			pages: a.pages + b.pages,
		}),
		{ erases: 0, writes: 0, bytes: 0, pages: 0 },
	);

/**
 * A copy of a flash that costs nothing until it is written to: sectors are copied when they change, and the flash below
 * only read. It counts the operations of each area.
 */
export class ShadowFlash {
	readonly map: FlashMap;
	readonly #partitions = new Map<number, ShadowPartition>();

	/**
	 * @param below - must not change from now on
	 * @param strict - whether the chip refuses to write to bytes that are not erased; else it only clears bits
	 */
	constructor(below: FlashMap, pageSize: number, strict: boolean) {
		this.map = new FlashMap(
			below.areas().map((area) => {
				const partition = new ShadowPartition(area, pageSize, strict);
				this.#partitions.set(area.id, partition);
				return new FlashArea(area.id, area.label, area.offset, partition);
			}),
		);
	}

	/** Operations on an area since the last `restart`. */
	work(areaId: number): FlashWork {
		return { ...this.#partitions.get(areaId)!.work };
	}

	restart(): void {
		for (const partition of this.#partitions.values()) partition.work = { erases: 0, writes: 0, bytes: 0, pages: 0 };
	}
}

class ShadowPartition implements FlashPartition {
	work: { -readonly [Key in keyof FlashWork]: number } = { erases: 0, writes: 0, bytes: 0, pages: 0 };
	readonly #below: FlashArea;
	readonly #pageSize: number;
	readonly #strict: boolean;
	/** Sectors that differ from those below, by number. */
	readonly #changed = new Map<number, Uint8Array>();

	constructor(below: FlashArea, pageSize: number, strict: boolean) {
		this.#below = below;
		this.#pageSize = pageSize;
		this.#strict = strict;
	}

	read(into: Uint8Array | ArrayBuffer, byteOffset: number): number {
		const target = bytesOf(into);
		this.#eachSector(byteOffset, target.length, (sector, at, from, length) => {
			const part = target.subarray(from, from + length);
			const changed = this.#changed.get(sector);
			if (changed) part.set(changed.subarray(at, at + length));
			else this.#below.read(part, sector * this.#below.sectorSize + at);
		});
		return target.length;
	}

	write(bytes: Uint8Array | ArrayBuffer, byteOffset: number): void {
		const source = bytesOf(bytes);
		const { erasedValue } = this.#below;
		this.work.writes++;
		this.work.bytes += source.length;
		const first = this.#below.offset + byteOffset;
		const page = (address: number): number => Math.floor(address / this.#pageSize);
		this.work.pages += page(first + source.length - 1) - page(first) + 1;
		const present = new Uint8Array(source.length);
		this.read(present, byteOffset);
		const clean = present.every((byte) => byte === erasedValue);
		if (this.#strict && !clean) throw new FlashError("not erased", "not erased");
		this.#eachSector(byteOffset, source.length, (sector, at, from, length) => {
			const changed = this.#own(sector);
			for (let i = 0; i < length; i++)
				changed[at + i] = clean ? source[from + i]! : present[from + i]! & source[from + i]!;
		});
	}

	eraseBlock(first: number, end = first + 1): void {
		const { sectorSize, erasedValue } = this.#below;
		for (let sector = first; sector < end; sector++) {
			this.work.erases++;
			this.#changed.set(sector, new Uint8Array(sectorSize).fill(erasedValue));
		}
	}

	status(): FlashStatus {
		const { size, sectorSize, sectors, writeAlign, erasedValue } = this.#below;
		return { size, blockLength: sectorSize, blocks: sectors, writeAlign, eraseValue: erasedValue };
	}

	close(): void {}

	/** The copy of a sector, made if there is none. */
	#own(sector: number): Uint8Array {
		let copy = this.#changed.get(sector);
		if (!copy) {
			const { sectorSize } = this.#below;
			copy = this.#below.bytes(sector * sectorSize, sectorSize);
			this.#changed.set(sector, copy);
		}
		return copy;
	}

	/** Splits a range: the sector, the offset in it, the offset from the start of the range, the length. */
	#eachSector(
		offset: number,
		length: number,
		visit: (sector: number, at: number, from: number, length: number) => void,
	): void {
		const { sectorSize } = this.#below;
		for (let done = 0; done < length; ) {
			const at = (offset + done) % sectorSize;
			const part = Math.min(sectorSize - at, length - done);
			visit((offset + done - at) / sectorSize, at, done, part);
			done += part;
		}
	}
}

const bytesOf = (data: Uint8Array | ArrayBuffer): Uint8Array =>
	data instanceof Uint8Array ? data : new Uint8Array(data);
