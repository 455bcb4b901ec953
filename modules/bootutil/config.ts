/** How the boot loader installs an update. */
export type UpgradeMode = "swap-move" | "swap-offset";

/**
 * Offset mode's trailer has a word with the TLV sizes since MCUboot 2.3 (`current`); before, as the published diagram
 * still shows, it had none (`2.2`). Move mode's trailer is the same in both.
 */
export type TrailerGeneration = "current" | "2.2";

/** What boot loader and application must agree on: MCUboot's build configuration, as far as it shapes the flash. */
export interface BootConfig {
	readonly mode: UpgradeMode;
	/** Number of images (`BOOT_IMAGE_NUMBER`), 1 or 2. */
	readonly images: number;
	/** `BOOT_MAX_ALIGN`, bytes. */
	readonly maxAlign: 8 | 16 | 32;
	/** `BOOT_MAX_IMG_SECTORS`: how many sectors a slot may have; sizes the swap status. */
	readonly maxSectors: number;
	readonly trailer: TrailerGeneration;
}
