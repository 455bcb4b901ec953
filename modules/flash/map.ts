import { FlashArea } from "./area.js";
import { FIRST_OTHER_ID, type Layout, slotAreaId } from "./layout.js";
import type { FlashPartition } from "./partition.js";

/** The flash map: every area of a layout, by id. Opened once, kept for the life of the program. */
export class FlashMap {
	/** Number of images: pairs of a primary and a secondary slot, counted from image 0. */
	readonly images: number;
	readonly #areas: ReadonlyMap<number, FlashArea>;

	constructor(areas: Iterable<FlashArea>) {
		const byId = new Map<number, FlashArea>();
		for (const area of areas) byId.set(area.id, area);
		let images = 0;
		while (byId.has(slotAreaId(images, "primary")) && byId.has(slotAreaId(images, "secondary"))) images++;
		this.images = images;
		this.#areas = byId;
	}

	/**
	 * Opens every area of `layout` by its label. `partition` throws a RangeError for one that the device does not have; an area
	 * that is neither the boot loader's nor a slot is then left out, since boards differ in what they keep besides images.
	 */
	static open(layout: Layout, partition: (label: string) => FlashPartition): FlashMap {
		const areas: FlashArea[] = [];
		for (const { id, label, offset } of layout.areas) {
			try {
				areas.push(new FlashArea(id, label, offset, partition(label)));
			} catch (error) {
				if (id < FIRST_OTHER_ID || !(error instanceof RangeError)) throw error;
			}
		}
		return new FlashMap(areas);
	}

	/** Undefined if there is no area with this label. */
	labelled(label: string): FlashArea | undefined {
		return this.areas().find((area) => area.label === label);
	}

	/** Throws a RangeError if there is no such area. */
	area(id: number): FlashArea {
		const area = this.#areas.get(id);
		if (!area) throw new RangeError(`no flash area has id ${id}`);
		return area;
	}

	/** Throws a RangeError if there is no such image. */
	slot(image: number, which: "primary" | "secondary"): FlashArea {
		return this.area(slotAreaId(image, which));
	}

	/** All areas, in order of their ids. */
	areas(): FlashArea[] {
		return [...this.#areas.values()].sort((a, b) => a.id - b.id);
	}
}
