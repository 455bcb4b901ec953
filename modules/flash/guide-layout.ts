import { FIRST_OTHER_ID, type Layout, type LayoutArea } from "./layout.js";

const area = (id: number, label: string, offset: number, size: number): LayoutArea =>
	Object.freeze({ id, label, offset, size });

/**
 * The OTA guide's partition table (Realtek OTA guide, Flash Partition Mapping), on its 4 MiB NOR flash; and what the guide does
 * not draw: the storage area, where the vendor's EVB has it, and the journals of uploads and of boots behind it.
 */
export const guideLayout: Layout = Object.freeze({
	name: "guide",
	size: 0x400000,
	sectorSize: 4096,
	writeAlign: 4,
	areas: Object.freeze([
		area(0, "bootloader", 0x0, 0x14000),
		area(1, "image-0", 0x14000, 0x80000),
		area(2, "image-1", 0x94000, 0x80000),
		area(3, "image-2", 0x114000, 0x80000),
		area(4, "image-3", 0x194000, 0x80000),
		area(FIRST_OTHER_ID, "storage", 0x250000, 0x6000),
		area(FIRST_OTHER_ID + 1, "upload-journal", 0x256000, 0x1000),
		area(FIRST_OTHER_ID + 2, "boot-journal", 0x257000, 0x4000),
	]),
});
