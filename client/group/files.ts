import { sha256 } from "@noble/hashes/sha2.js";
import { crc32 } from "../../modules/bytes/crc32.js";
import { hexOf } from "../../modules/bytes/hex.js";
import { Op } from "../../modules/smp/header.js";
import { FS_GROUP, FsCommand } from "../../modules/smp/protocol/fs.js";
import { maybe, namedMaps, take } from "../answer.js";
import type { SmpClient } from "../client.js";
import { SmpResponseError } from "../errors.js";
import type { Fields, Requester } from "../request.js";

// Zephyr SMP group 8, File management.

/** A hash of a file, or of its beginning. */
export interface FileHash {
	/** `sha256`, `crc32` or what else the device has. */
	readonly type: string;
	/** Bytes that were hashed. */
	readonly length: number;
	/** Hexadecimal. */
	readonly hash: string;
}

/** How a file is fetched. */
export interface DownloadOptions {
	/** What an earlier download has brought. The device goes on behind it if its file begins like this. */
	readonly start?: Uint8Array;
	/**
	 * Called with each piece, its offset and the file's size, bytes. The first offset is `start`'s length if that could be used,
	 * else 0.
	 */
	readonly onData?: (data: Uint8Array, offset: number, size: number) => void;
}

/** How a file is sent. */
export interface FileUploadOptions {
	/** Called with the number of bytes that the device has. Starts above 0 when an upload resumes. */
	readonly onProgress?: (offset: number, size: number) => void;
}

/** How an upload went. */
export interface FileUploadResult {
	/** Bytes that the device had already. */
	readonly resumed: number;
	/** Requests sent again, for something got lost. */
	readonly repeated: number;
}

/** How often an upload may have to go back. */
const MOST_SETBACKS = 50;

/** Size of a file of the device, bytes (Zephyr SMP group 8, File status). */
export const fileSize = async (device: Requester, name: string): Promise<number> =>
	take(await device.request(Op.READ, FS_GROUP, FsCommand.STATUS, { name }), "len", "number");

/** A hash of a file, of the device's first type by default, or of its first `len` bytes. */
export async function fileHash(device: Requester, name: string, type?: string, len?: number): Promise<FileHash> {
	const answer = await device.request(Op.READ, FS_GROUP, FsCommand.HASH, { name, type, len });
	const bytes = maybe(answer, "output", "bytes");
	return {
		type: take(answer, "type", "text"),
		length: take(answer, "len", "number"),
		hash: bytes ? hexOf(bytes) : crcText(take(answer, "output", "number")),
	};
}

/** Types of hashes that the device has, and their sizes in bytes. */
export async function fileHashes(device: Requester): Promise<{ readonly type: string; readonly size: number }[]> {
	const types = take(await device.request(Op.READ, FS_GROUP, FsCommand.HASHES), "types", "map");
	return namedMaps(types).map(([type, entry]) => ({ type, size: take(entry, "size", "number") }));
}

/** Has the device close the file that it may hold open since the last request. */
export async function closeFile(device: Requester): Promise<void> {
	await device.request(Op.WRITE, FS_GROUP, FsCommand.CLOSE);
}

/**
 * Fetches a file of the device (Zephyr SMP group 8, File download). Returns its size, and how much of it `start` held, in
 * bytes.
 *
 * @example
 * ```ts
 * import { downloadFile } from "xs-smp/group/files";
 *
 * const pieces: Uint8Array[] = [];
 * const { size } = await downloadFile(client, "/lfs/log.txt", { onData: (data) => pieces.push(data) });
 * console.log(size, Buffer.concat(pieces).toString());
 * ```
 *
 * @throws SmpResponseError if there is no such file; an Error if the file changes on the way.
 */
export async function downloadFile(
	device: Requester,
	name: string,
	{ start = new Uint8Array(0), onData }: DownloadOptions = {},
): Promise<{ readonly size: number; readonly resumed: number }> {
	let size = start.length > 0 ? ((await sizeIfTold(device, name)) ?? 0) : 0;
	const resumed = start.length <= size && (await beginsLike(device, name, start)) ? start.length : 0;
	let offset = resumed;
	while (offset === 0 || offset < size) {
		const answer = await device.request(Op.READ, FS_GROUP, FsCommand.FILE, { name, off: offset });
		const data = take(answer, "data", "bytes");
		if (offset === 0) size = take(answer, "len", "number");
		if (offset === 0 && size === 0) break;
		if (take(answer, "off", "number") !== offset || data.length === 0 || offset + data.length > size)
			throw new Error(`the file changes while it is downloaded: ${offset} of ${size} bytes have come`);
		onData?.(data, offset, size);
		offset += data.length;
	}
	return { size, resumed };
}

/**
 * Sends a file, in place of one that is there. If the device has its beginning, as after an upload that broke off, it goes on
 * behind that.
 *
 * @example
 * ```ts
 * import { uploadFile } from "xs-smp/group/files";
 *
 * const onProgress = (offset: number, size: number) => console.log(`${offset} of ${size} bytes`);
 * await uploadFile(client, "/lfs/rules.txt", file, { onProgress });
 * ```
 *
 * @throws An Error for an empty file, which the protocol has no way to make; an SmpResponseError if the device cannot write
 * the file.
 */
export async function uploadFile(
	client: SmpClient,
	name: string,
	file: Uint8Array,
	{ onProgress }: FileUploadOptions = {},
): Promise<FileUploadResult> {
	if (file.length === 0) throw new Error("an empty file cannot be sent: the protocol has no way to make one");
	const { packetSize } = await client.capacity();
	const there = (await sizeIfTold(client, name)) ?? 0;
	const beginning = file.subarray(0, there);
	const resumed = there <= file.length && (await beginsLike(client, name, beginning)) ? there : 0;
	let repeated = 0;
	for (let offset = resumed; ; ) {
		const sent = offset < file.length;
		const next = sent ? await sendChunk(client, name, file, offset, packetSize) : await sizeIfTold(client, name);
		if (!sent && (next === undefined || next === offset)) return { resumed, repeated };
		// The first chunk cuts the file, and so does one that comes twice, and late.
		if (next! <= offset && ++repeated > MOST_SETBACKS)
			throw new Error(`the upload does not get beyond ${offset} bytes`);
		if (next! > file.length)
			throw new Error(`the file has ${next} bytes of ${file.length}: does somebody else write it?`);
		offset = next!;
		onProgress?.(offset, file.length);
	}
}

/** Sends as much as a packet holds and returns where to go on. */
async function sendChunk(
	client: SmpClient,
	name: string,
	file: Uint8Array,
	off: number,
	packetSize: number,
): Promise<number> {
	const fields = (data: Uint8Array): Fields => ({ name, off, len: off === 0 ? file.length : undefined, data });
	// The head of a long byte string has two bytes more than that of an empty one.
	const room = packetSize - client.measure(Op.WRITE, FS_GROUP, FsCommand.FILE, fields(new Uint8Array(0))) - 2;
	if (room < 1) throw new Error("the server's buffers are too small for an upload");
	try {
		const data = file.subarray(off, off + room);
		return take(await client.request(Op.WRITE, FS_GROUP, FsCommand.FILE, fields(data)), "off", "number");
	} catch (error) {
		// A chunk that arrived twice is at the wrong offset the second time. Version 2 of the protocol tells the right one.
		if (!(error instanceof SmpResponseError) || error.denied || off === 0) throw error;
		const size = maybe(error.answer, "len", "number") ?? (await sizeIfTold(client, name));
		if (size === undefined || size === off) throw error;
		return size;
	}
}

async function sizeIfTold(device: Requester, name: string): Promise<number | undefined> {
	try {
		return await fileSize(device, name);
	} catch (error) {
		if (error instanceof SmpResponseError) return undefined;
		throw error;
	}
}

/** Whether the device's file begins with `data`, as far as it can tell. */
async function beginsLike(device: Requester, name: string, data: Uint8Array): Promise<boolean> {
	if (data.length === 0) return false;
	for (const [type, digest] of DIGESTS)
		try {
			const { length, hash } = await fileHash(device, name, type, data.length);
			return length === data.length && hash === digest(data);
		} catch (error) {
			if (!(error instanceof SmpResponseError)) throw error;
		}
	return false;
}

const crcText = (crc: number): string => crc.toString(16).padStart(8, "0");

const DIGESTS: readonly [type: string, digest: (data: Uint8Array) => string][] = [
	["sha256", (data) => hexOf(sha256(data))],
	["crc32", (data) => crcText(crc32(data))],
];
