import type { FlashArea } from "../../flash/area.js";
import type { ImageState, Slot } from "./state.js";

/** MCUboot copies through a buffer of this many bytes (`BUF_SZ` of `boot_copy_region`), one write each. */
export const COPY_CHUNK = 1024;

/** Erases `length` bytes from `offset` on, whole sectors, one by one, upwards (MCUboot `boot_erase_region`). */
export function eraseRegion(area: FlashArea, offset: number, length: number): void {
	for (let at = offset; at < offset + length; at += area.sectorSize) area.erase(at, area.sectorSize);
}

/** Changes the bytes of a chunk that is copied, `done` bytes from where the copying began. */
export type ChunkChange = (chunk: Uint8Array, done: number) => void;

/** Copies `length` bytes between areas, or within one, changed on the way if that is asked for. The target is erased. */
export function copyRegion(
	from: FlashArea,
	to: FlashArea,
	source: number,
	target: number,
	length: number,
	change?: ChunkChange,
	onChunk?: () => void,
): void {
	for (let done = 0; done < length; done += COPY_CHUNK) {
		const chunk = from.bytes(source + done, Math.min(COPY_CHUNK, length - done));
		change?.(chunk, done);
		to.write(chunk, target + done);
		onChunk?.();
	}
}

/** Erases one sector and copies another into it, changed if that is asked for. */
export function copySector(from: FlashArea, to: FlashArea, source: number, target: number, change?: ChunkChange): void {
	const size = to.sectorSize;
	to.erase(target * size, size);
	copyRegion(from, to, source * size, target * size, size, change);
}

/** First sector that holds a part of the slot's trailer. */
export const firstTrailerSector = (slot: Slot): number => Math.floor(slot.trailer.layout.status / slot.area.sectorSize);

/** Erases the sectors of a slot's trailer, the last one first (MCUboot `swap_scramble_trailer_sectors`). */
export function eraseTrailer(image: ImageState, slot: Slot): void {
	const { area } = slot;
	// The trailer's size follows from the program unit of the primary slot.
	const start = area.size - image.primary.trailer.layout.size;
	const first = Math.floor(start / area.sectorSize);
	for (let sector = area.sectors - 1; sector >= first; sector--) area.erase(sector * area.sectorSize, area.sectorSize);
}
