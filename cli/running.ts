import {
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	renameSync,
	rmSync,
	writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

// Simulated devices that run on this machine leave a file each where commands find it: `xs-smp list` needs no address.

/** A simulated device that runs. */
export interface RunningDevice {
	/** The process that started it. */
	readonly pid: number;
	/** Absolute path of its serial line. */
	readonly serial: string;
	/** Whether bare packets go over that line. */
	readonly raw: boolean;
	/** Missing where the device has no network. */
	readonly udp?: string;
}

/** The folder of the files: the user's own, in memory where the system has one. On Windows the second is the user's own. */
function folderOf(): string {
	const runtime = process.env["XDG_RUNTIME_DIR"];
	return runtime && existsSync(runtime)
		? join(runtime, "xs-smp")
		: join(tmpdir(), `xs-smp-${process.getuid?.() ?? "own"}`);
}

/** Whether the folder is this user's alone. In another, somebody else could say where devices are. */
function isOwn(folder: string): boolean {
	const status = lstatSync(folder, { throwIfNoEntry: false });
	if (!status?.isDirectory()) return false;
	// Windows has no user ids.
	return process.getuid === undefined || (status.uid === process.getuid() && (status.mode & 0o022) === 0);
}

/**
 * Lets commands find a device that this process runs. Returns what takes that back. A machine that allows no such file
 * has a device without a default address, which is no reason to fail.
 */
export function announce(device: Omit<RunningDevice, "pid">): () => void {
	const folder = folderOf();
	const file = join(folder, `${process.pid}.json`);
	try {
		if (!existsSync(folder)) mkdirSync(folder, { mode: 0o700 });
		if (!isOwn(folder)) return () => {};
		// Whole or not at all: a reader would take half a file away.
		writeFileSync(`${file}.new`, JSON.stringify({ pid: process.pid, ...device }), { mode: 0o600 });
		renameSync(`${file}.new`, file);
	} catch {
		return () => {};
	}
	return () => rmSync(file, { force: true });
}

/** The devices that run now. Takes away the files of those that were killed. */
export function runningDevices(): RunningDevice[] {
	const folder = folderOf();
	if (!isOwn(folder)) return [];
	return readdirSync(folder)
		.filter((name) => /^\d+\.json$/.test(name))
		.sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10))
		.flatMap((name) => {
			const file = join(folder, name);
			const device = read(file);
			if (device && isAlive(device)) return [device];
			rmSync(file, { force: true });
			return [];
		});
}

function read(file: string): RunningDevice | undefined {
	try {
		const { pid, serial, raw, udp } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
		if (typeof pid !== "number" || typeof serial !== "string") return undefined;
		return { pid, serial, raw: raw === true, ...(typeof udp === "string" && { udp }) };
	} catch {
		return undefined;
	}
}

/** The process is there, and its serial line too: another process may have the number of one that was killed. */
function isAlive({ pid, serial }: RunningDevice): boolean {
	try {
		process.kill(pid, 0);
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
	}
	return existsSync(serial);
}
