import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, writeSync } from "node:fs";
import { isatty, ReadStream } from "node:tty";
import { OpeningError, type OpenTerminal } from "./terminal.js";

/** How long to wait before trying again to write to a line that takes no more, milliseconds. */
const RETRY = 2;

/**
 * Opens a serial line with what a system like Unix has: for machines without the package `serialport`. It does not keep other
 * programs off the line, and knows no speeds but those of the program `stty`.
 */
export const openWithStty: OpenTerminal = async (path, baud, { onBytes, onLost }) => {
	const file = openFile(path, baud);
	const stream = new ReadStream(file);
	const waiting: Uint8Array[] = [];
	let timer: NodeJS.Timeout | undefined;
	let open = true;
	const end = (): void => {
		open = false;
		clearTimeout(timer);
		waiting.length = 0;
		stream.destroy();
	};
	const lost = (): void => {
		if (!open) return;
		end();
		onLost();
	};
	const flush = (): void => {
		timer = undefined;
		while (waiting.length > 0) {
			const written = writeSome(file, waiting[0]!);
			if (written < 0) {
				// Not from within the call that writes.
				setImmediate(lost);
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
	stream.on("data", (bytes) => onBytes(bytes));
	stream.on("error", lost);
	stream.on("end", lost);
	return {
		write: (bytes) => {
			if (!open) return;
			waiting.push(bytes);
			if (timer === undefined) flush();
		},
		close: async () => end(),
	};
};

/** Opens a terminal and makes it raw. */
function openFile(path: string, baud: number): number {
	if (process.platform === "win32")
		throw new OpeningError(path, "on Windows that takes the package serialport (npm install serialport)");
	let file: number;
	try {
		file = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
	} catch (error) {
		throw new OpeningError(path, (error as NodeJS.ErrnoException).code ?? String(error));
	}
	if (!isatty(file)) {
		closeSync(file);
		throw new OpeningError(path, "ENOTTY");
	}
	// Node can open a terminal, but neither make one raw that is not its own nor set its speed.
	const { status } = spawnSync("stty", ["raw", "-echo", "-hupcl", "clocal", String(baud)], {
		stdio: [file, "ignore", "ignore"],
	});
	if (status === 0) return file;
	closeSync(file);
	throw new OpeningError(path, "baud", baud);
}

/** How many bytes the line took; -1 if it is gone. */
function writeSome(file: number, bytes: Uint8Array): number {
	try {
		return writeSync(file, bytes);
	} catch (error) {
		return (error as NodeJS.ErrnoException).code === "EAGAIN" ? 0 : -1;
	}
}
