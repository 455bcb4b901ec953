import { untilAborted } from "./abort.js";
import type { Channel, Flight } from "./channel.js";
import { NoAnswerError, SmpResponseError } from "./errors.js";
import type { Fields, Request } from "./fields.js";

/** What goes over in a transfer, and how the device tells how far it is. Offsets and sizes are bytes. */
export interface Chunks {
	/** The transfer, as sentences name it: `upload`. */
	readonly noun: string;
	/** The request, as sentences name it. */
	readonly name: string;
	readonly total: number;
	/** Has the device begin, or go on at `off`, and returns the offset that is next. */
	begin(off: number): Promise<number>;
	/** The request for the chunk at an offset, and where that chunk ends. */
	at(from: number): { readonly request: Request; readonly end: number };
	/**
	 * The offset that is next, by the answer to the chunk at `from`: an earlier one if something got lost. If the answer does not
	 * tell, how to find out. `done` is how far the transfer is. Throws if the device refuses.
	 */
	next(answer: Fields, from: number, done: number): number | (() => Promise<number>);
	/** What it means that the device is beyond everything that this client has sent. */
	beyond(off: number): string;
}

/** How a transfer is made. */
export interface TransferSettings {
	/** Most requests on their way at once. */
	readonly window: number;
	/** Milliseconds, and how often they may pass in a row without an answer. */
	readonly timeout: number;
	readonly tries: number;
	/** Has the device serve this client again when it denies access on the way. */
	readonly reopen?: (() => Promise<unknown>) | undefined;
	readonly signal?: AbortSignal | undefined;
	/** Called with the offset, each time it is farther. */
	readonly onProgress?: ((offset: number, total: number) => void) | undefined;
}

/** How a transfer went: requests sent, and how many of them because something got lost. */
export interface TransferResult {
	readonly requests: number;
	readonly repeated: number;
}

/** One chunk on its way. */
interface Chunk extends Flight {
	readonly from: number;
	readonly end: number;
	readonly request: Request;
	/** When it was sent, milliseconds. */
	readonly sent: number;
	/** Of which run of chunks without a gap it is. */
	readonly run: number;
}

/** How often a transfer may go back without getting ahead: far more than a bad line does. */
export const MOST_SETBACKS = 50;

/** Shortest time in which a chunk counts as lost, milliseconds; erasing a sector takes some hundred. */
const LEAST_WAIT = 500;

/**
 * Moves bytes with several requests on their way, in either direction. The device takes chunks in order, and each answer tells
 * the offset that is next; so one that is earlier than expected tells of a loss, and the transfer goes back there. The window
 * opens by one chunk for each answer until something is lost; then it is halved and opens by one for each round.
 */
export class Transfer {
	readonly #channel: Channel;
	readonly #work: Chunks;
	readonly #settings: TransferSettings;
	/** In the order in which they were sent. */
	#chunks: Chunk[] = [];
	#run = 0;
	/** What is over, and where the next chunk begins. */
	#done = 0;
	#next = 0;
	#window = 1;
	#lossSeen = false;
	/** The longest of the recent round trips, milliseconds. */
	#roundTrip = 0;
	#timeouts = 0;
	/** How often the transfer had to go back since it was as far as `best`. */
	#setbacks = 0;
	#best = 0;
	/** Whether the device was asked to serve this client again since then. */
	#reopened = false;
	/** End of the farthest chunk that was sent, or of what was over. */
	#most = 0;
	#timer: ReturnType<typeof setTimeout> | undefined;
	#requests = 0;
	#repeated = 0;
	/** The chunk that the device has refused, which is why the transfer has ended. */
	refused: Request | undefined;
	/** Nothing is sent any more. */
	#ended = false;
	#resolve: (result: TransferResult) => void = () => {};
	#reject: (error: unknown) => void = () => {};

	constructor(channel: Channel, work: Chunks, settings: TransferSettings) {
		this.#channel = channel;
		this.#work = work;
		this.#settings = settings;
	}

	/**
	 * Moves all from an offset on. Rejects with an `SmpResponseError` if the device refuses, and with a `NoAnswerError` if it is gone
	 * for good.
	 */
	run(off = 0): Promise<TransferResult> {
		const { signal } = this.#settings;
		const done = new Promise<TransferResult>((resolve, reject) => {
			this.#resolve = resolve;
			this.#reject = (error) => {
				this.#ended = true;
				this.#forgetAll();
				reject(error);
			};
		});
		const result = untilAborted(done, signal, () => this.#reject(signal?.reason));
		if (!this.#ended) this.#begin(off);
		return result;
	}

	/** Goes alone: its answer says where to go on. */
	#begin(off: number): void {
		this.#requests++;
		this.#goOn(this.#work.begin(off));
	}

	#goOn(next: Promise<number>): void {
		next.then((answer) => {
			if (this.#ended) return;
			try {
				const off = this.#checked(answer);
				if (off === this.#work.total) return this.#finish();
				if (off === 0) throw new Error("the device takes nothing of the file");
				this.#run++;
				this.#next = off;
				this.#most = Math.max(this.#most, off);
				this.#advance(off);
				this.#fill();
			} catch (error) {
				this.#reject(error);
			}
		}, this.#reject);
	}

	#fill(): void {
		const { total } = this.#work;
		while (!this.#ended && this.#next < total && this.#chunks.length < Math.floor(this.#window)) {
			const from = this.#next;
			const { request, end } = this.#work.at(from);
			const flight = this.#channel.start(request, (answer) => this.#answered(chunk, answer));
			const chunk: Chunk = { ...flight, from, end, request, sent: Date.now(), run: this.#run };
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
			const next = this.#work.next(answer, chunk.from, this.#done);
			// Answers come in the order of the requests: what was sent earlier has got lost, or its answer has.
			for (const earlier of this.#chunks.splice(0, this.#chunks.indexOf(chunk) + 1)) earlier.forget();
			this.#roundTrip = Math.max(Date.now() - chunk.sent, this.#roundTrip * 0.9);
			this.#timeouts = 0;
			if (typeof next === "function") this.#ask(next, chunk);
			else this.#proceed(this.#checked(next), chunk);
		} catch (error) {
			if (!(error instanceof SmpResponseError && error.denied) || !this.#settings.reopen || this.#reopened) {
				this.refused = chunk.request;
				this.#reject(error);
			} else {
				this.#reopened = true;
				this.#forgetAll();
				this.#settings.reopen().then(() => {
					if (!this.#ended) this.#begin(this.#done);
				}, this.#reject);
			}
		}
	}

	#proceed(off: number, chunk: Chunk): void {
		// Two that upload at once to a server that allows it would mix their files.
		if (off > this.#most) throw new Error(this.#work.beyond(off));
		if (off === this.#work.total) this.#finish();
		else if (off === 0) this.#restart();
		else {
			if (off > this.#done) this.#advance(off);
			if (off < chunk.end && chunk.run === this.#run) this.#goBack(off, off <= chunk.from);
			this.#fill();
		}
	}

	/** The device has forgotten the transfer: it was reset, or has had everything before. It can tell which. */
	#restart(): void {
		this.#forgetAll();
		this.#setBack();
		this.#done = 0;
		this.#begin(0);
	}

	/** The answer does not tell how far it is. */
	#ask(find: () => Promise<number>, { request }: Chunk): void {
		this.#forgetAll();
		this.#setBack();
		this.#lossSeen = true;
		this.#window = 1;
		this.#requests++;
		this.#goOn(
			find().catch((error: unknown) => {
				this.refused = request;
				throw error;
			}),
		);
	}

	#advance(off: number): void {
		const farther = off > this.#done;
		this.#done = off;
		this.#next = Math.max(this.#next, off);
		if (off > this.#best) {
			this.#best = off;
			this.#setbacks = 0;
			this.#reopened = false;
		}
		this.#window = Math.min(this.#settings.window, this.#window + (this.#lossSeen ? 1 / this.#window : 1));
		if (farther) this.#settings.onProgress?.(off, this.#work.total);
	}

	/** Goes on at an earlier offset. Without a `loss` a chunk was merely shorter than it might have been. */
	#goBack(off: number, loss: boolean): void {
		this.#run++;
		this.#next = off;
		this.#done = off;
		if (!loss) return;
		this.#setBack();
		this.#lossSeen = true;
		this.#window = Math.max(1, this.#window / 2);
	}

	#setBack(): void {
		if (++this.#setbacks > MOST_SETBACKS)
			throw new Error(`the ${this.#work.noun} does not get beyond ${this.#best} of ${this.#work.total} bytes`);
	}

	#wait(): void {
		clearTimeout(this.#timer);
		const { timeout } = this.#settings;
		const quick = Math.min(timeout, Math.max(LEAST_WAIT, 4 * this.#roundTrip));
		this.#timer = setTimeout(() => this.#timedOut(), (this.#timeouts === 0 ? quick : timeout) * 2 ** this.#timeouts);
	}

	#timedOut(): void {
		if (++this.#timeouts >= this.#settings.tries) {
			this.#reject(new NoAnswerError(this.#work.name, this.#settings.tries));
			return;
		}
		this.#forgetAll();
		this.#run++;
		this.#lossSeen = true;
		this.#window = 1;
		this.#next = this.#done;
		this.#fill();
	}

	#checked(off: number): number {
		const { total } = this.#work;
		if (Number.isInteger(off) && off >= 0 && off <= total) return off;
		throw new Error(off > total ? this.#work.beyond(off) : `the device asks for offset ${off} of ${total}`);
	}

	#forgetAll(): void {
		clearTimeout(this.#timer);
		for (const chunk of this.#chunks) chunk.forget();
		this.#chunks = [];
	}

	#finish(): void {
		this.#forgetAll();
		// What an abort from within a callback would find.
		this.#ended = true;
		const { total } = this.#work;
		this.#settings.onProgress?.(total, total);
		this.#resolve({ requests: this.#requests, repeated: this.#repeated });
	}
}

/**
 * How much data a packet has room for, bytes; `empty` is the length of the same packet without data. The head of a long byte
 * string has two bytes more than that of an empty one.
 */
export const roomFor = (packetSize: number, empty: number): number => packetSize - empty - 2;
