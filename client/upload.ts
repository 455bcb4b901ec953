import { sha256 } from "@noble/hashes/sha2.js";
import { type Answer, type RequestOf, readAnswer } from "./command.js";
import { responseError } from "./errors.js";
import type { Request } from "./fields.js";
import { imageUpload } from "./group/image.js";
import type { Abortable } from "./request.js";
import { type Chunks, roomFor } from "./transfer.js";
import { commandName } from "./words.js";

/** How an image is uploaded. */
export interface UploadOptions extends Abortable {
	/** Image number; its secondary slot is where the file goes. Default 0. */
	readonly image?: number;
	/** Lets the server refuse a file that is not newer than what runs. Default false. */
	readonly upgrade?: boolean;
	/** Most requests on their way at once; default what the server's buffers allow. */
	readonly window?: number;
	/**
	 * Called with the number of bytes that the server has, of how many, each time it has more. Starts above 0 when an upload
	 * resumes.
	 */
	readonly onProgress?: (offset: number, total: number) => void;
}

/** How an upload went. */
export interface UploadResult {
	/** Bytes that the server had already when the client began: of an upload that was broken off, or all of them. */
	readonly resumed: number;
	/** Requests sent, and how many of them because something got lost. */
	readonly requests: number;
	readonly repeated: number;
	/** Whether the server found the file's SHA-256 in its flash; undefined if it does not look. */
	readonly match: boolean | undefined;
}

/** What the upload needs to know of the server. */
export interface UploadSurroundings {
	/** Longest packet, bytes. */
	readonly packetSize: number;
	/** Length of the packet of a request, bytes. */
	readonly measure: (request: Request) => number;
	/** Sends a chunk and repeats it until it is answered. */
	readonly ask: (fields: Chunked) => Promise<Answer<typeof imageUpload>>;
}

/** The map of a chunk. */
type Chunked = RequestOf<typeof imageUpload>;

const NAME = commandName(imageUpload);

/** Chunks are a multiple of this, so that a server with any usual write unit takes them whole. */
export const CHUNK_ALIGN = 8;

/** The upload of an image, chunk by chunk (Zephyr SMP group 1, Image upload). The answer to the first chunk says where to go on. */
export class ImageChunks implements Chunks {
	readonly noun = "upload";
	readonly name = NAME;
	readonly total: number;
	/** Of the result. */
	resumed: number | undefined;
	match: boolean | undefined;
	readonly #file: Uint8Array;
	readonly #sha: Uint8Array;
	readonly #options: UploadOptions;
	readonly #surroundings: UploadSurroundings;

	constructor(file: Uint8Array, options: UploadOptions, surroundings: UploadSurroundings) {
		this.total = file.length;
		this.#file = file;
		this.#sha = sha256(file);
		this.#options = options;
		this.#surroundings = surroundings;
	}

	async begin(): Promise<number> {
		const { image = 0, upgrade } = this.#options;
		const fields = { image, len: this.total, off: 0, sha: this.#sha, upgrade: upgrade || undefined };
		const chunk = this.#chunk(fields, 0);
		const answer = await this.#surroundings.ask(chunk);
		this.resumed ??= answer.off > chunk.data.length ? answer.off : 0;
		return this.#took(answer);
	}

	at(from: number): { readonly request: Request; readonly end: number } {
		const fields = this.#chunk({ off: from }, from);
		return { request: requestOf(fields), end: from + fields.data.length };
	}

	next(answer: Parameters<Chunks["next"]>[0]): number {
		const error = responseError(NAME, answer);
		if (error) throw error;
		return this.#took(readAnswer(imageUpload, answer, NAME));
	}

	beyond(off: number): string {
		return `another client uploads to the device: it is at ${off} bytes of that file`;
	}

	#took({ off, match }: Answer<typeof imageUpload>): number {
		if (off === this.total) {
			this.match = match;
			if (match === false)
				throw new Error("what the device holds after the upload is not the file: its SHA-256 differs");
		}
		return off;
	}

	#chunk(head: Omit<Chunked, "data">, from: number): Chunked {
		const chunk = (data: Uint8Array): Chunked => ({ ...head, data });
		const { packetSize, measure } = this.#surroundings;
		const room = roomFor(packetSize, measure(requestOf(chunk(new Uint8Array(0)))));
		const size = room - (room % CHUNK_ALIGN);
		if (size < 4 * CHUNK_ALIGN) throw new Error("the server's buffers are too small for an upload");
		return chunk(this.#file.subarray(from, from + size));
	}
}

const requestOf = (fields: Chunked): Request => {
	const { op, group, command } = imageUpload;
	return { op, group, command, fields };
};
