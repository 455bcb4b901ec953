// What a mode is: a row of facts for each way in which MCUboot can be built to upgrade. Boot loader, application and tools
// look at the row and do not ask which mode it is. How a mode installs is its strategy in loader/; the names that command
// lines and people use are in image/mode-names.ts.

/** Modes that bring an update into the primary slot, the only one that images run from. */
export type InstallMode = "swap-move" | "swap-offset" | "swap-scratch" | "overwrite";

/** Modes in which both slots are equal and the newest image runs, from its slot or from RAM. */
export type NewestMode = "direct-xip" | "direct-xip-revert" | "ram-load" | "ram-load-revert";

/**
 * Modes in which the boot loader installs nothing: an image of its own, or serial recovery, replaces the application where it
 * runs.
 */
export type LoaderMode = "firmware-loader" | "single-slot" | "single-slot-ram-load";

/** How the boot loader upgrades (MCUboot design.md, Image slots). */
export type UpgradeMode = InstallMode | NewestMode | LoaderMode;

/** A row: what is true of a mode. A fact that is missing is not true of it. */
export interface Mode {
	/** Number in the protocol (Zephyr SMP group 0, Bootloader information). */
	readonly number: number;
	/** Whether an image that nobody confirms is taken back at the next boot. */
	readonly reverts?: boolean;
	/**
	 * Where the newest image runs: in its slot, or in RAM, to which the boot loader copies it. Both slots are equal then.
	 * Missing: an update is installed in the primary slot, and images run in that slot alone.
	 */
	readonly newest?: "slot" | "ram";
	/**
	 * Whether the secondary slot holds a firmware loader: an image that runs only to write the application to the primary
	 * slot. Nothing is asked for, installed or taken back.
	 */
	readonly firmwareLoader?: boolean;
	/**
	 * Where the only image runs if it has one slot, the primary one, and nothing looks at the other: in its slot, or in RAM.
	 */
	readonly singleSlot?: "slot" | "ram";
	/**
	 * What a swap of both images needs besides them: a sector of the primary slot, below its trailer; the first sector of
	 * the secondary slot; or a scratch area. It limits the size of an image. Missing: nothing is swapped.
	 */
	readonly swapRoom?: "primary" | "secondary" | "scratch";
	/** Sector of the secondary slot in which an update begins. Missing: 0. */
	readonly updateSector?: number;
	/**
	 * Status records for each sector in the trailer. Missing: 3, which modes without a swap leave room for too, but for those that
	 * only start what is there.
	 */
	readonly statusRecords?: number;
	/** Whether the trailer of MCUboot 2.3 and later has a word with the sizes of the unprotected TLV areas. */
	readonly tlvSizes?: boolean;
	/** Whether a revert marks the secondary trailer while the primary's is written anew. */
	readonly marksRevert?: boolean;
	/**
	 * Whether the boot loader, when it resumes a swap in its last pair of sectors, takes the header of the new image for
	 * the old image's: MCUboot's defect (docs/SPEC.md, Guards).
	 */
	readonly mixesLastPair?: boolean;
}

/** The modes, in the order of their numbers (MCUboot boot_status.h, `mcuboot_mode`; design.md, Image slots). */
export const MODES: Readonly<Record<UpgradeMode, Mode>> = Object.freeze({
	"single-slot": Object.freeze({ number: 0, singleSlot: "slot" }),
	"swap-scratch": Object.freeze({ number: 1, reverts: true, swapRoom: "scratch" }),
	overwrite: Object.freeze({ number: 2 }),
	"swap-move": Object.freeze({ number: 3, reverts: true, swapRoom: "primary" }),
	"direct-xip": Object.freeze({ number: 4, newest: "slot" }),
	"direct-xip-revert": Object.freeze({ number: 5, newest: "slot", reverts: true }),
	"ram-load": Object.freeze({ number: 6, newest: "ram" }),
	// The protocol has no number of its own for it.
	"ram-load-revert": Object.freeze({ number: 6, newest: "ram", reverts: true }),
	"firmware-loader": Object.freeze({ number: 7, firmwareLoader: true }),
	"single-slot-ram-load": Object.freeze({ number: 8, singleSlot: "ram" }),
	"swap-offset": Object.freeze({
		number: 9,
		reverts: true,
		swapRoom: "secondary",
		updateSector: 1,
		statusRecords: 2,
		tlvSizes: true,
		marksRevert: true,
		mixesLastPair: true,
	}),
});

/** Whether a boot loader of this mode only starts what is there: it heeds no trailer and takes no mark. */
export const onlyStarts = (mode: Mode): boolean => (mode.firmwareLoader || mode.singleSlot) !== undefined;

/** Whether images run from RAM, to which the boot loader copies them. */
export const runsFromRam = ({ newest, singleSlot }: Mode): boolean => (newest ?? singleSlot) === "ram";

/** Whether a boot loader of this mode installs updates: not where the newest image runs, nor where it only starts what is there. */
export const installs = (mode: Mode): boolean => !mode.newest && !onlyStarts(mode);

/** The row of a mode that a configuration names, or the row that it brings. Throws a RangeError if no mode has the name. */
export function modeOf(mode: UpgradeMode | Mode): Mode {
	const row: Mode | undefined = typeof mode === "string" ? MODES[mode] : mode;
	if (!row) throw new RangeError(`no upgrade mode is called ${mode}`);
	return row;
}

/** Label of the flash area that is a scratch area (MCUboot readme-zephyr.md, scratch partition). */
export const SCRATCH_LABEL = "image-scratch";
