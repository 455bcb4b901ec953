import type { BootConfig } from "../../modules/bootutil/config.js";
import { MODES, type UpgradeMode } from "../../modules/bootutil/modes.js";
import { trailerLayout, trailerMagic } from "../../modules/bootutil/trailer.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { FlashArea } from "../../modules/flash/area.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { BOOT_JOURNAL } from "../../modules/smp/group/boot-journal.js";
import type { FlashCounters } from "../../modules/smp/group/counters.js";
import type { ImageOptions } from "../../modules/smp/group/image/image.js";
import { image } from "../unit/smp/support.js";

export const SECTOR = 1024;
/** Of a slot. */
export const SECTORS = 16;
const WRITE_ALIGN = 4;

export const STORAGE_AREA = 16;
export const JOURNAL_AREA = 17;
const BOOT_JOURNAL_AREA = 18;

/** What devices differ in: what is on their flash, and how their image group is built. */
export interface Kind {
	readonly mode: UpgradeMode;
	/** Bytes of the image that runs. Default 3000. */
	readonly running?: number;
	/** Whether that is on trial. */
	readonly trial?: boolean;
	/**
	 * What is unusual about image 0: an old header in front of the update, the update's mark, that it is marked, that it had
	 * its trial, both trailers, or the running image itself.
	 */
	readonly wrong?: "header" | "mark" | "marked" | "tried" | "trailers" | "running";
	readonly boot?: Partial<BootConfig>;
	readonly image?: Partial<ImageOptions>;
}

/** Stands for a look at signatures, of which no image has one. */
const unsigned = { take: () => undefined, signed: false };

/** Each takes its turn. Together they have every way of upgrading, and whatever the guards are for. */
export const KINDS: readonly Kind[] = Object.freeze([
	{ mode: "swap-move", image: { confirmOtherImages: "any" } },
	{ mode: "swap-offset", running: 9000, image: { downgrade: { version: true } } },
	{ mode: "swap-offset", wrong: "header", running: 900, image: { frugalList: true } },
	{ mode: "swap-move", trial: true, wrong: "marked", image: { verifyMarked: false } },
	{ mode: "swap-offset", trial: true, boot: { trailer: "2.2" } },
	{ mode: "swap-offset", running: 9000, boot: { trailer: "2.2", images: 1 }, image: { sizeLimit: "slot" } },
	{ mode: "swap-scratch", trial: true, image: { guards: false, erasePending: false, sizeLimit: "slot" } },
	{ mode: "swap-move", wrong: "mark", image: { confirmOtherImages: "none" } },
	{ mode: "swap-move", running: 14_500, image: { downgrade: { counter: "running" } } },
	{ mode: "swap-move", wrong: "trailers", image: { downgrade: { counter: () => 2, limit: 3 } } },
	{ mode: "swap-move", wrong: "running", image: { guards: false } },
	{ mode: "overwrite", image: { confirmInactive: false, compareBuild: true } },
	{ mode: "direct-xip", image: { confirmOtherImages: "any" } },
	{ mode: "direct-xip-revert", trial: true, image: { signature: () => unsigned } },
	{ mode: "direct-xip-revert", wrong: "tried", image: { verifyMarked: false } },
	{ mode: "ram-load" },
] as const satisfies readonly Kind[]);

export const bootConfig = ({ mode, boot }: Kind): BootConfig => ({
	mode,
	images: 2,
	maxAlign: 8,
	maxSectors: SECTORS,
	trailer: "current",
	...boot,
});

/** A fresh flash: the contents of each area by its id. */
export function newFlash(kind: Kind): Map<number, Uint8Array> {
	const blank = (sectors: number): Uint8Array => new Uint8Array(SECTOR * sectors).fill(0xff);
	const flash = new Map<number, Uint8Array>();
	for (const index of [0, 1]) {
		const primary = blank(SECTORS);
		const secondary = blank(SECTORS);
		primary.set(runningImage(kind, index));
		secondary.set(
			otherImage(kind, index), // What an offset swap leaves behind, it leaves at the start.
			kind.mode === "swap-offset" && !kind.trial ? SECTOR : 0,
		);
		const layout = trailerLayout(bootConfig(kind), primary.length, WRITE_ALIGN);
		const magic = trailerMagic(bootConfig(kind).maxAlign);
		if (kind.trial) {
			primary.set(magic, layout.magic);
			primary[layout.copyDone] = 1;
		}
		if (index === 0 && kind.wrong === "header") secondary.set(primary.subarray(0, 32));
		if (index === 0 && (kind.wrong === "mark" || kind.wrong === "marked" || kind.wrong === "tried"))
			secondary.set(magic, layout.magic);
		if (index === 0 && kind.wrong === "mark") secondary[layout.imageOk] = 0x5a;
		if (index === 0 && kind.wrong === "tried") secondary[layout.copyDone] = 1;
		if (index === 0 && kind.wrong === "trailers") for (const slot of [primary, secondary]) slot[layout.magic] = 0x5a;
		if (index === 0 && kind.wrong === "running") primary.fill(0xff);
		flash.set(2 * index + 1, primary);
		flash.set(2 * index + 2, secondary);
	}
	flash.set(STORAGE_AREA, blank(6));
	flash.set(JOURNAL_AREA, blank(1));
	flash.set(BOOT_JOURNAL_AREA, blank(3));
	return flash;
}

export const runningImage = ({ running = 3000 }: Kind, index: number): Uint8Array =>
	validImage(running + 100 * index, [1, index, 0], index + 1);

/** The one in the other slot. */
export const otherImage = ({ mode, wrong }: Kind, index: number): Uint8Array =>
	validImage(wrong === "header" ? 900 : 2500, [MODES[mode].newest ? 2 : 0, 9, index], index + 3);

const LABELS: ReadonlyMap<number, string> = new Map([
	[STORAGE_AREA, "storage"],
	[BOOT_JOURNAL_AREA, BOOT_JOURNAL],
]);

export function openAreas(flash: ReadonlyMap<number, Uint8Array>, counters: FlashCounters): FlashArea[] {
	const geometry = { sectorSize: SECTOR, writeAlign: WRITE_ALIGN };
	return Array.from(
		flash,
		([id, memory]) =>
			new FlashArea(id, LABELS.get(id) ?? `area-${id}`, 0, counters.partition(new NorPartition(memory, geometry))),
	);
}

/** An image that carries the hash that it has. */
export function validImage(size: number, version: readonly [number, number, number], seed: number): Uint8Array {
	const data = image(size, version, seed);
	const hasher = nobleDigest.sha256();
	hasher.update(data.subarray(0, size - 40));
	data.set(hasher.digest(), size - 32);
	return data;
}
