import { sha256 } from "@noble/hashes/sha2.js";
import { crc32 } from "../../modules/bytes/crc32.js";
import { hexOf } from "../../modules/bytes/hex.js";
import { Op } from "../../modules/smp/header.js";
import { FS_GROUP, FsCommand } from "../../modules/smp/protocol/fs.js";
import type { SmpClient } from "../client.js";
import { bytes, command, kind, map, number, optional, record, text, type ValuesOf } from "../command.js";
import { SmpResponseError } from "../errors.js";
import type { Abortable, Requester, RequestOptions } from "../request.js";

// Zephyr SMP group 8, File management. Offsets and sizes are bytes, and may be more than 32 bits hold.

/** File download: a piece of the file from `off` on. `len`, the size of the file, comes with the first one. */
export const filesDownload = command(Op.READ, FS_GROUP, FsCommand.FILE, {
	request: { name: text, off: number },
	answer: { off: number, data: bytes, len: optional(number) },
});

const CHUNK = { name: text, off: number, len: optional(number), data: bytes };

/** File upload: a piece of the file at `off`. `len`, the size of the file, goes with the first one. Answers where to go on. */
export const filesUpload = command(Op.WRITE, FS_GROUP, FsCommand.FILE, { request: CHUNK, answer: { off: number } });

/** File status: the size of a file. */
export const filesStatus = command(Op.READ, FS_GROUP, FsCommand.STATUS, {
	request: { name: text },
	answer: { len: number },
});

/** Bytes, or the number that a CRC is. */
const OUTPUT = kind("output", (value) =>
	value instanceof Uint8Array ? hexOf(value) : typeof value === "number" ? crcText(value) : undefined,
);

/** File hash/checksum: of `len` bytes from `off` on, or of all. The answer's `output` has hexadecimal digits. */
export const filesHash = command(Op.READ, FS_GROUP, FsCommand.HASH, {
	request: { name: text, type: optional(text), off: optional(number), len: optional(number) },
	answer: { type: text, off: optional(number), len: number, output: OUTPUT },
});

/** Supported file hash/checksum types, and the bytes that each has. `format` is 0 for a number, 1 for a byte string. */
export const filesHashes = command(Op.READ, FS_GROUP, FsCommand.HASHES, {
	answer: { types: record(map({ format: optional(number), size: number })) },
});

/** File close. */
export const filesClose = command(Op.WRITE, FS_GROUP, FsCommand.CLOSE);

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
export interface DownloadOptions extends Abortable {
	/** What an earlier download has brought. The device goes on behind it if its file begins like this. */
	readonly start?: Uint8Array;
	/**
	 * Called with each piece, its offset and the file's size, bytes. The first offset is `start`'s length if that could be used,
	 * else 0.
	 */
	readonly onData?: (data: Uint8Array, offset: number, size: number) => void;
}

/** How a file is sent. */
export interface FileUploadOptions extends Abortable {
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

/** Size of a file of the device, bytes. */
export const fileSize = async (device: Requester, name: string, options?: RequestOptions): Promise<number> =>
	(await device.request(filesStatus, { name }, options)).len;

/** A hash of a file, of the device's first type by default, or of its first `len` bytes. */
export async function fileHash(
	device: Requester,
	name: string,
	type?: string,
	len?: number,
	options?: RequestOptions,
): Promise<FileHash> {
	const answer = await device.request(filesHash, { name, type, len }, options);
	return { type: answer.type, length: answer.len, hash: answer.output };
}

/** Types of hashes that the device has, and their sizes in bytes. */
export async function fileHashes(
	device: Requester,
	options?: RequestOptions,
): Promise<{ readonly type: string; readonly size: number }[]> {
	const { types } = await device.request(filesHashes, {}, options);
	return Object.entries(types).map(([type, { size }]) => ({ type, size }));
}

/** Has the device close the file that it may hold open since the last request. */
export async function closeFile(device: Requester, options?: RequestOptions): Promise<void> {
	await device.request(filesClose, {}, options);
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
	{ start = new Uint8Array(0), onData, signal }: DownloadOptions = {},
): Promise<{ readonly size: number; readonly resumed: number }> {
	let size = start.length > 0 ? ((await sizeIfTold(device, name, signal)) ?? 0) : 0;
	const resumed = start.length <= size && (await beginsLike(device, name, start, signal)) ? start.length : 0;
	let offset = resumed;
	while (offset === 0 || offset < size) {
		const { off, data, len } = await device.request(filesDownload, { name, off: offset }, { signal });
		if (offset === 0) {
			if (len === undefined) throw new Error("the device does not tell the size of the file");
			size = len;
		}
		if (offset === 0 && size === 0) break;
		if (off !== offset || data.length === 0 || offset + data.length > size)
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
	{ onProgress, signal }: FileUploadOptions = {},
): Promise<FileUploadResult> {
	if (file.length === 0) throw new Error("an empty file cannot be sent: the protocol has no way to make one");
	const { packetSize } = await client.capacity({ signal });
	const there = (await sizeIfTold(client, name, signal)) ?? 0;
	const beginning = file.subarray(0, there);
	const resumed = there <= file.length && (await beginsLike(client, name, beginning, signal)) ? there : 0;
	let repeated = 0;
	for (let offset = resumed; ; ) {
		const sent = offset < file.length;
		const next = sent
			? await sendChunk(client, name, file, offset, packetSize, signal)
			: await sizeIfTold(client, name, signal);
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
	signal: AbortSignal | undefined,
): Promise<number> {
	const chunk = (data: Uint8Array): ValuesOf<typeof CHUNK> => ({
		...{ name, off, data },
		len: off === 0 ? file.length : undefined,
	});
	// The head of a long byte string has two bytes more than that of an empty one.
	const room = packetSize - client.measure(filesUpload, chunk(new Uint8Array(0))) - 2;
	if (room < 1) throw new Error("the server's buffers are too small for an upload");
	try {
		return (await client.request(filesUpload, chunk(file.subarray(off, off + room)), { signal })).off;
	} catch (error) {
		// A chunk that arrived twice is at the wrong offset the second time. Version 2 of the protocol tells the right one.
		if (!(error instanceof SmpResponseError) || error.denied || off === 0) throw error;
		const { len } = error.answer;
		const size = typeof len === "number" ? len : await sizeIfTold(client, name, signal);
		if (size === undefined || size === off) throw error;
		return size;
	}
}

async function sizeIfTold(
	device: Requester,
	name: string,
	signal: AbortSignal | undefined,
): Promise<number | undefined> {
	try {
		return await fileSize(device, name, { signal });
	} catch (error) {
		if (error instanceof SmpResponseError) return undefined;
		throw error;
	}
}

/** Whether the device's file begins with `data`, as far as it can tell. */
async function beginsLike(
	device: Requester,
	name: string,
	data: Uint8Array,
	signal: AbortSignal | undefined,
): Promise<boolean> {
	if (data.length === 0) return false;
	for (const [type, digest] of DIGESTS)
		try {
			const { length, hash } = await fileHash(device, name, type, data.length, { signal });
			return length === data.length && hash === digest(data);
		} catch (error) {
			if (!(error instanceof SmpResponseError)) throw error;
		}
	return false;
}

function crcText(crc: number): string {
	return crc.toString(16).padStart(8, "0");
}

const DIGESTS: readonly [type: string, digest: (data: Uint8Array) => string][] = [
	["sha256", (data) => hexOf(sha256(data))],
	["crc32", (data) => crcText(crc32(data))],
];
