import { FlashArea } from "../../flash/area.js";
import { NorPartition } from "../../flash/nor.js";
import { isEncrypted } from "../header.js";
import { TlvIterator } from "../tlv.js";
import { placeFault } from "../validation.js";
import { imageKey, NO_READABLE_KEY } from "./encryption-swap.js";
import type { Boot, ImageState, SlotIndex } from "./state.js";

/**
 * Copies the image of a slot, header to last TLV, to the address in its header (MCUboot design.md, RAM loading).
 *
 * @returns the RAM that it takes, to be validated there; or why it cannot be loaded, in words
 */
export function loadToRam(boot: Boot, image: ImageState, slot: SlotIndex): FlashArea | string {
	const { area, header } = image.slots[slot];
	const fault = placeFault(boot.bootutil.mode, header, area);
	if (fault !== undefined) return fault;
	const tlvs = TlvIterator.begin(area, header);
	if (!tlvs) return "malformed TLV area";
	const size = tlvs.end;
	if (size > area.size) return "larger than its slot";
	const start = header.loadAddress;
	const { ram } = boot.config;
	if (!ram || start < ram.start || start + size > ram.start + ram.size)
		return `${size} bytes at 0x${start.toString(16)} are outside the RAM for images`;
	const other = boot.images.find((each) => each !== image && each.ram && overlap(each.ram, { start, size }));
	if (other) return `${size} bytes at 0x${start.toString(16)} would overlap image ${other.index}`;
	const bytes = area.bytes(0, size);
	if (isEncrypted(header)) {
		// In either slot: nothing decrypts it there (MCUboot ram_load.c, `boot_decrypt_and_copy_image_to_sram`).
		const key = imageKey(boot.config, area, header, 0);
		if (!key || !image.decryption) return NO_READABLE_KEY;
		image.decryption.crypt(key, header, bytes, 0);
	}
	image.ram = { start, size };
	// Of RAM only what the image takes is modelled, as memory that can be read like flash.
	const memory = new NorPartition(bytes, { sectorSize: 1, writeAlign: 1 });
	return new FlashArea(area.id, "ram", start, memory);
}

interface Range {
	readonly start: number;
	readonly size: number;
}

const overlap = (a: Range, b: Range): boolean => a.start < b.start + b.size && b.start < a.start + a.size;
