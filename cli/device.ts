import { isWrongKey, keepUnlocked, lock } from "../client/access.js";
import { NoAnswerError, SmpClient, SmpResponseError } from "../client/client.js";
import { ImageError } from "../image/error.js";
import { Rc } from "../modules/smp/errors.js";
import type { Action, DeviceOptions, Given, Job } from "./command.js";
import type { Context, Sink } from "./command-line.js";
import { readBytes } from "./files.js";
import { INTERRUPTED } from "./interrupted.js";
import { isPackage, readImage, readKey } from "./local-file.js";
import { JsonOutput, kilobytes, printable, TextOutput } from "./output.js";
import { openLink, type Place, placeOf } from "./place.js";
import { UsageError } from "./usage-error.js";

/** Runs a command on the device that the command line means; sets the exit code. Throws a UsageError or ImageError. */
export async function runOnDevice(action: Action, given: Given, context: Context): Promise<void> {
	const { stdout, stderr } = context;
	const { options } = given;
	const place = placeOf(options);
	action.check?.(given);
	const { file = new Uint8Array(0), package: firmware } = await readOperand(action, given);
	const key = options.accessKey === undefined ? undefined : readKey(options.accessKey);
	const output = new (options.json ? JsonOutput : TextOutput)(stdout);
	const timeout = (options.timeout ?? 2) * 1000;
	const client = new SmpClient(await openLink(place, options), { timeout, tries: 3 });
	let leave = (): Promise<void> => Promise.resolve();
	const interrupt = new Interrupt();
	try {
		const unlocked = key && (await enter(client, key, stderr));
		// A serial line is everybody's: what was unlocked for one command is not left open.
		if (unlocked !== undefined && !action.staysUnlocked) leave = () => lock(client, { tries: 1 });
		await Promise.race([action.run({ ...given, client, output, file, package: firmware, unlocked }), interrupt.comes]);
	} catch (error) {
		// No error stands on the line of the bar.
		output.endLine();
		if (error instanceof NoAnswerError) leave = () => Promise.resolve();
		if (error instanceof ImageError || error instanceof UsageError) throw error;
		if (error instanceof Interrupted) {
			stderr.write(`${stopped(output.transferred)}\n`);
			context.status = INTERRUPTED;
			return;
		}
		stderr.write(`${printable(sentence((error as Error).message) + hintFor(error, place, options, key))}\n`);
		context.status = 1;
	} finally {
		// Without an answer it locks itself after a while.
		await leave().catch(() => {});
		interrupt.ignore();
		await client.close();
	}
}

/** The file that a command takes, read and checked. Throws an ImageError or UsageError. */
async function readOperand(
	{ takes }: Action,
	{ operands, options }: Given,
): Promise<Partial<Pick<Job, "file" | "package">>> {
	const path = operands[0]!;
	if (takes === undefined) return {};
	if (takes === "file") return { file: readBytes(path) };
	const bytes = readBytes(path);
	if (takes === "firmware" && isPackage(path, bytes)) {
		if (options.image !== undefined)
			throw new UsageError("--image does not go with a package, which says itself what its images are.");
		const { readPackageFile } = await import("./package-file.js");
		return { package: await readPackageFile(path, bytes) };
	}
	if (options.anyBoard) throw new UsageError("--any-board goes with a package.");
	return { file: readImage(path, bytes) };
}

class Interrupted extends Error {}

/** Ctrl-C, once: the command ends in good order. A second one ends the process. */
class Interrupt {
	readonly comes: Promise<never>;
	#listener: () => void = () => {};

	constructor() {
		this.comes = new Promise((_, reject) => {
			this.#listener = () => reject(new Interrupted());
		});
		// Nobody waits for it before the command runs, nor after.
		this.comes.catch(() => {});
		process.once("SIGINT", this.#listener);
	}

	ignore(): void {
		process.off("SIGINT", this.#listener);
	}
}

/** What is said after Ctrl-C. */
function stopped(transferred: readonly [offset: number, total: number] | undefined): string {
	const [offset, total] = transferred ?? [0, 0];
	if (offset === total) return "Stopped.";
	return `Stopped at ${kilobytes(offset)} of ${kilobytes(total)}. The next transfer of this file goes on from there.`;
}

/** Unlocks the device and returns for how many seconds; undefined if it has no access control. */
async function enter(client: SmpClient, key: Uint8Array, stderr: Sink): Promise<number | undefined> {
	try {
		return await keepUnlocked(client, key);
	} catch (error) {
		if (!isNotSupported(error)) throw error;
		stderr.write("The device has no access control: it takes no key.\n");
		return undefined;
	}
}

const isNotSupported = (error: unknown): error is SmpResponseError =>
	error instanceof SmpResponseError && error.group === undefined && error.code === Rc.NOT_SUPPORTED;

/** Whether the device says of a request that it does not know it, and nothing else. */
const isUnknown = (error: unknown): boolean =>
	isNotSupported(error) && (error.reason === undefined || /^there is no such command/.test(error.reason));

const LINE_END = 0x0a;

/** What may help. */
function hintFor(error: unknown, place: Place, options: DeviceOptions, key: Uint8Array | undefined): string {
	if (error instanceof NoAnswerError && error.reason === undefined) return ` Is the device at ${place.where}?`;
	if (error instanceof SmpResponseError && error.denied && !key)
		return " If it takes a key, give it with --access-key FILE.";
	// Where it says no more than that, the group may be missing.
	if (isUnknown(error)) return ' "xs-smp groups" prints the groups of commands that it has.';
	if (!isWrongKey(error)) return "";
	const ended = key?.at(-1) === LINE_END ? " It ends with a line end, which counts." : "";
	return ` Is ${options.accessKey} the key of this device?${ended}`;
}

const sentence = (text: string): string =>
	text.charAt(0).toUpperCase() + text.slice(1).replace(/[.?]?$/, (end) => end || ".");
