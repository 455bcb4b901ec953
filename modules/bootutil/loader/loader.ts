import { FlashError } from "../../flash/error.js";
import type { FlashMap } from "../../flash/map.js";
import { formatVersion, IMAGE_MAGIC } from "../header.js";
import { type InstallMode, installs, modeOf, onlyStarts } from "../modes.js";
import { BootFlag, type SwapState, SwapType } from "../trailer.js";
import { bootstrapType, fillPrimary, primaryIsVacant } from "./bootstrap.js";
import type { BootResult, ImageResult, LoaderConfig, LoaderServices } from "./config.js";
import { checkDependencies, isUpgrade } from "./dependencies.js";
import { loadKeys } from "./encryption-swap.js";
import { chooseLoader } from "./firmware-loader.js";
import { NewestRun } from "./newest.js";
import { overwriteOnly } from "./overwrite.js";
import { downgradeRefused, isSettled, raiseCounter, settleCounter } from "./rollback.js";
import {
	type Boot,
	BootStatus,
	type ImageState,
	LoaderHalt,
	openBoot,
	PRIMARY,
	SECONDARY,
	swapTypeNow,
} from "./state.js";
import type { UpgradeStrategy } from "./strategy.js";
import { measureSwap } from "./swap.js";
import { swapMove } from "./swap-move.js";
import { swapOffset } from "./swap-offset.js";
import { swapScratch } from "./swap-scratch.js";
import { headerErased, slotFault } from "./validate-slot.js";

const STRATEGIES: Readonly<Record<InstallMode, UpgradeStrategy>> = Object.freeze({
	"swap-move": swapMove,
	"swap-offset": swapOffset,
	"swap-scratch": swapScratch,
	overwrite: overwriteOnly,
});

/** The strategy of a mode that installs. A mode that is not in the table of modes has none here. */
function strategyOf({ mode }: LoaderConfig): UpgradeStrategy | undefined {
	if (!installs(modeOf(mode))) return undefined;
	if (typeof mode !== "string") throw new RangeError("a mode of your own that installs needs its strategy");
	return STRATEGIES[mode as InstallMode];
}

const ACTIONS: Readonly<Record<number, ImageResult["action"]>> = Object.freeze({
	[SwapType.TEST]: "test",
	[SwapType.PERM]: "permanent",
	[SwapType.REVERT]: "revert",
	[SwapType.FAIL]: "fail",
});

const actionOf = (type: number): ImageResult["action"] => ACTIONS[type] ?? "none";

/**
 * MCUboot's boot loader: decides what to run, swaps images, resumes a swap that a power cut interrupted. It does to
 * flash what MCUboot does, operation by operation, its known defects included.
 *
 * ```ts
 * const result = new Loader(map, config, { digest, log, securityCounters }).boot();
 * if (!result.ok) log(result.reason);
 * ```
 */
export class Loader {
	readonly #map: FlashMap;
	readonly #config: LoaderConfig;
	readonly #services: LoaderServices;
	readonly #strategy: UpgradeStrategy | undefined;

	/**
	 * `strategy` is how images are installed, as the row of `config.mode` has it. Default: that of MCUboot. Throws a
	 * RangeError if a mode that installs has none.
	 */
	constructor(
		map: FlashMap,
		config: LoaderConfig,
		services: LoaderServices,
		strategy: UpgradeStrategy | undefined = strategyOf(config),
	) {
		this.#map = map;
		this.#config = config;
		this.#services = services;
		this.#strategy = strategy;
	}

	/**
	 * Boots once, from the reset vector to the jump into the application. Does not throw flash errors.
	 *
	 * @param loaderWanted - true if somebody asks for the firmware loader, in the mode that has one
	 */
	boot(loaderWanted = false): BootResult {
		const boot = openBoot(this.#map, this.#config, this.#services);
		let reason: string | undefined;
		let halted = false;
		try {
			const { mode } = boot.bootutil;
			if (onlyStarts(mode)) reason = chooseLoader(boot, loaderWanted);
			else reason = this.#strategy ? new BootRun(boot, this.#strategy).run() : new NewestRun(boot).run();
		} catch (error) {
			if (!(error instanceof LoaderHalt || error instanceof FlashError)) throw error;
			halted = true;
			reason = `the boot loader stopped: ${error.message}`;
		}
		if (reason !== undefined) this.#services.log(reason);
		return { ok: reason === undefined, halted, reason, images: boot.images.map(resultOf) };
	}
}

function resultOf(image: ImageState): ImageResult {
	const { area, header } = image.slots[image.active];
	return {
		image: image.index,
		action: image.action,
		resumed: image.resumed,
		slot: image.active,
		version: header.magic === IMAGE_MAGIC ? formatVersion(header.version) : undefined,
		offset: area.offset,
		headerSize: header.headerSize,
		...(image.ram && { ramAddress: image.ram.start }),
	};
}

/** One boot (MCUboot design.md, Boot flow; `context_boot_go`). */
class BootRun {
	readonly #boot: Boot;
	readonly #strategy: UpgradeStrategy;
	/** One for all images, as in MCUboot. */
	readonly #status: BootStatus;

	constructor(boot: Boot, strategy: UpgradeStrategy) {
		this.#boot = boot;
		this.#strategy = strategy;
		this.#status = new BootStatus(this.#strategy.firstPhase);
	}

	/** Returns why there is nothing to boot, undefined if there is. */
	run(): string | undefined {
		const { images } = this.#boot;
		for (const image of images) this.#prepare(image);
		if (images.length > 1 && images.some((image) => isUpgrade(image.swapType))) checkDependencies(this.#boot);
		for (const image of images) this.#update(image);
		for (const image of images) {
			const fault = this.#accept(image);
			if (fault !== undefined) return fault;
		}
		return undefined;
	}

	/** Finishes an interrupted swap, or else decides what is to be done with the image. */
	#prepare(image: ImageState): void {
		const status = this.#status;
		image.swapType = SwapType.NONE;
		if (!this.#readSectors(image)) return;
		if (!this.#readHeaders(image, false)) return void this.#say(image, "headers cannot be read");
		if (!this.#strategy.slotsCompatible(image, this.#boot))
			return void this.#say(image, "slots do not match: no swap is possible");
		status.reset();
		this.#readStatus(image);
		if (!this.#readHeaders(image, !status.isFresh, status))
			return void this.#say(image, "image headers are not where they should be: no swap");
		if (!status.isFresh) {
			this.#resume(image);
			this.#reviewEarlier(image, true);
			return;
		}
		image.swapType = this.#decide(image);
		if (this.#boot.config.bootstrap && image.swapType === SwapType.NONE)
			image.swapType = bootstrapType(this.#boot, image, status);
		this.#reviewEarlier(image, false);
	}

	/** Learns the sectors of both slots; false if there are more than the loader was built for. */
	#readSectors(image: ImageState): boolean {
		const { maxSectors } = this.#boot.config;
		for (const slot of [PRIMARY, SECONDARY] as const) {
			const { sectors } = image.slots[slot].area;
			image.sectors[slot] = sectors <= maxSectors ? sectors : 0;
			if (sectors > maxSectors)
				this.#say(image, `slot ${slot} has ${sectors} sectors, the loader is built for ${maxSectors}`);
		}
		return image.sectors[PRIMARY] !== 0;
	}

	/**
	 * Reads the headers of both slots. Unless `all` are needed, the secondary's may be missing; an erased primary slot
	 * will do if it may be filled from the secondary.
	 */
	#readHeaders(image: ImageState, all: boolean, status?: BootStatus): boolean {
		if (!this.#readHeader(image, PRIMARY, status) && !(this.#boot.config.bootstrap && headerErased(image, PRIMARY)))
			return false;
		return this.#readHeader(image, SECONDARY, status) || !all;
	}

	#readHeader(image: ImageState, slot: typeof PRIMARY | typeof SECONDARY, status?: BootStatus): boolean {
		try {
			return this.#strategy.readHeader(this.#boot, image, slot, status);
		} catch (error) {
			if (error instanceof FlashError) return false;
			throw error;
		}
	}

	/** Looks for the status of an interrupted swap. */
	#readStatus(image: ImageState): void {
		const status = this.#status;
		const primary = image.primary.trailer.read();
		const secondary = image.secondary.trailer.read();
		this.#say(image, `primary trailer ${describe(primary)}; secondary trailer ${describe(secondary)}`);
		const source = this.#strategy.findStatus(this.#boot, image);
		if (!source) return;
		status.source = source;
		status.fromPrimary = source === image.primary.trailer;
		this.#strategy.readRecords(image, status);
		const info = source.swapInfo();
		status.swapType = info === source.area.erasedValue ? SwapType.NONE : info & 0xf;
	}

	#resume(image: ImageState): void {
		const status = this.#status;
		const type = status.swapType;
		image.resumed = true;
		image.action = actionOf(type);
		this.#say(
			image,
			`resuming the interrupted ${image.action} swap at ${status.phase} step ${status.index}, state ${status.state}`,
		);
		const trailer = status.source ?? image.primary.trailer;
		status.swapSize = trailer.swapSize();
		status.keys = trailer.encryptionKeys();
		this.#strategy.run(this.#boot, image, status);
		if (type === SwapType.REVERT || type === SwapType.PERM) setImageOk(image);
		if (isUpgrade(type)) image.primary.trailer.writeCopyDone();
		this.#readHeaders(image, false);
		image.swapType = SwapType.NONE;
	}

	/** What is to be done with an image whose swap, if any, has not moved anything yet. */
	#decide(image: ImageState): number {
		const status = this.#status;
		const interrupted = status.swapType !== SwapType.NONE;
		const pending = interrupted ? status.swapType : swapTypeNow(this.#boot, image);
		if (!interrupted && !isUpgrade(pending)) return pending;
		// An interrupted swap may have left a copy of the old header where no upload belongs.
		const fault = slotFault(this.#boot, image, SECONDARY, status, interrupted ? SwapType.NONE : pending);
		if (fault === undefined) {
			this.#say(image, `${actionOf(pending)} swap is due`);
			return pending;
		}
		this.#say(image, `${actionOf(pending)} swap not possible: ${fault}`);
		return interrupted ? SwapType.FAIL : SwapType.NONE;
	}

	/**
	 * An image that is being upgraded proves that those before it, if they seem to want a revert, were upgraded in
	 * the same go just before a power cut. They wait for the application's verdict (MCUboot
	 * `boot_review_image_swap_types`).
	 */
	#reviewEarlier(image: ImageState, resumed: boolean): void {
		if (!resumed && (image.swapType === SwapType.NONE || image.swapType === SwapType.REVERT)) return;
		for (const earlier of this.#boot.images.slice(0, image.index))
			if (earlier.swapType === SwapType.REVERT) earlier.swapType = SwapType.NONE;
	}

	/** Does what was decided. */
	#update(image: ImageState): void {
		const status = this.#status;
		if (this.#boot.images.length > 1) status.reset();
		status.swapType = image.swapType;
		switch (image.swapType) {
			case SwapType.NONE:
				break;
			case SwapType.TEST:
			case SwapType.PERM:
				if (this.#strategy.keepsOldImage && downgradeRefused(this.#boot, image)) image.swapType = SwapType.NONE;
				else this.#install(image);
				break;
			case SwapType.REVERT:
				this.#install(image);
				break;
			case SwapType.FAIL:
				// The interrupted request is over: as if the image had been reverted.
				image.action = "fail";
				setImageOk(image);
				break;
			default:
				throw new LoaderHalt(`image ${image.index}: undefined swap type ${image.swapType}`);
		}
	}

	#install(image: ImageState): void {
		const { config } = this.#boot;
		const status = this.#status;
		const type = image.swapType;
		image.action = actionOf(type);
		if (!this.#strategy.keepsOldImage) {
			// What was overwritten cannot come back, so there is nothing to be confirmed.
			this.#say(image, `${image.action} upgrade, for good: overwriting the primary slot`);
			this.#strategy.run(this.#boot, image, status);
			return;
		}
		if (config.bootstrap && primaryIsVacant(this.#boot, image, status)) {
			fillPrimary(this.#boot, image);
		} else {
			measureSwap(image, status);
			loadKeys(this.#boot, image, status);
			this.#say(image, `${image.action} swap of ${status.swapSize} bytes`);
			this.#strategy.run(this.#boot, image, status);
		}
		if (type === SwapType.REVERT || type === SwapType.PERM) setImageOk(image);
		if (type === SwapType.PERM && config.hwRollback) {
			// The headers were read before the swap: the new image's is the secondary's.
			const fault = raiseCounter(this.#boot, image, PRIMARY, SECONDARY);
			if (fault !== undefined) throw new LoaderHalt(fault);
		}
		image.primary.trailer.writeCopyDone();
	}

	/** Checks the image in the primary slot, whatever was done. Returns why it may not run. */
	#accept(image: ImageState): string | undefined {
		const { config } = this.#boot;
		if (image.swapType !== SwapType.NONE && !this.#readHeaders(image, false))
			return `image ${image.index}: headers cannot be read`;
		if (config.validatePrimary) {
			const fault = slotFault(this.#boot, image, PRIMARY);
			if (fault !== undefined) return fault;
		} else if (image.primary.header.magic !== IMAGE_MAGIC) {
			return `image ${image.index}: no image in the primary slot`;
		}
		return config.hwRollback && isSettled(image) ? settleCounter(this.#boot, image) : undefined;
	}

	#say(image: ImageState, words: string): void {
		this.#boot.services.log(`image ${image.index}: ${words}`);
	}
}

/** Writes image_ok unless the byte is already there; a damaged one stays (MCUboot `boot_set_image_ok`). */
function setImageOk(image: ImageState): void {
	const { trailer } = image.primary;
	if (trailer.read().imageOk === BootFlag.UNSET) trailer.writeImageOk();
}

const FLAG_WORDS: Readonly<Record<number, string>> = Object.freeze({ 1: "set", 2: "bad", 3: "unset" });
const MAGIC_WORDS: Readonly<Record<number, string>> = Object.freeze({ 1: "good", 2: "bad", 3: "unset" });

const describe = ({ magic, swapType, copyDone, imageOk }: SwapState): string =>
	`magic ${MAGIC_WORDS[magic]}, swap type ${actionOf(swapType)}, copy_done ${FLAG_WORDS[copyDone]}, image_ok ${FLAG_WORDS[imageOk]}`;
