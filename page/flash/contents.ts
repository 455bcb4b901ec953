import type { BootConfig } from "../../modules/bootutil/config.js";
import { decodeHeader, IMAGE_HEADER_SIZE, IMAGE_MAGIC, signedSize } from "../../modules/bootutil/header.js";
import { modeOf, SCRATCH_LABEL } from "../../modules/bootutil/modes.js";
import { trailerLayout } from "../../modules/bootutil/trailer.js";
import type { FlashArea } from "../../modules/flash/area.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import type { FlashMap } from "../../modules/flash/map.js";
import type { Atlas } from "./atlas.js";
import { ERASED } from "./operation.js";

/** What a sector holds. `coming`: of an image that is not whole yet, as in an upload; `data`: bytes that are no image's. */
export type Holds = "erased" | "old" | "new" | "both" | "trailer" | "coming" | "data" | "unknown";

export interface SectorView {
	readonly holds: Holds;
	/** Which sector of its image this is; undefined if it is of none. */
	readonly source?: number;
	/** Whether only the beginning of that sector is there. */
	readonly part?: boolean;
}

/** An area of flash, sector by sector. */
export interface AreaView {
	readonly id: number;
	readonly label: string;
	readonly offset: number;
	readonly size: number;
	/** Missing for an area that is no slot. */
	readonly slot?: { readonly image: number; readonly which: "primary" | "secondary" };
	readonly sectors: readonly SectorView[];
}

const ERASED_SECTOR: SectorView = Object.freeze({ holds: "erased" });

/**
 * Tells what the sectors of a flash hold. It looks again at those alone that changed.
 */
export class Contents {
	readonly #map: FlashMap;
	readonly #config: BootConfig;
	readonly #atlas: Atlas;
	#views: readonly AreaView[] | undefined;
	/** By area: where in it an image is coming. */
	readonly #coming = new Map<number, readonly [from: number, to: number]>();

	/** @param map - of a flash in memory, which changes in place */
	constructor(map: FlashMap, config: BootConfig, atlas: Atlas) {
		this.#map = map;
		this.#config = config;
		this.#atlas = atlas;
	}

	/**
	 * The areas by address. An area without a change, and a sector without one, is the same object as before.
	 *
	 * @param changed - the sectors that have changed since the last call, counted from the beginning of the flash; without it
	 * everything may have, what the images are included
	 */
	look(changed?: ReadonlySet<number>): readonly AreaView[] {
		const before = changed && this.#views;
		this.#views = this.#map
			.areas()
			.sort((a, b) => a.offset - b.offset)
			.map((area, index) => {
				const known = before?.[index];
				const first = area.offset / area.sectorSize;
				const isChanged = (sector: number): boolean => !changed || changed.has(first + sector);
				if (!known) return this.#area(area, () => undefined);
				if (!known.sectors.some((_, sector) => isChanged(sector))) return known;
				return this.#area(area, (sector) => (isChanged(sector) ? undefined : known.sectors[sector]));
			});
		return this.#views;
	}

	/** `known` gives what is known of a sector already. */
	#area(area: FlashArea, known: (sector: number) => SectorView | undefined): AreaView {
		const { id, label, offset, size } = area;
		const { images } = this.#config;
		for (let image = 0; image < images; image++)
			for (const which of ["primary", "secondary"] as const)
				if (id === slotAreaId(image, which))
					return { id, label, offset, size, slot: { image, which }, sectors: this.#slot(area, image, which, known) };
		const isScratch = label === SCRATCH_LABEL;
		const sectors = Array.from({ length: area.sectors }, (_, sector): SectorView => {
			const there = known(sector);
			if (there) return there;
			const bytes = area.bytes(sector * area.sectorSize, area.sectorSize);
			if (isErased(bytes)) return ERASED_SECTOR;
			const origin = isScratch ? this.#findAny(bytes) : undefined;
			return origin ?? { holds: "data" };
		});
		return { id, label, offset, size, sectors };
	}

	#findAny(bytes: Uint8Array): SectorView | undefined {
		for (let image = 0; image < this.#config.images; image++) {
			const view = this.#find(image, bytes);
			if (view) return view;
		}
		return undefined;
	}

	#find(image: number, bytes: Uint8Array): SectorView | undefined {
		const origin = this.#atlas.find(image, bytes);
		return origin && { holds: origin.role, source: origin.sector, part: origin.part };
	}

	#slot(
		area: FlashArea,
		image: number,
		which: "primary" | "secondary",
		known: (sector: number) => SectorView | undefined,
	): SectorView[] {
		const { sectorSize } = area;
		const trailer = Math.floor(trailerLayout(this.#config, area.size, area.writeAlign).status / sectorSize);
		const [from, to] = this.#comingTo(area, which);
		const [knownFrom, knownTo] = this.#coming.get(area.id) ?? [0, 0];
		this.#coming.set(area.id, [from, to]);
		return Array.from({ length: area.sectors }, (_, sector): SectorView => {
			const there = from === knownFrom && to === knownTo && known(sector);
			if (there) return there;
			const bytes = area.bytes(sector * sectorSize, sectorSize);
			if (isErased(bytes)) return ERASED_SECTOR;
			const found = this.#find(image, bytes);
			if (found) return found;
			if (sector >= trailer) return { holds: "trailer" };
			const at = sector * sectorSize;
			return at >= from && at < to ? { holds: "coming", source: (at - from) / sectorSize } : { holds: "unknown" };
		});
	}

	/** The range of an image whose header is there, whole or not; offsets in the slot. */
	#comingTo(area: FlashArea, which: "primary" | "secondary"): readonly [from: number, to: number] {
		const { updateSector = 0 } = modeOf(this.#config.mode);
		const from = which === "secondary" ? updateSector * area.sectorSize : 0;
		const header = decodeHeader(area.bytes(from, IMAGE_HEADER_SIZE));
		return header.magic === IMAGE_MAGIC ? [from, from + signedSize(header) + 1] : [0, 0];
	}
}

/** Adds the sectors that a range of the flash touches, counted from its beginning, as `Contents.look` takes them. */
export function addSectors(sectors: Set<number>, at: number, length: number, sectorSize: number): void {
	for (let sector = Math.floor(at / sectorSize); sector * sectorSize < at + length; sector++) sectors.add(sector);
}

function isErased(bytes: Uint8Array): boolean {
	for (let i = 0; i < bytes.length; i++) if (bytes[i] !== ERASED) return false;
	return true;
}

/** Neighbours that hold the same, as one. */
export interface Run {
	readonly holds: Holds;
	readonly first: number;
	readonly count: number;
}

export function runsOf(sectors: readonly SectorView[]): Run[] {
	const runs: { holds: Holds; first: number; count: number }[] = [];
	sectors.forEach(({ holds }, sector) => {
		const last = runs.at(-1);
		if (last?.holds === holds) last.count++;
		else runs.push({ holds, first: sector, count: 1 });
	});
	return runs;
}

/** What people call the contents of a sector. */
export const HOLDS_WORDS: Readonly<Record<Holds, string>> = Object.freeze({
	erased: "erased",
	old: "old image",
	new: "new image",
	both: "the same in both images",
	trailer: "trailer",
	coming: "image, not whole",
	data: "data",
	unknown: "unknown bytes",
});

/** An area in one sentence: "128 sectors: 8 old image, 119 erased, 1 trailer". */
export function areaWords({ sectors }: AreaView): string {
	const counts = new Map<Holds, number>();
	for (const { holds } of sectors) counts.set(holds, (counts.get(holds) ?? 0) + 1);
	const parts = Array.from(counts, ([holds, count]) => `${count} ${HOLDS_WORDS[holds]}`);
	return `${sectors.length} sectors: ${parts.join(", ")}`;
}
