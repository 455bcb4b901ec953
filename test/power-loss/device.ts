import { createHash } from "node:crypto";
import { createImage } from "../../image/create.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../modules/bootutil/config.js";
import { decodeHeader, IMAGE_HEADER_SIZE, type ImageHeader } from "../../modules/bootutil/header.js";
import type { BootResult, LoaderConfig } from "../../modules/bootutil/loader/config.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import { SwapTrailer } from "../../modules/bootutil/loader/swap-trailer.js";
import { MODES, runsFromRam } from "../../modules/bootutil/modes.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import { ERASED } from "../../page/flash/operation.js";
import { type JournalArea, LabFlash } from "./flash.js";
import type { Mutant } from "./mutants.js";
import type { Role } from "./phase.js";
import { bootConfig, LOADERS, type Scenario, type Sizes, slotSizes } from "./scenario.js";

const HEADER_SIZE = 32;
/** Header, info header of the TLVs, hash TLV. */
const OVERHEAD = HEADER_SIZE + 4 + 4 + 32;
/** RAM that images are loaded to, in the modes that do. */
const RAM = { start: 0x20000000, size: 0x100000 };
/** Bytes that an image leaves free in its last sector. */
const SLACK = 101;

/** An image of `size` bytes in which no two words are alike, nor like those of another seed. */
export function makeImage(seed: number, size: number, loadAddress?: number): Uint8Array {
	const payload = new Uint8Array(size - OVERHEAD);
	const words = new DataView(payload.buffer);
	for (let at = 0; at + 4 <= payload.length; at += 4) words.setUint32(at, (seed << 24) | (at >>> 2), true);
	return createImage(payload, { version: `${seed}.0.0`, headerSize: HEADER_SIZE, padHeader: true, loadAddress });
}

/** A device on the laboratory's bench: flash, boot loader, application, and the images it is tried with. */
export class Device {
	readonly scenario: Scenario;
	readonly flash: LabFlash;
	readonly config: LoaderConfig;
	/** The numbers of its images. */
	readonly numbers: readonly number[];
	/** What the loader said in the last boot. */
	readonly log: string[] = [];
	readonly #loader: Loader;
	readonly #application: typeof BootUtil;
	/** What the last boot came to. */
	booted: BootResult | undefined;
	readonly #images: readonly Readonly<Record<Role, Uint8Array>>[];

	/** `journal`: the area of a boot journal that it has besides. */
	constructor(scenario: Scenario, mutant?: Mutant, journal?: JournalArea) {
		const { geometry, sizes } = scenario;
		const config = bootConfig(scenario);
		this.scenario = scenario;
		this.numbers = Array.from({ length: geometry.images }, (_, image) => image);
		this.flash = new LabFlash(geometry, slotSizes(scenario), mutant?.tamper?.(config), journal);
		const { map } = this.flash;
		this.config = loaderConfig(config, scenario.phase.bootstrap);
		this.#application = mutant?.application ?? BootUtil;
		this.#loader = new Loader(
			map,
			this.config,
			{
				digest: { sha256: () => createHash("sha256") },
				log: (line) => this.log.push(line),
				securityCounters: { get: () => 0, set: () => {} },
			},
			mutant?.strategy?.(config.mode),
		);
		const { mode } = this.bootutil;
		const loadAddress = runsFromRam(mode) ? RAM.start : undefined;
		this.#images = this.numbers.map((image) => ({
			old: makeImage(1 + image, this.#imageSize(image, sizes, "old"), loadAddress),
			new: makeImage(11 + image, this.#imageSize(image, sizes, "new"), loadAddress),
		}));
		for (const image of this.numbers) {
			this.install(image, "old");
			this.upload(image, "new");
			// Without a trailer it would not run.
			if (mode.newest)
				for (const mark of ["writeCopyDone", "writeImageOk", "writeMagic"] as const)
					this.trailer(image, "primary")[mark]();
		}
	}

	/** The application's side of the boot loader, in the slots that the last boot started. */
	get bootutil(): BootUtil {
		const active = this.numbers.map((image) => (this.runsFrom(image) === "primary" ? 0 : 1));
		return new this.#application(this.flash.map, bootConfig(this.scenario), active);
	}

	/** Bytes of an image. The second image number has old and new the other way round. */
	#imageSize(image: number, sizes: Sizes, role: Role): number {
		const largest = this.bootutil.boot_app_max_size(image);
		const sectors = sizes[image % 2 === 0 ? role : role === "old" ? "new" : "old"];
		if (sectors === "max") return largest;
		const { sectorSize } = this.scenario.geometry;
		return Math.min(sectors * sectorSize, largest) - (sizes.exact ? 0 : SLACK);
	}

	readonly image = (image: number, role: Role): Uint8Array => this.#images[image]![role];

	/** Program an image into a primary slot, as a factory does: nothing of the slot's past remains. */
	install(image: number, role: Role): void {
		this.flash.bytes(slotAreaId(image, "primary")).fill(ERASED).set(this.image(image, role));
	}

	/** Puts an image where the application would have uploaded it. */
	upload(image: number, role: Role): void {
		this.flash.bytes(slotAreaId(image, "secondary")).fill(ERASED).set(this.image(image, role), this.uploadOffset);
	}

	/** Where an image to be installed starts in the secondary slot. */
	get uploadOffset(): number {
		return this.bootutil.config.mode === "swap-offset" ? this.scenario.geometry.sectorSize : 0;
	}

	/** Damages the image that a revert would bring back, in the middle of its payload. */
	damage(image: number): void {
		const at = this.image(image, "old").length >> 1;
		this.flash.bytes(slotAreaId(image, "secondary"))[at]! ^= 0xff;
	}

	/** Damages the application that a firmware loader then has to replace. */
	damageApplication(): void {
		this.flash.bytes(slotAreaId(0, "primary"))[this.image(0, "old").length >> 1]! ^= 0xff;
	}

	/** Damages what is in both slots, in the middle of their images. */
	spoil(image: number): void {
		const length = Math.min(this.image(image, "old").length, this.image(image, "new").length);
		this.flash.bytes(slotAreaId(image, "primary"))[length >> 1]! ^= 0xff;
		const at = this.uploadOffset + (length >> 1);
		this.flash.bytes(slotAreaId(image, "secondary"))[at]! ^= 0xff;
	}

	request(image: number, permanent: boolean): number {
		return this.bootutil.boot_set_pending_multi(image, permanent);
	}

	confirm(image: number): number {
		return this.bootutil.boot_set_confirmed_multi(image);
	}

	/** One boot, with a new record of operations unless what came before belongs to it. */
	boot({ record = true, loaderWanted = false } = {}): BootResult {
		this.log.length = 0;
		if (record) this.flash.begin();
		this.booted = this.#loader.boot(loaderWanted);
		return this.booted;
	}

	/** One boot. True if it starts the application. */
	starts(): boolean {
		return this.boot().ok && !this.runsLoader;
	}

	/** Whether the last boot started a firmware loader. */
	get runsLoader(): boolean {
		return this.bootutil.mode.firmwareLoader === true && this.booted?.ok === true && this.booted.images[0]!.slot === 1;
	}

	/** The slot that an image runs from: the primary one, unless the last boot chose. */
	runsFrom(image: number): "primary" | "secondary" {
		const { newest } = MODES[LOADERS[this.scenario.letter].mode];
		return newest && this.booted?.images[image]?.slot === 1 ? "secondary" : "primary";
	}

	/** The image in the slot that it runs from, compared byte by byte; undefined if it is neither the old nor the new one. */
	running(image: number): Role | undefined {
		const which = this.runsFrom(image);
		for (const role of ["old", "new"] as const) if (this.holds(image, which, role, 0)) return role;
		return undefined;
	}

	/** Puts an image into a slot of which nothing else remains. */
	put(image: number, which: "primary" | "secondary", role: Role): void {
		this.flash.bytes(slotAreaId(image, which)).fill(ERASED).set(this.image(image, role));
	}

	/** Whether a slot holds an image whole, `offset` bytes from its start. */
	holds(image: number, which: "primary" | "secondary", role: Role, offset: number): boolean {
		const bytes = this.image(image, role);
		const slot = this.flash.bytes(slotAreaId(image, which)).subarray(offset, offset + bytes.length);
		return Buffer.compare(slot, bytes) === 0;
	}

	trailer(image: number, which: "primary" | "secondary"): SwapTrailer {
		return new SwapTrailer(this.bootutil.config, this.flash.map.slot(image, which));
	}

	/** The header at the start of a slot, whatever its magic. */
	header(image: number, which: "primary" | "secondary"): ImageHeader {
		return decodeHeader(this.flash.bytes(slotAreaId(image, which)).subarray(0, IMAGE_HEADER_SIZE));
	}

	/** Number of the last status record in a slot's trailer, from 1; 0 if there is none. */
	records(image: number, which: "primary" | "secondary"): number {
		const { area, layout } = this.trailer(image, which);
		const records = area.bytes(layout.status, layout.statusSize);
		let last = layout.statusSize / area.writeAlign;
		while (last > 0 && records[(last - 1) * area.writeAlign] === ERASED) last--;
		return last;
	}
}

/** Images need no signature: the hash alone tells a whole image from a mixture. */
const loaderConfig = (config: BootConfig, bootstrap = false): LoaderConfig => ({
	...config,
	signature: "none",
	keys: [],
	validatePrimary: true,
	downgradePrevention: "none",
	hwRollback: false,
	bootstrap,
	tlvAllowList: true,
	versionCmpBuildNumber: false,
	ram: RAM,
});
