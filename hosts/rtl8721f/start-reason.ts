import type { StartReason } from "../../modules/smp/protocol/boot-journal.js";

// Zephyr's bits for the cause of a reset, RESET_… of zephyr/drivers/hwinfo.h.
const PIN = 1 << 0;
const SOFTWARE = 1 << 1;
const BROWNOUT = 1 << 2;
const POWER = 1 << 3;
const WATCHDOG = 1 << 4;
const LOCKUP = 1 << 8;

/** Several bits may be set: a watchdog's reset is a reset by software on some chips, and each is one after power on on others. */
export function startReasonOf(cause: number): StartReason {
	if (cause & WATCHDOG) return { cause: "watchdog" };
	if (cause & LOCKUP) return { cause: "crash", words: "CPU lockup" };
	if (cause & BROWNOUT) return { cause: "power", words: "brownout" };
	if (cause & SOFTWARE) return { cause: "software" };
	if (cause & POWER) return { cause: "power" };
	if (cause & PIN) return { cause: "pin" };
	return { cause: "unknown" };
}
