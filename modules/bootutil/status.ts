import type { Trailer } from "./trailer.js";

/**
 * Number of the last status record in a trailer that was written, from 1; 0 if there is none. Only its presence counts: records
 * before it are taken for written (MCUboot `swap_read_status_bytes`).
 */
export function lastRecord({ area, layout }: Trailer): number {
	const { writeAlign, erasedValue } = area;
	// From the end, in pieces: the whole area may be larger than a device likes to hold.
	const piece = Math.min(layout.statusSize, 16 * writeAlign);
	for (let end = layout.status + layout.statusSize; end > layout.status; ) {
		const start = Math.max(layout.status, end - piece);
		const records = area.bytes(start, end - start);
		for (let at = records.length - writeAlign; at >= 0; at -= writeAlign)
			if (records[at] !== erasedValue) return (start + at - layout.status) / writeAlign + 1;
		end = start;
	}
	return 0;
}
