import { type FlashTiming, TYPICAL_NOR } from "../../flash/timing.js";

/**
 * How long flash chips take, by name: typical figures, and with `-worst` those that the maker allows at most.
 *
 * - `w25q32jv`: Winbond W25Q32JV data sheet, AC electrical characteristics: tSE (sector erase, 4 KB) and tPP (page program).
 * - `mx25r6435f`: Macronix MX25R6435F, by what the chip tells of itself: Basic Flash Parameter Table (JESD216), DWORD 10
 *   `00f57223h` (erase type 1: (2 + 1) × 16 ms, at most 2 × (3 + 1) times as long) and DWORD 11 `cc04ed82h` (page program:
 *   (13 + 1) × 64 µs, at most 2 × (2 + 1) times as long). Zephyr's board nrf52840dk has the table in its devicetree.
 */
export const FLASH_CHIPS = Object.freeze({
	w25q32jv: TYPICAL_NOR,
	"w25q32jv-worst": { sectorErase: 400, pageProgram: 3, pageSize: 256 },
	mx25r6435f: { sectorErase: 48, pageProgram: 0.896, pageSize: 256 },
	"mx25r6435f-worst": { sectorErase: 384, pageProgram: 5.376, pageSize: 256 },
} as const satisfies Record<string, FlashTiming>);

/** A key of `FLASH_CHIPS`. */
export type FlashChip = keyof typeof FLASH_CHIPS;
export const FLASH_CHIP_NAMES = Object.freeze(Object.keys(FLASH_CHIPS)) as readonly FlashChip[];
