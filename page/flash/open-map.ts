import type { Layout } from "../../modules/flash/layout.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";

/** The areas of a flash whose bytes are in memory, which is used in place. */
export const openMap = (layout: Layout, memory: Uint8Array): FlashMap =>
	FlashMap.open(layout, (label) => {
		const { offset, size } = layout.areas.find((area) => area.label === label)!;
		return new NorPartition(memory.subarray(offset, offset + size), layout);
	});
