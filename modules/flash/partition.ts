/**
 * The flash HAL: one flash partition, in the shape of ECMA-419's `embedded:storage/flash` class, so that on
 * Moddable a partition opened by `device.flash.open({ path })` already is one.
 *
 * Power-loss contract, which everything above relies on:
 * - when power fails during `write`, the write blocks that the call covers are undefined and nothing else changed;
 * - when power fails during `eraseBlock`, the blocks that the call covers are undefined and nothing else changed;
 * - a call that returned is durable.
 *
 * Offsets and sizes are bytes from the start of the partition.
 */
export interface FlashPartition {
	/** Fills `into` from `byteOffset` and returns the number of bytes read, always the length of `into`. */
	read(into: Uint8Array | ArrayBuffer, byteOffset: number): number;
	/** Programs `bytes` at `byteOffset`. Both are multiples of `writeAlign`; the target must be erased. */
	write(bytes: Uint8Array | ArrayBuffer, byteOffset: number): void;
	/** Erases blocks `first` up to, not including, `end` (default `first + 1`). */
	eraseBlock(first: number, end?: number): void;
	status(): FlashStatus;
	/** Whether all bytes of a range are erased, for a driver that can tell without handing them out. */
	isErased?(byteOffset: number, length: number): boolean;
	/** Releases the partition. Calling it again does nothing. */
	close(): void;
}

/** Geometry of a partition, all in bytes but `blocks`. */
export interface FlashStatus {
	readonly size: number;
	/** Erase unit. */
	readonly blockLength: number;
	/** `size / blockLength`. */
	readonly blocks: number;
	/** Program unit. 1 where the driver does not say. */
	readonly writeAlign?: number;
	/** Value of an erased byte. 0xff where the driver does not say. */
	readonly eraseValue?: number;
}
