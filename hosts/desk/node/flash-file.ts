import { closeSync, openSync, readSync, statSync } from "node:fs";
import { UsageError } from "../../../cli/usage-error.js";
import { foreignKind } from "../../../image/foreign.js";
import { endianOf } from "../../../image/format.js";
import { decodeHeader, formatVersion, IMAGE_HEADER_SIZE, IMAGE_MAGIC } from "../../../modules/bootutil/header.js";
import type { Layout } from "../../../modules/flash/layout.js";
import { reason } from "./loader-setup.js";

// A flash file: the raw contents of a flash device, from address 0 on.

/**
 * Checks that a file can be the contents of a layout's flash, from the first byte to `least` or further.
 * Throws a UsageError.
 */
export function checkFlashFile(path: string, layout: Layout, least: number = layout.size): void {
	read(path, layout, least, IMAGE_HEADER_SIZE);
}

/** Reads a flash file that holds at least the first `least` bytes of a layout's flash. Throws a UsageError. */
export const readFlashFile = (path: string, layout: Layout, least: number): Uint8Array =>
	read(path, layout, least, Number.POSITIVE_INFINITY);

/** The first bytes of the file, `most` of them or all. */
function read(path: string, layout: Layout, least: number, most: number): Uint8Array {
	let file: number | undefined;
	try {
		// Before it is opened: opening a pipe waits for its other end.
		const status = statSync(path);
		if (!status.isFile()) throw new UsageError(`The flash file ${path} is not a regular file.`);
		file = openSync(path, "r");
		const bytes = new Uint8Array(Math.min(status.size, most, layout.size));
		for (let at = 0; at < bytes.length; ) {
			const length = readSync(file, bytes, at, bytes.length - at, at);
			if (length === 0) throw new UsageError(`The flash file ${path} got shorter while it was read.`);
			at += length;
		}
		const fault = faultOf(bytes, status.size, layout, least);
		if (fault !== undefined) throw new UsageError(`The flash file ${path} ${fault}.`);
		return bytes;
	} catch (error) {
		if (error instanceof UsageError) throw error;
		throw new UsageError(`The flash file ${path} cannot be read: ${reason(error)}.`);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

function faultOf(head: Uint8Array, size: number, { name, size: most }: Layout, least: number): string | undefined {
	const fits = size >= least && size <= most;
	const kind = foreignKind(head) ?? (fits ? undefined : imageIn(head));
	if (kind !== undefined) return `is ${kind}, not the raw contents of a flash device`;
	if (fits) return undefined;
	const end = least < most ? `, and its slots end at ${least}` : "";
	return `has ${size} bytes, but the flash of the layout ${name} has ${most}${end}`;
}

/** An image by itself: what `sign` makes, and clients upload. */
function imageIn(head: Uint8Array): string | undefined {
	if (head.length < IMAGE_HEADER_SIZE) return undefined;
	const header = decodeHeader(head.subarray(0, IMAGE_HEADER_SIZE));
	if (header.magic === IMAGE_MAGIC) return `an image, version ${formatVersion(header.version)}`;
	return endianOf(head) === "big" ? "a big-endian image" : undefined;
}
