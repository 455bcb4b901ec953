import { FlashArea } from "../../modules/flash/area.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import { LogicalSectors } from "../../modules/flash/logical-sectors.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import type { FlashPartition } from "../../modules/flash/partition.js";
import { ERASED, type Operation as FlashOperation } from "../../page/flash/operation.js";
import type { Geometry } from "./scenario.js";

/** A flash operation, with the area that it was in and its offset there. */
export interface Operation extends FlashOperation {
	readonly area: number;
	readonly offset: number;
}

/** Stands between bootutil and the flash of one area, to make it do something wrong. */
export type Tamper = (area: number, partition: FlashPartition) => FlashPartition;

/** The area of the boot journal. */
export interface JournalArea {
	readonly sectors: number;
	readonly tamper?: (partition: FlashPartition) => FlashPartition;
}

/** Id of the journal's area (docs/SPEC.md, section 1). */
const JOURNAL_ID = 18;

/**
 * The slots of a device in one block of memory, with a record of what is done to them. Power cuts need no more: what the flash
 * holds when power fails is what it held before, with the operations that came through applied to it.
 */
export class LabFlash {
	/** The whole device: change it and no operation is recorded. */
	readonly memory: Uint8Array;
	readonly map: FlashMap;
	/** Operations since `begin`. */
	ops: Operation[] = [];
	readonly #areas = new Map<number, Uint8Array>();

	constructor(
		geometry: Geometry,
		slotSizes: readonly [number, number],
		tamper: Tamper = (_, partition) => partition,
		journal?: JournalArea,
	) {
		const { sectorSize, writeAlign, images, pages } = geometry;
		const [primary, secondary] = slotSizes;
		const journalSize = (journal?.sectors ?? 0) * sectorSize;
		this.memory = new Uint8Array(images * (primary + secondary) + journalSize).fill(ERASED);
		const areas: FlashArea[] = [];
		let at = 0;
		const open = (id: number, size: number): FlashPartition => {
			const bytes = this.memory.subarray(at, at + size);
			this.#areas.set(id, bytes);
			return new RecordingPartition(bytes, { sectorSize, writeAlign }, (operation) =>
				this.ops.push({ area: id, ...operation }),
			);
		};
		for (let image = 0; image < images; image++)
			for (const [which, size] of [
				["primary", primary],
				["secondary", secondary],
			] as const) {
				const id = slotAreaId(image, which);
				const bytes = this.memory.subarray(at, at + size);
				/** The bytes from `from` to `to` of the area, in pages of one size. */
				const chip = (from: number, to: number, page: number): FlashPartition =>
					new RecordingPartition(bytes.subarray(from, to), { sectorSize: page, writeAlign }, (operation) =>
						this.ops.push({ area: id, ...operation, offset: from + operation.offset }),
					);
				const sectorAt = (sector: number): FlashPartition =>
					chip(sector * sectorSize, (sector + 1) * sectorSize, pages![sector % pages!.length]!);
				const partition = pages
					? new LogicalSectors(
							sectorSize,
							Array.from({ length: size / sectorSize }, (_, sector) => sectorAt(sector)),
						)
					: open(id, size);
				this.#areas.set(id, bytes);
				areas.push(new FlashArea(id, `${which}-${image}`, at, tamper(id, partition)));
				at += size;
			}
		if (journal) {
			const { tamper: change = (partition) => partition } = journal;
			areas.push(new FlashArea(JOURNAL_ID, "boot-journal", at, change(open(JOURNAL_ID, journalSize))));
		}
		this.map = new FlashMap(areas);
	}

	/** Starts a new record. */
	begin(): void {
		this.ops = [];
	}

	/** The bytes of an area. */
	bytes(area: number): Uint8Array {
		const bytes = this.#areas.get(area);
		if (!bytes) throw new RangeError(`no area ${area}`);
		return bytes;
	}
}

/** NOR flash that tells what was done to it. Operations that it refuses change nothing and are not told. */
class RecordingPartition extends NorPartition {
	readonly #sectorSize: number;
	readonly #record: (operation: Omit<Operation, "area">) => void;

	constructor(
		memory: Uint8Array,
		geometry: Pick<Geometry, "sectorSize" | "writeAlign">,
		record: (operation: Omit<Operation, "area">) => void,
	) {
		super(memory, geometry);
		this.#sectorSize = geometry.sectorSize;
		this.#record = record;
	}

	override write(data: Uint8Array | ArrayBuffer, offset: number): void {
		super.write(data, offset);
		const bytes = (data instanceof Uint8Array ? data : new Uint8Array(data)).slice();
		this.#record({ at: this.memory.byteOffset + offset, offset, length: bytes.length, bytes });
	}

	override eraseBlock(first: number, end = first + 1): void {
		super.eraseBlock(first, end);
		const offset = first * this.#sectorSize;
		this.#record({ at: this.memory.byteOffset + offset, offset, length: (end - first) * this.#sectorSize });
	}
}
