import type { AgentOptions } from "../../modules/agent/agent.js";
import { type Application, extendPlainly, starter } from "../../modules/agent/application.js";
import type { Host, Link } from "../../modules/agent/host.js";
import type { BootConfig } from "../../modules/bootutil/config.js";
import type { LoaderConfig } from "../../modules/bootutil/loader/config.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import type { UpgradeStrategy } from "../../modules/bootutil/loader/strategy.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import type { FlashPartition } from "../../modules/flash/partition.js";

// A board of one's own, whole: the contract of `Host`, a boot loader in front of the application, and a main that starts
// both. Its flash is memory, and it has no other device but what `links` opens.

const SLOT = 0x10000;
const slot = (id: number) => ({ id, label: `image-${id - 1}`, offset: (id - 1) * SLOT, size: SLOT });

/** The board's flash: two slots. */
export const layout = { name: "own", size: 2 * SLOT, sectorSize: 4096, writeAlign: 4, areas: [slot(1), slot(2)] };

/** What a board is built for. */
export interface Build {
	readonly boot: BootConfig;
	readonly strategy: UpgradeStrategy;
	readonly application: Application;
	/** Opens what carries SMP, at each start anew. */
	links(maxPacket: number): readonly Link[];
}

/** The board, switched off. */
export class OwnBoard implements Host {
	readonly board = "own_board";
	readonly digest = nobleDigest;
	/** What went to the console. */
	readonly console: string[] = [];
	readonly #build: Build;
	readonly #flash = new Map(layout.areas.map(({ label }) => [label, new Uint8Array(SLOT).fill(0xff)]));
	readonly #timers = new Set<NodeJS.Timeout>();

	constructor(build: Build) {
		this.#build = build;
	}

	/** The content of a slot, to look at and to fill as the factory does. */
	memory(label: string): Uint8Array {
		const memory = this.#flash.get(label);
		if (!memory) throw new RangeError(`this board has no partition ${label}`);
		return memory;
	}

	/** From the reset vector into the application. */
	start(): void {
		const { boot, strategy, application } = this.#build;
		const config: LoaderConfig = {
			...{ signature: "none", keys: [], validatePrimary: true, downgradePrevention: "none", hwRollback: false },
			...{ bootstrap: false, tlvAllowList: true, versionCmpBuildNumber: false },
			...boot,
		};
		const map = FlashMap.open(layout, (label) => this.flash(label));
		const services = {
			digest: nobleDigest,
			log: (line: string) => this.log(line),
			securityCounters: { get: () => 0, set: () => {} },
		};
		const { ok, reason } = new Loader(map, config, services, strategy).boot();
		if (!ok) throw new Error(reason);
		const options: AgentOptions = { layout, boot, confirm: "smp", buildTime: "Jan  7 2026 11:52:35" };
		application({ host: this, options, trial: 0, start: starter(this, options, extendPlainly) });
	}

	flash(label: string): FlashPartition {
		return new NorPartition(this.memory(label), layout);
	}

	links({ size }: { readonly size: number }): readonly Link[] {
		return this.#build.links(size);
	}

	uptime(): number {
		return performance.now();
	}

	after(ms: number, callback: () => void): { cancel(): void } {
		const timer = setTimeout(() => {
			this.#timers.delete(timer);
			callback();
		}, ms);
		this.#timers.add(timer);
		return { cancel: () => clearTimeout(timer) };
	}

	reset(): void {
		this.off();
		this.start();
	}

	/** Takes the power away. */
	off(): void {
		for (const timer of this.#timers) clearTimeout(timer);
		this.#timers.clear();
	}

	log(line: string): void {
		this.console.push(line);
	}
}
