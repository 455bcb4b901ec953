import type { Boot, BootStatus, ImageState, SlotIndex } from "./state.js";
import type { SwapTrailer } from "./swap-trailer.js";

/**
 * One way of installing an image (MCUboot's upgrade strategies: a build has exactly one). Flash errors that escape
 * stop the loader.
 */
export interface UpgradeStrategy {
	/** Phase that a swap begins with. */
	readonly firstPhase: "move" | "swap";

	/** Whether the old image is kept, so that the new one can be on trial; then the trailer says how far that is. */
	readonly keepsOldImage: boolean;

	/** Whether the slots of an image can be swapped at all: numbers and sizes of their sectors. */
	slotsCompatible(image: ImageState, boot: Boot): boolean;

	/** The trailer that holds the status of an interrupted swap of this image; undefined if there is none. */
	findStatus(boot: Boot, image: ImageState): SwapTrailer | undefined;

	/**
	 * Reads the header of the image in `slot` from where it is, which during an interrupted swap may be anywhere.
	 * Without a status, whatever is there; with one, returns false if it lacks the image magic.
	 */
	readHeader(boot: Boot, image: ImageState, slot: SlotIndex, status?: BootStatus): boolean;

	/** Sets phase, index and state from the status records in `status.source`. */
	readRecords(image: ImageState, status: BootStatus): void;

	/** Exchanges the images, from where `status` says, up to the last status record. */
	run(boot: Boot, image: ImageState, status: BootStatus): void;
}
