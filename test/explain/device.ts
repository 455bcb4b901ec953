import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BootExplanation, Explanation } from "../../image/explain.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import { freshDirectory, root } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { loaderConfig } from "../unit/bootutil/support.js";

export const PROGRAM: readonly string[] = [join(root, "dist/cli/main.js"), "explain"];
export const SECONDARY = 0x94000;

export type Mode = "move" | "offset";

/** Runs the command. */
export function run(...args: readonly string[]) {
	const { status, stdout, stderr } = spawnSync(process.execPath, [...PROGRAM, ...args], { encoding: "utf8" });
	return { status, stdout, stderr };
}

/** The guide's flash with signed images: 1.0.0 runs, 2.0.0 is uploaded. Power fails when `power` operations were made. */
export class Device {
	readonly memory = new Uint8Array(0x400000).fill(0xff);
	readonly api: BootUtil;
	readonly #mode: Mode;
	#power = Number.POSITIVE_INFINITY;

	constructor(mode: Mode) {
		this.#mode = mode;
		const operate = (): void => {
			if (this.#power-- <= 0) throw new Error("no power");
		};
		class Partition extends NorPartition {
			override write(bytes: Uint8Array | ArrayBuffer, offset: number): void {
				operate();
				super.write(bytes, offset);
			}
			override eraseBlock(first: number, end?: number): void {
				operate();
				super.eraseBlock(first, end);
			}
		}
		const map = FlashMap.open(guideLayout, (label) => {
			const { offset, size } = guideLayout.areas.find((area) => area.label === label)!;
			return new Partition(this.memory.subarray(offset, offset + size), guideLayout);
		});
		this.api = new BootUtil(map, loaderConfig({ mode: `swap-${mode}` }));
		this.memory.set(update("1.0.0", 30000).file, 0x14000);
		this.memory.set(update("2.0.0", 35000).file, SECONDARY + this.start);
	}

	/** Where an update starts in the secondary slot. */
	get start(): number {
		return this.#mode === "offset" ? 4096 : 0;
	}

	boot(power = Number.POSITIVE_INFINITY): void {
		this.#power = power;
		const digest = { sha256: () => createHash("sha256") };
		const securityCounters = { get: () => 0, set: () => {} };
		const config = loaderConfig({ mode: `swap-${this.#mode}` });
		new Loader(this.api.map, config, { digest, log: () => {}, securityCounters }).boot();
		this.#power = Number.POSITIVE_INFINITY;
	}

	/** The explanation of the flash as it is. */
	explain(...args: readonly string[]): string {
		const file = join(freshDirectory(), "flash.bin");
		writeFileSync(file, this.memory);
		const { status, stdout, stderr } = run("--images", "1", "--mode", this.#mode, ...args, file);
		const left = new Uint8Array(readFileSync(file));
		rmSync(join(file, ".."), { recursive: true });
		assert.deepEqual([status, stderr], [0, ""]);
		assert.ok(Buffer.compare(left, this.memory) === 0, "the flash file was changed");
		return stdout;
	}

	json(...args: readonly string[]): Forecast {
		return forecastIn(this.explain("--json", ...args));
	}
}

/** An explanation that does not stop before the next boots. */
export type Forecast = Explanation & { readonly next: BootExplanation; readonly unconfirmed: BootExplanation };

export function forecastIn(json: string): Forecast {
	const explanation = JSON.parse(json) as Explanation;
	assert.equal(explanation.stops, null);
	assert.ok(explanation.next && explanation.unconfirmed);
	return explanation as Forecast;
}
