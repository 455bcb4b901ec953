import { Op } from "../modules/smp/header.js";
import { Channel, type Fields, type Request } from "./channel.js";
import { commandName, NoAnswerError, responseError } from "./errors.js";
import { type ImageState, imageStates, type SlotInfo, slotInfos } from "./image-state.js";
import type { Link } from "./link.js";
import { Upload, type UploadOptions, type UploadResult } from "./upload.js";

export { NoAnswerError, SmpResponseError } from "./errors.js";
export type { ImageState, SlotInfo } from "./image-state.js";
export type { Link } from "./link.js";
export type { UploadOptions, UploadResult } from "./upload.js";

export interface ClientOptions {
	/** How long to wait for an answer before asking again, milliseconds; twice as long each time. Default 2000. */
	readonly timeout?: number;
	/** How often to ask. Default 3. */
	readonly tries?: number;
}

/** What the server's buffers take (Zephyr SMP group 0, MCUmgr parameters). */
export interface Parameters {
	/** Longest packet, bytes, header included. */
	readonly bufferSize: number;
	readonly bufferCount: number;
}

/** One entry of the task statistics (Zephyr SMP group 0). Stack sizes are counted in 4-byte words. */
export interface TaskState {
	readonly name: string;
	readonly priority: number;
	readonly state: number;
	readonly stackUsed: number;
	readonly stackSize: number;
}

const OS = 0;
const IMAGE = 1;

/** For servers that do not tell: every one of Zephyr's takes 384 bytes, mynewt's and MCUboot's at least that. */
const SMALLEST: Parameters = Object.freeze({ bufferSize: 256, bufferCount: 1 });

const bytesOf = (hex: string): Uint8Array =>
	Uint8Array.from(hex.match(/../g) ?? [], (digits) => Number.parseInt(digits, 16));

/**
 * An SMP client (Zephyr documentation, SMP protocol specification). It speaks version 2 of the protocol, and the original
 * one to a server that says it is too old for that. Uses nothing of Node: any `Link` will do, in a browser too.
 *
 * Every method rejects with an `SmpResponseError` when the server refuses, and with a `NoAnswerError` when it does not
 * answer.
 *
 * ```ts
 * const client = new SmpClient(serialLink("/dev/ttyACM0"));
 * await client.upload(file);
 * ```
 */
export class SmpClient {
	readonly #channel: Channel;
	readonly #timeout: number;
	readonly #tries: number;

	constructor(link: Link, { timeout = 2000, tries = 3 }: ClientOptions = {}) {
		this.#channel = new Channel(link);
		this.#timeout = timeout;
		this.#tries = tries;
	}

	/** Returns what the server sends back: the same text. */
	async echo(text: string): Promise<string> {
		return String((await this.request(Op.WRITE, OS, 0, { d: text }))["r"]);
	}

	/**
	 * Restarts the device. It answers before it does. Asked only once: a second request that arrives after the restart
	 * would restart it again, and so take back an update on trial.
	 */
	async reset(options: { readonly force?: boolean } = {}): Promise<void> {
		await this.request(Op.WRITE, OS, 5, { force: options.force || undefined }, { tries: 1 });
	}

	async parameters(): Promise<Parameters> {
		const fields = await this.request(Op.READ, OS, 6);
		return { bufferSize: Number(fields["buf_size"]), bufferCount: Number(fields["buf_count"]) };
	}

	/** What `uname` would say; `format` is letters of `snrvbmpio`, or `a` for all. Default `s`. */
	async info(format?: string): Promise<string> {
		return String((await this.request(Op.READ, OS, 7, { format }))["output"]);
	}

	/** Name of the boot loader. */
	async bootloader(): Promise<string> {
		return String((await this.request(Op.READ, OS, 8))["bootloader"]);
	}

	/** How the boot loader upgrades, by the protocol's number, and whether it refuses older versions. */
	async bootloaderMode(): Promise<{ readonly mode: number; readonly noDowngrade: boolean }> {
		const fields = await this.request(Op.READ, OS, 8, { query: "mode" });
		return { mode: Number(fields["mode"]), noDowngrade: fields["no-downgrade"] === true };
	}

	/** The device's date and time, as `YYYY-MM-DDThh:mm:ss` in its own time zone. */
	async dateTime(): Promise<string> {
		return String((await this.request(Op.READ, OS, 4))["datetime"]);
	}

	async setDateTime(text: string): Promise<void> {
		await this.request(Op.WRITE, OS, 4, { datetime: text });
	}

	async tasks(): Promise<TaskState[]> {
		const tasks = (await this.request(Op.READ, OS, 2))["tasks"];
		if (typeof tasks !== "object" || tasks === null) throw new Error("the device's answer has no tasks");
		return Object.entries(tasks as Readonly<Record<string, Fields>>).map(([name, task]) => ({
			name,
			priority: Number(task["prio"]),
			state: Number(task["state"]),
			stackUsed: Number(task["stkuse"]),
			stackSize: Number(task["stksiz"]),
		}));
	}

	async images(patience: ClientOptions = {}): Promise<ImageState[]> {
		return imageStates(await this.request(Op.READ, IMAGE, 0, {}, patience));
	}

	/** Marks the image with this hash for one trial boot. */
	async test(hash: string): Promise<ImageState[]> {
		return imageStates(await this.request(Op.WRITE, IMAGE, 0, { hash: bytesOf(hash), confirm: false }));
	}

	/** Confirms the image with this hash, or the running one. */
	async confirm(hash?: string): Promise<ImageState[]> {
		const fields = { hash: hash === undefined ? undefined : bytesOf(hash), confirm: true };
		return imageStates(await this.request(Op.WRITE, IMAGE, 0, fields));
	}

	/** Erases a slot, counted through all images (image 1 has 2 and 3). Default is slot 1. */
	async erase(slot?: number): Promise<void> {
		await this.request(Op.WRITE, IMAGE, 5, { slot });
	}

	async slots(): Promise<SlotInfo[]> {
		return slotInfos(await this.request(Op.READ, IMAGE, 6));
	}

	/**
	 * Sends an image file to a secondary slot, with as many requests on their way as the server has buffers for. Goes on
	 * where an earlier upload of the same file broke off if the server still knows of it, and starts again by itself when
	 * the server forgets it on the way.
	 */
	async upload(file: Uint8Array, options: UploadOptions = {}): Promise<UploadResult> {
		const { bufferSize, bufferCount } = await this.parameters().catch((error: unknown) => {
			if (error instanceof NoAnswerError) throw error;
			return SMALLEST;
		});
		const { link } = this.#channel;
		const upload = new Upload(this.#channel, file, options, {
			packetSize: link.packetSize?.(bufferSize) ?? bufferSize,
			// One buffer is for the answer: Zephyr takes it from the same pool.
			window: Math.max(1, Math.min(options.window ?? bufferCount, bufferCount - 1)),
			timeout: this.#timeout,
			tries: this.#tries,
			ask: (request) => this.#ask(request, this.#timeout, this.#tries),
		});
		return upload.run();
	}

	/** One request and its answer; the way to commands that have no method here. */
	request(
		op: number,
		group: number,
		command: number,
		fields: Fields = {},
		{ timeout = this.#timeout, tries = this.#tries }: ClientOptions = {},
	): Promise<Fields> {
		return this.#ask({ op, group, command, fields }, timeout, tries);
	}

	close(): void {
		this.#channel.close();
	}

	async #ask(request: Request, timeout: number, tries: number): Promise<Fields> {
		const what = commandName(request.group, request.command);
		const version = this.#channel.version;
		const answer = await this.#exchange(request, timeout, tries);
		if (!answer) throw new NoAnswerError(what, tries);
		if (answer instanceof Error) throw answer;
		const error = responseError(what, answer);
		if (error?.code === 13 && error.group === undefined && version === 1) {
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
