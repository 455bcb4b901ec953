import type { FlashMap } from "../../flash/map.js";
import { type FlashTiming, TYPICAL_NOR } from "../../flash/timing.js";
import { BootUtil } from "../bootutil.js";
import type { SecurityCounterStore } from "../security-counter.js";
import type { BootResult, LoaderConfig, LoaderServices } from "./config.js";
import { Loader } from "./loader.js";
import { type FlashWork, ShadowFlash, secondsOf, sumOf } from "./shadow-flash.js";
import type { UpgradeStrategy } from "./strategy.js";

// What the next boot does, exactly: the boot loader itself is run, on a copy of the flash. Nothing is decided twice,
// so that whatever the boot loader checks, refuses, repairs or breaks shows here too. It costs what a boot costs: for
// desktops and test benches. What a device can afford to ask is `bootForecast`.

/** What a boot would do to one image. */
export interface DryImage {
	/** True if the image that runs would stay, false if it were on trial. */
	readonly confirmed: boolean;
	/** Flash operations on both slots of the image. */
	readonly work: FlashWork;
	/** What they take, seconds. */
	readonly seconds: number;
}

/** The outcome of a boot, and what it takes. */
export interface DryBoot extends BootResult {
	/** By number of the image, as `images`. */
	readonly dry: readonly DryImage[];
	/** Flash operations on all areas. */
	readonly work: FlashWork;
	readonly seconds: number;
	/** What the boot loader would say. */
	readonly log: readonly string[];
}

/** What a rehearsal needs: of the loader's services those that compute, and where the security counters stand. */
export interface DryRunOptions {
	readonly digest: LoaderServices["digest"];
	readonly verifySignature?: LoaderServices["verifySignature"];
	/** Read, never set. Default: all are 0. */
	readonly securityCounters?: Pick<SecurityCounterStore, "get">;
	/** The chip. Default `TYPICAL_NOR`. */
	readonly timing?: FlashTiming;
	/** The slot that each image runs from now. Default: the primary one. */
	readonly active?: readonly (0 | 1)[];
	/** How images are installed in a mode of your own, as for `Loader`. */
	readonly strategy?: UpgradeStrategy;
	/** Whether the chip refuses to write to bytes that are not erased, instead of clearing bits. Default true. */
	readonly strict?: boolean;
}

/**
 * Boots on a copy of a flash, as often as wanted. The flash itself, which must not change meanwhile, is only read.
 *
 * ```ts
 * const next = new DryRun(map, config, { digest });
 * const boot = next.boot();
 * const afterwards = next.fork().boot(); // if nobody confirms
 * ```
 */
export class DryRun {
	readonly #shadow: ShadowFlash;
	readonly #config: LoaderConfig;
	readonly #options: DryRunOptions;
	readonly #timing: FlashTiming;
	#api: BootUtil;
	/** Security counters that a boot raised, by image. */
	readonly #raised = new Map<number, number>();

	constructor(map: FlashMap, config: LoaderConfig, options: DryRunOptions) {
		this.#config = config;
		this.#options = options;
		this.#timing = options.timing ?? TYPICAL_NOR;
		this.#shadow = new ShadowFlash(map, this.#timing.pageSize, options.strict ?? true);
		this.#api = new BootUtil(this.#shadow.map, config, options.active);
	}

	/** MCUboot's application API on the copy. */
	get api(): BootUtil {
		return this.#api;
	}

	/** Boots the copy, from where the boot before has left it. */
	boot(): DryBoot {
		const log: string[] = [];
		const { digest, verifySignature, strategy } = this.#options;
		this.#shadow.restart();
		const services: LoaderServices = {
			digest,
			log: (line) => log.push(line),
			securityCounters: {
				get: (image) => this.#counter(image),
				set: (image, value) => this.#raised.set(image, value),
				lock: () => {},
			},
			...(verifySignature && { verifySignature }),
		};
		const result = new Loader(this.#shadow.map, this.#config, services, strategy).boot();
		const { map } = this.#shadow;
		this.#api = new BootUtil(
			map,
			this.#config,
			result.images.map(({ slot }) => slot),
		);
		const dry = result.images.map(({ image }): DryImage => {
			const work = sumOf([
				this.#shadow.work(map.slot(image, "primary").id),
				this.#shadow.work(map.slot(image, "secondary").id),
			]);
			return {
				confirmed: !this.#api.mode.reverts || this.#api.boot_is_img_confirmed(image),
				work,
				seconds: secondsOf(work, this.#timing),
			};
		});
		const work = sumOf(map.areas().map(({ id }) => this.#shadow.work(id)));
		return { ...result, dry, work, seconds: secondsOf(work, this.#timing), log };
	}

	/** A copy of this copy, to try something else on. From then on this one must not change. */
	fork(): DryRun {
		return new DryRun(this.#shadow.map, this.#config, {
			...this.#options,
			active: Array.from({ length: this.#config.images }, (_, i) => this.#api.activeSlot(i)),
			securityCounters: { get: (image) => this.#counter(image) },
		});
	}

	#counter(image: number): number {
		return this.#raised.get(image) ?? this.#options.securityCounters?.get(image) ?? 0;
	}
}
