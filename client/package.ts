/**
 * Packages of images: the files of a Nordic `dfu_application.zip`, which a manifest describes.
 *
 * @module xs-smp/package
 */

import type { SmpClient } from "./client.js";
import { ifOffered } from "./errors.js";
import { type ImageFile, ImageFileError, readImageFile } from "./image-file.js";
import { activeOf } from "./outcome.js";
import type { Abortable } from "./request.js";
import type { Target } from "./target.js";
import type { Update } from "./upgrade.js";

// The format is that of the nRF Connect SDK: `scripts/bootloader/generate_zip.py` writes the manifest, and
// `cmake/sysbuild/zip.cmake` says what of each file. Values that come from CMake are text there, numbers too.

/** Name of the manifest in a package. */
export const MANIFEST = "manifest.json";

/** Formats of the manifest. They differ in the names of the files alone. */
const FORMATS: readonly unknown[] = [0, 1];

/** Most files in a package: far more than a device has slots. */
const MOST_FILES = 32;

/** What a package may hold besides applications, by the type of a file. */
const OTHER_TYPES: Readonly<Record<string, string>> = {
	mcuboot: "a boot loader, which this client does not replace",
	"suit-envelope": "for a device with SUIT, not with MCUboot",
	cache: "for a device with SUIT, not with MCUboot",
	bin: "for a device with SUIT, not with MCUboot",
};

/** A package cannot be used. The message is a sentence. */
export class PackageError extends Error {
	override readonly name: string = "PackageError";
}

/** An image of a package. */
export interface PackageImage {
	/** Its name in the package. */
	readonly name: string;
	readonly file: Uint8Array;
	/** Number of the image that the file updates. */
	readonly image: number;
	/** Within the image: 0 or 1. The slot that the file is linked for; undefined if it is for any. */
	readonly slot: number | undefined;
	/** The board that it is for, as its build calls it; undefined if the manifest does not say. */
	readonly board: string | undefined;
	readonly info: ImageFile;
}

/** A package of images, checked. */
export interface FirmwarePackage {
	/** What its maker calls it. */
	readonly name: string | undefined;
	/** When it was made, seconds since 1970. */
	readonly time: number | undefined;
	/** By image, then by slot. */
	readonly images: readonly PackageImage[];
}

type Entry = Readonly<Record<string, unknown>>;

/**
 * Checks the files of a package, by name, and reads its manifest: every file that it names is there, has the length that it
 * says, and is a whole image of the version that it says.
 *
 * @throws PackageError with one sentence if something is wrong.
 */
export function readPackage(files: ReadonlyMap<string, Uint8Array>): FirmwarePackage {
	const { name, time, files: entries } = readManifest(files);
	const images = entries.map((entry, at) => readEntry(entry, at, files));
	images.sort((a, b) => a.image - b.image || (a.slot ?? 0) - (b.slot ?? 0));
	for (const [at, image] of images.entries()) {
		const before = images[at - 1];
		if (before?.image !== image.image) continue;
		if (before.slot === image.slot || before.slot === undefined || image.slot === undefined)
			throw new PackageError(`${before.name} and ${image.name} are both for image ${image.image}.`);
	}
	return {
		name: typeof name === "string" && name !== "" ? name : undefined,
		time: typeof time === "number" && Number.isSafeInteger(time) ? time : undefined,
		images,
	};
}

function readManifest(files: ReadonlyMap<string, Uint8Array>): Entry & { readonly files: readonly Entry[] } {
	const bytes = files.get(MANIFEST);
	if (!bytes) {
		const deeper = [...files.keys()].find((name) => name.endsWith(`/${MANIFEST}`));
		throw new PackageError(
			deeper ? `The manifest is ${deeper}: it must not be in a folder.` : `There is no ${MANIFEST} in the package.`,
		);
	}
	let manifest: unknown;
	try {
		manifest = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
	} catch {
		throw new PackageError(`${MANIFEST} is no JSON.`);
	}
	if (!isEntry(manifest)) throw new PackageError(`${MANIFEST} is no JSON object.`);
	const { "format-version": format, files: list } = manifest;
	if (!FORMATS.includes(format))
		throw new PackageError(
			format === undefined
				? `${MANIFEST} has no "format-version".`
				: `${MANIFEST} has format ${JSON.stringify(format)}, and this client reads ${FORMATS.join(" and ")}.`,
		);
	if (!Array.isArray(list) || list.length === 0) throw new PackageError(`${MANIFEST} names no files.`);
	if (list.length > MOST_FILES) throw new PackageError(`${MANIFEST} names more than ${MOST_FILES} files.`);
	if (!list.every(isEntry)) throw new PackageError(`An entry of "files" in ${MANIFEST} is no JSON object.`);
	return { ...manifest, files: list };
}

const isEntry = (value: unknown): value is Entry =>
	typeof value === "object" && value !== null && !Array.isArray(value);

function readEntry(entry: Entry, at: number, files: ReadonlyMap<string, Uint8Array>): PackageImage {
	const { file: name, size, type = "application", board } = entry;
	if (typeof name !== "string" || name === "") throw new PackageError(`File ${at + 1} in ${MANIFEST} has no name.`);
	const wrong = (what: string): PackageError => new PackageError(`${name}: ${what}`);
	if (type !== "application")
		throw wrong(`It is ${OTHER_TYPES[String(type)] ?? `of a type that this client does not know: ${shown(type)}`}.`);
	const bytes = files.get(name);
	if (!bytes) throw wrong(`${MANIFEST} names this file, and it is not in the package.`);
	if (size !== bytes.length)
		throw wrong(
			size === undefined
				? `${MANIFEST} does not tell its size.`
				: `It has ${bytes.length} bytes, and ${MANIFEST} says ${shown(size)}.`,
		);
	const image = wholeNumber(entry["image_index"] ?? entry["image"]) ?? 0;
	if (Number.isNaN(image)) throw wrong(`Its image_index in ${MANIFEST} is no number.`);
	const slot = slotIn(image, wholeNumber(entry["slot"]));
	if (Number.isNaN(slot)) throw wrong(`Image ${image} has no slot ${shown(entry["slot"])}.`);
	const info = readImage(name, bytes);
	const version = entry["version_MCUBOOT"] ?? entry["version_MCUBOOT+XIP"];
	if (typeof version === "string" && wholeVersion(version) !== info.version)
		throw wrong(`It is version ${info.version}, and ${MANIFEST} says ${shown(version)}.`);
	return { name, file: bytes, image, slot, board: typeof board === "string" ? board : undefined, info };
}

function readImage(name: string, bytes: Uint8Array): ImageFile {
	try {
		return readImageFile(bytes);
	} catch (error) {
		if (!(error instanceof ImageFileError)) throw error;
		throw new PackageError(`${name}: ${error.message}`);
	}
}

const shown = (value: unknown): string => JSON.stringify(value)?.slice(0, 80) ?? "nothing";

/** A number, or one in decimal digits. Undefined if there is none, NaN if it is something else. */
function wholeNumber(value: unknown): number | undefined {
	if (value === undefined || value === null) return undefined;
	const number = typeof value === "string" && /^\d{1,3}$/.test(value) ? Number(value) : value;
	return typeof number === "number" && Number.isInteger(number) && number >= 0 && number < 256 ? number : Number.NaN;
}

/** The slot within the image. Builds count slots through all images. */
function slotIn(image: number, slot: number | undefined): number | undefined {
	if (slot === undefined || slot < 2) return slot;
	return slot >> 1 === image ? slot & 1 : Number.NaN;
}

/** A version as imgtool takes it, with all its parts, as `ImageFile` has it. */
function wholeVersion(text: string): string | undefined {
	const [, major, minor = "0", revision = "0", build = "0"] =
		/^(\d+)(?:\.(\d+)(?:\.(\d+)(?:\+(\d+))?)?)?$/.exec(text) ?? [];
	if (major === undefined) return undefined;
	const parts = [major, minor, revision, build].map(Number);
	return `${parts.slice(0, 3).join(".")}${parts[3] === 0 ? "" : `.${parts[3]}`}`;
}

/** An image of a package, for an upload or an upgrade. */
export interface PackageUpdate extends Update {
	readonly name: string;
	readonly info: ImageFile;
}

/**
 * Chooses the images for a device: of those that are linked for one slot each, the ones for the slots that take uploads.
 * Rejects with an Error of one sentence if the device has no such image or slot, if the package is for another board, or if
 * two images are the same, which a device cannot tell apart.
 */
export async function chooseImages(
	client: SmpClient,
	{ images }: FirmwarePackage,
	{ anyBoard = false, signal }: Abortable & { readonly anyBoard?: boolean } = {},
): Promise<PackageUpdate[]> {
	if (!anyBoard) await checkBoard(client, images, signal);
	const chosen: PackageImage[] = [];
	for (const number of new Set(images.map(({ image }) => image))) {
		const target = await client.target(number, { signal });
		chosen.push(
			await forSlot(
				client,
				images.filter(({ image }) => image === number),
				target,
				signal,
			),
		);
	}
	for (const { name, info } of chosen) {
		const twin = chosen.find((other) => other.name !== name && other.info.hash === info.hash);
		if (twin)
			throw new Error(`the files ${name} and ${twin.name} are the same image, and a device marks images by their hash`);
	}
	return chosen.map(({ name, file, image, info }) => ({ name, file, image, info }));
}

async function forSlot(
	client: SmpClient,
	files: readonly PackageImage[],
	target: Target,
	signal: AbortSignal | undefined,
): Promise<PackageImage> {
	const [first] = files;
	if (first?.slot === undefined) return first!;
	const { image } = target;
	const active = target.slot === undefined ? activeOf(image, await client.images({ signal }))?.slot : undefined;
	const slot = target.slot ?? (active === undefined ? undefined : 1 - active);
	if (slot === undefined)
		throw new Error(
			`the package has files for slots of image ${image}, and the device does not tell which one it runs`,
		);
	const found = files.find((file) => file.slot === slot);
	if (!found) throw new Error(`the package has no file for slot ${slot} of image ${image}, which takes the upload`);
	return found;
}

/**
 * Boards have qualifiers behind a slash, and a revision behind an at sign (Zephyr, Board Porting Guide); the cores of one
 * board differ in them.
 */
const boardName = (text: string): string => text.split(/[/@]/)[0]!.trim();

/** Throws an Error if all images are for another board than the device says that it is. */
async function checkBoard(
	client: SmpClient,
	images: readonly PackageImage[],
	signal: AbortSignal | undefined,
): Promise<void> {
	const boards = new Set(images.flatMap(({ board }) => (board === undefined ? [] : [boardName(board)])));
	if (boards.size === 0) return;
	const platform = await ifOffered(client.info("i", { signal }));
	if (platform === undefined || platform.trim() === "" || boards.has(boardName(platform))) return;
	throw new Error(`the package is for the board ${[...boards].join(", ")}, and the device is a ${platform.trim()}`);
}
