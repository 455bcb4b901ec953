import { createHash } from "node:crypto";
import {
	existsSync,
	lstatSync,
	mkdirSync,
	readdirSync,
	readFileSync,
	readlinkSync,
	rmdirSync,
	type Stats,
	statSync,
} from "node:fs";
import { isIPv6 } from "node:net";
import { dirname, resolve } from "node:path";
import { UsageError } from "../../../cli/usage-error.js";
import type { Key } from "../../../image/keys.js";
import { parseHeader } from "../../../modules/bootutil/header.js";
import type { FlashTiming } from "../../../modules/flash/timing.js";
import type { SimConfig } from "../xs/config.js";
import { checkFlashFile } from "./flash-file.js";
import { OTP_SIZE, readLoader, reason } from "./loader-setup.js";
import type { Options } from "./options.js";

/** Everything that follows from the options and from the files they name. */
export interface Setup {
	readonly config: SimConfig;
	/** What factory images are signed with; undefined if no key can. */
	readonly signer: Required<Key> | undefined;
	/** Absolute paths. */
	readonly flash: string;
	readonly serial: string;
	readonly flashExists: boolean;
	/** The image that a new flash has in place of its last factory image; undefined: that one. */
	readonly factory: Uint8Array | undefined;
	/** How often sectors were erased and changed, beside the flash file (hosts/sim/native/record.c); absolute. */
	readonly wear: string;
	/** The directory of recorded boots, which belongs to this device while it runs; absolute. Undefined: none are recorded. */
	readonly recordings: string | undefined;
	/** The chip's one-time programmable memory, absolute; undefined if the boot loader does not use it. */
	readonly otp: string | undefined;
}

/** A flash that is a file takes no time. */
const NO_TIME: FlashTiming = { sectorErase: 0, pageProgram: 0, pageSize: 256 };

/** The flash area that the flash conformance suite erases (apps/flash-conformance). */
const CONFORMANCE_LABEL = "storage";

/** The directory of the default files, the only one that is made when missing. */
const OWN_DIRECTORY = ".sim";

/** Reads the files that the options name and checks that all fits together. Throws a UsageError; writes nothing. */
export function prepare(options: Options): Setup {
	const { layout, build, signer } = readLoader(options);
	for (const [option, path] of [
		["--flash", options.flash],
		["--serial", options.serial],
	] as const)
		checkParent(option, path);
	if (options.files !== undefined && !look("--files", options.files)?.isDirectory())
		throw new UsageError(`--files ${options.files} is not a directory.`);
	const flash = resolve(options.flash);
	const serial = resolve(options.serial);
	const otp = options.downgradePrevention === "hardware" ? otpFile(flash) : undefined;
	if (flash === serial) throw new UsageError("--flash and --serial name the same file.");
	if (serial === `${flash}.wear` || serial === `${flash}.boots`)
		throw new UsageError("--serial names a file that belongs to the flash file.");
	if (otp === serial) throw new UsageError("--serial names the file of the counter in the chip, FLASH.otp.");
	if (options.app === "flash-conformance" && !layout.areas.some(({ label }) => label === CONFORMANCE_LABEL))
		throw new UsageError(
			`--app flash-conformance needs an area "${CONFORMANCE_LABEL}" to erase: the layout ${layout.name} has none.`,
		);
	const flashExists = flashFileExists(options.flash);
	const factory = options.factory === undefined ? undefined : readFactory(options.factory);
	if (factory && flashExists)
		throw new UsageError(`--factory is for a new flash, and the flash file ${options.flash} exists.`);
	if (flashExists) checkFlashFile(options.flash, layout);
	else if (!signer && build.signature !== "none")
		throw new UsageError(
			`The flash file ${options.flash} is missing and cannot be made, because no --key is private to sign its factory images.`,
		);
	return {
		config: {
			layout,
			...build,
			uart: options.uart,
			confirm: options.confirm,
			application: options.application,
			trial: options.trial,
			watchdog: options.watchdog,
			flashTiming: options.flashTiming ?? NO_TIME,
			guards: options.guards,
			verify: options.verify,
			erasePending: options.erasePending,
			files: options.files !== undefined,
			...(options.recovery && { recovery: options.recovery }),
			...(options.hci && { bluetooth: peripheral(options.hci, flash) }),
		},
		signer,
		flash,
		serial,
		flashExists,
		factory,
		wear: `${flash}.wear`,
		recordings: options.record ? `${flash}.boots` : undefined,
		otp,
	};
}

/** So that it fits the advertising data with the service. */
const PERIPHERAL_NAME = "xs-smp";

/** Two devices on a desk have two flash files, and one device has the same address after each start. */
function peripheral({ address, port }: Options["udp"], flash: string): Required<SimConfig>["bluetooth"] {
	const own = createHash("sha256").update(flash).digest().subarray(0, 6);
	// Static random addresses have their two highest bits set (Bluetooth Core Specification, Vol 6, Part B, 1.3.2.1).
	own[0]! |= 0xc0;
	return {
		name: PERIPHERAL_NAME,
		address: Array.from(own, (byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(":"),
		controller: `${isIPv6(address) ? `[${address}]` : address}:${port}`,
	};
}

function readFactory(path: string): Uint8Array {
	try {
		const image = readFileSync(path);
		if (!parseHeader(image)) throw new UsageError(`--factory ${path} is no MCUboot image.`);
		return image;
	} catch (error) {
		if (error instanceof UsageError) throw error;
		throw new UsageError(`--factory ${path} cannot be read: ${reason(error)}.`);
	}
}

/** Whether there is a flash file. A link to nothing is neither: a file would be made where nobody said that one should be. */
function flashFileExists(path: string): boolean {
	if (look("--flash", path)) return true;
	if (lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink())
		throw new UsageError(`The flash file ${path} is a link to ${readlinkSync(path)}, which does not exist.`);
	return false;
}

/** Makes the default directory if the options use it and it is missing; then returns what takes it away again if it is still empty. */
export function makeDirectory(options: Options): (() => void) | undefined {
	if (![options.flash, options.serial].some((path) => dirname(path) === OWN_DIRECTORY)) return undefined;
	if (existsSync(OWN_DIRECTORY)) return undefined;
	try {
		mkdirSync(OWN_DIRECTORY);
	} catch (error) {
		throw new UsageError(`The directory ${OWN_DIRECTORY} cannot be made: ${reason(error)}.`);
	}
	return () => {
		if (readdirSync(OWN_DIRECTORY).length === 0) rmdirSync(OWN_DIRECTORY);
	};
}

function otpFile(flash: string): string {
	const path = `${flash}.otp`;
	const status = look("--flash", path);
	if (status && !(status.isFile() && (status.size === OTP_SIZE || status.size === 0)))
		throw new UsageError(`The OTP file ${path} is not a file of ${OTP_SIZE} bytes.`);
	return path;
}

function checkParent(option: string, path: string): void {
	const directory = dirname(path);
	if (directory === OWN_DIRECTORY && lstatSync(directory, { throwIfNoEntry: false }) === undefined) return;
	if (!look(option, directory)?.isDirectory())
		throw new UsageError(`${option} ${path} cannot be made: there is no directory ${directory}.`);
}

/** What a path leads to; undefined if that is nothing. Throws a UsageError where it cannot be told. */
function look(option: string, path: string): Stats | undefined {
	try {
		return statSync(path, { throwIfNoEntry: false });
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return undefined;
		throw new UsageError(`${option} ${path} cannot be used: ${reason(error)}.`);
	}
}
