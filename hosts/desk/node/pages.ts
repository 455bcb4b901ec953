import type { Layout, Pages } from "../../../modules/flash/layout.js";
import { natural, number, powerOfTwo } from "../../../modules/flash/parse-layout.js";

/**
 * The member `pages` of a layout file, for flash whose pages are smaller than the layout's sectors or of several sizes (MCUboot
 * `MCUBOOT_LOGICAL_SECTOR_SIZE`; `boot_verify_logical_sectors`). Undefined if the file has none. Throws a RangeError whose
 * message is one sentence.
 */
export function readPages(data: unknown, { size, sectorSize, writeAlign }: Layout): readonly Pages[] | undefined {
	const given = (data as { readonly pages?: unknown }).pages;
	if (given === undefined) return undefined;
	if (!Array.isArray(given) || given.length === 0) throw new RangeError("pages must be a list of size and count");
	const pages: Pages[] = [];
	let at = 0;
	for (const entry of given as unknown[]) {
		const { size: bytes, count: many } = (entry ?? {}) as Record<string, unknown>;
		const [page, count] = [number(bytes), number(many)];
		if (!powerOfTwo(page) || page % writeAlign !== 0)
			throw new RangeError(`the size of a page must be a power of two and a multiple of ${writeAlign}`);
		if (!natural(count) || count === 0) throw new RangeError("the count of pages must be 1 or more");
		if (page > sectorSize)
			throw new RangeError(
				`a page of ${page} bytes is larger than a sector of ${sectorSize}: sectorSize must be ${page}`,
			);
		if (at % page !== 0) throw new RangeError(`pages of ${page} bytes cannot begin at 0x${at.toString(16)}`);
		pages.push({ size: page, count });
		at += page * count;
	}
	if (at !== size) throw new RangeError(`the pages have ${at} bytes, and the flash has ${size}`);
	return pages;
}
