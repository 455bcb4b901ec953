import { installs, type Mode, runsFromRam, type UpgradeMode } from "../modules/bootutil/modes.js";

/** Names of a mode for people; a device needs none of them. */
export interface ModeNames {
	/** On command lines. */
	readonly option: string;
	/** In sentences, as MCUboot's documentation has it. */
	readonly title: string;
}

/** The modes by name, in the order in which help lists them. */
export const MODE_NAMES: Readonly<Record<UpgradeMode, ModeNames>> = Object.freeze({
	"swap-move": { option: "move", title: "swap using move" },
	"swap-offset": { option: "offset", title: "swap using offset" },
	"swap-scratch": { option: "scratch", title: "swap using scratch" },
	overwrite: { option: "overwrite", title: "overwrite only" },
	"direct-xip": { option: "direct-xip", title: "direct XIP" },
	"direct-xip-revert": { option: "direct-xip-revert", title: "direct XIP with revert" },
	"ram-load": { option: "ram-load", title: "RAM load" },
	"ram-load-revert": { option: "ram-load-revert", title: "RAM load with revert" },
	"firmware-loader": { option: "firmware-loader", title: "firmware loader" },
	"single-slot": { option: "single-slot", title: "single slot" },
	"single-slot-ram-load": { option: "single-slot-ram-load", title: "single slot that is loaded to RAM" },
});

/**
 * Whether a boot loader of this mode can be built for encrypted images: where it installs or loads them, and where its serial
 * recovery decrypts them in the only slot (MCUboot boot/zephyr/Kconfig, `BOOT_ENCRYPT_IMAGE`; bootutil_priv.h).
 */
export const takesEncrypted = (mode: Mode): boolean =>
	installs(mode) || mode.singleSlot !== undefined || runsFromRam(mode);

/** The name of each mode on command lines, with the mode. */
export const MODE_OPTIONS: ReadonlyMap<string, UpgradeMode> = new Map(
	(Object.keys(MODE_NAMES) as UpgradeMode[]).map((mode) => [MODE_NAMES[mode].option, mode]),
);
