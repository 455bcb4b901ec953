import { hex } from "../../modules/bytes/hex.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import { apply, type Cut, cutName } from "../../page/flash/cut.js";
import { ERASED } from "../../page/flash/operation.js";
import { flagName, magicName, swapTypeName } from "../vectors/mcuboot/device.js";
import type { Device } from "./device.js";
import type { Operation } from "./flash.js";
import { replayJournal } from "./journal-replay.js";
import type { Fates } from "./phase.js";
import type { Run } from "./run.js";
import { LOADERS } from "./scenario.js";
import { Bench, culpritOf, type Stage } from "./sweep.js";
import { nextFates } from "./verdict.js";

/** Boots that are shown after the last cut. */
const BOOTS = 4;

/**
 * Tells a run operation by operation, with what every sector of the slots holds; then the boots that follow, and the verdict.
 * Undefined if one of its cuts has no operation to be at.
 */
export function replay({ id, scenario, cuts }: Run): string[] | undefined {
	if (scenario.letter === "j") return replayJournal(id, scenario, cuts);
	const bench = new Bench(scenario);
	const end = bench.play(cuts);
	if (!end) return undefined;
	const { geometry, sizes, phase, letter } = scenario;
	const view = new View(bench.device);
	const lines = [
		`${id}: ${LOADERS[letter].title}; ${geometry.title}; ${sizes.title}; ${phase.title}`,
		"O and N: a sector of the old or the new image; o and n: only its beginning; --: erased; ??: anything else; T: trailer",
	];
	let stage = bench.phase;
	let fates = stage.fates(0);
	for (const [index, cut] of cuts.entries()) {
		if (index > 0) stage = bench.nextStage(fates);
		lines.push("", index === 0 ? `${phase.title}:` : "the next boot:");
		tellStage(bench, stage, cut, view, lines);
		fates = bench.cutAt(stage, cut, index + 1).fates;
		lines.push(`  ---- power fails (${cutName(cut)})`, ...view.slots());
	}
	const atCut = bench.device.flash.memory.slice();
	let due = fates;
	for (let boot = 1; boot <= BOOTS; boot++) {
		const { ok, reason } = bench.device.boot();
		const runs = bench.device.numbers.map((image) => bench.device.running(image) ?? "neither").join(", ");
		const expected = due.map((roles) => roles[0]).join(", ");
		lines.push("", `boot ${boot}: ${ok ? `runs ${runs}` : reason}; expected ${expected}`);
		for (const words of bench.device.log) lines.push(`  loader: ${words}`);
		lines.push(`  ${bench.device.flash.ops.length} flash operations`, ...view.slots());
		if (ok) due = nextFates(due);
	}
	bench.device.flash.memory.set(atCut);
	const symptom = bench.judge(end);
	const culprit = culpritOf(symptom, end.defects);
	lines.push(
		"",
		symptom === undefined ? "passed" : `${culprit ? `known defect ${culprit.name}` : "FAILED"}: ${symptom}`,
	);
	return lines;
}

/** The operations of a stage up to a cut, each with the slot that it changed. */
function tellStage(bench: Bench, stage: Stage<Fates>, cut: Cut, view: View, lines: string[]): void {
	const { memory } = bench.device.flash;
	memory.set(stage.start);
	lines.push(...view.slots());
	stage.ops.slice(0, cut.done).forEach((operation, index) => {
		const before = view.slot(operation.area);
		apply(memory, operation);
		const after = view.slot(operation.area);
		lines.push(`  ${String(index).padStart(4)}  ${describe(operation)}`);
		if (after !== before) lines.push(`        ${after}`);
	});
	const torn = stage.ops[cut.done];
	if (torn && (cut.units !== undefined || cut.half !== undefined)) {
		const part = cut.units === undefined ? `${cut.half} half of it` : `${cut.units} units of it`;
		const more = cut.partial ? ", and some bits of the next" : "";
		lines.push(`  ${String(cut.done).padStart(4)}  ${describe(torn)}: ${part}${more}`);
	}
}

const slotTitle = (area: number): string => `${area % 2 === 1 ? "primary" : "secondary"} ${(area - 1) >> 1}`;

function describe({ area, offset, length, bytes }: Operation): string {
	const place = `${slotTitle(area)} ${hex(offset)}+${hex(length)}`;
	if (!bytes) return `erase ${place}`;
	const data = bytes.length <= 32 ? ` = ${Buffer.from(bytes).toString("hex")}` : "";
	return `write ${place}${data}`;
}

/** What the slots of a device hold, in words. */
class View {
	readonly #device: Device;

	constructor(device: Device) {
		this.#device = device;
	}

	slots(): string[] {
		return this.#device.flash.map.areas().map(({ id }) => `        ${this.slot(id)}`);
	}

	slot(area: number): string {
		const image = (area - 1) >> 1;
		const which = area === slotAreaId(image, "primary") ? "primary" : "secondary";
		const bytes = this.#device.flash.bytes(area);
		const { sectorSize } = this.#device.scenario.geometry;
		const trailerSector = Math.floor(this.#device.trailer(image, which).layout.status / sectorSize);
		const sectors: string[] = [];
		for (let at = 0; at < trailerSector; at++)
			sectors.push(this.#sector(image, bytes.subarray(at * sectorSize, (at + 1) * sectorSize)));
		return `${slotTitle(area).padEnd(11)} ${sectors.join(" ")} T ${this.#trailer(image, which)}`;
	}

	#sector(image: number, sector: Uint8Array): string {
		if (sector.every((byte) => byte === ERASED)) return "--";
		let best = { same: 3, label: "??" };
		for (const role of ["old", "new"] as const) {
			const whole = this.#device.image(image, role);
			for (let index = 0; index * sector.length < whole.length; index++) {
				const expected = new Uint8Array(sector.length).fill(ERASED);
				expected.set(whole.subarray(index * sector.length, (index + 1) * sector.length));
				const label = `${role === "old" ? "O" : "N"}${index}`;
				if (Buffer.compare(sector, expected) === 0) return label;
				let same = 0;
				while (sector[same] === expected[same]) same++;
				if (!sector.subarray(same).every((byte) => byte === ERASED) || same < best.same) continue;
				best = { same, label: same === best.same ? "??" : label.toLowerCase() };
			}
		}
		return best.label;
	}

	#trailer(image: number, which: "primary" | "secondary"): string {
		const trailer = this.#device.trailer(image, which);
		const { magic, swapType, copyDone, imageOk } = trailer.read();
		const info = trailer.swapInfo() === ERASED ? "unset" : swapTypeName(swapType);
		const last = this.#device.records(image, which);
		const records = last === 0 ? "no record" : `last record ${last}`;
		return `magic ${magicName(magic)}, swap_info ${info}, copy_done ${flagName(copyDone)}, image_ok ${flagName(imageOk)}, ${records}`;
	}
}
