import { decodeHeader, IMAGE_HEADER_SIZE } from "../header.js";
import { maxImageSize } from "../trailer.js";
import { bootableFault, headerFault } from "../validation.js";
import { loadToRam } from "./ram-load.js";
import { type Boot, type ImageState, PRIMARY, SECONDARY, type SlotIndex } from "./state.js";
import { imageFault } from "./validate-image.js";
import { headerErased } from "./validate-slot.js";

const NAMES = Object.freeze(["application", "firmware loader"] as const);

/**
 * One boot where the secondary slot holds a firmware loader (MCUboot `boot/zephyr/firmware_loader.c`): it runs if it is wanted
 * or if there is no application; the application runs otherwise, and if the firmware loader is not valid. With a single slot
 * there is the application alone, which may run from RAM (`boot/zephyr/single_loader.c`). Flash is only read.
 *
 * @returns why there is nothing to boot, in words; undefined if there is
 */
export function chooseLoader(boot: Boot, wanted: boolean): string | undefined {
	const image = boot.images[0]!;
	const { singleSlot } = boot.bootutil.mode;
	const order: SlotIndex[] = singleSlot ? [PRIMARY] : wanted ? [SECONDARY, PRIMARY] : [PRIMARY, SECONDARY];
	const { loaderWithoutImage = true } = boot.config;
	for (const slot of order) {
		if (slot === SECONDARY && !wanted && !loaderWithoutImage) continue;
		const fault = slotFault(boot, image, slot);
		if (fault === undefined) {
			image.active = slot;
			boot.services.log(`starting the ${NAMES[slot]}`);
			return undefined;
		}
		// What is refused does not stay in RAM.
		image.ram = undefined;
		boot.services.log(`${NAMES[slot]}: ${fault}`);
	}
	return singleSlot ? "no application can be started" : "neither an application nor a firmware loader can be started";
}

/** Both are validated alike, by the same keys. What is invalid stays as it is. */
function slotFault(boot: Boot, image: ImageState, slot: SlotIndex): string | undefined {
	const { config, services } = boot;
	const { area } = image.slots[slot];
	const header = decodeHeader(area.bytes(0, IMAGE_HEADER_SIZE));
	image.slots[slot].header = header;
	if (headerErased(image, slot)) return "the slot is empty";
	const fault = bootableFault(header) ?? headerFault(header, area, config.encryption);
	if (fault !== undefined) return fault;
	// Loaded even if it is not validated: it cannot run where it is.
	const place = boot.bootutil.mode.singleSlot === "ram" ? loadToRam(boot, image, slot) : area;
	if (typeof place === "string") return place;
	if (!config.validatePrimary) return undefined;
	const maxSize = maxImageSize(config, area, area, area);
	return imageFault(config, services, { image: image.index, area: place, header, start: 0, maxSize });
}
