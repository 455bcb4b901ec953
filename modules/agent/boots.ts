import type { BootUtil } from "../bootutil/bootutil.js";
import type { FlashMap } from "../flash/map.js";
import { BOOT_JOURNAL, BootJournal } from "../smp/group/boot-journal.js";
import { forLog, onTrial } from "./agent.js";
import type { Host } from "./host.js";

/** Opens the record of boots on the area `boot-journal`, and writes down this start. Undefined without a fitting area. */
export function openBootJournal(host: Host, map: FlashMap, boot: BootUtil): BootJournal | undefined {
	const area = map.labelled(BOOT_JOURNAL);
	if (!area) return undefined;
	const log = (line: string): void => host.log(`<wrn> ${forLog(line)}`);
	try {
		return new BootJournal({
			area,
			boot,
			uptime: () => host.uptime(),
			onTrial: (image) => onTrial(boot, image),
			reason: host.startReason?.() ?? { cause: "unknown" },
			log,
		});
	} catch (error) {
		if (!(error instanceof RangeError)) throw error;
		log(`boot_journal: ${error.message}`);
		return undefined;
	}
}
