import type { BootConfig } from "../../modules/bootutil/config.js";
import { MODES } from "../../modules/bootutil/modes.js";
import { type Phase, phaseNamed, phasesFor } from "./phase.js";

/** Shape of a device. */
export interface Geometry {
	readonly name: string;
	readonly title: string;
	readonly images: 1 | 2;
	readonly sectorSize: number;
	readonly writeAlign: number;
	readonly maxAlign: 8 | 16 | 32;
	/** `BOOT_MAX_IMG_SECTORS`, which sizes the trailer. */
	readonly maxSectors: number;
	/** Sectors of each slot. */
	readonly sectors: number;
	/**
	 * Bytes of a page in each sector, over and over again: sectors are logical then, and erased page by page. Default: a sector
	 * is one page.
	 */
	readonly pages?: readonly number[];
	/** One sector more in the slot where the mode needs a spare one: with move the primary, with offset the secondary. */
	readonly spare: boolean;
}

const geometry = (
	name: string,
	title: string,
	[sectors, sectorSize]: readonly [number, number],
	[writeAlign, maxAlign, maxSectors]: readonly [number, 8 | 16 | 32, number],
	more: Partial<Geometry> = {},
): Geometry => ({
	name,
	title,
	images: 1,
	sectorSize,
	writeAlign,
	maxAlign,
	maxSectors,
	sectors,
	spare: false,
	...more,
});

export const GEOMETRIES: readonly Geometry[] = [
	geometry("1", "8 sectors of 1024, writes of 1", [8, 1024], [1, 8, 16]),
	geometry("4", "8 sectors of 4096, writes of 4", [8, 4096], [4, 8, 16]),
	geometry("8", "8 sectors of 2048, writes of 8", [8, 2048], [8, 8, 16]),
	geometry("16", "8 sectors of 4096, writes of 16", [8, 4096], [16, 16, 16]),
	geometry("32", "8 sectors of 4096, writes of 32", [8, 4096], [32, 32, 16]),
	geometry("4x", "a spare sector, 8 sectors of 4096, writes of 4", [8, 4096], [4, 8, 16], { spare: true }),
	geometry("8w", "trailer in two sectors, 10 sectors of 1024, writes of 8", [10, 1024], [8, 8, 64]),
	geometry("32w", "trailer in several sectors, 12 sectors of 1024, writes of 32", [12, 1024], [32, 32, 32]),
	geometry("4p", "logical sectors of 4096 over pages of 1024, 4096 and 2048, writes of 4", [8, 4096], [4, 8, 16], {
		pages: [1024, 4096, 2048],
	}),
	geometry("8p", "logical sectors of 2048 over pages of 512, trailer in two, writes of 8", [10, 2048], [8, 8, 128], {
		pages: [512],
	}),
	geometry("4g", "the OTA guide's slots, 128 sectors of 4096, writes of 4", [128, 4096], [4, 8, 128]),
	geometry("4d", "two images, 8 sectors of 2048, writes of 4", [8, 2048], [4, 8, 16], { images: 2 }),
	geometry("32d", "two images, 8 sectors of 2048, writes of 32", [8, 2048], [32, 32, 16], { images: 2 }),
];

/** Boot loaders, by the first letter of an id. */
export const LOADERS = {
	m: { mode: "swap-move", trailer: "current", title: "move" },
	o: { mode: "swap-offset", trailer: "current", title: "offset" },
	e: { mode: "swap-offset", trailer: "2.2", title: "offset, trailer before 2.3" },
	f: { mode: "firmware-loader", trailer: "current", title: "firmware loader" },
	s: { mode: "single-slot", trailer: "current", title: "single slot" },
	l: { mode: "single-slot-ram-load", trailer: "current", title: "single slot that is loaded to RAM" },
	r: { mode: "ram-load-revert", trailer: "current", title: "RAM load with revert" },
} as const satisfies Record<string, Pick<BootConfig, "mode" | "trailer"> & { title: string }>;

export type LoaderLetter = keyof typeof LOADERS;

/** The geometries that the older trailer is tried with: it differs in one word. */
const OLDER_TRAILER = ["4", "8w", "4d"];

/** Sizes of the old and the new image, in sectors, or `exact`: with no byte to spare in the last one. */
export interface Sizes {
	readonly name: string;
	readonly title: string;
	readonly old: number | "max";
	readonly new: number | "max";
	readonly exact?: boolean;
}

export const SIZES: readonly Sizes[] = [
	{ name: "one", title: "one sector", old: 1, new: 1 },
	{ name: "same", title: "three sectors each", old: 3, new: 3 },
	{ name: "grow", title: "growing from two sectors to four", old: 2, new: 4 },
	{ name: "shrink", title: "shrinking from four sectors to two", old: 4, new: 2 },
	{ name: "full", title: "whole sectors, two and three", old: 2, new: 3, exact: true },
	{ name: "max", title: "the largest images that fit", old: "max", new: "max" },
];

/** What is being done to which device when power fails. */
export interface Scenario {
	/** `m4-grow-up`: loader and geometry, sizes, phase. */
	readonly id: string;
	readonly letter: LoaderLetter;
	readonly geometry: Geometry;
	readonly sizes: Sizes;
	readonly phase: Phase;
}

function scenario(letter: LoaderLetter, where: Geometry, sizes: Sizes, phase: Phase): Scenario {
	return {
		id: `${letter}${where.name}-${sizes.name}-${phase.name}`,
		letter,
		geometry: where,
		sizes,
		phase,
	};
}

/** The shared part of the loader's and the application's configuration. */
export const bootConfig = ({ letter, geometry: { images, maxAlign, maxSectors } }: Scenario): BootConfig => ({
	mode: LOADERS[letter].mode,
	trailer: LOADERS[letter].trailer,
	images,
	maxAlign,
	maxSectors,
});

/** Sizes of the slots of an image, primary and secondary, bytes. */
export function slotSizes({ letter, geometry: { sectors, sectorSize, spare } }: Scenario): [number, number] {
	const isMove = LOADERS[letter].mode === "swap-move";
	const size = (extra: boolean): number => (sectors + (spare && extra ? 1 : 0)) * sectorSize;
	return [size(isMove), size(!isMove)];
}

/** Slots of more sectors than this are not filled to the brim: it takes too long, and shows what smaller ones do. */
const MANY_SECTORS = 32;

/** Every scenario of some loaders. Phases that do not depend on sizes are tried with one pair of them. */
export function allScenarios(letters: readonly LoaderLetter[]): Scenario[] {
	const found: Scenario[] = [];
	for (const letter of letters)
		for (const where of GEOMETRIES) {
			if (letter === "e" && !OLDER_TRAILER.includes(where.name)) continue;
			if (MODES[LOADERS[letter].mode].swapRoom === undefined && where.images > 1) continue;
			for (const sizes of SIZES) {
				if (sizes.name === "max" && where.sectors > MANY_SECTORS) continue;
				for (const phase of phasesFor(where.images, LOADERS[letter].mode))
					if (phase.moves || sizes.name === "same") found.push(scenario(letter, where, sizes, phase));
			}
		}
	return found;
}

/** The scenario with an id; undefined if there is none. */
export function scenarioNamed(id: string): Scenario | undefined {
	const [, letter, device, size, name] = /^([moefslr])([0-9]+[a-z]?)-([a-z]+)-([a-z0-9]+)$/.exec(id) ?? [];
	const where = GEOMETRIES.find((candidate) => candidate.name === device);
	const sizes = SIZES.find((candidate) => candidate.name === size);
	const phase =
		where && name !== undefined ? phaseNamed(name, where.images, LOADERS[letter as LoaderLetter].mode) : undefined;
	return where && sizes && phase && scenario(letter as LoaderLetter, where, sizes, phase);
}
