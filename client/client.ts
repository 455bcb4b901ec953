import { bytesOf } from "../modules/bytes/hex.js";
import { Rc } from "../modules/smp/errors.js";
import { Op } from "../modules/smp/header.js";
import { IMAGE_GROUP, ImageCommand, ImageError } from "../modules/smp/protocol/image.js";
import { OS_GROUP, OsCommand } from "../modules/smp/protocol/os.js";
import { maybe, namedMaps, take } from "./answer.js";
import { Channel } from "./channel.js";
import { commandName, NoAnswerError, responseError, SmpResponseError } from "./errors.js";
import { lastError } from "./group/last-error.js";
import { describeImageFile, type ImageFile, ImageFileError } from "./image-file.js";
import { type ImageState, imageStates, type SlotInfo, slotInfos } from "./image-state.js";
import type { Link } from "./link.js";
import type { Fields, Patience, Request, Requester } from "./request.js";
import { checkArrival, checkSize, findTarget, paddingSentence, type Target } from "./target.js";
import { Upload, type UploadOptions, type UploadResult } from "./upload.js";

export { NoAnswerError, SmpResponseError } from "./errors.js";
export type { ImageState, SlotInfo } from "./image-state.js";
export type { Link } from "./link.js";
export type { Fields, Patience, Requester } from "./request.js";
export type { UploadOptions, UploadResult } from "./upload.js";

/** What the server's buffers take (Zephyr SMP group 0, MCUmgr parameters). */
export interface Parameters {
	/** Longest packet, bytes, header included. */
	readonly bufferSize: number;
	readonly bufferCount: number;
}

/** How much can be sent to the server at once. */
export interface Capacity {
	/** Longest packet that gets through, bytes, header included. */
	readonly packetSize: number;
	/** Most requests on their way at once. */
	readonly window: number;
}

/** One entry of the task statistics (Zephyr SMP group 0). Stack sizes are counted in 4-byte words. */
export interface TaskState {
	readonly name: string;
	readonly priority: number;
	readonly state: number;
	readonly stackUsed: number;
	readonly stackSize: number;
}

/** One entry of the memory pools (mynewt's `mpstat`). */
export interface MemoryPool {
	readonly name: string;
	/** Bytes of a block. */
	readonly blockSize: number;
	/** Blocks in all, free now, and free when fewest were. */
	readonly blocks: number;
	readonly free: number;
	readonly leastFree: number;
}

/** For servers that do not tell: every one of Zephyr's takes 384 bytes, mynewt's and MCUboot's at least that. */
const SMALLEST: Parameters = Object.freeze({ bufferSize: 256, bufferCount: 1 });

/**
 * An SMP client (Zephyr documentation, SMP protocol specification). It speaks version 2 of the protocol, and the original
 * one to a server that says it is too old for that. Uses nothing of Node: any `Link` will do, in a browser too.
 *
 * Every method rejects with an `SmpResponseError` when the server refuses, and with a `NoAnswerError` when it does not
 * answer.
 *
 * @example
 * ```ts
 * import { SmpClient } from "xs-smp";
 * import { serialLink } from "xs-smp/node/serial";
 *
 * const client = new SmpClient(serialLink("/dev/ttyACM0"));
 * const { resumed } = await client.upload(file, { onProgress: (offset, total) => console.log(offset, total) });
 * console.log(`${resumed} bytes were there already`);
 * client.close();
 * ```
 */
export class SmpClient implements Requester {
	readonly #channel: Channel;
	readonly #timeout: number;
	readonly #tries: number;
	/**
	 * Called when the device denies access, as one with access control does anew after each restart; the request is
	 * then sent once more. `device` asks it without coming here again. See `keepUnlocked`.
	 */
	onDenied: ((device: Requester) => Promise<unknown>) | undefined;
	/** Asks without `onDenied`. */
	readonly #plain: Requester = {
		request: (op, group, command, fields = {}, { timeout = this.#timeout, tries = this.#tries } = {}) =>
			this.#ask({ op, group, command, fields }, timeout, tries),
	};
	#opening: Promise<unknown> | undefined;
	/** Whether the device is thought to know why it refused something. */
	#tells = true;

	/** By default it waits 2 seconds for an answer, and asks three times. */
	constructor(link: Link, { timeout = 2000, tries = 3 }: Patience = {}) {
		this.#channel = new Channel(link);
		this.#timeout = timeout;
		this.#tries = tries;
	}

	/** Returns what the server sends back: the same text. */
	async echo(text: string): Promise<string> {
		return String((await this.request(Op.WRITE, OS_GROUP, OsCommand.ECHO, { d: text }))["r"]);
	}

	/**
	 * Restarts the device. It answers before it does. Asked only once: a second request that arrives after the restart
	 * would restart it again, and so take back an update on trial.
	 */
	async reset(options: { readonly force?: boolean; readonly bootMode?: number } = {}): Promise<void> {
		const { force, bootMode } = options;
		await this.request(
			Op.WRITE,
			OS_GROUP,
			OsCommand.RESET,
			{ force: force || undefined, boot_mode: bootMode },
			{ tries: 1 },
		);
	}

	/** What the server's buffers take. */
	async parameters(): Promise<Parameters> {
		const fields = await this.request(Op.READ, OS_GROUP, OsCommand.PARAMETERS);
		return { bufferSize: Number(fields["buf_size"]), bufferCount: Number(fields["buf_count"]) };
	}

	/** What `uname` would say; `format` is letters of `snrvbmpio`, or `a` for all. Default `s`. */
	async info(format?: string): Promise<string> {
		return String((await this.request(Op.READ, OS_GROUP, OsCommand.INFO, { format }))["output"]);
	}

	/** Name of the boot loader. */
	async bootloader(): Promise<string> {
		return String((await this.request(Op.READ, OS_GROUP, OsCommand.BOOTLOADER))["bootloader"]);
	}

	/** How the boot loader upgrades, by the protocol's number, and whether it refuses older versions. */
	async bootloaderMode(): Promise<{ readonly mode: number; readonly noDowngrade: boolean }> {
		const fields = await this.request(Op.READ, OS_GROUP, OsCommand.BOOTLOADER, { query: "mode" });
		return { mode: Number(fields["mode"]), noDowngrade: fields["no-downgrade"] === true };
	}

	/** The device's date and time, as `YYYY-MM-DDThh:mm:ss` in its own time zone. */
	async dateTime(): Promise<string> {
		return String((await this.request(Op.READ, OS_GROUP, OsCommand.DATE_TIME))["datetime"]);
	}

	/** Sets the device's clock. `text` is `YYYY-MM-DDThh:mm:ss` in its own time zone. */
	async setDateTime(text: string): Promise<void> {
		await this.request(Op.WRITE, OS_GROUP, OsCommand.DATE_TIME, { datetime: text });
	}

	/** Whether the device's console shows what is typed, which disturbs SMP on some. */
	async setConsoleEcho(on: boolean): Promise<void> {
		await this.request(Op.WRITE, OS_GROUP, OsCommand.CONSOLE_ECHO, { echo: on ? 1 : 0 });
	}

	/** The device's tasks, and how much of their stacks they use. */
	async tasks(): Promise<TaskState[]> {
		const tasks = take(await this.request(Op.READ, OS_GROUP, OsCommand.TASK_STATISTICS), "tasks", "map");
		return namedMaps(tasks).map(([name, task]) => ({
			name,
			priority: Number(task["prio"]),
			state: Number(task["state"]),
			stackUsed: Number(task["stkuse"]),
			stackSize: Number(task["stksiz"]),
		}));
	}

	/** The device's memory pools. */
	async pools(): Promise<MemoryPool[]> {
		const answer = await this.request(Op.READ, OS_GROUP, OsCommand.MEMORY_POOLS);
		// mynewt has them under a key, Zephyr's documentation has them bare.
		const pools = maybe(answer, "mpools", "map") ?? answer;
		return namedMaps(pools).map(([name, pool]) => ({
			name,
			blockSize: take(pool, "blksiz", "number"),
			blocks: take(pool, "nblks", "number"),
			free: take(pool, "nfree", "number"),
			leastFree: take(pool, "min", "number"),
		}));
	}

	/** The images in all slots, in the order of the device: what runs, what waits and what is confirmed. */
	async images(patience: Patience = {}): Promise<ImageState[]> {
		return imageStates(await this.request(Op.READ, IMAGE_GROUP, ImageCommand.STATE, {}, patience));
	}

	/** Marks the image with this hash for one trial boot: the first of all slots that holds it. */
	test(hash: string): Promise<ImageState[]> {
		return this.#mark({ hash: bytesOf(hash), confirm: false });
	}

	/** Confirms the image with this hash, in the first of all slots that holds it, or the running one. */
	confirm(hash?: string): Promise<ImageState[]> {
		return this.#mark({ hash: hash === undefined ? undefined : bytesOf(hash), confirm: true });
	}

	/** A server may answer with the list, or with nothing. */
	async #mark(fields: Fields): Promise<ImageState[]> {
		const answer = await this.request(Op.WRITE, IMAGE_GROUP, ImageCommand.STATE, fields);
		return "images" in answer ? imageStates(answer) : this.images();
	}

	/** Erases a slot, counted through all images (image 1 has 2 and 3). Default is slot 1. */
	async erase(slot?: number): Promise<void> {
		await this.request(Op.WRITE, IMAGE_GROUP, ImageCommand.ERASE, { slot });
	}

	/** The slots of all images, and where an upload goes. */
	async slots(): Promise<SlotInfo[]> {
		return slotInfos(await this.request(Op.READ, IMAGE_GROUP, ImageCommand.SLOT_INFO));
	}

	/**
	 * Sends an image file to a secondary slot, with as many requests on their way as the server has buffers for. Goes
	 * on where an earlier upload of the same file broke off if the server still knows of it, and starts again by itself
	 * when the server forgets it on the way. Nothing is sent for an image that the device does not have, or that does
	 * not take so much. Afterwards the image list must have the file in the slot that it was for: some servers go on
	 * with an upload of the same file to another image.
	 */
	async upload(file: Uint8Array, options: UploadOptions = {}): Promise<UploadResult> {
		const image = imageIn(file);
		const target = await this.target(options.image);
		checkSize(file.length, image, target);
		const result = await this.#upload(file, options).catch((error: unknown) => {
			throw image ? withPadding(error, image) : error;
		});
		const images = image && (await ifOffered(this.images()));
		if (images) checkArrival(image, target, images);
		return result;
	}

	/** Where an upload for an image goes. Rejects with an Error of one sentence if the device has no such image. */
	async target(image = 0): Promise<Target> {
		const slots = (await ifOffered(this.slots())) ?? [];
		return findTarget(image, slots, slots.length > 0 ? [] : ((await ifOffered(this.images())) ?? []));
	}

	async #upload(file: Uint8Array, options: UploadOptions): Promise<UploadResult> {
		const { packetSize, window } = await this.capacity();
		const upload = new Upload(this.#channel, file, options, {
			packetSize,
			window: Math.max(1, Math.min(options.window ?? window, window)),
			timeout: this.#timeout,
			tries: this.#tries,
			ask: ({ op, group, command, fields }) => this.request(op, group, command, fields),
			...(this.onDenied && { reopen: () => this.#open() }),
		});
		return upload.run().catch(async (error) => {
			throw await this.#explained(error);
		});
	}

	/** What the server's buffers and the link allow. */
	async capacity(): Promise<Capacity> {
		const { bufferSize, bufferCount } = await this.parameters().catch((error: unknown) => {
			if (error instanceof NoAnswerError) throw error;
			return SMALLEST;
		});
		return {
			packetSize: this.#channel.link.packetSize?.(bufferSize) ?? bufferSize,
			// One buffer is for the answer: Zephyr takes it from the same pool.
			window: Math.max(1, bufferCount - 1),
		};
	}

	/** Length of the packet of a request, bytes. */
	measure(op: number, group: number, command: number, fields: Fields): number {
		return this.#channel.measure({ op, group, command, fields });
	}

	/**
	 * One request and its answer; the way to commands that have no method here.
	 *
	 * @example
	 * ```ts
	 * import { Op } from "xs-smp";
	 *
	 * const answer = await client.request(Op.READ, 80, 0);
	 * console.log(answer["level"]);
	 * ```
	 *
	 * @param op - `Op.READ` or `Op.WRITE`
	 * @param group - number of the group, 0 to 65535
	 * @param command - number of the command within the group, 0 to 255
	 * @param fields - the map of the request; keys whose value is undefined are left out
	 * @throws SmpResponseError if the device refuses, NoAnswerError if it does not answer.
	 */
	async request(op: number, group: number, command: number, fields?: Fields, patience?: Patience): Promise<Fields> {
		try {
			return await this.#plain.request(op, group, command, fields, patience);
		} catch (error) {
			if (!this.onDenied || !(error instanceof SmpResponseError && error.denied)) throw await this.#explained(error);
		}
		await this.#open();
		return this.#plain.request(op, group, command, fields, patience).catch(async (error) => {
			throw await this.#explained(error);
		});
	}

	/** Closes the link. Requests on their way stay without an answer. */
	close(): void {
		this.#channel.close();
	}

	/**
	 * The same error with the sentence that the device has for it, where version 2 of the protocol leaves it none:
	 * beside a group's own code. A device that cannot tell is asked once.
	 */
	async #explained(error: unknown): Promise<unknown> {
		if (!(error instanceof SmpResponseError) || error.group === undefined || error.reason || !this.#tells) return error;
		const last = await lastError(this.#plain).catch((refusal: unknown) => {
			this.#tells = refusal instanceof SmpResponseError && refusal.code === Rc.NO_ENTRY;
			return undefined;
		});
		// Another request of this client may have been refused since.
		if (last?.code !== error.code || last.errorGroup !== error.group) return error;
		const { what, code, group, answer } = error;
		return new SmpResponseError({ what, code, group, reason: last.reason, answer });
	}

	/** One unlocking serves all requests that were denied. */
	#open(): Promise<unknown> {
		this.#opening ??= this.onDenied?.(this.#plain).finally(() => {
			this.#opening = undefined;
		});
		return this.#opening ?? Promise.resolve();
	}

	async #ask(request: Request, timeout: number, tries: number): Promise<Fields> {
		const what = commandName(request);
		const version = this.#channel.version;
		this.#channel.takeLosses();
		const answer = await this.#exchange(request, timeout, tries);
		if (!answer) throw new NoAnswerError(what, tries, undefined, this.#channel.takeLosses());
		if (answer instanceof Error) throw answer;
		const error = responseError(what, answer);
		if (error?.code === Rc.VERSION_TOO_NEW && error.group === undefined && version === 1) {
			this.#channel.version = 0;
			return this.#ask(request, timeout, tries);
		}
		if (error) throw error;
		return answer;
	}

	#exchange(request: Request, timeout: number, tries: number): Promise<Fields | Error | undefined> {
		return new Promise((resolve) => {
			let tried = 1;
			let timer: ReturnType<typeof setTimeout>;
			const flight = this.#channel.start(request, (answer) => {
				clearTimeout(timer);
				resolve(answer);
			});
			const wait = (): void => {
				timer = setTimeout(
					() => {
						if (tried === tries) {
							flight.forget();
							resolve(undefined);
							return;
						}
						tried++;
						flight.again();
						wait();
					},
					timeout * 2 ** (tried - 1),
				);
			};
			wait();
		});
	}
}

/** Undefined for a file that is no image, which is for the server to refuse. */
function imageIn(file: Uint8Array): ImageFile | undefined {
	try {
		return describeImageFile(file);
	} catch (error) {
		if (error instanceof ImageFileError) return undefined;
		throw error;
	}
}

/** Undefined if the server does not tell, or in another way than others: not every one knows every question. */
async function ifOffered<T>(answer: Promise<T>): Promise<T | undefined> {
	try {
		return await answer;
	} catch (error) {
		if (error instanceof NoAnswerError) throw error;
		return undefined;
	}
}

/** The same error; a server that says that a file is too long does not see why. */
function withPadding(error: unknown, image: ImageFile): unknown {
	const padding = paddingSentence(image);
	if (
		!(error instanceof SmpResponseError) ||
		error.group !== IMAGE_GROUP ||
		error.code !== ImageError.INVALID_IMAGE_TOO_LARGE ||
		!padding
	)
		return error;
	const { what, code, group, answer } = error;
	return new SmpResponseError({
		what,
		code,
		group,
		reason: `${error.reason ?? "the file is too long"}${padding}`,
		answer,
	});
}
