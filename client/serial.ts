import { spawnSync } from "node:child_process";
import { constants, openSync, writeSync } from "node:fs";
import { isatty, ReadStream } from "node:tty";
import type { ByteStream } from "../modules/smp/transport/stream.js";
import { consoleLink } from "./console.js";
import type { Link } from "./link.js";
import { rawLink } from "./raw.js";

/** How long to wait before trying again to write to a line that takes no more, milliseconds. */
const RETRY = 2;

/** A serial line, for example `/dev/ttyACM0`, as a stream of bytes. Throws an Error with one sentence. */
export function openSerial(path: string, baud: number): ByteStream {
	let file: number;
	try {
		file = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
	} catch (error) {
		const { code } = error as NodeJS.ErrnoException;
		throw new Error(`${path} cannot be opened: ${code === "ENOENT" ? "it does not exist" : code}.`);
	}
	if (!isatty(file)) throw new Error(`${path} is no serial line.`);
	// Node can open a terminal, but neither make one raw that is not its own nor set its speed.
	const { status } = spawnSync("stty", ["raw", "-echo", "-hupcl", "clocal", String(baud)], {
		stdio: [file, "ignore", "ignore"],
	});
	if (status !== 0) throw new Error(`${path} cannot be set to ${baud} baud.`);
	const line = new ReadStream(file);
	const waiting: Uint8Array[] = [];
	let timer: NodeJS.Timeout | undefined;
	const flush = (): void => {
		timer = undefined;
		while (waiting.length > 0) {
			const written = writeSome(file, waiting[0]!);
			if (written < 0) waiting.length = 0;
			else if (written === waiting[0]!.length) waiting.shift();
			else {
				waiting[0] = waiting[0]!.subarray(written);
				timer = setTimeout(flush, RETRY);
				return;
			}
		}
	};
	const stream: ByteStream = {
		onBytes: undefined,
		write: (bytes) => {
			waiting.push(bytes);
			if (timer === undefined) flush();
		},
		close: () => {
			clearTimeout(timer);
			line.destroy();
		},
	};
	line.on("data", (bytes) => stream.onBytes?.(bytes));
	// A device that is unplugged does not answer any more; that is all there is to say.
	line.on("error", () => {});
	return stream;
}

/** How many bytes the line took; -1 if it is gone. */
function writeSome(file: number, bytes: Uint8Array): number {
	try {
		return writeSync(file, bytes);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EAGAIN" ? 0 : -1;
	}
}

/**
 * Connects to an SMP server on a serial line: one packet a console frame, or with `raw` without framing. Throws an Error with one
 * sentence.
 */
export const serialLink = (path: string, baud = 115200, { raw = false } = {}): Link =>
	(raw ? rawLink : consoleLink)(openSerial(path, baud));
