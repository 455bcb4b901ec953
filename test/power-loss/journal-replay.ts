import { hex } from "../../modules/bytes/hex.js";
import { changeWords, checkWords, outcomeWords, startWords } from "../../modules/smp/protocol/boot-journal.js";
import { apply, type Cut, cutName } from "../../page/flash/cut.js";
import type { Operation } from "./flash.js";
import { isRecord, JournalBench } from "./journal-bench.js";
import { type JournalScenario, RECORD, SECTORS } from "./journal-scenario.js";

/** Kinds of records by number (docs/SMP.md, Storage). */
const KINDS = ["?", "start", "confirmed", "failed", "reset", "left", "lived", "check"];

/** Boots that are shown after the last cut. */
const BOOTS = 3;

/** As `replay`, of the boot journal: each operation, the records in each sector, and what the journal says afterwards. */
export function replayJournal(id: string, scenario: JournalScenario, cuts: readonly Cut[]): string[] | undefined {
	const bench = new JournalBench(scenario);
	const end = bench.play(cuts);
	if (!end) return undefined;
	const { geometry, contents, step } = scenario;
	const lines = [`${id}: boot journal in ${SECTORS} of ${geometry.title}; ${contents.title}; ${step.title}`];
	let stage = bench.phase;
	let fates = stage.fates(0);
	for (const [index, cut] of cuts.entries()) {
		if (index > 0) stage = bench.nextStage(fates);
		bench.memory.set(stage.start);
		lines.push("", index === 0 ? `${step.title}:` : "the next start:", ...sectors(bench));
		stage.ops.slice(0, cut.done).forEach((operation, at) => {
			apply(bench.memory, operation);
			lines.push(`  ${String(at).padStart(4)}  ${describe(bench, operation)}`);
		});
		fates = bench.cutAt(stage, cut, index + 1).fates;
		lines.push(`  ---- power fails (${cutName(cut)})`, ...sectors(bench));
	}
	const atCut = bench.memory.slice();
	for (let boot = 1; boot <= BOOTS; boot++) {
		bench.device.boot();
		const [entry] = bench.start({ cause: "power" }).boots(1);
		const words =
			entry &&
			[startWords(entry.start), changeWords(entry), checkWords(entry), outcomeWords(entry)].filter(Boolean).join(" | ");
		lines.push("", `start ${boot}: ${entry ? `#${entry.number} ${words}` : "the journal has no record of it"}`);
		lines.push(...sectors(bench));
	}
	bench.memory.set(atCut);
	const symptom = bench.judge(end);
	lines.push("", symptom === undefined ? "passed" : `FAILED: ${symptom}`);
	return lines;
}

const describe = (bench: JournalBench, { area, offset, length, bytes }: Operation): string =>
	`${bytes ? "write" : "erase"} ${area === bench.area.id ? "journal" : "slot"} ${hex(offset)}+${hex(length)}`;

/** The records in each sector: number and kind; what is erased is --, anything else ??. */
function sectors({ device, area }: JournalBench): string[] {
	const bytes = device.flash.bytes(area.id);
	return Array.from({ length: SECTORS }, (_, sector) => {
		const places: string[] = [];
		for (let at = sector * area.sectorSize; at < (sector + 1) * area.sectorSize; at += RECORD)
			places.push(placeName(Buffer.from(bytes.subarray(at, at + RECORD))));
		return `        sector ${sector}  ${places.join(" ")}`;
	});
}

function placeName(place: Buffer): string {
	if (place.every((byte) => byte === 0xff)) return "--";
	return isRecord(place) ? `${place.readUInt32LE(0)}:${KINDS[place[4]!] ?? "?"}` : "??";
}
