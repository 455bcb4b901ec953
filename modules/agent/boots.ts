import type { BootUtil } from "../bootutil/bootutil.js";
import type { FlashMap } from "../flash/map.js";
import { BOOT_JOURNAL, BootJournal, type CrashBudget } from "../smp/group/boot-journal.js";
import { forLog, onTrial } from "./agent.js";
import type { Host } from "./host.js";

/** What an application may do that says nothing of it, and the most that one may say. */
const CRASHES = 3;
const MIN_UPTIME = 30;

/** How often an application may crash in a row, by what its confirm policy says; a runtime's limit is stronger. */
export const crashBudget = (policy: { readonly crashes?: number; readonly minUptime?: number } = {}): CrashBudget => ({
	crashes: Math.max(1, Math.min(policy.crashes ?? CRASHES, CRASHES)),
	minUptime: policy.minUptime || MIN_UPTIME,
});

/**
 * Opens the record of boots on the area `boot-journal`, and writes down this start. `budget`: of the application that is about to
 * start. Undefined without a fitting area.
 */
export function openBootJournal(
	host: Host,
	map: FlashMap,
	boot: BootUtil,
	budget?: CrashBudget,
): BootJournal | undefined {
	const area = map.labelled(BOOT_JOURNAL);
	if (!area) return undefined;
	const log = (line: string): void => host.log(`<wrn> ${forLog(line)}`);
	try {
		const journal = new BootJournal({
			area,
			boot,
			uptime: () => host.uptime(),
			onTrial: (image) => onTrial(boot, image),
			reason: host.startReason?.() ?? { cause: "unknown" },
			budget,
			log,
		});
		const { safe, probation } = journal;
		if (safe)
			log(`app: safe mode, crashes in a row: ${safe.crashes}, the last: ${safe.words}; the agent runs without it`);
		if (probation && budget) host.after(1000 * budget.minUptime, () => journal.lived());
		return journal;
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		log(`boot_journal: ${error.message}`);
		return undefined;
	}
}
