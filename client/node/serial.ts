import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { isatty, ReadStream } from "node:tty";
import type { ByteStream } from "../../modules/smp/transport/stream.js";
import { consoleLink } from "../console.js";
import type { Link } from "../link.js";
import { rawLink } from "../raw.js";

/** How long to wait before trying again to write to a line that takes no more, milliseconds. */
const RETRY = 2;

/** A serial line as a stream of bytes. */
export interface SerialLine extends ByteStream {
	/**
	 * Called when the line is gone, as a USB device is in a restart, and whenever it is written to and is not back yet.
	 */
	onLost?: (() => void) | undefined;
}

/**
 * A serial line, for example `/dev/ttyACM0`. One that is gone is opened anew when it is written to. Throws an Error
 * with one sentence if it cannot be opened now.
 */
export function openSerial(path: string, baud: number): SerialLine {
	let line: ReadStream | undefined;
	let file = -1;
	let closed = false;
	const waiting: Uint8Array[] = [];
	let timer: NodeJS.Timeout | undefined;
	const open = (): void => {
		file = openTerminal(path, baud);
		const opened = new ReadStream(file);
		const lost = (): void => {
			if (line === opened) lose();
		};
		opened.on("data", (bytes) => stream.onBytes?.(bytes));
		opened.on("error", lost);
		opened.on("end", lost);
		line = opened;
	};
	const lose = (): void => {
		clearTimeout(timer);
		timer = undefined;
		waiting.length = 0;
		line?.destroy();
		line = undefined;
		if (!closed) stream.onLost?.();
	};
	const flush = (): void => {
		timer = undefined;
		while (waiting.length > 0) {
			const written = writeSome(file, waiting[0]!);
			if (written < 0) {
				// Not from within the call that writes.
				setImmediate(lose);
				return;
			}
			if (written === waiting[0]!.length) waiting.shift();
			else {
				waiting[0] = waiting[0]!.subarray(written);
				timer = setTimeout(flush, RETRY);
				return;
			}
		}
	};
	const stream: SerialLine = {
		onBytes: undefined,
		write: (bytes) => {
			if (closed) return;
			try {
				if (!line) open();
			} catch {
				// Not back yet.
				setImmediate(lose);
				return;
			}
			waiting.push(bytes);
			if (timer === undefined) flush();
		},
		close: () => {
			closed = true;
			clearTimeout(timer);
			line?.destroy();
		},
	};
	open();
	return stream;
}

/** Opens a terminal and makes it raw. Throws an Error with one sentence. */
function openTerminal(path: string, baud: number): number {
	let file: number;
	try {
		file = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new Error(`${path} cannot be opened: ${OPENING[code ?? ""] ?? code}.`);
	}
	if (!isatty(file)) {
		closeSync(file);
		throw new Error(`${path} is no serial line.`);
	}
	// Node can open a terminal, but neither make one raw that is not its own nor set its speed.
	const { status } = spawnSync("stty", ["raw", "-echo", "-hupcl", "clocal", String(baud)], {
		stdio: [file, "ignore", "ignore"],
	});
	if (status === 0) return file;
	closeSync(file);
	throw new Error(`${path} cannot be set to ${baud} baud.`);
}

/** What the system's codes mean when a line is opened. */
const OPENING: Readonly<Record<string, string>> = {
	ENOENT: "it does not exist",
	EACCES: "you may not use it; on Linux it belongs to a group, often dialout",
	EBUSY: "another program uses it",
};

/** How many bytes the line took; -1 if it is gone. */
function writeSome(file: number, bytes: Uint8Array): number {
	try {
		return writeSync(file, bytes);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EAGAIN" ? 0 : -1;
	}
}

/**
 * Connects to an SMP server on a serial line: one packet a console frame, or with `raw` without framing. A line that
 * is gone is a failure of the link, and is opened anew.
 *
 * @example
 * ```ts
 * import { SmpClient } from "xs-smp";
 * import { serialLink } from "xs-smp/node/serial";
 *
 * console.log(await new SmpClient(serialLink("/dev/ttyACM0", 115200)).images());
 * ```
 *
 * @throws An Error with one sentence if there is no such line, or it cannot be set up.
 */
export function serialLink(path: string, baud = 115200, { raw = false } = {}): Link {
	const line = openSerial(path, baud);
	const link = (raw ? rawLink : consoleLink)(line);
	line.onLost = () => link.onFailure?.(`the serial line ${path} is gone`);
	return link;
}
