import { bytesOf } from "../modules/bytes/hex.js";
import { IMAGE_GROUP, ImageError } from "../modules/smp/protocol/image.js";
import { Channel } from "./channel.js";
import type { Command } from "./command.js";
import { ifOffered, SmpResponseError } from "./errors.js";
import { Exchange, type OnDenied } from "./exchange.js";
import type { Fields } from "./fields.js";
import { imageErase, imageMark, imageSlots, imageState, imageUpload } from "./group/image.js";
import {
	osBootloader,
	osConsoleEcho,
	osDateTime,
	osEcho,
	osInfo,
	osParameters,
	osPools,
	osReset,
	osSetDateTime,
	osTasks,
} from "./group/os.js";
import { describeImageFile, type ImageFile, ImageFileError } from "./image-file.js";
import { type ImageState, imageStates, type SlotInfo, slotInfos } from "./image-state.js";
import type { Link } from "./link.js";
import type { Patience, RequestArguments, Requester, RequestOptions } from "./request.js";
import { checkArrival, checkSize, findTarget, paddingSentence, type Target } from "./target.js";
import { type Chunks, Transfer, type TransferResult, type TransferSettings } from "./transfer.js";
import { ImageChunks, type UploadOptions, type UploadResult } from "./upload.js";

export { AnswerError, NoAnswerError, SmpResponseError } from "./errors.js";
export type { OnDenied } from "./exchange.js";
export type { Fields } from "./fields.js";
export type { ImageState, SlotInfo } from "./image-state.js";
export type { Link } from "./link.js";
export type { Abortable, Patience, RequestArguments, Requester, RequestOptions } from "./request.js";
export type { Chunks, TransferResult } from "./transfer.js";
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

/** How a device is restarted. It is asked once. */
export interface ResetOptions extends Pick<RequestOptions, "timeout" | "signal"> {
	/** Restarts a device that would rather not. */
	readonly force?: boolean;
	/** 1 starts the boot loader's recovery, where it has one. */
	readonly bootMode?: number | undefined;
}

/** How a transfer is made: with how many requests on their way, and whom to tell of it. */
export type TransferOptions = Pick<TransferSettings, "window" | "signal" | "onProgress">;

/** For servers that do not tell: every one of Zephyr's takes 384 bytes, mynewt's and MCUboot's at least that. */
const SMALLEST: Parameters = Object.freeze({ bufferSize: 256, bufferCount: 1 });

/**
 * An SMP client (Zephyr documentation, SMP protocol specification). It speaks version 2 of the protocol, and the original
 * one to a server that says it is too old for that. Uses nothing of Node: any `Link` will do, in a browser too.
 *
 * Every method rejects with an `SmpResponseError` when the server refuses, with a `NoAnswerError` when it does not answer, with
 * an `AnswerError` when the answer is not what it should be, and with the reason of its `signal` when that is aborted.
 *
 * @example
 * ```ts
 * import { SmpClient } from "xs-smp";
 * import { serialLink } from "xs-smp/node/serial";
 *
 * await using client = new SmpClient(serialLink("/dev/ttyACM0"));
 * const { resumed } = await client.upload(file, { onProgress: (offset, total) => console.log(offset, total) });
 * console.log(`${resumed} bytes were there already`);
 * ```
 */
export class SmpClient implements Requester, AsyncDisposable {
	readonly #channel: Channel;
	readonly #exchange: Exchange;

	/** By default it waits 2 seconds for an answer, and asks three times. */
	constructor(link: Link, patience: Patience = {}) {
		this.#channel = new Channel(link);
		this.#exchange = new Exchange(this.#channel, patience);
	}

	/**
	 * Called when the device denies access, as one with access control does anew after each restart; the request is
	 * then sent once more. `device` asks it without coming here again. See `keepUnlocked`.
	 */
	get onDenied(): OnDenied | undefined {
		return this.#exchange.onDenied;
	}

	/** Undefined: what is denied stays denied. */
	set onDenied(onDenied: OnDenied | undefined) {
		this.#exchange.onDenied = onDenied;
	}

	/** Returns what the server sends back: the same text. */
	async echo(text: string, options?: RequestOptions): Promise<string> {
		return (await this.request(osEcho, { d: text }, options)).r;
	}

	/**
	 * Restarts the device. It answers before it does. Asked only once: a second request that arrives after the restart
	 * would restart it again, and so take back an update on trial.
	 */
	async reset(options: ResetOptions = {}): Promise<void> {
		const { force, bootMode, timeout, signal } = options;
		await this.request(osReset, { force: force || undefined, boot_mode: bootMode }, { timeout, tries: 1, signal });
	}

	/** What the server's buffers take. */
	async parameters(options?: RequestOptions): Promise<Parameters> {
		const { buf_size: bufferSize, buf_count: bufferCount } = await this.request(osParameters, {}, options);
		return { bufferSize, bufferCount };
	}

	/** What `uname` would say; `format` is letters of `snrvbmpio`, or `a` for all. Default `s`. */
	async info(format?: string, options?: RequestOptions): Promise<string> {
		return (await this.request(osInfo, { format }, options)).output;
	}

	/** Name of the boot loader; empty if the device does not tell. */
	async bootloader(options?: RequestOptions): Promise<string> {
		return (await this.request(osBootloader, {}, options)).bootloader ?? "";
	}

	/** How the boot loader upgrades, by the protocol's number, and whether it refuses older versions. */
	async bootloaderMode(options?: RequestOptions): Promise<{ readonly mode: number; readonly noDowngrade: boolean }> {
		const { mode = Number.NaN, ...answer } = await this.request(osBootloader, { query: "mode" }, options);
		return { mode, noDowngrade: answer["no-downgrade"] === true };
	}

	/** The device's date and time, as `YYYY-MM-DDThh:mm:ss` in its own time zone. */
	async dateTime(options?: RequestOptions): Promise<string> {
		return (await this.request(osDateTime, {}, options)).datetime;
	}

	/** Sets the device's clock. `text` is `YYYY-MM-DDThh:mm:ss` in its own time zone. */
	async setDateTime(text: string, options?: RequestOptions): Promise<void> {
		await this.request(osSetDateTime, { datetime: text }, options);
	}

	/** Whether the device's console shows what is typed, which disturbs SMP on some. */
	async setConsoleEcho(on: boolean, options?: RequestOptions): Promise<void> {
		await this.request(osConsoleEcho, { echo: on ? 1 : 0 }, options);
	}

	/** The device's tasks, and how much of their stacks they use. */
	async tasks(options?: RequestOptions): Promise<TaskState[]> {
		const { tasks } = await this.request(osTasks, {}, options);
		return Object.entries(tasks).map(([name, { prio, state, stkuse, stksiz }]) => ({
			...{ name, priority: prio, state, stackUsed: stkuse, stackSize: stksiz },
		}));
	}

	/** The device's memory pools. */
	async pools(options?: RequestOptions): Promise<MemoryPool[]> {
		const pools = await this.request(osPools, {}, options);
		return Object.entries(pools).map(([name, { blksiz, nblks, nfree, min }]) => ({
			...{ name, blockSize: blksiz, blocks: nblks, free: nfree, leastFree: min },
		}));
	}

	/** The images in all slots, in the order of the device: what runs, what waits and what is confirmed. */
	async images(options?: RequestOptions): Promise<ImageState[]> {
		return imageStates((await this.request(imageState, {}, options)).images);
	}

	/** Marks the image with this hash for one trial boot: the first of all slots that holds it. */
	test(hash: string, options?: RequestOptions): Promise<ImageState[]> {
		return this.#mark(hash, false, options);
	}

	/** Confirms the image with this hash, in the first of all slots that holds it, or the running one. */
	confirm(hash?: string, options?: RequestOptions): Promise<ImageState[]> {
		return this.#mark(hash, true, options);
	}

	/** A server may answer with the list, or with nothing. */
	async #mark(hash: string | undefined, confirm: boolean, options?: RequestOptions): Promise<ImageState[]> {
		const fields = { hash: hash === undefined ? undefined : bytesOf(hash), confirm };
		const { images } = await this.request(imageMark, fields, options);
		return images ? imageStates(images) : this.images(options);
	}

	/** Erases a slot, counted through all images (image 1 has 2 and 3). Default is slot 1. */
	async erase(slot?: number, options?: RequestOptions): Promise<void> {
		await this.request(imageErase, { slot }, options);
	}

	/** The slots of all images, and where an upload goes. */
	async slots(options?: RequestOptions): Promise<SlotInfo[]> {
		return slotInfos(await this.request(imageSlots, {}, options));
	}

	/**
	 * Sends an image file to a secondary slot, with as many requests on their way as the server has buffers for. Goes
	 * on where an earlier upload of the same file broke off if the server still knows of it, and starts again by itself
	 * when the server forgets it on the way. Nothing is sent for an image that the device does not have, or that does
	 * not take so much. Afterwards the image list must have the file in the slot that it was for: some servers go on
	 * with an upload of the same file to another image.
	 *
	 * An upload that its `signal` has broken off goes on in the same way when it is started again.
	 */
	async upload(file: Uint8Array, options: UploadOptions = {}): Promise<UploadResult> {
		const { signal } = options;
		const image = imageIn(file);
		const target = await this.target(options.image, { signal });
		checkSize(file.length, image, target);
		const result = await this.#upload(file, options).catch((error: unknown) => {
			throw image ? withPadding(error, image) : error;
		});
		const images = image && (await ifOffered(this.images({ signal })));
		if (images && !(await this.#tookInPlace(image, target, images, options))) checkArrival(image, target, images);
		return result;
	}

	/**
	 * Whether a file went to the first slot of its image, which none but a boot loader's serial recovery writes to. Its slot info
	 * names the other one (MCUboot boot_serial.c, `bs_slot_info`). It has one buffer, and does not tell of the boot loader.
	 */
	async #tookInPlace(
		{ hash }: ImageFile,
		{ image }: Target,
		images: readonly ImageState[],
		{ signal }: UploadOptions,
	): Promise<boolean> {
		if (!images.some((entry) => entry.hash === hash && entry.image === image && entry.slot === 0)) return false;
		const parameters = await ifOffered(this.parameters({ signal }));
		return parameters?.bufferCount === 1 && (await ifOffered(this.bootloader({ signal }))) === undefined;
	}

	/** Where an upload for an image goes. Rejects with an Error of one sentence if the device has no such image. */
	async target(image = 0, options?: RequestOptions): Promise<Target> {
		const slots = (await ifOffered(this.slots(options))) ?? [];
		return findTarget(image, slots, slots.length > 0 ? [] : ((await ifOffered(this.images(options))) ?? []));
	}

	async #upload(file: Uint8Array, options: UploadOptions): Promise<UploadResult> {
		const { signal, onProgress } = options;
		const { packetSize, window } = await this.capacity({ signal });
		const chunks = new ImageChunks(file, options, {
			packetSize,
			measure: (request) => this.#channel.measure(request),
			ask: (fields) => this.request(imageUpload, fields, { signal }),
		});
		const result = await this.transfer(chunks, {
			window: Math.min(options.window ?? window, window),
			signal,
			onProgress,
		});
		const { resumed = 0, match } = chunks;
		return { resumed, ...result, match };
	}

	/**
	 * Moves bytes to or from the device with several requests on their way. The uploads and downloads are made with it, and so can
	 * be those of a group of one's own.
	 */
	transfer(chunks: Chunks, { window, signal, onProgress }: TransferOptions, off = 0): Promise<TransferResult> {
		const exchange = this.#exchange;
		const { timeout, tries } = exchange;
		const reopen = this.onDenied && (() => exchange.open(signal));
		const settings = { window: Math.max(1, window), timeout, tries, reopen, signal, onProgress };
		const transfer = new Transfer(this.#channel, chunks, settings);
		return transfer.run(off).catch((error: unknown) => {
			if (!transfer.refused) throw error;
			return exchange.explainChunk(error, transfer.refused, signal);
		});
	}

	/** What the server's buffers and the link allow. */
	async capacity(options?: RequestOptions): Promise<Capacity> {
		const { bufferSize, bufferCount } = (await ifOffered(this.parameters(options))) ?? SMALLEST;
		return {
			packetSize: this.#channel.link.packetSize?.(bufferSize) ?? bufferSize,
			// One buffer is for the answer: Zephyr takes it from the same pool.
			window: Math.max(1, bufferCount - 1),
		};
	}

	/** Length of the packet of a request, bytes. */
	measure<Q extends Fields>({ op, group, command }: Command<Q, unknown>, fields: Q): number {
		return this.#channel.measure({ op, group, command, fields });
	}

	/**
	 * One request and its answer. The types of both follow from the command; those of all known groups are in
	 * `xs-smp/group/…`, and `xs-smp/command` makes others.
	 *
	 * @example
	 * ```ts
	 * import { osInfo } from "xs-smp/group/os";
	 *
	 * const { output } = await client.request(osInfo, { format: "sv" }, { timeout: 500 });
	 * console.log(output);
	 * ```
	 *
	 * @param command - what to ask for
	 * @param rest - the values of the request, of which those that are undefined are left out; and how to ask
	 * @throws SmpResponseError if the device refuses, NoAnswerError if it does not answer, AnswerError if the answer lacks a
	 * value, the reason of the signal if that is aborted.
	 */
	request<Q extends Fields, A>(command: Command<Q, A>, ...rest: RequestArguments<Q>): Promise<A> {
		return this.#exchange.request(command, ...rest);
	}

	/**
	 * Closes the link; resolves when its line or its socket is free for others. Requests on their way stay without an answer.
	 */
	async close(): Promise<void> {
		await this.#channel.close();
	}

	/** As `close`: `await using client = new SmpClient(link)` closes it at the end of the block. */
	async [Symbol.asyncDispose](): Promise<void> {
		await this.close();
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
