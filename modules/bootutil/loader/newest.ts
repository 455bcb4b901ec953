import { compareVersions, decodeHeader, formatVersion, IMAGE_HEADER_SIZE } from "../header.js";
import { BootFlag, BootMagic, maxImageSize } from "../trailer.js";
import { bootableFault, headerFault, placeFault } from "../validation.js";
import { dependencyFault } from "./dependencies.js";
import { loadToRam } from "./ram-load.js";
import { settleCounter } from "./rollback.js";
import { type Boot, type ImageState, PRIMARY, SECONDARY, type SlotIndex, slotName } from "./state.js";
import { imageFault } from "./validate-image.js";
import { eraseSlot, headerErased, tolerate } from "./validate-slot.js";

/**
 * One boot where both slots are equal and the newest image runs: from its slot, or from RAM (MCUboot design.md, Equal
 * slots, RAM loading, and Multiple image boot for RAM loading and direct-xip). Nothing is moved, so there is nothing to
 * resume.
 */
export class NewestRun {
	readonly #boot: Boot;
	/** Slots of each image that are still to be tried. */
	readonly #open: SlotIndex[][];

	constructor(boot: Boot) {
		this.#boot = boot;
		this.#open = boot.images.map(() => []);
	}

	/** Returns why there is nothing to boot, undefined if there is. */
	run(): string | undefined {
		const { images, config } = this.#boot;
		for (const image of images) {
			this.#open[image.index] = ([PRIMARY, SECONDARY] as const).filter((slot) => this.#isCandidate(image, slot));
			const fault = this.#choose(image);
			if (fault !== undefined) return fault;
		}
		if (images.length > 1) {
			const fault = this.#satisfyDependencies();
			if (fault !== undefined) return fault;
		}
		for (const image of images) {
			const fault =
				config.hwRollback && this.#isSettled(image) ? settleCounter(this.#boot, image, image.active) : undefined;
			if (fault !== undefined) return fault;
		}
		return undefined;
	}

	/** Whether a slot holds something that could be an image, by its header. */
	#isCandidate(image: ImageState, slot: SlotIndex): boolean {
		const { area } = image.slots[slot];
		const header = decodeHeader(area.bytes(0, IMAGE_HEADER_SIZE));
		image.slots[slot].header = header;
		const fault = headerErased(image, slot)
			? "empty"
			: (headerFault(header, area, this.#boot.config.encryption) ?? this.#misplaced(image, slot));
		this.#say(image, slot, fault ?? `version ${formatVersion(header.version)}`);
		return fault === undefined;
	}

	/** An image that is linked for another place cannot run here. Its slot is left alone. */
	#misplaced(image: ImageState, slot: SlotIndex): string | undefined {
		const { area, header } = image.slots[slot];
		const { mode } = this.#boot.bootutil;
		// What is to be loaded to RAM is looked at when its turn comes.
		return bootableFault(header) ?? (mode.newest === "ram" ? undefined : placeFault(mode, header, area));
	}

	/** Finds the newest image that is good; what turns out to be bad is erased. */
	#choose(image: ImageState): string | undefined {
		const open = this.#open[image.index]!;
		while (open.length > 0) {
			const slot = this.#newest(image, open);
			const fault = this.#trialFault(image, slot) ?? this.#imageFault(image, slot);
			if (fault === undefined) {
				image.active = slot;
				this.#say(image, slot, `chosen, version ${formatVersion(image.slots[slot].header.version)}`);
				return undefined;
			}
			image.ram = undefined;
			if (image.action !== "revert") image.action = "none";
			this.#say(image, slot, `refused and erased: ${fault}`);
			eraseSlot(this.#boot, image, slot);
			this.#close(image, slot);
		}
		return `image ${image.index}: no slot holds an image to boot`;
	}

	/** Of two that are equal the primary one. */
	#newest(image: ImageState, open: readonly SlotIndex[]): SlotIndex {
		const version = (slot: SlotIndex) => image.slots[slot].header.version;
		const useBuild = this.#boot.config.versionCmpBuildNumber;
		return open.reduce((best, slot) => (compareVersions(version(slot), version(best), useBuild) > 0 ? slot : best));
	}

	/**
	 * Gives an image one trial boot, and takes it back if that was not confirmed (MCUboot design.md, Revert mechanism in
	 * direct-xip and ram-load mode). The trailer has to come with the image.
	 */
	#trialFault(image: ImageState, slot: SlotIndex): string | undefined {
		if (!this.#boot.bootutil.mode.reverts) return undefined;
		const { trailer } = image.slots[slot];
		const { magic, copyDone, imageOk } = trailer.read();
		if (magic !== BootMagic.GOOD) return "it has no trailer: not marked for a test";
		if (copyDone === BootFlag.SET && imageOk !== BootFlag.SET) {
			image.action = "revert";
			return "it was on trial and nobody confirmed it";
		}
		if (copyDone !== BootFlag.SET) {
			image.action = imageOk === BootFlag.SET ? "permanent" : "test";
			// A flag that is half programmed cannot be written: the image starts all the same (MCUboot `boot_select_or_erase`).
			tolerate(this.#boot, () => trailer.writeCopyDone());
		}
		return undefined;
	}

	#imageFault(image: ImageState, slot: SlotIndex): string | undefined {
		const { config, services, bootutil } = this.#boot;
		const { area, header } = image.slots[slot];
		const loaded = bootutil.mode.newest === "ram" ? loadToRam(this.#boot, image, slot) : area;
		if (typeof loaded === "string") return loaded;
		const maxSize = maxImageSize(config, image.primary.area, image.secondary.area, area);
		return imageFault(config, services, { image: image.index, area: loaded, header, start: 0, maxSize });
	}

	/** Goes on to the other slot of an image whose dependencies are not met, until all are. Nothing is erased. */
	#satisfyDependencies(): string | undefined {
		const { images } = this.#boot;
		for (let i = 0; i < images.length; i++) {
			const image = images[i]!;
			const fault = dependencyFault(this.#boot, image, image.active, (other) => other.active);
			if (fault === undefined) continue;
			this.#say(image, image.active, `passed over: ${fault}`);
			image.ram = undefined;
			this.#close(image, image.active);
			const nothing = this.#choose(image);
			if (nothing !== undefined) return nothing;
			// The change may matter to those before it.
			i = -1;
		}
		return undefined;
	}

	#close(image: ImageState, slot: SlotIndex): void {
		const open = this.#open[image.index]!;
		open.splice(open.indexOf(slot), 1);
	}

	/** The stored security counter follows only an image that will not be taken back. */
	#isSettled(image: ImageState): boolean {
		if (!this.#boot.bootutil.mode.reverts) return true;
		return image.slots[image.active].trailer.read().imageOk === BootFlag.SET;
	}

	#say(image: ImageState, slot: SlotIndex, words: string): void {
		this.#boot.services.log(`image ${image.index}: ${slotName(slot)} slot: ${words}`);
	}
}
