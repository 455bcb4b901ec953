import { hex, hexOf } from "../modules/bytes/hex.js";
import { ImageError } from "./error.js";

/** Bytes and where they lie in memory. */
export interface Segment {
	readonly address: number;
	readonly bytes: Uint8Array;
}

/** Record types (Intel, Hexadecimal Object File Format Specification, revision A). */
const DATA = 0;
const END = 1;
const SEGMENT_BASE = 2;
const SEGMENT_START = 3;
const LINEAR_BASE = 4;
const LINEAR_START = 5;

const COLON = 0x3a;
/** Length, address, type and checksum. */
const LEAST_RECORD = 5;
/** What lies further apart belongs to more than one image; also what is allocated for a file, at most. */
const MAX_SPAN = 0x4000000;
const ERASED = 0xff;

/** Whether a file is Intel HEX, by its first record: a binary file would need eleven characters by chance. */
export function isIntelHex(file: Uint8Array): boolean {
	const at = skipBlank(file, 0);
	if (file[at] !== COLON) return false;
	for (let i = 1; i <= 2 * LEAST_RECORD; i++) if (digit(file[at + i]) < 0) return false;
	return digit(file[at + 7]) === 0 && digit(file[at + 8]) <= LINEAR_START;
}

/**
 * Reads an Intel HEX file: the bytes from its lowest address to its highest, and that address. Holes are filled with 0xff.
 *
 * Throws an ImageError with one sentence if a record is malformed or damaged, two of them lie on each other, the end record is
 * missing, or the file spans more than 64 MiB.
 */
export function decodeIntelHex(file: Uint8Array): Segment {
	const segments = readRecords(file);
	const [first] = segments;
	const last = segments.at(-1);
	if (!first || !last) throw new ImageError("The Intel HEX file holds no data.");
	const { address } = first;
	const end = last.address + last.bytes.length;
	if (end - address > MAX_SPAN) {
		throw new ImageError(
			`The Intel HEX file reaches from ${hex(address)} to ${hex(end)}, which is too far for one image: it holds something else besides.`,
		);
	}
	const bytes = new Uint8Array(end - address).fill(ERASED);
	let covered = address;
	for (const segment of segments) {
		if (segment.address < covered) {
			throw new ImageError(`The Intel HEX file has two values for the byte at ${hex(segment.address)}.`);
		}
		bytes.set(segment.bytes, segment.address - address);
		covered = segment.address + segment.bytes.length;
	}
	return { address, bytes };
}

/** What a file holds: itself, or what is written in it if it is Intel HEX. Throws as `decodeIntelHex` does. */
export const binaryOf = (file: Uint8Array): Uint8Array => (isIntelHex(file) ? decodeIntelHex(file).bytes : file);

/** The data records of a file, by ascending address. */
function readRecords(file: Uint8Array): Segment[] {
	const segments: Segment[] = [];
	let base = 0;
	let line = 0;
	for (let at = 0; ; ) {
		line += 1;
		at = skipSpaces(file, at);
		if (at >= file.length) throw new ImageError("The Intel HEX file has no end record: the file was cut short.");
		if (isLineEnd(file[at])) {
			at = nextLine(file, at);
			continue;
		}
		const record = readRecord(file, at, line);
		at += 1 + 2 * record.length;
		const content = record.subarray(4, -1);
		const offset = record[1]! * 0x100 + record[2]!;
		switch (record[3]) {
			case DATA:
				if (content.length > 0) segments.push({ address: base + offset, bytes: content });
				break;
			case END:
				return segments.sort((a, b) => a.address - b.address);
			case SEGMENT_BASE:
			case LINEAR_BASE:
				if (content.length !== 2) throw new ImageError(`Line ${line} of the Intel HEX file has no valid base address.`);
				base = (content[0]! * 0x100 + content[1]!) * (record[3] === LINEAR_BASE ? 0x10000 : 0x10);
				break;
			case SEGMENT_START:
			case LINEAR_START:
				// Where a processor would start; a boot loader goes by the image itself.
				break;
			default:
				throw new ImageError(`Line ${line} of the Intel HEX file has the unknown record type ${record[3]}.`);
		}
		at = skipSpaces(file, at);
		if (at < file.length && !isLineEnd(file[at])) {
			throw new ImageError(`Line ${line} of the Intel HEX file goes on behind its checksum.`);
		}
		at = nextLine(file, at);
	}
}

/** All bytes of the record at a colon, its checksum included and right. */
function readRecord(file: Uint8Array, at: number, line: number): Uint8Array {
	if (file[at] !== COLON) throw new ImageError(`Line ${line} of the Intel HEX file does not begin with a colon.`);
	const length = byteAt(file, at + 1) + LEAST_RECORD;
	const record = new Uint8Array(Math.max(length, 0));
	let sum = 0;
	for (let i = 0; i < record.length; i++) {
		const value = byteAt(file, at + 1 + 2 * i);
		if (value < 0) {
			if (at + 2 * record.length >= file.length) {
				throw new ImageError(`The Intel HEX file ends within line ${line}: the file was cut short.`);
			}
			throw new ImageError(`Line ${line} of the Intel HEX file is not made of hexadecimal digits, or is too short.`);
		}
		record[i] = value;
		sum += value;
	}
	if (record.length < LEAST_RECORD) throw new ImageError(`Line ${line} of the Intel HEX file has no length.`);
	if ((sum & 0xff) !== 0) throw new ImageError(`Line ${line} of the Intel HEX file has a wrong checksum.`);
	return record;
}

/**
 * Writes an Intel HEX file as imgtool does: 16 bytes a record from the first address of each segment, base addresses only if an
 * address is over 64 KiB. Segments are given by ascending address and do not overlap.
 */
export function encodeIntelHex(segments: readonly Segment[]): string {
	const runs = join(segments);
	const last = runs.at(-1);
	const lastByte = last ? last.address + last.bytes.length - 1 : 0;
	if (lastByte > 0xffffffff)
		throw new ImageError(`An Intel HEX file ends at 4 GiB, and this one would reach ${hex(lastByte)}.`);
	const lines: string[] = [];
	let base = lastByte > 0xffff ? -1 : 0;
	for (const { address, bytes } of runs) {
		for (let at = 0; at < bytes.length; ) {
			const here = address + at;
			const high = Math.floor(here / 0x10000);
			if (high !== base) lines.push(formatRecord(LINEAR_BASE, 0, Uint8Array.of(high >> 8, high)));
			base = high;
			const length = Math.min(16, bytes.length - at, 0x10000 - (here % 0x10000));
			lines.push(formatRecord(DATA, here % 0x10000, bytes.subarray(at, at + length)));
			at += length;
		}
	}
	lines.push(formatRecord(END, 0, new Uint8Array(0)));
	return `${lines.join("\n")}\n`;
}

function formatRecord(type: number, offset: number, content: Uint8Array): string {
	const bytes = [content.length, offset >> 8, offset & 0xff, type, ...content];
	const sum = bytes.reduce((total, byte) => total + byte, 0);
	return `:${hexOf(Uint8Array.of(...bytes, -sum & 0xff)).toUpperCase()}`;
}

/** Makes one segment of those that touch each other: a record reaches over their border. */
function join(segments: readonly Segment[]): Segment[] {
	const runs: Segment[] = [];
	for (const segment of segments) {
		const before = runs.at(-1);
		if (before && before.address + before.bytes.length === segment.address) {
			const bytes = new Uint8Array(before.bytes.length + segment.bytes.length);
			bytes.set(before.bytes);
			bytes.set(segment.bytes, before.bytes.length);
			runs[runs.length - 1] = { address: before.address, bytes };
		} else if (segment.bytes.length > 0) {
			runs.push(segment);
		}
	}
	return runs;
}

/** A byte of two digits; negative if they are none. */
function byteAt(file: Uint8Array, at: number): number {
	const high = digit(file[at]);
	const low = digit(file[at + 1]);
	return high < 0 || low < 0 ? -LEAST_RECORD : 16 * high + low;
}

/** The value of a hexadecimal digit; -1 if it is none. */
function digit(code: number | undefined): number {
	if (code === undefined) return -1;
	if (code >= 0x30 && code <= 0x39) return code - 0x30;
	const letter = code | 0x20;
	return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

const isLineEnd = (code: number | undefined): boolean => code === 0x0a || code === 0x0d;

function skipSpaces(file: Uint8Array, at: number): number {
	let next = at;
	while (file[next] === 0x20 || file[next] === 0x09) next++;
	return next;
}

/** Behind the end of a line: LF, CR or both. */
const nextLine = (file: Uint8Array, at: number): number => at + (file[at] === 0x0d && file[at + 1] === 0x0a ? 2 : 1);

function skipBlank(file: Uint8Array, at: number): number {
	let next = at;
	while (file[next] === 0x20 || file[next] === 0x09 || isLineEnd(file[next])) next++;
	return next;
}
