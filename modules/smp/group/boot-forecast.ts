import type { BootUtil } from "../../bootutil/bootutil.js";
import { measureImage } from "../../bootutil/extent.js";
import type { FlashTiming } from "../../flash/timing.js";
import type { ResponseMap } from "../cbor.js";
import type { Command } from "../group.js";
import { nextBoot } from "./image/next-boot.js";
import { ImageSlots } from "./image/slots.js";

/**
 * For the boot journal's group (docs/SMP.md, Boot journal): command 2, read, tells what the next boot sets out to do with each
 * image, and how long the flash takes for that, by the chip's `timing`. While an application runs no swap is under way, so that
 * the marks say all of it.
 */
export const forecastCommands =
	(timing: FlashTiming) =>
	(boot: BootUtil): Readonly<Record<number, Command>> => ({
		2: { name: "forecast", read: { handle: () => forecastMap(new ImageSlots(boot), timing) } },
	});

function forecastMap(slots: ImageSlots, timing: FlashTiming): ResponseMap {
	const { boot } = slots;
	const images: ResponseMap[] = [];
	let total: number | undefined = 0;
	let upgrades = false;
	// A revert waits while a later image is upgraded (MCUboot, boot_review_image_swap_types).
	for (let image = slots.images - 1; image >= 0; image--) {
		const next = nextBoot(slots, image);
		const action = next === "revert" && upgrades && !boot.mode.newest ? "none" : next;
		const kept = action === "none" ? boot.boot_is_img_confirmed(image) : action !== "test";
		const ms = action === "none" || boot.mode.newest ? 0 : installTime(boot, image, timing);
		if (action === "test" || action === "permanent") upgrades = true;
		images[image] = { image, action, stays: kept || !boot.mode.reverts, ms };
		total = total === undefined || ms === undefined ? undefined : total + ms;
	}
	return { images, ms: total };
}

/** What one erase command of a serial NOR flash erases, if sectors are not smaller. */
const ERASE_UNIT = 4096;

/**
 * How long the flash is busy when the next boot installs what waits in the secondary slot of an image, milliseconds: sectors
 * that are erased and programmed, and trailers. Hashes and signatures are not in it. Undefined if the images cannot be measured.
 */
function installTime(boot: BootUtil, image: number, timing: FlashTiming): number | undefined {
	const primary = boot.map.slot(image, "primary");
	const secondary = boot.map.slot(image, "secondary");
	const { sectorSize, size } = primary;
	const here = measureImage(primary, 0);
	const there = measureImage(secondary, boot.boot_get_image_start_offset(secondary.id));
	if (!here || !there) return undefined;
	// Sectors that are copied, as the strategies of the boot loader do it (bootutil/loader).
	const old = Math.ceil(here.total / sectorSize);
	let copies = Math.ceil(there.total / sectorSize);
	const { swapRoom } = boot.mode;
	if (swapRoom === "secondary") copies += old + (copies === old ? 0 : 1);
	else if (swapRoom) copies = 3 * Math.max(copies, old);
	const trailers = 2 * Math.ceil((size - boot.trailer(primary).layout.status) / sectorSize);
	const erase = timing.sectorErase * Math.max(1, sectorSize / ERASE_UNIT);
	// Each copy has its status record.
	const program = timing.pageProgram * (Math.max(1, sectorSize / timing.pageSize) + 1);
	return Math.ceil((copies + trailers) * erase + copies * program);
}
