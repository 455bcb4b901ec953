import { IMAGE_GROUP, ImageCommand } from "../modules/smp/protocol/image.js";
import { request } from "../test/unit/smp/support.js";

/** An offset in the middle of a file of some size, for the length of its encoding. */
const SOME_OFFSET = 0x8000;

/** An upload packet other than the first. */
export const chunk = (off: number, data: Uint8Array): Uint8Array =>
	request(IMAGE_GROUP, ImageCommand.UPLOAD, { off, data });

/** How much data the first packet of an upload has here, bytes: with all its fields it is shorter than any later one. */
export const FIRST = 128;

/** The first packet of an upload of `len` bytes. */
export const firstChunk = (len: number, data: Uint8Array, sha?: Uint8Array): Uint8Array =>
	request(IMAGE_GROUP, ImageCommand.UPLOAD, { image: 0, len, off: 0, sha, data });

/** Bytes of data that make a later packet of an upload as long as asked for. */
export function dataIn(packet: number): number {
	let size = packet;
	while (chunk(SOME_OFFSET, new Uint8Array(size)).length > packet) size--;
	return size;
}
