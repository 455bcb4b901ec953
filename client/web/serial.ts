import type { ByteStream } from "../../modules/smp/transport/stream.js";
import { consoleLink } from "../console.js";
import type { DisposableLink } from "../link.js";
import { rawLink } from "../raw.js";
import type { OwnBytes } from "./own-bytes.js";

/** Takes the bytes that arrive on a `WebSerialPort`. */
export interface WebSerialReader {
	/** Waits for bytes. Rejects when the port is lost, and after a framing error, a break or an overrun. */
	read(): Promise<{ readonly done: boolean; readonly value?: Uint8Array | undefined }>;
	/** Ends the reading, a `read` that waits included. */
	cancel(): Promise<void>;
	/** Lets others have the stream. */
	releaseLock(): void;
}

/** Gives bytes to a `WebSerialPort`. */
export interface WebSerialWriter {
	/** Rejects when the port is lost. */
	write(bytes: OwnBytes): Promise<void>;
	/** Drops what waits. */
	abort(): Promise<void>;
	/** Lets others have the stream. */
	releaseLock(): void;
}

/** What arrives on a `WebSerialPort`. */
export interface WebSerialReadable {
	/** Throws while another reader has it. */
	getReader(): WebSerialReader;
}

/** What leaves on a `WebSerialPort`. */
export interface WebSerialWritable {
	/** Throws while another writer has it. */
	getWriter(): WebSerialWriter;
}

/** A serial port of the browser, as `navigator.serial` gives it (Web Serial API, SerialPort): the part that a link uses. */
export interface WebSerialPort {
	/** Rejects if the port cannot be opened. */
	open(options: { readonly baudRate: number }): Promise<void>;
	/** Resolves when others can open the port. */
	close(): Promise<void>;
	/** Null while the port is closed, or after it was lost. */
	readonly readable: WebSerialReadable | null;
	/** Null while the port is closed, or after it was lost. */
	readonly writable: WebSerialWritable | null;
}

/** How a serial port of the browser is opened. */
export interface WebSerialOptions {
	/** Speed, baud. Default 115200. */
	readonly baud?: number | undefined;
	/** Bare packets instead of console frames, for a server on Zephyr's raw UART. Default false. */
	readonly raw?: boolean | undefined;
}

/**
 * Connects to an SMP server on a serial port of the browser: one packet a console frame. A page gets the port from
 * `navigator.serial.requestPort()`, which asks the user.
 *
 * A port that is lost, as a USB device is in a restart, is a failure of the link. The next request opens the port anew, if the
 * browser has it back.
 *
 * @example
 * ```ts
 * import { SmpClient } from "xs-smp";
 * import { webSerialLink } from "xs-smp/web/serial";
 *
 * const port = await navigator.serial.requestPort();
 * await using client = new SmpClient(await webSerialLink(port));
 * console.log(await client.images());
 * ```
 *
 * @throws An Error with one sentence if the port cannot be opened.
 */
export async function webSerialLink(
	port: WebSerialPort,
	{ baud = 115200, raw = false }: WebSerialOptions = {},
): Promise<DisposableLink> {
	const line = new Line(port, baud);
	await line.open();
	const link = (raw ? rawLink : consoleLink)(line);
	line.onLost = (why) => link.onFailure?.(why);
	const close = link.close.bind(link);
	return Object.assign(link, {
		close: () => {
			close();
			return line.closed();
		},
	});
}

/** The port as a stream of bytes. */
class Line implements ByteStream {
	onBytes: ByteStream["onBytes"];
	onLost: ((why: string) => void) | undefined;
	readonly #port: WebSerialPort;
	readonly #baud: number;
	#reader: WebSerialReader | undefined;
	#writer: WebSerialWriter | undefined;
	#opening: Promise<void> | undefined;
	#reading: Promise<void> = Promise.resolve();
	/** What waits for the port. */
	#waiting: OwnBytes[] = [];
	#ended = false;

	constructor(port: WebSerialPort, baud: number) {
		this.#port = port;
		this.#baud = baud;
	}

	/** Throws an Error with one sentence. */
	async open(): Promise<void> {
		try {
			await this.#port.open({ baudRate: this.#baud });
		} catch (error) {
			throw new Error(`The serial port cannot be opened: ${reasonOf(error)}.`);
		}
		this.#writer = this.#port.writable?.getWriter();
		this.#reading = this.#read();
		for (const bytes of this.#waiting.splice(0)) this.write(bytes);
	}

	write(bytes: Uint8Array): void {
		if (this.#ended) return;
		if (this.#writer) {
			this.#writer.write(bytes.slice()).catch(() => this.#lose());
			return;
		}
		this.#waiting.push(bytes.slice());
		this.#opening ??= this.open()
			.catch((error: Error) => this.#lose(decapitalized(error.message)))
			.finally(() => {
				this.#opening = undefined;
			});
	}

	close(): void {
		this.#ended = true;
		this.#waiting = [];
		this.#reader?.cancel().catch(() => {});
	}

	/** Resolves when others can open the port. */
	async closed(): Promise<void> {
		await this.#opening;
		this.close();
		await this.#reading;
	}

	/** Reads until the port is lost or closed. Never rejects. */
	async #read(): Promise<void> {
		// After a framing error, a break or an overrun the port has a new stream; without one it is lost.
		let over = false;
		while (!over && !this.#ended && this.#port.readable) {
			const reader = this.#port.readable.getReader();
			this.#reader = reader;
			try {
				while (!over && !this.#ended) {
					const { done, value } = await reader.read();
					over = done;
					if (value && !this.#ended) this.onBytes?.(value);
				}
			} catch {
				// The loop looks whether there is a stream again.
			}
			this.#reader = undefined;
			reader.releaseLock();
		}
		const writer = this.#writer;
		// What waits in a line with flow control would never leave it.
		await writer?.abort().catch(() => {});
		writer?.releaseLock();
		await this.#port.close().catch(() => {});
		this.#writer = undefined;
		this.#lose();
	}

	#lose(why = "the serial port is gone: was the device unplugged, or does it restart?"): void {
		this.#waiting = [];
		if (!this.#ended) this.onLost?.(why);
	}
}

/** The browser's words, without its prefixes, as the end of a sentence. */
function reasonOf(error: unknown): string {
	const { name, message } = error as Error;
	if (name === "InvalidStateError") return "it is open already, in this page or another";
	if (name === "NetworkError") return "another program has it, or the device is gone";
	return decapitalized(message);
}

const decapitalized = (text: string): string => (text.charAt(0).toLowerCase() + text.slice(1)).replace(/\.$/, "");
