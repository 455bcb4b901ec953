import assert from "node:assert";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { BootResult, LoaderConfig, LoaderServices } from "../../../modules/bootutil/loader/config.js";
import { Loader } from "../../../modules/bootutil/loader/loader.js";
import type { UpgradeStrategy } from "../../../modules/bootutil/loader/strategy.js";
import { SCRATCH_LABEL } from "../../../modules/bootutil/modes.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { FlashArea } from "../../../modules/flash/area.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { loaderConfig, makeImage, type TestImage } from "./support.js";

/** A small flash, so that every power cut can be tried: slots of 16 sectors. Bytes. */
export const SECTOR = 512;
export const SECTORS = 16;
export const SLOT = SECTORS * SECTOR;
const ALIGN = 4;

/** What is left of an operation during which power fails: nothing, or half of it. */
export type Cut = "before" | "torn";
export const CUTS: readonly Cut[] = ["before", "torn"];

/** A boot loader on that flash, with a power supply that fails when it is told to. */
export class Bench {
	readonly config: LoaderConfig;
	readonly log: string[] = [];
	readonly map: FlashMap;
	/** Raised by the boot loader. */
	counter = 0;
	operations = 0;
	readonly #memory: readonly Uint8Array[];
	readonly #strategy: UpgradeStrategy | undefined;
	#power = Number.POSITIVE_INFINITY;
	#cut: Cut = "before";

	/**
	 * `scratch`: sectors of the scratch area, whose id is the next after those of the slots. `strategy`: that of a mode which
	 * is not in the table.
	 */
	constructor(change: Partial<LoaderConfig>, scratch = 0, strategy?: UpgradeStrategy) {
		this.#strategy = strategy;
		this.config = loaderConfig({ maxSectors: SECTORS, ...change });
		const slots = Array.from({ length: 2 * this.config.images }, (_, i) => ({ label: `image-${i}`, size: SLOT }));
		const areas = scratch > 0 ? [...slots, { label: SCRATCH_LABEL, size: scratch * SECTOR }] : slots;
		this.#memory = areas.map(({ size }) => new Uint8Array(size).fill(0xff));
		this.map = new FlashMap(
			areas.map(({ label }, i) => new FlashArea(i + 1, label, i * SLOT, this.#partition(this.#memory[i]!))),
		);
	}

	/** The application's side. */
	get api(): BootUtil {
		return new BootUtil(this.map, this.config);
	}

	/** The bytes of an area, to look at and to change behind the flash's back. */
	bytes(area: number): Uint8Array {
		return this.#memory[area - 1]!;
	}

	/** Puts an image into an area, as an upload would. */
	put(area: number, image: TestImage): void {
		this.bytes(area).fill(0xff);
		this.bytes(area).set(makeImage(image));
	}

	/** Asserts that an area starts with this image. */
	holds(area: number, image: TestImage, message?: string): void {
		const expected = makeImage(image);
		const found = this.bytes(area);
		assert.ok(
			expected.every((byte, i) => byte === found[i]),
			message ?? `area ${area} does not hold version ${image.version.join(".")}`,
		);
	}

	isErased(area: number, from = 0): boolean {
		return this.bytes(area)
			.subarray(from)
			.every((byte) => byte === 0xff);
	}

	/** Boots; power fails with operation `power`, counted from 1. */
	boot(power = Number.POSITIVE_INFINITY, cut: Cut = "before"): BootResult {
		this.operations = 0;
		this.#power = power;
		this.#cut = cut;
		const services: LoaderServices = {
			digest: nobleDigest,
			log: (line) => this.log.push(line),
			securityCounters: {
				get: () => this.counter,
				set: (_, value) => {
					this.counter = value;
				},
			},
		};
		const result = new Loader(this.map, this.config, services, this.#strategy).boot();
		this.#power = Number.POSITIVE_INFINITY;
		return result;
	}

	/** What a boot did, in short: version, slot if it is not the first, and action of each image. */
	run(power?: number, cut?: Cut): string {
		const { ok, halted, images } = this.boot(power, cut);
		if (!ok) return halted ? "halted" : "nothing";
		return images
			.map(({ version, slot, action, resumed }) =>
				[version, slot === 0 ? "" : " in slot 1", ` ${action}`, resumed ? " resumed" : ""].join(""),
			)
			.join(", ");
	}

	/** Both slots and everything else, to go back to. */
	save(): () => void {
		const saved = this.#memory.map((bytes) => bytes.slice());
		const { counter } = this;
		return () => {
			saved.forEach((bytes, i) => void this.#memory[i]!.set(bytes));
			this.counter = counter;
		};
	}

	#partition(memory: Uint8Array): NorPartition {
		const fails = (half: () => void): void => {
			this.operations++;
			if (this.operations < this.#power) return;
			if (this.operations === this.#power && this.#cut === "torn") half();
			throw new Error("no power");
		};
		class Partition extends NorPartition {
			override write(bytes: Uint8Array, offset: number): void {
				fails(() => memory.set(bytes.subarray(0, Math.floor(bytes.length / ALIGN / 2) * ALIGN), offset));
				super.write(bytes, offset);
			}
			override eraseBlock(first: number, end = first + 1): void {
				fails(() => memory.fill(0xff, first * SECTOR, first * SECTOR + SECTOR / 2));
				super.eraseBlock(first, end);
			}
		}
		return new Partition(memory, { sectorSize: SECTOR, writeAlign: ALIGN });
	}
}

/** Operations of an undisturbed boot from where the bench is; afterwards it is there again. */
export function operationsOf(bench: Bench): number {
	const restore = bench.save();
	bench.boot();
	restore();
	return bench.operations;
}

/** Every operation is cut on Node; on XS, where hashing takes a hundred times as long, a sample. */
const STRIDE = "process" in globalThis ? 1 : 29;

/** Cuts power with every operation of the next boot, in every way, and calls `check` with what the boot after it did. */
export function everyCut(bench: Bench, check: (did: string, where: string) => void): void {
	const start = bench.save();
	const operations = operationsOf(bench);
	assert.ok(operations > 3, "there is something to cut");
	for (const cut of CUTS)
		for (let operation = 1; operation <= operations; operation += STRIDE) {
			start();
			const where = `cut ${cut} operation ${operation} of ${operations}`;
			bench.boot(operation, cut);
			check(bench.run(), where);
		}
	start();
}
