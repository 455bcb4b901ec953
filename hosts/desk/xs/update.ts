import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import type { ImageResult } from "../../../modules/bootutil/loader/config.js";
import { FlashMap } from "../../../modules/flash/map.js";
import type { ImageOptions } from "../../../modules/smp/group/image/options.js";
import { Flash, flashStorage } from "../../../modules/update/flash-storage.js";
import { type UpdateModule, updateModule } from "../../../modules/update/update.js";
import { DOWNGRADES } from "./board.js";
import { readConfig } from "./config.js";
import { simDigest } from "./digest.js";
import { log } from "./event.js";
import { SimFlash } from "./flash.js";

// The ECMA-419 modules of the boards on a desk, for applications that install updates themselves.

/** `embedded:storage/flash`: the areas of the layout. */
export const deskFlash = flashStorage(
	() => readConfig().layout.areas.map(({ label }) => label),
	(label) => SimFlash.open(readConfig().layout, label),
);

/** Makes the board's `embedded:update`. `checks` are those that not every board can make. */
export const deskUpdate = (checks: Partial<Pick<ImageOptions, "digest" | "signature" | "downgrade">>): UpdateModule =>
	updateModule(() => {
		const { layout, boot, guards, downgradePrevention } = readConfig();
		const booted = JSON.parse(simulator.retained()) as readonly ImageResult[];
		const map = FlashMap.open(layout, (label) => SimFlash.open(layout, label));
		return {
			boot: new BootUtil(
				map,
				boot,
				booted.map(({ slot }) => slot),
			),
			digest: simDigest,
			guards,
			log: (line) => log(`<wrn> update: ${line}`),
			...(guards && DOWNGRADES[downgradePrevention]),
			...checks,
			labelOf: (partition) => {
				const { path, writable } = Flash.about(partition);
				if (!writable) throw new Error(`${path} was opened to be read alone`);
				return path;
			},
		};
	});
