import { FlashArea } from "../../../modules/flash/area.js";
import { FlashMap } from "../../../modules/flash/map.js";
import type { FlashPartition, FlashStatus } from "../../../modules/flash/partition.js";
import type { VectorArea, VectorConfig } from "./format.js";
import { toHex } from "./hex.js";

/** Longest write whose data the operation log shows. */
const LOGGED_DATA = 32;

/**
 * The flash that the vectors were recorded on, with a log of operations and a power supply that fails when it is told to.
 */
export class FlashModel {
	/** The whole device. */
	readonly memory: Uint8Array;
	readonly map: FlashMap;
	readonly ops: string[] = [];
	/** Writes that the flash refused. */
	violations = 0;
	/** True once the power failed: nothing works any more. */
	cut = false;
	readonly #flash: VectorConfig["flash"];
	readonly #areas: readonly VectorArea[];
	#cutAfter = Number.POSITIVE_INFINITY;
	#torn = false;

	constructor(flash: VectorConfig["flash"], areas: readonly VectorArea[]) {
		this.#flash = flash;
		this.#areas = areas;
		this.memory = new Uint8Array(flash.size).fill(flash.erased);
		this.map = new FlashMap(areas.map((area) => new FlashArea(area.id, area.name, area.off, this.#partition(area))));
	}

	/** Switches the power on with an empty log. It fails after `cutAfter` operations, or in the next one if `torn`. */
	powerOn(cutAfter = Number.POSITIVE_INFINITY, torn = false): void {
		this.ops.length = 0;
		this.violations = 0;
		this.cut = false;
		this.#cutAfter = cutAfter;
		this.#torn = torn;
	}

	/** The bytes of one area: changing them is no flash operation. */
	bytes(areaId: number): Uint8Array {
		const area = this.#areas.find(({ id }) => id === areaId);
		if (!area) throw new RangeError(`no area ${areaId}`);
		return this.memory.subarray(area.off, area.off + area.size);
	}

	#partition(area: VectorArea): FlashPartition {
		const memory = this.bytes(area.id);
		const { sector_size: sector, write_size: align, erased, strict_nor: strict } = this.#flash;
		const status: FlashStatus = {
			size: area.size,
			blockLength: sector,
			blocks: area.size / sector,
			writeAlign: align,
			eraseValue: erased,
		};
		return {
			status: () => status,
			close: () => {},
			read: (into, offset) => {
				this.#powered();
				const target = into instanceof Uint8Array ? into : new Uint8Array(into);
				target.set(memory.subarray(offset, offset + target.length));
				return target.length;
			},
			write: (bytes, offset) => {
				const source = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
				const program = (length: number): void => {
					for (let i = 0; i < length; i++) memory[offset + i]! &= source[i]!;
				};
				this.#operate(() => program(half(source.length, align)));
				const clean = memory.subarray(offset, offset + source.length).every((byte) => byte === erased);
				const data = source.length <= LOGGED_DATA ? `=${toHex(source)}` : "";
				this.ops.push(`W${area.id}:${place(offset, source.length)}${data}${clean ? "" : "!"}`);
				if (strict && !clean) {
					this.violations++;
					throw new Error("not erased");
				}
				if (clean) memory.set(source, offset);
				else program(source.length);
			},
			eraseBlock: (first, end = first + 1) => {
				const [start, length] = [first * sector, (end - first) * sector];
				this.#operate(() => memory.fill(erased, start, start + half(length, align)));
				this.ops.push(`E${area.id}:${place(start, length)}`);
				memory.fill(erased, start, start + length);
			},
		};
	}

	#powered(): void {
		if (this.cut) throw new Error("no power");
	}

	#operate(torn: () => void): void {
		this.#powered();
		if (this.ops.length < this.#cutAfter) return;
		if (this.#torn) torn();
		this.cut = true;
		this.#powered();
	}
}

const half = (length: number, align: number): number => Math.floor(length / 2 / align) * align;

const place = (offset: number, length: number): string => `${offset.toString(16)}+${length.toString(16)}`;
