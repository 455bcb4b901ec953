import { copyImage, eraseLastSector } from "../../../modules/bootutil/loader/copy-image.js";
import { overwriteOnly } from "../../../modules/bootutil/loader/overwrite.js";
import type { Boot, ImageState } from "../../../modules/bootutil/loader/state.js";
import type { UpgradeStrategy } from "../../../modules/bootutil/loader/strategy.js";
import type { Mode } from "../../../modules/bootutil/modes.js";

// A mode of one's own, whole: a row and a strategy in one file. It is a build of MCUboot that the table of modes lacks,
// overwrite only with `MCUBOOT_OVERWRITE_ONLY_KEEP_BACKUP`: the secondary slot loses the request and keeps the image, from
// which a damaged primary slot can be filled again.

/** MCUboot tells the number of overwrite only, whether it keeps the image or not. */
export const keepBackupMode: Mode = Object.freeze({ number: 2 });

export const keepBackup: UpgradeStrategy = Object.freeze({
	...overwriteOnly,

	run(boot: Boot, image: ImageState): void {
		copyImage(boot, image);
		eraseLastSector(image);
	},
});
