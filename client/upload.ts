import { sha256 } from "@noble/hashes/sha2.js";
import { untilAborted } from "./abort.js";
import type { Channel, Flight } from "./channel.js";
import { type Answer, type RequestOf, readAnswer } from "./command.js";
import { NoAnswerError, responseError, SmpResponseError } from "./errors.js";
import type { Fields, Request } from "./fields.js";
import { imageUpload } from "./group/image.js";
import type { Abortable } from "./request.js";
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

/** What the upload needs to know of the server, and how patient it is. */
export interface UploadSettings {
	/** Longest packet, bytes. */
	readonly packetSize: number;
	readonly window: number;
	/** Milliseconds, and how often they may pass in a row without an answer. */
	readonly timeout: number;
	readonly tries: number;
	/** Sends a chunk and repeats it until it is answered. */
	readonly ask: (fields: Chunked) => Promise<Answer<typeof imageUpload>>;
	/** Has the device serve this client again when it denies access on the way. */
	readonly reopen?: () => Promise<unknown>;
}

/** The map of a chunk. */
type Chunked = RequestOf<typeof imageUpload>;

/** One chunk on its way. */
interface Chunk extends Flight {
	readonly from: number;
	readonly end: number;
	/** When it was sent, milliseconds. */
	readonly sent: number;
	/** Of which run of chunks without a gap it is. */
	readonly run: number;
}

const NAME = commandName(imageUpload);

/** Chunks are a multiple of this, so that a server with any usual write unit takes them whole. */
export const CHUNK_ALIGN = 8;

/** How often an upload may go back without getting ahead: far more than a bad line does. */
const MOST_SETBACKS = 50;

/** Shortest time in which a chunk counts as lost, milliseconds; erasing a sector takes some hundred. */
const LEAST_WAIT = 500;

/**
 * Sends a file with several chunks on their way (Zephyr SMP group 1, Image upload). The server takes chunks in order only, and
 * answers every one with the offset that it wants next; so an answer that names an earlier offset than expected tells
 * of a loss, and the sender goes back there. The window opens by one chunk for each answer until something is lost;
 * then it is halved and opens by one for each round.
 */
export class Upload {
	readonly #channel: Channel;
	readonly #file: Uint8Array;
	readonly #sha: Uint8Array;
	readonly #options: UploadOptions;
	readonly #settings: UploadSettings;
	/** In the order in which they were sent. */
	#chunks: Chunk[] = [];
	#run = 0;
	/** What the server has, and where the next chunk begins. */
	#acknowledged = 0;
	#next = 0;
	#window = 1;
	#lossSeen = false;
	/** The longest of the recent round trips, milliseconds. */
	#roundTrip = 0;
	#timeouts = 0;
	/** How often the upload had to go back since it was as far as `best`. */
	#setbacks = 0;
	#best = 0;
	/** Whether the device was asked to serve this client again since then. */
	#reopened = false;
	/** End of the farthest chunk that was sent, or of what the server had. */
	#most = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#requests = 0;
	#repeated = 0;
	#resumed: number | undefined;
	/** Nothing is sent any more. */
	#ended = false;
	#resolve: (result: UploadResult) => void = () => {};
	#reject: (error: unknown) => void = () => {};

	constructor(channel: Channel, file: Uint8Array, options: UploadOptions, settings: UploadSettings) {
		this.#channel = channel;
		this.#file = file;
		this.#sha = sha256(file);
		this.#options = options;
		this.#settings = settings;
	}

	/** Rejects with an `SmpResponseError` if the server refuses, and with a `NoAnswerError` if it is gone for good. */
	run(): Promise<UploadResult> {
		const { signal } = this.#options;
		const done = new Promise<UploadResult>((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = (error) => {
				this.#ended = true;
				this.#forgetAll();
				reject(error);
			};
		});
		const result = untilAborted(done, signal, () => this.#reject(signal?.reason));
		if (!this.#ended) this.#begin();
		return result;
	}

	/** The first chunk goes alone: its answer says where to go on. */
	#begin(): void {
		const { image = 0, upgrade } = this.#options;
		const fields = { image, len: this.#file.length, off: 0, sha: this.#sha, upgrade: upgrade || undefined };
		const chunk = this.#chunk(fields, 0);
		const { length } = chunk.data;
		this.#requests++;
		this.#settings.ask(chunk).then((answer) => {
			if (this.#ended) return;
			try {
				const off = this.#checked(answer.off);
				this.#resumed ??= off > length ? off : 0;
				if (off === this.#file.length) return this.#finish(answer.match);
				if (off === 0) throw new Error("the device takes nothing of the file");
				this.#next = off;
				this.#most = Math.max(this.#most, off);
				this.#advance(off);
				this.#fill();
			} catch (error) {
				this.#reject(error);
			}
		}, this.#reject);
	}

	#chunk(head: Omit<Chunked, "data">, from: number): Chunked {
		const chunk = (data: Uint8Array): Chunked => ({ ...head, data });
		// The head of a long byte string has two bytes more than that of an empty one.
		const room = this.#settings.packetSize - this.#channel.measure(requestOf(chunk(new Uint8Array(0)))) - 2;
		const size = room - (room % CHUNK_ALIGN);
		if (size < 4 * CHUNK_ALIGN) throw new Error("the server's buffers are too small for an upload");
		return chunk(this.#file.subarray(from, from + size));
	}

	#fill(): void {
		while (!this.#ended && this.#next < this.#file.length && this.#chunks.length < Math.floor(this.#window)) {
			const from = this.#next;
			const fields = this.#chunk({ off: from }, from);
			const end = from + fields.data.length;
			const flight = this.#channel.start(requestOf(fields), (answer) => this.#answered(chunk, answer));
			const chunk: Chunk = { ...flight, from, end, sent: Date.now(), run: this.#run };
			this.#chunks.push(chunk);
			this.#next = end;
			this.#requests++;
			if (end <= this.#most) this.#repeated++;
			else this.#most = end;
		}
		// An abort from within `send` finds the last chunk not in the list yet.
		if (this.#ended) this.#forgetAll();
		else this.#wait();
	}

	#answered(chunk: Chunk, answer: Fields | Error): void {
		try {
			if (answer instanceof Error) throw answer;
			const error = responseError(NAME, answer);
			if (error) throw error;
			const { off: next, match } = readAnswer(imageUpload, answer, NAME);
			const off = this.#checked(next);
			// Answers come in the order of the requests: what was sent earlier has got lost, or its answer has.
			for (const earlier of this.#chunks.splice(0, this.#chunks.indexOf(chunk) + 1)) earlier.forget();
			this.#roundTrip = Math.max(Date.now() - chunk.sent, this.#roundTrip * 0.9);
			this.#timeouts = 0;
			// Two that upload at once to a server that allows it would mix their files.
			if (off > this.#most) throw new Error(`another client uploads to the device: it is at ${off} bytes of that file`);
			if (off === this.#file.length) this.#finish(match);
			else if (off === 0) this.#restart();
			else {
				if (off > this.#acknowledged) this.#advance(off);
				if (off < chunk.end && chunk.run === this.#run) this.#goBack(off, off <= chunk.from);
				this.#fill();
			}
		} catch (error) {
			if (!(error instanceof SmpResponseError && error.denied) || !this.#settings.reopen || this.#reopened)
				this.#reject(error);
			else {
				this.#reopened = true;
				this.#forgetAll();
				this.#settings.reopen().then(() => {
					if (!this.#ended) this.#begin();
				}, this.#reject);
			}
		}
	}

	/** The server knows of no upload: it was reset, or has had the whole file before. From the sha it can tell which. */
	#restart(): void {
		this.#forgetAll();
		this.#setBack();
		this.#begin();
	}

	#advance(off: number): void {
		this.#acknowledged = off;
		this.#next = Math.max(this.#next, off);
		if (off > this.#best) {
			this.#best = off;
			this.#setbacks = 0;
			this.#reopened = false;
		}
		this.#window = Math.min(this.#settings.window, this.#window + (this.#lossSeen ? 1 / this.#window : 1));
		this.#options.onProgress?.(off, this.#file.length);
	}

	/** Goes on at an earlier offset. Without a `loss` the server merely took less of a chunk than it was sent. */
	#goBack(off: number, loss: boolean): void {
		this.#run++;
		this.#next = off;
		this.#acknowledged = off;
		if (!loss) return;
		this.#setBack();
		this.#lossSeen = true;
		this.#window = Math.max(1, this.#window / 2);
	}

	#setBack(): void {
		if (++this.#setbacks > MOST_SETBACKS)
			throw new Error(`the upload does not get beyond ${this.#best} of ${this.#file.length} bytes`);
	}

	#wait(): void {
		clearTimeout(this.#timer);
		const { timeout } = this.#settings;
		const quick = Math.min(timeout, Math.max(LEAST_WAIT, 4 * this.#roundTrip));
		this.#timer = setTimeout(() => this.#timedOut(), (this.#timeouts === 0 ? quick : timeout) * 2 ** this.#timeouts);
	}

	#timedOut(): void {
		if (++this.#timeouts >= this.#settings.tries) {
			this.#reject(new NoAnswerError(NAME, this.#settings.tries));
			return;
		}
		this.#forgetAll();
		this.#run++;
		this.#lossSeen = true;
		this.#window = 1;
		this.#next = this.#acknowledged;
		this.#fill();
	}

	#checked(off: number): number {
		if (Number.isInteger(off) && off >= 0 && off <= this.#file.length) return off;
		throw new Error(`the device asks for offset ${off} of ${this.#file.length}`);
	}

	#forgetAll(): void {
		clearTimeout(this.#timer);
		for (const chunk of this.#chunks) chunk.forget();
		this.#chunks = [];
	}

	#finish(match: boolean | undefined): void {
		this.#forgetAll();
		if (match === false) {
			this.#reject(new Error("what the device holds after the upload is not the file: its SHA-256 differs"));
			return;
		}
		this.#options.onProgress?.(this.#file.length, this.#file.length);
		this.#resolve({
			resumed: this.#resumed ?? 0,
			requests: this.#requests,
			repeated: this.#repeated,
			match,
		});
	}
}

const requestOf = (fields: Chunked): Request => {
	const { op, group, command } = imageUpload;
	return { op, group, command, fields };
};
