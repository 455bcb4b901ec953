import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import { FlashArea } from "../../../modules/flash/area.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { BootJournal, type CrashBudget } from "../../../modules/smp/group/boot-journal.js";
import {
	type BootEntry,
	changeWords,
	checkWords,
	outcomeWords,
	type StartReason,
	startWords,
} from "../../../modules/smp/protocol/boot-journal.js";
import { image } from "./support.js";

export const SECTOR = 1024;
const SLOT = 16 * SECTOR;
export const A = image(600, [1, 0, 0], 1);
export const B = image(700, [1, 1, 0], 2);
export const C = image(800, [1, 2, 0], 3);

class PowerCut extends Error {}

/** A partition that loses power in the middle of operation `cutAt`. */
export class CutPartition extends NorPartition {
	operations = 0;
	cutAt = Number.POSITIVE_INFINITY;

	#take(half: () => void): void {
		if (++this.operations < this.cutAt) return;
		if (this.operations === this.cutAt) half();
		throw new PowerCut();
	}

	override write(data: Uint8Array | ArrayBuffer, byteOffset: number): void {
		const bytes = new Uint8Array(data as Uint8Array);
		this.#take(() => super.write(bytes.subarray(0, (bytes.length / 8) * 4), byteOffset));
		super.write(bytes, byteOffset);
	}

	override eraseBlock(first: number, end = first + 1): void {
		this.#take(() => this.memory.fill(0xff, first * SECTOR, first * SECTOR + SECTOR / 2));
		super.eraseBlock(first, end);
	}
}

/** A device of one image whose boot loader is the test. */
export class Device {
	readonly memory: Uint8Array;
	readonly lines: string[] = [];
	partition!: CutPartition;
	journal!: BootJournal;
	seconds = 0;

	constructor(sectors = 4) {
		this.memory = new Uint8Array(sectors * SECTOR).fill(0xff);
	}

	area(): FlashArea {
		this.partition = new CutPartition(this.memory, { sectorSize: SECTOR, writeAlign: 4 });
		return new FlashArea(18, "boot-journal", 0, this.partition);
	}

	boot(
		file: Uint8Array,
		trial = false,
		reason: StartReason = { cause: "power" },
		cutAt = Number.POSITIVE_INFINITY,
		budget?: CrashBudget,
	) {
		const slots = [1, 2].map((id) => {
			const memory = new Uint8Array(SLOT).fill(0xff);
			if (id === 1) memory.set(file);
			return new FlashArea(id, `image-${id - 1}`, 0, new NorPartition(memory, { sectorSize: SECTOR, writeAlign: 4 }));
		});
		const boot = new BootUtil(new FlashMap(slots), {
			...({ mode: "swap-move", images: 1, maxAlign: 8, maxSectors: 16, trailer: "current" } as const),
		});
		const area = this.area();
		this.partition.cutAt = cutAt;
		this.seconds = 0;
		this.journal = new BootJournal({
			area,
			boot,
			uptime: () => 1000 * this.seconds,
			onTrial: () => trial,
			reason,
			budget,
			log: (line) => this.lines.push(line),
		});
	}

	/** Each boot, newest first, in a line. */
	history(): string[] {
		const entries = this.journal.boots(1000);
		return entries.map((entry, at) => inWords(entry, entries[at - 1]));
	}
}

const inWords = (entry: BootEntry, next?: BootEntry): string =>
	[`#${entry.number}`, startWords(entry.start), changeWords(entry), checkWords(entry), outcomeWords(entry, next)]
		.filter((words, at) => at !== 3 || words !== "")
		.join(" | ");
