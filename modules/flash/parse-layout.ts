import { hex } from "../bytes/hex.js";
import type { Layout, LayoutArea } from "./layout.js";

/** Whether a value is an integer from 0 on. */
export const natural = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Whether a value is 1, 2, 4 and so on. */
export const powerOfTwo = (value: unknown): value is number =>
	natural(value) && value > 0 && (value & (value - 1)) === 0;

/** A number, or a string such as "0x14000", for people who write tables by hand. */
export const number = (value: unknown): unknown =>
	typeof value === "string" && /^(0x[0-9a-f]+|[0-9]+)$/i.test(value) ? Number(value) : value;

/**
 * Checks a layout from outside (a parsed JSON file) and returns it. Throws a RangeError whose message is one
 * sentence that names the area at fault. Numbers may be written as strings in hexadecimal.
 */
export function parseLayout(data: unknown): Layout {
	const fail = (why: string): never => {
		throw new RangeError(why);
	};
	if (typeof data !== "object" || data === null) return fail("a layout is an object");
	const { name, size, sectorSize, writeAlign, areas } = data as Record<string, unknown>;
	const device = { size: number(size), sectorSize: number(sectorSize), writeAlign: number(writeAlign) };
	if (typeof name !== "string" || name === "") return fail("the layout has no name");
	if (!powerOfTwo(device.sectorSize)) return fail("sectorSize must be a power of two");
	if (!powerOfTwo(device.writeAlign) || device.writeAlign > 32) return fail("writeAlign must be 1, 2, 4, 8, 16 or 32");
	if (!natural(device.size) || device.size === 0 || device.size % device.sectorSize !== 0)
		return fail("size must be a multiple of sectorSize");
	if (!Array.isArray(areas) || areas.length === 0) return fail("the layout has no areas");
	const rows: LayoutArea[] = [];
	for (const entry of areas as unknown[]) {
		if (typeof entry !== "object" || entry === null)
			return fail("an area is an object with id, label, offset and size");
		const fields = entry as Record<string, unknown>;
		const label = fields["label"];
		if (typeof label !== "string" || label === "") return fail("an area has no label");
		const id = number(fields["id"]);
		const offset = number(fields["offset"]);
		const length = number(fields["size"]);
		if (!natural(id) || id > 255) return fail(`area "${label}": id must be 0 to 255`);
		if (!natural(offset) || offset % device.sectorSize !== 0)
			return fail(`area "${label}": offset must be a multiple of ${device.sectorSize}`);
		if (!natural(length) || length === 0 || length % device.sectorSize !== 0)
			return fail(`area "${label}": size must be a multiple of ${device.sectorSize}`);
		if (offset + length > device.size)
			return fail(`area "${label}" ends at ${hex(offset + length)}, past the end of the flash at ${hex(device.size)}`);
		for (const other of rows) {
			if (other.id === id) return fail(`areas "${other.label}" and "${label}" have the same id ${id}`);
			if (other.label === label) return fail(`two areas are called "${label}"`);
			if (offset < other.offset + other.size && other.offset < offset + length)
				return fail(`areas "${other.label}" and "${label}" overlap`);
		}
		rows.push({ id, label, offset, size: length });
	}
	return { name, size: device.size, sectorSize: device.sectorSize, writeAlign: device.writeAlign, areas: rows };
}
