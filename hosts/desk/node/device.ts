import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { UsageError } from "../../../cli/usage-error.js";
import type { SimEvent } from "./event-words.js";
import { factoryFlash, makeFlashFile } from "./factory.js";
import { lifelines } from "./lifeline.js";
import { ROOT, reason } from "./loader-setup.js";
import type { Options } from "./options.js";
import { makeDirectory, prepare, type Setup } from "./setup.js";

/** The simulator with an application; each is a program of its own. */
const programOf = ({ app }: Options): string => `${ROOT}build/xs-smp-sim-${app}`;

/** Lines of the supervisor for this side alone. */
type SupervisorLine =
	| SimEvent
	| { readonly event: "need-flash" }
	| { readonly event: "open"; readonly udp: string; readonly tcp: string }
	| { readonly event: "refused"; readonly message: string };

/** A sentence for people, of words of the supervisor. */
const sentence = (words: string): string => `${words[0]?.toUpperCase()}${words.slice(1)}.`;

/** What runs the firmware in place of the simulator: the command for one machine, which boots by itself after a reset. */
export type Emulator = (setup: Setup, options: Options) => readonly string[];

/** A simulated device that runs. */
export interface Device {
	readonly setup: Setup;
	/** Presses the reset button, with the recovery pin held if `pin`. */
	reset(pin?: boolean): void;
	/** Cuts the power or gives it back; the event `power` tells that it is done. */
	power(on: boolean): void;
	/** Ends the device. */
	quit(): void;
	/** Settles when the device has ended: with undefined if that was wanted, else with the cause. */
	readonly ended: Promise<Error | undefined>;
}

/** Starts the device. `onEvent` gets its events in the order in which they happen. Throws a UsageError. */
export function startDevice(options: Options, onEvent: (event: SimEvent) => void, emulator?: Emulator): Device {
	const setup = prepare(options);
	if (!existsSync(programOf(options)))
		throw new UsageError(`The application ${options.app} is not built: start it with \`npm start\`.`);
	const program = emulator ? ["--", ...emulator(setup, options)] : [];
	const own = supervisorArguments(options, setup, emulator === undefined);
	let factory = setup.flashExists ? undefined : factoryFlash(setup);
	const undo = makeDirectory(options);
	try {
		if (options.save !== undefined) saveArguments(options.save, { ...own, "--watch": "", "--record": "" });
		if (setup.recordings !== undefined) makeRecordings(setup.recordings);
	} catch (error) {
		undo?.();
		throw error;
	}
	const child = spawn(programOf(options), [...Object.entries(own).flat(), ...program], {
		stdio: ["pipe", "inherit", "inherit", "pipe"],
	});
	const commands = child.stdin as Writable;
	const { bluetooth } = setup.config;
	let udp: string | undefined;
	let tcp: string | undefined;
	let ready = false;
	let quitting = false;
	let refusal: UsageError | undefined;
	let loss: Error | undefined;
	const command = (line: string): void => {
		commands.write(`${line}\n`);
	};
	// The supervisor's end shows in its exit.
	commands.on("error", () => {});

	const handle = (line: SupervisorLine): void => {
		switch (line.event) {
			case "need-flash":
				try {
					// What is worn is the flash that was here before.
					rmSync(setup.wear, { force: true });
					makeFlashFile(setup.flash, factory ?? factoryFlash(setup));
					onEvent({
						event: "log",
						line: `made ${options.flash}: factory images 0.0.0${options.factory === undefined ? "" : `, and ${options.factory}`}`,
					});
					command("made");
				} catch (error) {
					refusal = error as UsageError;
					child.kill();
				}
				return;
			case "refused":
				refusal = new UsageError(sentence(line.message));
				return;
			case "lost":
				// The device and the supervisor may both have noticed.
				if (!loss) onEvent(line);
				loss ??= new Error(sentence(line.reason));
				return;
			case "open":
				// As large as the flash, and of no more use.
				factory = undefined;
				udp = line.udp || undefined;
				tcp = line.tcp || undefined;
				return;
			case "boot":
			case "recovery":
				onEvent(line);
				if (!ready)
					onEvent({
						event: "ready",
						serial: setup.serial,
						...(udp !== undefined && { udp }),
						...(tcp !== undefined && { tcp }),
						...(bluetooth && { bluetooth: `${bluetooth.name} ${bluetooth.address}` }),
					});
				ready = true;
				return;
			default:
				onEvent(line);
		}
	};
	createInterface({ input: child.stdio[3] as Readable }).on("line", (text) => handle(JSON.parse(text)));

	return {
		setup,
		reset: (pin = false) => command(pin ? "p" : "r"),
		power: (on) => command(on ? "1" : "0"),
		quit: () => {
			quitting = true;
			command("q");
		},
		ended: exitOf(child).then((cause) => {
			if (setup.recordings !== undefined) rmSync(setup.recordings, { recursive: true, force: true });
			if (refusal) undo?.();
			return refusal ?? loss ?? (quitting || cause === 0 ? undefined : new Error(`The simulator ended by ${cause}.`));
		}),
	};
}

/** Names and values. */
function supervisorArguments(
	options: Options,
	{ config, flash, serial, otp, wear, recordings = "" }: Setup,
	hasUdp: boolean,
): Readonly<Record<string, string>> {
	const { size, sectorSize, pages = [], writeAlign } = config.layout;
	const given: Readonly<Record<string, string | number>> = {
		"--flash": flash,
		"--size": size,
		"--sector": sectorSize,
		"--pages": pages.map((page) => `${page.size}x${page.count}`).join(),
		"--align": writeAlign,
		"--serial": serial,
		"--address": hasUdp ? options.udp.address : "",
		"--port": options.udp.port,
		"--baud": options.baud,
		"--cut": options.powerCut,
		"--erase-ms": options.flashTiming?.sectorErase ?? 0,
		"--program-ms": options.flashTiming?.pageProgram ?? 0,
		"--page": options.flashTiming?.pageSize ?? 0,
		"--watch": lifelines().join(","),
		"--otp": otp ?? "",
		"--tcp": options.tcp?.address ?? "",
		"--tcp-port": options.tcp?.port ?? 0,
		"--hci": options.hci?.address ?? "",
		"--hci-port": options.hci?.port ?? 0,
		"--files": options.files === undefined ? "" : resolve(options.files),
		"--pin": options.holdPin ? 1 : 0,
		"--wear": wear,
		"--record": recordings,
		"--config": JSON.stringify(config),
	};
	return Object.fromEntries(Object.entries(given).map(([name, value]) => [name, String(value)]));
}

/** Those of an earlier run would pass for this one's. Throws a UsageError. */
function makeRecordings(directory: string): void {
	try {
		rmSync(directory, { recursive: true, force: true });
		mkdirSync(directory);
	} catch (error) {
		throw new UsageError(`The directory ${directory} for recorded boots cannot be made: ${reason(error)}.`);
	}
}

/** Writes the file of `--save` (hosts/sim/native/saved.c). Throws an UsageError; replaces no file but one of its own. */
function saveArguments(path: string, given: Readonly<Record<string, string>>): void {
	const lines = Object.entries(given).map(([name, value]) => `${name} ${value}`);
	if (lines.some((line) => line.includes("\n")))
		throw new UsageError("--save cannot write down a path that has a line break in it.");
	const head = "--flash ";
	try {
		if (existsSync(path) && !readFileSync(path, "utf8").startsWith(head))
			throw new UsageError(`--save ${path} would replace a file that --save has not written.`);
		writeFileSync(path, `${lines.join("\n")}\n`);
	} catch (error) {
		if (error instanceof UsageError) throw error;
		throw new UsageError(`--save ${path} cannot be written: ${reason(error)}.`);
	}
}

/** Exit code, signal or failure, once all its output has been read. */
const exitOf = (child: ChildProcess): Promise<number | string> =>
	new Promise((settle) => {
		child.on("error", (error) => settle(`a failure to start: ${error.message}`));
		child.on("close", (code, signal) => settle(code ?? signal ?? "an unknown cause"));
	});
