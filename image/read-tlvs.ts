import { hex } from "../modules/bytes/hex.js";
import * as format from "./format.js";
import { viewOf } from "./format.js";

export interface TlvEntry {
	/** Of the entry's header, from the start of the image. */
	readonly offset: number;
	readonly type: number;
	readonly protected: boolean;
	readonly value: Uint8Array;
}

/** What the TLV areas are found by. */
export interface TlvPlace {
	readonly headerSize: number;
	readonly payloadSize: number;
	readonly protectedTlvSize: number;
	readonly endian: format.Endian;
}

/**
 * The entries of both areas, up to the first thing that is wrong, and where the image ends (MCUboot design.md, Image
 * format). What is wrong goes to `problems`.
 */
export function readTlvs(
	image: Uint8Array,
	place: TlvPlace,
	problems: string[],
): { readonly tlvs: readonly TlvEntry[]; readonly end: number } {
	const view = viewOf(image);
	const little = place.endian === "little";
	const tlvs: TlvEntry[] = [];
	let at = place.headerSize + place.payloadSize;
	const wrong = (problem: string) => {
		problems.push(problem);
		return { tlvs, end: Math.min(at, image.length) };
	};
	for (const isProtected of place.protectedTlvSize > 0 ? [true, false] : [false]) {
		const area = isProtected ? "protected TLV area" : "TLV area";
		if (at + 4 > image.length) return wrong(`The file ends before the ${area} at ${hex(at)}.`);
		const magic = view.getUint16(at, little);
		const size = view.getUint16(at + 2, little);
		const wanted = isProtected ? format.TLV_PROTECTED_MAGIC : format.TLV_INFO_MAGIC;
		if (magic !== wanted)
			return wrong(`The ${area} at ${hex(at)} begins with ${hex(magic)} instead of ${hex(wanted)}.`);
		if (isProtected && size !== place.protectedTlvSize) {
			return wrong(`The protected TLV area has ${size} bytes, but the header says ${place.protectedTlvSize}.`);
		}
		const end = at + size;
		if (end > image.length) return wrong(`The file ends within the ${area} at ${hex(at)}.`);
		for (at += 4; at < end; ) {
			const length = at + 4 <= end ? view.getUint16(at + 2, little) : 0;
			if (at + 4 + length > end) return wrong(`The TLV at ${hex(at)} runs over the end of the ${area}.`);
			const value = image.subarray(at + 4, at + 4 + length);
			tlvs.push({ offset: at, type: tlvType(view, at, little), protected: isProtected, value });
			at += 4 + length;
		}
	}
	return { tlvs, end: at };
}

/** In big-endian images imgtool writes the types of its own as a byte and a zero, and custom ones as a number. */
const tlvType = (view: DataView, at: number, little: boolean): number =>
	little || view.getUint8(at + 1) === 0 ? view.getUint16(at, true) : view.getUint16(at, false);
