import { sha256 } from "@noble/hashes/sha2.js";
import { crc32 } from "../../modules/bytes/crc32.js";
import { hexOf } from "../../modules/bytes/hex.js";
import { Op } from "../../modules/smp/header.js";
import { FS_GROUP, FsCommand } from "../../modules/smp/protocol/fs.js";
import type { SmpClient } from "../client.js";
import {
	type Answer,
	bytes,
	command,
	kind,
	map,
	number,
	optional,
	readAnswer,
	record,
	text,
	type ValuesOf,
} from "../command.js";
import { responseError, SmpResponseError } from "../errors.js";
import type { Fields } from "../fields.js";
import type { Abortable, Requester, RequestOptions } from "../request.js";
import { type Chunks, MOST_SETBACKS, roomFor } from "../transfer.js";
import { commandName } from "../words.js";

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
	/** Most requests on their way at once; default what the device's buffers allow. */
	readonly window?: number | undefined;
	/**
	 * Called with each piece, its offset and the file's size, bytes. The first offset is `start`'s length if that could be used,
	 * else 0.
	 */
	readonly onData?: (data: Uint8Array, offset: number, size: number) => void;
}

/** How a file is sent. */
export interface FileUploadOptions extends Abortable {
	/** Most requests on their way at once; default what the device's buffers allow. */
	readonly window?: number | undefined;
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

/** How a download went. */
export interface FileDownloadResult {
	/** Size of the file, bytes, and how much of it `start` held. */
	readonly size: number;
	readonly resumed: number;
	/** Requests sent again, for something got lost. */
	readonly repeated: number;
}

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
 * Fetches a file of the device (Zephyr SMP group 8, File download), with several requests on their way.
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
	client: SmpClient,
	name: string,
	{ start = new Uint8Array(0), window, onData = () => {}, signal }: DownloadOptions = {},
): Promise<FileDownloadResult> {
	const capacity = await client.capacity({ signal });
	const told = start.length > 0 ? ((await sizeIfTold(client, name, signal)) ?? 0) : 0;
	const resumed = start.length <= told && (await beginsLike(client, name, start, signal)) ? start.length : 0;
	const whole = resumed > 0 && resumed === told;
	if (whole) return { size: told, resumed, repeated: 0 };
	// The first piece goes alone: it tells the size of the file, and how much of it an answer holds.
	const first = await client.request(filesDownload, { name, off: resumed }, { signal });
	const size = resumed > 0 ? told : first.len;
	if (size === undefined) throw new Error("the device does not tell the size of the file");
	if (size === 0) return { size, resumed, repeated: 0 };
	const chunks = new DownloadChunks(name, size, first.data.length, onData);
	const off = chunks.took(first, resumed);
	if (off === size) return { size, resumed, repeated: 0 };
	const transfer = { window: Math.min(window ?? capacity.window, capacity.window), signal };
	const { repeated } = await client.transfer(chunks, transfer, off);
	return { size, resumed, repeated };
}

/** The download of a file, of which the first piece is there. */
class DownloadChunks implements Chunks {
	readonly noun = "download";
	readonly name = commandName(filesDownload);
	readonly total: number;
	readonly #file: string;
	/** What an answer holds, bytes. */
	#length: number;
	readonly #onData: NonNullable<DownloadOptions["onData"]>;

	constructor(file: string, size: number, length: number, onData: NonNullable<DownloadOptions["onData"]>) {
		this.total = size;
		this.#file = file;
		this.#length = length;
		this.#onData = onData;
	}

	async begin(off: number): Promise<number> {
		return off;
	}

	at(from: number): ReturnType<Chunks["at"]> {
		const { op, group, command } = filesDownload;
		const request = { op, group, command, fields: { name: this.#file, off: from } };
		return { request, end: Math.min(this.total, from + this.#length) };
	}

	next(answer: Fields, from: number, done: number): number {
		const error = responseError(this.name, answer);
		if (error) throw error;
		const piece = readAnswer(filesDownload, answer, this.name);
		// Pieces are wanted in order; one behind a gap comes again.
		return from === done ? this.took(piece, from) : done;
	}

	/** Hands a piece on and returns where it ends. */
	took({ off, data }: Answer<typeof filesDownload>, from: number): number {
		const end = from + data.length;
		if (off !== from || data.length === 0 || end > this.total)
			throw new Error(`the file changes while it is downloaded: ${from} of ${this.total} bytes have come`);
		if (end < this.total) this.#length = data.length;
		this.#onData(data, from, this.total);
		return end;
	}

	beyond(off: number): string {
		return `the device is at ${off} bytes of a file of ${this.total}`;
	}
}

/**
 * Sends a file, in place of one that is there, with several requests on their way. If the device has its beginning, as after an
 * upload that broke off, it goes on behind that.
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
	{ window, onProgress, signal }: FileUploadOptions = {},
): Promise<FileUploadResult> {
	if (file.length === 0) throw new Error("an empty file cannot be sent: the protocol has no way to make one");
	const capacity = await client.capacity({ signal });
	const there = (await sizeIfTold(client, name, signal)) ?? 0;
	const beginning = file.subarray(0, there);
	const resumed = there <= file.length && (await beginsLike(client, name, beginning, signal)) ? there : 0;
	const chunks = new UploadChunks(client, name, file, capacity.packetSize, signal);
	const transfer = { window: Math.min(window ?? capacity.window, capacity.window), signal, onProgress };
	let repeated = 0;
	for (let off = resumed; ; ) {
		if (off < file.length) repeated += (await client.transfer(chunks, transfer, off)).repeated;
		// The first chunk cuts the file, and so does one that comes twice, and late.
		const size = await sizeIfTold(client, name, signal);
		if (size === undefined || size === file.length) return { resumed, repeated };
		if (size > file.length) throw new Error(chunks.beyond(size));
		if (++repeated > MOST_SETBACKS) throw new Error(`the upload does not get beyond ${size} bytes`);
		off = size;
	}
}

/** The upload of a file (Zephyr SMP group 8, File upload). */
class UploadChunks implements Chunks {
	readonly noun = "upload";
	readonly name = commandName(filesUpload);
	readonly total: number;
	readonly #client: SmpClient;
	readonly #path: string;
	readonly #file: Uint8Array;
	readonly #packetSize: number;
	readonly #signal: AbortSignal | undefined;

	constructor(client: SmpClient, path: string, file: Uint8Array, packetSize: number, signal: AbortSignal | undefined) {
		this.total = file.length;
		this.#client = client;
		this.#path = path;
		this.#file = file;
		this.#packetSize = packetSize;
		this.#signal = signal;
	}

	/** The first chunk goes alone: it cuts the file that is there. */
	async begin(off: number): Promise<number> {
		if (off > 0) return off;
		return (await this.#client.request(filesUpload, this.#chunk(0), { signal: this.#signal })).off;
	}

	at(from: number): ReturnType<Chunks["at"]> {
		const { op, group, command } = filesUpload;
		const fields = this.#chunk(from);
		return { request: { op, group, command, fields }, end: from + fields.data.length };
	}

	next(answer: Fields, from: number): number | (() => Promise<number>) {
		const error = responseError(this.name, answer);
		if (!error) return readAnswer(filesUpload, answer, this.name).off;
		const { len } = error.answer;
		if (error.denied || len === from) throw error;
		// A chunk behind a gap, or one that comes twice, is at the wrong offset. Version 2 of the protocol tells the right one.
		if (typeof len === "number") return len;
		return async () => {
			const size = await sizeIfTold(this.#client, this.#path, this.#signal);
			if (size === undefined || size === from) throw error;
			return size;
		};
	}

	beyond(off: number): string {
		return `the file has ${off} bytes of ${this.total}: does somebody else write it?`;
	}

	#chunk(off: number): ValuesOf<typeof CHUNK> {
		const chunk = (data: Uint8Array): ValuesOf<typeof CHUNK> => ({
			...{ name: this.#path, off, data },
			len: off === 0 ? this.total : undefined,
		});
		const room = roomFor(this.#packetSize, this.#client.measure(filesUpload, chunk(new Uint8Array(0))));
		if (room < 1) throw new Error("the server's buffers are too small for an upload");
		return chunk(this.#file.subarray(off, off + room));
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
