import { BootUtil } from "../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../modules/bootutil/config.js";
import { measureImage } from "../../modules/bootutil/extent.js";
import { bootForecast } from "../../modules/bootutil/forecast.js";
import { formatVersion } from "../../modules/bootutil/header.js";
import { modeOf } from "../../modules/bootutil/modes.js";
import { BootFlag, BootMagic, Trailer } from "../../modules/bootutil/trailer.js";
import type { FlashMap } from "../../modules/flash/map.js";
import { ERASED } from "./operation.js";

/** Which of the two images of a pair: the one that was there, or the one that comes to take its place. */
export type Role = "old" | "new";

/** An image that was seen whole. */
export interface KnownImage {
	readonly role: Role;
	readonly version: string;
	/** Its bytes, sector by sector; the last one is filled up as erased. */
	readonly sectors: readonly Uint8Array[];
}

/** Where a piece of flash comes from. */
export interface Origin {
	readonly role: Role | "both";
	/** Its place in the image, in sectors. */
	readonly sector: number;
	/** Whether only the beginning of the sector is there. */
	readonly part: boolean;
}

interface Place {
	readonly known: KnownImage;
	readonly sector: number;
}

/** Bytes by which a sector is looked up; what the boot loader copies at a time. */
const PROBE = 1024;

/** A key of what a sector begins with. FNV-1a over words: collisions cost time only, the bytes are compared. */
function keyOf(bytes: Uint8Array): number {
	const words = new Uint32Array(bytes.slice(0, PROBE - (PROBE % 4)).buffer);
	let hash = 0x811c9dc5;
	for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
	return hash >>> 0;
}

/**
 * The images of a flash, as they look when they are whole, so that their pieces are known again in the middle of a swap. An
 * image keeps its role as long as it is somewhere, whatever slot it is in.
 */
export class Atlas {
	readonly #config: BootConfig;
	/** By number of the image. */
	readonly #known = new Map<number, Partial<Record<Role, KnownImage>>>();
	readonly #places = new Map<number, Map<number, Place[]>>();
	#generation = 0;

	constructor(config: BootConfig) {
		this.#config = config;
	}

	/** Counts how often what is known has changed. */
	get generation(): number {
		return this.#generation;
	}

	/** Another one that knows the same. */
	copy(): Atlas {
		const copy = new Atlas(this.#config);
		for (const [image, known] of this.#known) {
			copy.#known.set(image, known);
			copy.#index(image, known);
		}
		return copy;
	}

	/** Looks at a flash, and learns the images that are whole in it. */
	learn(map: FlashMap): void {
		const forecasts = bootForecast(new BootUtil(map, this.#config));
		for (let image = 0; image < Math.min(this.#config.images, map.images); image++) {
			// In the middle of a swap, the header of one image and the end of another one may look like an image.
			const { interrupted } = forecasts[image]!;
			if (!interrupted || interrupted.phase === "begin") this.#learnPair(map, image);
		}
	}

	/** The image of a role; undefined if none is known. */
	image(image: number, role: Role): KnownImage | undefined {
		return this.#known.get(image)?.[role];
	}

	/** Where a sector of an image's slots, or of the scratch area, comes from; undefined if that is not known. */
	find(image: number, bytes: Uint8Array): Origin | undefined {
		const places = this.#places.get(image)?.get(keyOf(bytes)) ?? [];
		const whole = places.filter(({ known, sector }) => matches(bytes, known.sectors[sector]!, bytes.length));
		const [first] = whole;
		if (first) {
			const role = whole.some(({ known }) => known !== first.known) ? "both" : first.known.role;
			return { role, sector: first.sector, part: false };
		}
		let end = bytes.length;
		while (end > 0 && bytes[end - 1] === ERASED) end--;
		const part = places.find(({ known, sector }) => matches(bytes, known.sectors[sector]!, end));
		return part && { role: part.known.role, sector: part.sector, part: true };
	}

	#learnPair(map: FlashMap, image: number): void {
		const primary = this.#imageIn(map, image, "primary");
		const secondary = this.#imageIn(map, image, "secondary");
		const before = this.#known.get(image) ?? {};
		const roleOf = (found: FoundBytes | undefined): Role | undefined =>
			found && (["old", "new"] as const).find((role) => isSame(before[role], found));
		const [first, second] = [roleOf(primary), roleOf(secondary)];
		const next: Partial<Record<Role, KnownImage>> = { ...before };
		if (secondary && second === undefined) {
			// It has just come: whatever runs is now the old one.
			next.new = { ...secondary, role: "new" };
			if (primary) next.old = { ...primary, role: "old" };
			if (before.new === undefined && primary && this.#cameBySwap(map, image)) {
				next.new = { ...primary, role: "new" };
				next.old = { ...secondary, role: "old" };
			}
		} else if (primary && first === undefined) {
			const role: Role = second === "old" ? "new" : "old";
			next[role] = { ...primary, role };
		} else return;
		this.#generation++;
		this.#known.set(image, next);
		this.#index(image, next);
	}

	/** Whether the running image is there by a swap, so that the one in the secondary slot is older. */
	#cameBySwap(map: FlashMap, image: number): boolean {
		const { magic, copyDone } = new Trailer(this.#config, map.slot(image, "primary")).read();
		return magic === BootMagic.GOOD && copyDone === BootFlag.SET;
	}

	#imageIn(map: FlashMap, image: number, which: "primary" | "secondary"): FoundBytes | undefined {
		const area = map.slot(image, which);
		const { updateSector = 0 } = modeOf(this.#config.mode);
		const starts = which === "secondary" && updateSector > 0 ? [updateSector * area.sectorSize, 0] : [0];
		for (const start of starts) {
			const extent = measureImage(area, start);
			if (!extent || start + extent.total > area.size) continue;
			const sectors: Uint8Array[] = [];
			for (let at = 0; at < extent.total; at += area.sectorSize) {
				const sector = new Uint8Array(area.sectorSize).fill(ERASED);
				sector.set(area.bytes(start + at, Math.min(area.sectorSize, extent.total - at)));
				sectors.push(sector);
			}
			return { version: formatVersion(extent.header.version), sectors };
		}
		return undefined;
	}

	#index(image: number, known: Partial<Record<Role, KnownImage>>): void {
		const places = new Map<number, Place[]>();
		for (const each of [known.old, known.new])
			each?.sectors.forEach((bytes, sector) => {
				const key = keyOf(bytes);
				const there = places.get(key) ?? [];
				there.push({ known: each, sector });
				places.set(key, there);
			});
		this.#places.set(image, places);
	}
}

type FoundBytes = Pick<KnownImage, "version" | "sectors">;

const isSame = (known: KnownImage | undefined, found: FoundBytes): boolean =>
	known?.sectors.length === found.sectors.length &&
	known.sectors.every((bytes, i) => matches(bytes, found.sectors[i]!, bytes.length));

function matches(a: Uint8Array, b: Uint8Array, length: number): boolean {
	for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
	return true;
}
