import type { ByteStream } from "../../modules/smp/transport/stream.js";
import { consoleLink } from "../console.js";
import type { DisposableLink } from "../link.js";
import { rawLink } from "../raw.js";
import { hasSerialPort, openWithSerialPort } from "./serialport.js";
import { openWithStty } from "./stty.js";
import { OpeningError, type OpenTerminal, type Terminal } from "./terminal.js";

/** A serial line as a stream of bytes. */
export interface SerialLine extends ByteStream {
	/** Settles once: the line is open, or cannot be opened now, and then with an Error of one sentence. */
	readonly opened: Promise<void>;
	/**
	 * Called when the line is gone, as a USB device is in a restart, and whenever it is written to and is not back yet. `why` is
	 * the end of a sentence.
	 */
	onLost?: ((why: string) => void) | undefined;
	/** Resolves when others can open the line. */
	close(): Promise<void>;
}

/** A link over a serial line. */
export interface SerialLink extends DisposableLink {
	/**
	 * Settles once: the line is open, or cannot be opened now, and then with an Error of one sentence. Who does not wait for it
	 * hears of it from the first request.
	 */
	readonly opened: Promise<void>;
}

/**
 * A serial line, for example `/dev/ttyACM0` or `COM3`. It is opened at once; what is written before it is open waits. One that is
 * gone is opened anew when it is written to. `open` is how; by default with the package `serialport` where that is installed.
 */
export function openSerial(
	path: string,
	baud: number,
	open: OpenTerminal = hasSerialPort() ? openWithSerialPort : openWithStty,
): SerialLine {
	let terminal: Terminal | undefined;
	let opening: Promise<void> | undefined;
	/** Whether it was open before. */
	let known = false;
	let closed: Promise<void> | undefined;
	const waiting: Uint8Array[] = [];
	const lose = (why: string): void => {
		terminal = undefined;
		waiting.length = 0;
		if (!closed) stream.onLost?.(why);
	};
	const gone = `the serial line ${path} is gone`;
	const start = async (): Promise<void> => {
		try {
			const opened = await open(path, baud, {
				onBytes: (bytes) => stream.onBytes?.(bytes),
				onLost: () => lose(gone),
			});
			if (closed) return opened.close();
			known = true;
			terminal = opened;
			for (const bytes of waiting.splice(0)) opened.write(bytes);
		} catch (error) {
			const missing = error instanceof OpeningError && error.missing;
			lose(known && missing ? gone : `the serial line ${(error as Error).message.replace(/\.$/, "")}`);
			throw error;
		} finally {
			opening = undefined;
		}
	};
	const opened = start();
	opening = opened;
	opened.catch(() => {});
	const stream: SerialLine = {
		onBytes: undefined,
		opened,
		write: (bytes) => {
			if (closed) return;
			if (terminal) return terminal.write(bytes);
			waiting.push(bytes);
			if (opening) return;
			opening = start();
			opening.catch(() => {});
		},
		close: () => {
			waiting.length = 0;
			closed ??= opening ? opening.catch(() => {}) : (terminal?.close() ?? Promise.resolve());
			return closed;
		},
	};
	return stream;
}

/**
 * Connects to an SMP server on a serial line: one packet a console frame, or with `raw` without framing. A line that cannot be
 * opened, or is gone, is a failure of the link; the next request opens it anew. Speeds are baud; most lines take any.
 *
 * With the package `serialport` (an optional dependency) it works on Linux, macOS and Windows, and other programs that lock
 * their lines are kept off. Without it, it works on systems that have the program `stty`.
 *
 * @example
 * ```ts
 * import { SmpClient } from "xs-smp";
 * import { serialLink } from "xs-smp/node/serial";
 *
 * await using client = new SmpClient(serialLink("/dev/ttyACM0", 115200));
 * console.log(await client.images());
 * ```
 */
export function serialLink(path: string, baud = 115200, { raw = false } = {}): SerialLink {
	const line = openSerial(path, baud);
	const link = (raw ? rawLink : consoleLink)(line);
	line.onLost = (why) => link.onFailure?.(why);
	const close = link.close.bind(link);
	return Object.assign(link, {
		opened: line.opened,
		close: () => {
			close();
			return line.close();
		},
	});
}
