import { spawn } from "node:child_process";
import { closeSync, constants, openSync } from "node:fs";
import { createRequire } from "node:module";
import type { SerialPort } from "serialport";
import { OpeningError, type OpenTerminal, type Terminal } from "./terminal.js";

// The package `serialport` is an optional dependency: its native part may be missing for a machine, and then openWithStty has to
// do. It is loaded when the first line is opened, for most commands need none.

let loaded: { readonly SerialPort: typeof SerialPort } | undefined;

/** Whether the package and its native part are there. */
export const hasSerialPort = (): boolean => load() !== undefined;

// Not exported: the declarations of this module must do without those of the package.
function load(): typeof SerialPort | undefined {
	try {
		loaded ??= createRequire(import.meta.url)("serialport") as { readonly SerialPort: typeof SerialPort };
		return loaded.SerialPort;
	} catch {
		return undefined;
	}
}

/** Lines that are being closed. A line is locked until it is closed. */
const closing = new Set<Promise<unknown>>();

/** Opens a serial line with the package `serialport`, and keeps other programs that lock their lines off it. */
export const openWithSerialPort: OpenTerminal = async (path, baud, { onBytes, onLost }) => {
	const Port = load();
	if (!Port) throw new OpeningError(path, "the package serialport cannot be loaded");
	await Promise.all(closing);
	const port = new Port({ path, baudRate: baud, autoOpen: false, hupcl: false });
	let open = true;
	let settings: Promise<void> | undefined;
	const end = (): Promise<void> => {
		open = false;
		return closed(port, settings);
	};
	const lost = (): void => {
		if (!open) return;
		void end();
		onLost();
	};
	port.on("data", (bytes: Uint8Array) => {
		if (open) onBytes(bytes);
	});
	port.on("error", lost);
	port.on("close", lost);
	await new Promise<void>((resolve, reject) =>
		port.open((error) => (error ? reject(new OpeningError(path, reasonOf(error.message), baud)) : resolve())),
	);
	settings = keepUp(path);
	const terminal: Terminal = {
		write: (bytes) => {
			if (open) port.write(bytes);
		},
		close: end,
	};
	return terminal;
};

async function closed(port: SerialPort, settings: Promise<void> | undefined): Promise<void> {
	const done = Promise.all([settings, port.isOpen && new Promise<void>((resolve) => port.close(() => resolve()))]);
	closing.add(done);
	await done;
	closing.delete(done);
}

/**
 * Has the system leave DTR as it is when the line is closed. Boards like the Arduino take the next edge for a reset, which would
 * take back an update on trial. The package can ask for a hang-up, but not for none. `stty` gets a descriptor of its own: a child
 * makes those that it gets wait, and a read of the package's would never end.
 */
function keepUp(path: string): Promise<void> | undefined {
	if (process.platform === "win32") return undefined;
	let file: number;
	try {
		file = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
	} catch {
		// The line is gone again, which the package notices.
		return undefined;
	}
	const over = new Promise<void>((resolve) => {
		const stty = spawn("stty", ["-hupcl"], { stdio: [file, "ignore", "ignore"] });
		stty.on("close", () => resolve());
		// Where there is no such program, the line is hung up.
		stty.on("error", () => resolve());
	});
	closeSync(file);
	return over;
}

/** A line as the package lists it. On Windows it has `friendlyName` besides. */
export interface ListedPort {
	readonly path: string;
	readonly manufacturer?: string | undefined;
	readonly serialNumber?: string | undefined;
	readonly pnpId?: string | undefined;
	readonly vendorId?: string | undefined;
	readonly productId?: string | undefined;
	readonly friendlyName?: string;
}

/** The lines of this machine. Rejects with an Error of one sentence where the package is missing, or cannot tell. */
export async function listWithSerialPort(): Promise<readonly ListedPort[]> {
	const Port = load();
	if (!Port) throw new Error("the package serialport is missing, which lists serial lines (npm install serialport)");
	try {
		return await Port.list();
	} catch (error) {
		const { code, path, message } = error as NodeJS.ErrnoException;
		// On Linux the package asks udev.
		const why = code === "ENOENT" ? `there is no program ${path ?? "udevadm"}` : message;
		throw new Error(`the serial lines cannot be listed: ${why}`);
	}
}

/** The package has no codes, but the system's words. */
function reasonOf(message: string): string {
	const [, reason] = REASONS.find(([words]) => words.test(message)) ?? [];
	return reason ?? message.replace(/^Error:? /, "").replace(/\.$/, "");
}

const REASONS: readonly (readonly [RegExp, string])[] = [
	[/No such file|File not found|No such device/, "ENOENT"],
	[/Permission denied/, "EACCES"],
	// Windows says so of a line that is in use.
	[/Cannot lock|[Bb]usy|Access denied/, "EBUSY"],
	[/Inappropriate ioctl|Not a typewriter|Is a directory/, "ENOTTY"],
	[/baud/, "baud"],
];
