/** One row of a partition table. Offsets are bytes from the start of the flash device. */
export interface LayoutArea {
	/** Flash area id: 0 boot loader, 1 + 2i and 2 + 2i the slots of image i; what is no slot comes from 16 on. */
	readonly id: number;
	readonly label: string;
	readonly offset: number;
	readonly size: number;
}

/** So many pages of one size, each of which a chip erases at once. */
export interface Pages {
	/** Bytes. */
	readonly size: number;
	readonly count: number;
}

/** A flash device and its partition table. */
export interface Layout {
	readonly name: string;
	/** Size of the device, bytes. */
	readonly size: number;
	/** Erase unit of its areas, bytes. */
	readonly sectorSize: number;
	/**
	 * The pages of the chip from its first byte to its last: each sector begins and ends where pages do. Missing: a sector is a
	 * page.
	 */
	readonly pages?: readonly Pages[];
	/** Program unit, bytes. */
	readonly writeAlign: number;
	readonly areas: readonly LayoutArea[];
}

/** Areas that are neither the boot loader's nor slots have ids from this one on. */
export const FIRST_OTHER_ID = 16;

/** Area ids of the slots of an image, as Zephyr and MCUboot number them. */
export const slotAreaId = (image: number, which: "primary" | "secondary"): number =>
	1 + 2 * image + (which === "primary" ? 0 : 1);
