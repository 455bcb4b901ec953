import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { FlashArea } from "../../modules/flash/area.js";
import { FlashRing } from "../../modules/flash/ring.js";
import { BootJournal } from "../../modules/smp/group/boot-journal.js";
import type { StartReason } from "../../modules/smp/protocol/boot-journal.js";
import type { Defect } from "./defects.js";
import { Device } from "./device.js";
import type { Operation } from "./flash.js";
import type { JournalMutant } from "./journal-mutants.js";
import { type JournalScenario, RECORD, SECTORS, STARTS } from "./journal-scenario.js";
import { scenarioNamed } from "./scenario.js";
import { CutBench, type Moment, type Stage } from "./sweep.js";
import type { Symptom } from "./verdict.js";

/** Records by their place in the area. */
type Records = ReadonlyMap<number, string>;

/** What has to be in the area when power fails, and what may be there besides: what was being written or erased. */
export interface Expected {
	readonly must: Records;
	readonly may: Records;
}

const POWER: StartReason = { cause: "power" };
const CRASH: StartReason = { cause: "crash", words: "uncaught Error: x", after: 1 };
const BUDGET = { crashes: 3, minUptime: 30 };

/** Cuts in one chain. */
const MOST_CUTS = 3;

/** Kinds of records (docs/SMP.md, Storage). */
const CONFIRMED = 2;
const LEFT = 5;

/** A device with a boot journal, an old image and a new one. The application runs only as far as the journal is concerned. */
export class JournalBench extends CutBench<Expected> {
	readonly device: Device;
	readonly phase: Stage<Expected>;
	readonly area: FlashArea;
	readonly #scenario: JournalScenario;
	readonly #mutant: JournalMutant | undefined;
	readonly #perSector: number;
	readonly #known = new Map<string, Symptom | undefined>();
	#journal: BootJournal | undefined;

	constructor(scenario: JournalScenario, mutant?: JournalMutant) {
		super(scenario.id, scenario.geometry.writeAlign);
		const { geometry, contents, step } = scenario;
		this.#scenario = scenario;
		this.#mutant = mutant;
		this.#perSector = geometry.sectorSize / RECORD;
		const images = scenarioNamed(`m${geometry.name}-same-ok`)!;
		this.device = new Device(images, undefined, { sectors: SECTORS, ...(mutant?.tamper && { tamper: mutant.tamper }) });
		this.area = this.device.flash.map.labelled("boot-journal")!;
		if (contents.junk) this.#bytes().set(this.#bytes().map((_, i) => (i * 31 + 7) & 0xff));
		const wanted = contents.records?.(this.#perSector) ?? 0;
		for (let records = STARTS[step.before]; records < wanted; records++) this.start(POWER);
		this.#before();
		const start = this.memory.slice();
		this.device.flash.begin();
		this.#step();
		this.phase = this.#stage(start);
	}

	get memory(): Uint8Array {
		return this.device.flash.memory;
	}

	/** The application starts, and the journal with it. */
	start(reason: StartReason): BootJournal {
		this.#journal = new BootJournal({
			area: this.area,
			boot: this.device.bootutil,
			uptime: () => 40_000,
			onTrial: (image) => !this.device.bootutil.boot_is_img_confirmed(image),
			reason,
			budget: BUDGET,
			log: () => {},
		});
		return this.#journal;
	}

	/** The application starts again; what the boot loader does meanwhile is cut elsewhere. */
	nextStage(_fates: Expected): Stage<Expected> {
		const start = this.memory.slice();
		this.device.flash.begin();
		this.start(POWER);
		return this.#stage(start);
	}

	judge({ symptom, fates }: Pick<Moment<Expected>, "symptom" | "fates">): Symptom | undefined {
		if (symptom !== undefined) return symptom;
		const kept = [...fates.must].map(([at, record]) => `${at}${record}`).join();
		const key = `${createHash("sha1").update(this.memory).update(kept).digest("base64")}`;
		if (!this.#known.has(key)) this.#known.set(key, this.#judge(fates));
		return this.#known.get(key);
	}

	protected caught(): readonly Defect[] {
		return [];
	}

	/** The records in the area, newest first, found without the journal's own code. */
	records(): string[] {
		return [...scan(this.#bytes())].map(([, record]) => record).sort((a, b) => numberOf(b) - numberOf(a));
	}

	#bytes(): Uint8Array {
		return this.device.flash.bytes(this.area.id);
	}

	#before(): void {
		const { device } = this;
		const { before } = this.#scenario.step;
		if (before !== "none") {
			device.request(0, false);
			device.boot();
		}
		if (before === "trial") this.start(POWER);
		if (before !== "crashed") return;
		device.confirm(0);
		for (const reason of [POWER, CRASH, CRASH, CRASH]) this.start(reason);
	}

	#step(): void {
		const journal = this.#journal!;
		const confirmed = (): void => journal.confirmed(0, "a client over udp");
		switch (this.#scenario.step.name) {
			case "start":
			case "safe":
				this.start(POWER);
				return;
			case "ok":
				if (this.#mutant?.recordFirst) confirmed();
				this.device.confirm(0);
				if (!this.#mutant?.recordFirst) confirmed();
				return;
			case "check":
				journal.checked(true, "timer");
				return;
			case "fail":
				journal.checked(false, "client: no request within 30 s");
				journal.failed("check client: no request within 30 s");
				return;
			case "reset":
				journal.resetting("a client over udp");
				return;
			case "left":
				journal.leaveSafeMode("a client over udp");
				return;
			case "lived":
				journal.lived();
		}
	}

	#stage(start: Uint8Array): Stage<Expected> {
		const { ops } = this.device.flash;
		const offset = this.#bytes().byteOffset - this.memory.byteOffset;
		const before = scan(start.subarray(offset, offset + this.area.size));
		return { start, ops, fates: (done) => this.#expect(before, ops, done) };
	}

	/** What `done` operations, and a part of the next one, make of the records that were there. */
	#expect(before: Records, ops: readonly Operation[], done: number): Expected {
		const must = new Map(before);
		const may = new Map<number, string>();
		const own = (operation: Operation | undefined) => operation?.area === this.area.id;
		const erased = ({ offset, length }: Operation, at: number) => at >= offset && at < offset + length;
		for (const operation of ops.slice(0, done).filter(own))
			if (operation.bytes) must.set(operation.offset, hexOf(operation.bytes));
			else for (const at of must.keys()) if (erased(operation, at)) must.delete(at);
		const next = ops[done];
		if (!next || !own(next)) return { must, may };
		if (next.bytes) may.set(next.offset, hexOf(next.bytes));
		for (const [at, record] of must)
			if (!next.bytes && erased(next, at)) {
				must.delete(at);
				may.set(at, record);
			}
		return { must, may };
	}

	#judge({ must, may }: Expected): Symptom | undefined {
		const found = scan(this.#bytes());
		for (const [at, record] of must) if (found.get(at) !== record) return "record lost";
		for (const [at, record] of found) if (must.get(at) !== record && may.get(at) !== record) return "untrue record";
		const newestFirst = this.records();
		if (this.#read().join() !== newestFirst.join()) return "record lost";
		const { device } = this;
		const { step } = this.#scenario;
		const kinds = newestFirst.map((record) => Number.parseInt(record.slice(8, 10), 16));
		if (!device.boot().ok) return "brick";
		const running = device.running(0);
		if (!running) return "mixture";
		// Who reads that an update was confirmed may rely on that.
		if (kinds.includes(CONFIRMED) && running !== "new") return "untrue record";
		const journal = this.start(POWER);
		const [entry] = journal.boots(1);
		const version = running === "new" ? "11.0.0" : "1.0.0";
		if (entry?.images[0]?.version !== version || entry.start.cause !== "power") return "journal stuck";
		const safe = step.before === "crashed" && !kinds.includes(LEFT);
		if ((journal.safe !== undefined) !== safe) return "safe mode lost";
		return this.#goesOn(journal, newestFirst);
	}

	/** As the journal reads them, newest first. */
	#read(): string[] {
		const ring = new FlashRing(this.area, { first: 0, sectors: SECTORS, record: RECORD });
		ring.load();
		const found: string[] = [];
		ring.walk((record) => found.push(hexOf(record)) > 0);
		return found;
	}

	/** Twice round: each record is there, and of the old ones no more are lost than an erased sector held. */
	#goesOn(journal: BootJournal, before: readonly string[]): Symptom | undefined {
		const places = SECTORS * this.#perSector;
		let expected: readonly string[] = [...before];
		for (let i = 0; i < 2 * places; i += this.#perSector) {
			for (let k = 0; k < this.#perSector; k++) journal.failed(`entry ${i + k}`);
			const found = this.records();
			const fresh = found.filter((record) => !expected.includes(record)).length;
			// Two sectors were begun meanwhile, at most; each cut has spoilt a place.
			const kept = Math.min(expected.length, places - 2 * this.#perSector - MOST_CUTS);
			// The first time there is the start, too.
			if (fresh !== this.#perSector + (i === 0 ? 1 : 0)) return "journal stuck";
			if (found.slice(fresh, fresh + kept).join() !== expected.slice(0, kept).join()) return "record lost";
			expected = found;
		}
		return undefined;
	}
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
/** Whether the CRC is right. */
export const isRecord = (place: Buffer): boolean =>
	place.readUInt32LE(RECORD - 4) === crc32(place.subarray(0, RECORD - 4));

const numberOf = (record: string): number => Buffer.from(record, "hex").readUInt32LE(0);

/** The records in an area, by their places: those whose CRC is right. */
function scan(area: Uint8Array): Map<number, string> {
	const found = new Map<number, string>();
	for (let at = 0; at < area.length; at += RECORD) {
		const record = Buffer.from(area.subarray(at, at + RECORD));
		if (isRecord(record)) found.set(at, hexOf(record));
	}
	return found;
}
