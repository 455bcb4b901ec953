/** What a flash chip takes its time for. */
export interface FlashTiming {
	/** To erase one sector, milliseconds. */
	readonly sectorErase: number;
	/** To program one page or a part of it, milliseconds. */
	readonly pageProgram: number;
	/** Bytes that are programmed at once, a power of two. */
	readonly pageSize: number;
}

/**
 * Typical figures of a 4 MiB serial NOR flash with 4 KiB sectors (Winbond W25Q32JV data sheet, AC electrical
 * characteristics: tSE, tPP). The same table allows 400 and 3 ms at worst.
 */
export const TYPICAL_NOR: FlashTiming = Object.freeze({ sectorErase: 45, pageProgram: 0.4, pageSize: 256 });
