import {
	closeSync,
	existsSync,
	fstatSync,
	lstatSync,
	mkdirSync,
	openSync,
	readdirSync,
	readFileSync,
	rmdirSync,
	statSync,
} from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type BootConfig, runsNewest, SCRATCH_LABEL, type UpgradeMode } from "../../modules/bootutil/config.js";
import { guideLayout, type Layout, type LayoutArea, parseLayout, slotAreaId } from "../../modules/flash/layout.js";
import { parseEncryptionKey } from "../../tools/image/encryption.js";
import { type Key, parseKey } from "../../tools/image/keys.js";
import { MODE_NAMES, MODES, OptionError, type Options } from "./options.js";
import type { DowngradePrevention, SimConfig } from "./xs/config.js";

/** Everything that follows from the options and from the files they name. */
export interface Setup {
	readonly config: SimConfig;
	/** What factory images are signed with; undefined if no key can. */
	readonly signer: Required<Key> | undefined;
	/** Absolute paths. */
	readonly flash: string;
	readonly serial: string;
	readonly flashExists: boolean;
	/** The chip's one-time programmable memory, absolute; undefined if the boot loader does not use it. */
	readonly otp: string | undefined;
}

/** Root of the repository, from dist/hosts/sim. */
export const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const DEVELOPMENT_KEY = `${ROOT}keys/development-ec-p256.pem`;
/** The directory of the default files, the only one that is made when missing. */
const OWN_DIRECTORY = ".sim";
/** The flash is a file of its whole size; more would be a slip of the pen. */
const LARGEST_FLASH = 256 * 1024 * 1024;

/** What a boot loader is built for and with. */
export interface Board {
	readonly layout: Layout;
	readonly boot: BootConfig;
	/** Keys of one type, at least one. */
	readonly keys: readonly Key[];
}

/** Reads layout and keys and checks that they fit together. Throws an OptionError. */
export function readBoard(options: Pick<Options, "layout" | "images" | "mode" | "trailer" | "keys">): Board {
	const given = options.layout === undefined ? guideLayout : readLayout(options.layout);
	const layout = options.mode === "swap-scratch" ? withScratch(given) : given;
	const boot = bootConfig(layout, options);
	checkSlots(layout, boot);
	return { layout, boot, keys: readKeys(options.keys) };
}

/** Reads the files that the options name and checks that all fits together. Throws an OptionError; writes nothing. */
export function prepare(options: Options): Setup {
	const { layout, boot: plainBoot, keys } = readBoard(options);
	const encryption = readEncryptionKey(options);
	const boot: BootConfig = { ...plainBoot, ...encryption?.build };
	checkPrevention(options.downgradePrevention, boot.mode);
	for (const [option, path] of [
		["--flash", options.flash],
		["--serial", options.serial],
	] as const)
		checkParent(option, path);
	if (options.files !== undefined && !statSync(options.files, { throwIfNoEntry: false })?.isDirectory())
		throw new OptionError(`--files ${options.files} is not a directory.`);
	const flash = resolve(options.flash);
	const serial = resolve(options.serial);
	if (flash === serial) throw new OptionError("--flash and --serial name the same file.");
	const signer = keys.find((key): key is Required<Key> => key.sign !== undefined);
	const flashExists = existsSync(flash);
	if (!signer && !flashExists)
		throw new OptionError(
			`The flash file ${options.flash} is missing and cannot be made, because no --key is private to sign its factory images.`,
		);
	return {
		config: {
			layout,
			boot,
			downgradePrevention: options.downgradePrevention,
			signature: keys[0]!.type,
			keys: keys.map((key) => Buffer.from(key.publicKey).toString("hex")),
			...(encryption && { encryptionKey: encryption.key }),
			uart: options.uart,
			confirm: options.confirm,
			trial: options.trial,
			guards: options.guards,
			verify: options.verify,
			files: options.files !== undefined,
		},
		signer,
		flash,
		serial,
		flashExists,
		otp: options.downgradePrevention === "hardware" ? otpFile(flash) : undefined,
	};
}

/** Makes the default directory if the options use it and it is missing; then returns what takes it away again if it is still empty. */
export function makeDirectory(options: Options): (() => void) | undefined {
	if (![options.flash, options.serial].some((path) => dirname(path) === OWN_DIRECTORY)) return undefined;
	if (existsSync(OWN_DIRECTORY)) return undefined;
	mkdirSync(OWN_DIRECTORY);
	return () => {
		if (readdirSync(OWN_DIRECTORY).length === 0) rmdirSync(OWN_DIRECTORY);
	};
}

/** Bytes of the file: a word for each image that a chip can have. */
const OTP_SIZE = 8;

function otpFile(flash: string): string {
	const path = `${flash}.otp`;
	const status = statSync(path, { throwIfNoEntry: false });
	if (status && !(status.isFile() && (status.size === OTP_SIZE || status.size === 0)))
		throw new OptionError(`The OTP file ${path} is not a file of ${OTP_SIZE} bytes.`);
	return path;
}

function checkParent(option: string, path: string): void {
	const directory = dirname(path);
	if (directory === OWN_DIRECTORY && lstatSync(directory, { throwIfNoEntry: false }) === undefined) return;
	if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory())
		throw new OptionError(`${option} ${path} cannot be made: there is no directory ${directory}.`);
}

function readLayout(path: string): Layout {
	let data: unknown;
	const text = readSmallFile("--layout", path, 1024 * 1024);
	try {
		data = JSON.parse(text);
	} catch {
		throw new OptionError(`The layout ${path} is not JSON.`);
	}
	let layout: Layout;
	try {
		layout = parseLayout(data);
	} catch (error) {
		throw new OptionError(`The layout ${path} cannot be used: ${(error as Error).message}.`);
	}
	if (layout.size > LARGEST_FLASH)
		throw new OptionError(`The layout ${path} cannot be used: its flash is larger than ${LARGEST_FLASH} bytes.`);
	return layout;
}

function readKeys(paths: readonly string[]): Key[] {
	const keys = paths.map((path) => readKey(path));
	const first = keys[0];
	const stranger = keys.findIndex((key) => key.type !== first?.type);
	if (first && stranger > 0)
		throw new OptionError(
			`A boot loader knows one type of signature, but ${paths[0]} is ${first.type} and ${paths[stranger]} is ${keys[stranger]!.type}.`,
		);
	if (keys.some((key) => key.sign)) return keys;
	const development = readKey(DEVELOPMENT_KEY);
	return !first || first.type === development.type ? [...keys, development] : keys;
}

const readKey = (path: string): Key => parseKeyFile("--key", path, parseKey);

function parseKeyFile<Result>(option: string, path: string, parse: (text: string) => Result): Result {
	const text = readSmallFile(option, path, 64 * 1024);
	try {
		return parse(text);
	} catch (error) {
		throw new OptionError(`The key ${path} cannot be used: ${(error as Error).message}`);
	}
}

/** How a boot loader is built that takes images encrypted for a key, and that key in hexadecimal. */
interface Encryption {
	readonly build: Required<Pick<BootConfig, "encryption" | "encryptionKeySize">>;
	readonly key: string;
}

function readEncryptionKey({ encryptionKey: path, encryptionKeyLength, mode }: Options): Encryption | undefined {
	if (path === undefined) return undefined;
	if (runsNewest(mode)) throw new OptionError(`There is no --encryption-key with --mode ${modeName(mode)}.`);
	const { type, keySize, privateKey } = parseKeyFile("--encryption-key", path, parseEncryptionKey);
	if (!privateKey) throw new OptionError(`The key ${path} cannot be used: decrypting needs the private one.`);
	if (keySize !== undefined && 8 * keySize !== encryptionKeyLength)
		throw new OptionError(
			`The AES key ${path} has ${8 * keySize} bits, and only wraps keys as long: give --encryption-key-length ${8 * keySize}.`,
		);
	return {
		build: { encryption: type, encryptionKeySize: encryptionKeyLength === 128 ? 16 : 32 },
		key: Buffer.from(privateKey).toString("hex"),
	};
}

function readSmallFile(option: string, path: string, most: number): string {
	let file: number | undefined;
	try {
		file = openSync(path, "r");
		const status = fstatSync(file);
		if (!status.isFile()) throw new OptionError(`${option} ${path} is not a file.`);
		if (status.size > most) throw new OptionError(`${option} ${path} is larger than ${most} bytes.`);
		return readFileSync(file, "utf8");
	} catch (error) {
		if (error instanceof OptionError) throw error;
		throw new OptionError(`${option} ${path} cannot be read: ${reason(error)}.`);
	} finally {
		if (file !== undefined) closeSync(file);
	}
}

/** The cause of a failed file operation in words, without its path. */
export const reason = (error: unknown): string =>
	/^[A-Z]+: ([^,]+),/.exec((error as Error).message)?.[1] ?? (error as Error).message;

/** As Zephyr derives it: write blocks and sectors of the slots decide the size of the trailer. */
function bootConfig(layout: Layout, options: Pick<Options, "images" | "mode" | "trailer">): BootConfig {
	const sectors = slots(layout, options.images).map((slot) => slot.size / layout.sectorSize);
	return {
		mode: options.mode,
		images: options.images,
		maxAlign: layout.writeAlign <= 8 ? 8 : layout.writeAlign === 16 ? 16 : 32,
		maxSectors: Math.max(...sectors),
		trailer: options.trailer,
	};
}

function slots(layout: Layout, images: number): LayoutArea[] {
	const found: LayoutArea[] = [];
	for (let image = 0; image < images; image++)
		for (const which of ["primary", "secondary"] as const) {
			const slot = layout.areas.find(({ id }) => id === slotAreaId(image, which));
			if (!slot)
				throw new OptionError(
					`The layout ${layout.name} has no ${which} slot for image ${image}: an area with id ${slotAreaId(image, which)}.`,
				);
			found.push(slot);
		}
	return found;
}

/** Sectors of the scratch area that a layout without one gets. */
const SCRATCH_SECTORS = 4;

/** Adds a scratch area behind the last area, if there is none. */
function withScratch(layout: Layout): Layout {
	if (layout.areas.some(({ label }) => label === SCRATCH_LABEL)) return layout;
	const offset = Math.max(...layout.areas.map((area) => area.offset + area.size));
	const size = SCRATCH_SECTORS * layout.sectorSize;
	if (offset + size > layout.size)
		throw new OptionError(
			`The layout ${layout.name} has no area "${SCRATCH_LABEL}", which --mode scratch needs, and no room for one of ${size} bytes.`,
		);
	const id = Math.max(...layout.areas.map((area) => area.id)) + 1;
	return { ...layout, areas: [...layout.areas, { id, label: SCRATCH_LABEL, offset, size }] };
}

/** MCUboot has no prevention by version where the newest image runs anyway, and none by the images' counters where nothing is swapped. */
function checkPrevention(prevention: DowngradePrevention, mode: UpgradeMode): void {
	const counts = mode === "swap-move" || mode === "swap-offset" || mode === "swap-scratch";
	if ((prevention === "version" && runsNewest(mode)) || (prevention === "counter" && !counts))
		throw new OptionError(`There is no --downgrade-prevention ${prevention} with --mode ${modeName(mode)}.`);
}

const modeName = (mode: UpgradeMode): string => MODE_NAMES.find((name) => MODES[name] === mode) ?? mode;

/** The rules under which MCUboot upgrades a pair of slots at all (design.md, Image slots). */
function checkSlots(layout: Layout, boot: BootConfig): void {
	const all = slots(layout, boot.images);
	for (let image = 0; image < boot.images; image++) {
		const primary = all[2 * image]!;
		const secondary = all[2 * image + 1]!;
		const extra = (primary.size - secondary.size) / layout.sectorSize;
		const wanted = boot.mode === "swap-move" ? 1 : boot.mode === "swap-offset" ? -1 : 0;
		if (extra !== 0 && extra !== wanted && !runsNewest(boot.mode))
			throw new OptionError(
				`The slots of image ${image} do not fit --mode ${modeName(boot.mode)}: "${primary.label}" must be as large as "${secondary.label}"${wanted === 0 ? "" : `, or one sector ${wanted > 0 ? "larger" : "smaller"}`}.`,
			);
	}
}
