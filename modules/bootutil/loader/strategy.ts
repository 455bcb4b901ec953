import type { Boot, BootStatus, ImageState, SlotIndex } from "./state.js";

/**
 * One way of installing an image (MCUboot's upgrade strategies: a build has exactly one). Flash errors that escape
 * stop the loader.
 */
export interface UpgradeStrategy {
	/** Phase that a swap begins with. */
	readonly firstPhase: "move" | "swap";

	/** Whether the slots of an image can be swapped at all: numbers and sizes of their sectors. */
	slotsCompatible(image: ImageState): boolean;

	/**
	 * Reads the header of the image in `slot` from where it is, which during an interrupted swap may be anywhere.
	 * Without a status, whatever is there; with one, returns false if it lacks the image magic.
	 */
	readHeader(boot: Boot, image: ImageState, slot: SlotIndex, status?: BootStatus): boolean;

	/** Sets phase, index and state from the status records in the primary trailer. */
	readRecords(image: ImageState, status: BootStatus): void;

	/** Exchanges the images, from where `status` says, up to the last status record. */
	run(boot: Boot, image: ImageState, status: BootStatus): void;
}
