import { FlashError } from "../../../modules/flash/error.js";
import type { Layout, LayoutArea } from "../../../modules/flash/layout.js";
import type { FlashPartition, FlashStatus } from "../../../modules/flash/partition.js";

/** A partition of the simulated flash device: a part of the flash file, with the rules of NOR flash. */
export class SimFlash implements FlashPartition {
	readonly #device: Layout;
	readonly #area: LayoutArea;
	#open = true;

	constructor(device: Layout, area: LayoutArea) {
		this.#device = device;
		this.#area = area;
	}

	/** Opens the partition with this label. Throws a RangeError if there is none. */
	static open(device: Layout, label: string): SimFlash {
		const area = device.areas.find((row) => row.label === label);
		if (!area) throw new RangeError(`there is no flash partition "${label}"`);
		return new SimFlash(device, area);
	}

	read(into: Uint8Array | ArrayBuffer, byteOffset: number): number {
		simulator.flashRead(into, this.#address(byteOffset, into.byteLength));
		return into.byteLength;
	}

	write(bytes: Uint8Array | ArrayBuffer, byteOffset: number): void {
		simulator.flashWrite(bytes, this.#address(byteOffset, bytes.byteLength));
	}

	eraseBlock(first: number, end = first + 1): void {
		const { sectorSize } = this.#device;
		const length = (end - first) * sectorSize;
		simulator.flashErase(this.#address(first * sectorSize, length), length);
	}

	status(): FlashStatus {
		const { sectorSize, writeAlign } = this.#device;
		const { size } = this.#area;
		return { size, blockLength: sectorSize, blocks: size / sectorSize, writeAlign, eraseValue: 0xff };
	}

	isErased(byteOffset: number, length: number): boolean {
		return simulator.flashErased(this.#address(byteOffset, length), length);
	}

	close(): void {
		this.#open = false;
	}

	/** Address in the device of a range that lies inside the partition. */
	#address(offset: number, length: number): number {
		if (!this.#open) throw new FlashError("device failure", "the partition is closed");
		if (!(offset >= 0 && length >= 0 && offset + length <= this.#area.size))
			throw new FlashError("out of bounds", `${length} bytes at ${offset} are outside the partition`);
		return this.#area.offset + offset;
	}
}
