import type { BootConfig } from "../../modules/bootutil/config.js";
import { modeOf, SCRATCH_LABEL } from "../../modules/bootutil/modes.js";
import { scratchConfig, type TrailerLayout, trailerLayout } from "../../modules/bootutil/trailer.js";
import { hex } from "../../modules/bytes/hex.js";
import { readU32 } from "../../modules/bytes/little-endian.js";
import { type Layout, type LayoutArea, slotAreaId } from "../../modules/flash/layout.js";
import type { Operation } from "./operation.js";
import type { Recording } from "./recording.js";

// What the boot loader is at with each operation, in MCUboot's words. The loader does not tell: where an operation is in its
// area says what it is, and the next status record says which step of the swap it belongs to.

/** What one operation is for. */
export interface Step {
	/** MCUboot's function that makes it. */
	readonly calls: string;
	/** What is done, for people. */
	readonly words: string;
	/** The part of the boot, such as "Swap 3 of 9, second half"; neighbours with the same belong together. */
	readonly part: string;
	readonly area: string;
	/** Sector of the area. */
	readonly sector: number;
}

interface Place {
	readonly area: LayoutArea;
	/** Undefined for an area that is neither a slot nor scratch. */
	readonly image: number | undefined;
	readonly which: "primary" | "secondary" | "scratch" | "other";
	readonly trailer: TrailerLayout | undefined;
	/** In the area. */
	readonly offset: number;
}

/** A field of the trailer, and the function that writes it. */
const FIELDS = [
	["magic", "boot_write_magic", "writes the magic, which makes the trailer count"],
	["imageOk", "boot_write_image_ok", "sets image_ok"],
	["copyDone", "boot_write_copy_done", "sets copy_done: the swap is complete"],
	["swapInfo", "boot_write_swap_info", "writes swap_info: the type of the swap and the image"],
	["tlvSizes", "boot_write_unprotected_tlv_sizes", "writes the sizes of the TLV areas"],
	["swapSize", "boot_write_swap_size", "writes swap_size: how far the swap reaches"],
] as const;

/** What each operation of a recording is for. */
export function stepsOf({ start, operations, end }: Recording, layout: Layout, config: BootConfig): Step[] {
	const places = operations.map((operation) => placeOf(operation, layout, config));
	const records = nextRecords(operations, places, layout.writeAlign, end === "done");
	const sizes = swapSizes(start, operations, places);
	return operations.map((operation, index) => {
		const place = places[index]!;
		const { area, offset } = place;
		return {
			...nameOf(operation, place, layout.sectorSize, copyCall(config, records[index])),
			part: partOf(records[index], sizes[index] ?? 0, layout.sectorSize, config),
			area: area.label,
			sector: Math.floor(offset / layout.sectorSize),
		};
	});
}

function placeOf({ at }: Operation, layout: Layout, config: BootConfig): Place {
	const area = layout.areas.find((each) => at >= each.offset && at < each.offset + each.size) ?? layout.areas[0]!;
	const offset = at - area.offset;
	for (let image = 0; image < config.images; image++)
		for (const which of ["primary", "secondary"] as const)
			if (area.id === slotAreaId(image, which))
				return { area, image, which, trailer: trailerLayout(config, area.size, layout.writeAlign), offset };
	if (area.label !== SCRATCH_LABEL) return { area, image: undefined, which: "other", trailer: undefined, offset };
	const trailer = trailerLayout(scratchConfig(config), area.size, layout.writeAlign);
	return { area, image: undefined, which: "scratch", trailer, offset };
}

/** The number of a status record, from 0; undefined if that is not what an operation writes. */
function recordOf({ bytes, length }: Operation, { trailer, offset }: Place, writeAlign: number): number | undefined {
	if (!bytes || !trailer || length !== writeAlign) return undefined;
	const at = offset - trailer.status;
	return at >= 0 && at < trailer.statusSize ? at / writeAlign : undefined;
}

/**
 * For each operation the record that closes its step; undefined behind the last one. Where power failed, a step was not
 * closed: it is the one after the last record.
 */
function nextRecords(
	operations: readonly Operation[],
	places: readonly Place[],
	align: number,
	isWhole: boolean,
): (number | undefined)[] {
	const records = operations.map((operation, i) => recordOf(operation, places[i]!, align));
	const found: (number | undefined)[] = new Array(operations.length);
	const last = records.filter((record) => record !== undefined).at(-1);
	let next = isWhole ? undefined : last === undefined ? 0 : last + 1;
	for (let i = operations.length - 1; i >= 0; i--) {
		// A trailer that is complete ends the swap of an image.
		if (records[i] !== undefined) next = records[i];
		else if (operations[i]!.bytes && places[i]!.offset === places[i]!.trailer?.copyDone) next = undefined;
		found[i] = next;
	}
	return found;
}

/** For each operation the number of bytes that the swap under way covers, as the trailer has it. */
function swapSizes(start: Uint8Array, operations: readonly Operation[], places: readonly Place[]): number[] {
	const first = places.find(({ which }) => which === "primary");
	let size = first?.trailer ? readU32(start, first.area.offset + first.trailer.swapSize) : 0;
	// Where no trailer is there yet, the first one to come counts from the start.
	const written = operations.map(({ bytes }, i) => {
		const { trailer, offset } = places[i]!;
		return bytes && trailer && offset === trailer.swapSize ? readU32(bytes, 0) : undefined;
	});
	if (size === 0xffffffff) size = written.find((value) => value !== undefined) ?? 0;
	return written.map((value) => {
		if (value !== undefined) size = value;
		return size;
	});
}

function partOf(record: number | undefined, swapSize: number, sectorSize: number, config: BootConfig): string {
	const { swapRoom } = modeOf(config.mode);
	if (!swapRoom) return "Copy";
	if (record === undefined) return "Finish";
	const total = Math.max(1, Math.ceil(swapSize / sectorSize));
	if (swapRoom === "scratch")
		return `Swap ${Math.floor(record / 3) + 1}: ${["into scratch", "old image out", "new image in"][record % 3]}`;
	if (swapRoom === "primary" && record < config.maxSectors) return `Move ${record + 1} of ${total}`;
	const step = swapRoom === "primary" ? record - config.maxSectors : record;
	return `Swap ${Math.floor(step / 2) + 1} of ${total}, ${step % 2 === 0 ? "first" : "second"} half`;
}

/** The function that copies in the step that this record closes. */
function copyCall(config: BootConfig, record: number | undefined): string {
	const { swapRoom } = modeOf(config.mode);
	if (!swapRoom) return "boot_copy_image";
	const moves = swapRoom === "primary" && record !== undefined && record < config.maxSectors;
	return moves ? "boot_move_sector_up" : "boot_swap_sectors";
}

function nameOf(operation: Operation, place: Place, sectorSize: number, copies: string): Pick<Step, "calls" | "words"> {
	const { area, which, trailer, offset } = place;
	const sector = Math.floor(offset / sectorSize);
	const slot = which === "other" ? `"${area.label}"` : which === "scratch" ? "scratch" : `the ${which} slot`;
	const firstTrailerSector = trailer ? Math.floor(trailer.status / sectorSize) : Number.POSITIVE_INFINITY;
	if (!operation.bytes) {
		if (sector >= firstTrailerSector && which !== "scratch")
			return { calls: "swap_scramble_trailer_sectors", words: `erases the trailer of ${slot}, sector ${sector}` };
		return { calls: "boot_erase_region", words: `erases sector ${sector} of ${slot}` };
	}
	for (const [field, calls, words] of FIELDS)
		if (trailer && trailer[field] !== undefined && covers(operation, offset, trailer[field]))
			return { calls, words: `${words}, in ${slot}` };
	if (trailer?.encryptionKeys?.some((key) => covers(operation, offset, key)))
		return { calls: "boot_write_enc_key", words: `writes the key of an image, in ${slot}` };
	if (trailer && offset >= trailer.status && offset < trailer.status + trailer.statusSize)
		return { calls: "boot_write_status", words: `writes a status record: the step is done, in ${slot}` };
	return {
		calls: `${copies} → boot_copy_region`,
		words: `copies ${operation.length} bytes to ${hex(offset)} of ${slot}, sector ${sector}`,
	};
}

/** Whether a short write begins with a field: what copies images writes more, and may pass over the places of fields. */
const covers = ({ length }: Operation, offset: number, field: number): boolean =>
	length <= 64 && field >= offset && field < offset + length;
