import { FlashArea } from "./area.js";
import { FIRST_OTHER_ID, type Layout, slotAreaId } from "./layout.js";
import type { FlashPartition } from "./partition.js";

/** The flash map: every area of a layout, by id. Opened once, kept for the life of the program. */
export class FlashMap {
	/** Number of images: pairs of a primary and a secondary slot, counted from image 0. */
	readonly images: number;
	/** In order of their ids. */
	readonly #areas: FlashArea[] = [];

	/** Of two areas with one id the later counts. */
	constructor(areas: Iterable<FlashArea>) {
		const sorted = this.#areas;
		for (const area of areas) {
			let at = 0;
			while (at < sorted.length && sorted[at]!.id < area.id) at++;
			sorted.splice(at, sorted[at]?.id === area.id ? 1 : 0, area);
		}
		let images = 0;
		while (this.#find(slotAreaId(images, "primary")) && this.#find(slotAreaId(images, "secondary"))) images++;
		this.images = images;
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
		return this.#areas.find((area) => area.label === label);
	}

	/** Throws a RangeError if there is no such area. */
	area(id: number): FlashArea {
		const area = this.#find(id);
		if (!area) throw new RangeError(`no flash area has id ${id}`);
		return area;
	}

	/** Throws a RangeError if there is no such image. */
	slot(image: number, which: "primary" | "secondary"): FlashArea {
		return this.area(slotAreaId(image, which));
	}

	/** All areas, in order of their ids. */
	areas(): FlashArea[] {
		return [...this.#areas];
	}

	#find(id: number): FlashArea | undefined {
		return this.#areas.find((area) => area.id === id);
	}
}
