import type { BootConfig } from "../../modules/bootutil/config.js";
import { type TrailerLayout, trailerLayout, trailerMagic } from "../../modules/bootutil/trailer.js";
import type { FlashPartition } from "../../modules/flash/partition.js";
import { ERASED } from "../../page/flash/operation.js";
import type { Tamper } from "./flash.js";

/** One slot, as a mistake in its driver sees it. */
export class Slot {
	readonly partition: FlashPartition;
	readonly layout: TrailerLayout;
	readonly isPrimary: boolean;
	readonly sectorSize: number;
	readonly writeAlign: number;
	/** First sector that the trailer is in. */
	readonly trailerSector: number;
	/** Where the write of the magic begins. */
	readonly magicStart: number;
	readonly #magic: readonly number[];

	constructor(config: BootConfig, area: number, partition: FlashPartition) {
		const { size, blockLength, writeAlign = 1 } = partition.status();
		this.partition = partition;
		this.isPrimary = area % 2 === 1;
		this.layout = trailerLayout(config, size, writeAlign);
		this.sectorSize = blockLength;
		this.writeAlign = writeAlign;
		this.trailerSector = Math.floor(this.layout.status / blockLength);
		this.#magic = trailerMagic(config.maxAlign);
		this.magicStart = Math.floor(this.layout.magic / config.maxAlign) * config.maxAlign;
	}

	read(offset: number, length: number): Uint8Array {
		const bytes = new Uint8Array(length);
		this.partition.read(bytes, offset);
		return bytes;
	}

	/** The first `bytes` of the magic are there. */
	hasMagic(bytes = 16): boolean {
		return this.read(this.layout.magic, bytes).every((byte, i) => byte === this.#magic[i]);
	}

	get magic(): Uint8Array {
		return Uint8Array.from(this.#magic);
	}

	isErased(offset: number, length: number): boolean {
		return this.read(offset, length).every((byte) => byte === ERASED);
	}

	/** True of an offset in the fields between the status records and the magic. */
	isField(offset: number): boolean {
		return offset >= this.layout.swapSize && offset < this.magicStart;
	}

	isRecord(offset: number): boolean {
		return offset >= this.layout.status && offset < this.layout.swapSize;
	}
}

/** What a mistake does instead of one flash operation. Left out, the operation is done as it should be. */
export interface Instead {
	read?(slot: Slot, into: Uint8Array, offset: number): void;
	write?(slot: Slot, bytes: Uint8Array, offset: number, other: Slot): void;
	erase?(slot: Slot, sector: number, other: Slot): void;
}

const bytesOf = (data: Uint8Array | ArrayBuffer): Uint8Array =>
	data instanceof Uint8Array ? data : new Uint8Array(data);

/** Makes a mistake of what it does instead. `make` is called once a device, to hold what it remembers. */
export const instead =
	(make: () => Instead) =>
	(config: BootConfig): Tamper => {
		const { read, write, erase } = make();
		const slots = new Map<number, Slot>();
		return (area, partition) => {
			const slot = new Slot(config, area, partition);
			slots.set(area, slot);
			const other = (): Slot => slots.get(slot.isPrimary ? area + 1 : area - 1)!;
			return {
				status: () => partition.status(),
				close: () => partition.close(),
				read: (data, offset) => {
					const into = bytesOf(data);
					partition.read(into, offset);
					read?.(slot, into, offset);
					return into.length;
				},
				write: (data, offset) => {
					if (write) write(slot, bytesOf(data).slice(), offset, other());
					else partition.write(data, offset);
				},
				eraseBlock: (first, end = first + 1) => {
					for (let sector = first; sector < end; sector++)
						if (erase) erase(slot, sector, other());
						else partition.eraseBlock(sector);
				},
			};
		};
	};
