import type { PageBuild } from "../../hosts/desk/node/page-protocol.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { type DryBoot, DryRun } from "../../modules/bootutil/loader/dry-run.js";
import { modeOf } from "../../modules/bootutil/modes.js";
import { maxImageSize } from "../../modules/bootutil/trailer.js";
import { pageDigest } from "./digest.js";
import { openMap } from "./open-map.js";
import { countersOf, keylessConfig } from "./rehearse.js";

/** Whether the boot loader would take an update, and why not; sentences without an end. */
export interface Verdict {
	readonly taken: boolean;
	readonly why: string;
	/** What the boot loader says in that boot. */
	readonly log: readonly string[];
}

/**
 * Puts a file where an upload would put it, in a copy of the flash, and lets the boot loader decide.
 *
 * @param build - how the boot loader is built
 * @param flash - the whole flash, which stays as it is
 * @param otp - the words of the chip's one-time programmable memory
 * @param file - the image
 * @param image - the number of the image that it is for
 */
export function tryImage(
	build: PageBuild,
	flash: Uint8Array,
	otp: readonly number[],
	file: Uint8Array,
	image: number,
): Verdict {
	const config = keylessConfig(build);
	const { layout } = build;
	const map = openMap(layout, flash.slice());
	const mode = modeOf(config.mode);
	const primary = map.slot(image, "primary");
	const secondary = map.slot(image, "secondary");
	const most = maxImageSize(config, primary, secondary, secondary);
	if (file.length > most)
		return { taken: false, why: `it has ${file.length} bytes, and ${most} fit the slot`, log: [] };
	secondary.erase(0, secondary.size);
	const whole = new Uint8Array(Math.ceil(file.length / layout.writeAlign) * layout.writeAlign).fill(0xff);
	whole.set(file);
	secondary.write(whole, (mode.updateSector ?? 0) * secondary.sectorSize);
	if (!mode.newest) new BootUtil(map, config).boot_set_pending_multi(image, false);
	const boot = new DryRun(map, config, { digest: pageDigest, securityCounters: countersOf(otp) }).boot();
	return { ...verdictOf(boot, image, mode.newest !== undefined), log: boot.log };
}

function verdictOf({ ok, reason, images, log }: DryBoot, image: number, newest: boolean): Omit<Verdict, "log"> {
	if (!ok) return { taken: false, why: reason ?? "nothing would start" };
	const result = images.find((each) => each.image === image);
	if (newest)
		return result?.slot === 1
			? { taken: true, why: "it is the newest, and would run at the next boot" }
			: { taken: false, why: "what runs now is not older" };
	if (result?.action === "test" || result?.action === "permanent")
		return { taken: true, why: `it would install version ${result.version}` };
	const refusal = log.find((line) => /refused|no room|no image is swapped/.test(line));
	return { taken: false, why: refusal?.replace(/^.*refused[^:]*: /, "") ?? "it stays with what runs" };
}
