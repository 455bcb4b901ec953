import type { BootResult } from "../config.js";

// What MCUboot's Zephyr port does around a boot to get into serial recovery (boot/zephyr/main.c; Kconfig.serial_recovery,
// Entrance methods), and to get into a firmware loader (boot/zephyr/firmware_loader.c). A boot loader has the entrances that
// it was built with.

/** A reason for which a boot does not start the application. */
export type Entrance =
	/** A pin is held while the device starts. */
	| "pin"
	/** The application left the boot loader's boot mode before it reset the device. */
	| "boot-mode"
	/** There is nothing to boot. */
	| "no-image"
	/** A request arrives within a time in which the boot loader listens. */
	| "wait";

/** Boot modes (Zephyr retention subsystem, `BOOT_MODE_TYPES`). */
export const BootMode = Object.freeze({ NORMAL: 0, BOOTLOADER: 1 } as const);

/** The board, as far as it decides where a boot leads to. */
export interface BootBoard {
	/** Whether the pin is held. */
	pinHeld(): boolean;
	/** The boot mode that the last application left, in memory that a reset does not clear. */
	bootMode(): number;
	/** Sets the boot mode back to `NORMAL`. */
	clearBootMode(): void;
	/** Milliseconds since the start. */
	uptime(): number;
}

/** What a boot that may lead to serial recovery is made of. */
export interface RecoverableBoot {
	readonly entrances: readonly Entrance[];
	/** With the entrance `wait`: milliseconds from the start of the boot for which requests are waited for. */
	readonly wait: number;
	/** Runs the boot loader. */
	boot(): BootResult;
	/** Starts serial recovery, which only a reset ends. */
	recover(by: Entrance): void;
	/** Listens for `ms` milliseconds. Calls `quiet` if no request came; else serial recovery has started. */
	listen(ms: number, quiet: () => void): void;
	/** Starts what was booted, or stays down if that is nothing. */
	finish(result: BootResult): void;
}

/**
 * One boot of a boot loader with serial recovery. The pin is looked at before any image, the boot mode after all swaps, as in
 * MCUboot: so a pin also helps a boot loader that stops in the middle of a swap.
 */
export function bootOrRecover(board: BootBoard, boot: RecoverableBoot): void {
	const { entrances } = boot;
	const has = (entrance: Entrance): boolean => entrances.includes(entrance);
	const start = board.uptime();
	if (has("pin") && board.pinHeld()) {
		boot.recover("pin");
		return;
	}
	const result = boot.boot();
	if (has("boot-mode") && takeBootMode(board)) {
		boot.recover("boot-mode");
		return;
	}
	const finish = (): void => {
		if (!result.ok && !result.halted && has("no-image")) boot.recover("no-image");
		else boot.finish(result);
	};
	// However long the boot took, a request that waits on the line is seen.
	if (has("wait")) boot.listen(Math.max(1, boot.wait - (board.uptime() - start)), finish);
	else finish();
}

/** Whether a firmware loader is asked for. The boot mode is taken even if the pin asks already. */
export function loaderWanted(board: BootBoard, entrances: readonly Entrance[]): boolean {
	const byPin = entrances.includes("pin") && board.pinHeld();
	const byMode = entrances.includes("boot-mode") && takeBootMode(board);
	return byPin || byMode;
}

/** Whether the boot mode asks for the boot loader. It does so once. */
function takeBootMode(board: BootBoard): boolean {
	if (board.bootMode() !== BootMode.BOOTLOADER) return false;
	board.clearBootMode();
	return true;
}
