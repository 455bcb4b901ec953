import { basename } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Command, Option } from "commander";
import { ZipFile } from "yazl";
import { readImageFile } from "../client/image-file.js";
import { MANIFEST, PackageError, type PackageImage, readPackage } from "../client/package.js";
import type { Context } from "./command-line.js";
import { textOption } from "./command-line.js";
import { writeAtomically } from "./files.js";
import { readImage } from "./local-file.js";
import { printable, table } from "./output.js";
import { readPackageFile } from "./package-file.js";
import { UsageError } from "./usage-error.js";

/** Gives the command `package` its commands. */
export function definePackage(command: Command, context: Context): void {
	command.description(
		"Make and inspect packages of several images, in the format of Nordic's dfu_application.zip. upload and upgrade take them.",
	);
	command
		.command("inspect")
		.summary("check a package and print what is in it")
		.description("Check the package FILE as upload and upgrade do before they send anything, and print its images.")
		.argument("<FILE>")
		.addOption(new Option("--json", "print JSON instead of text"))
		.action((path: string, { json }: { json?: boolean }) => inspect(path, json === true, context));
	command
		.command("create")
		.summary("make a package of image files")
		.description(
			"Make the package OUTFILE of signed image files: the first is image 0, the second image 1, and so on. 2=FILE says that FILE is image 2.",
		)
		.argument("<OUTFILE>")
		.argument("<FILES...>")
		.addOption(textOption("--name <NAME>", "name of the update, for people"))
		.addOption(textOption("--board <BOARD>", "the board that it is for, as the device calls it"))
		.action((path: string, files: readonly string[], options: CreateOptions) => create(path, files, options));
}

async function inspect(path: string, json: boolean, { stdout }: Context): Promise<void> {
	const { name, time, images } = await readPackageFile(path);
	const made = time === undefined ? undefined : new Date(time * 1000).toISOString().slice(0, 19);
	if (json) {
		const list = images.map(({ name: file, image, slot, board, info: { version, hash, hashChecked, size } }) => ({
			...{ file, image, slot, board, version, hash, hashChecked, size },
		}));
		stdout.write(`${JSON.stringify({ name, made, images: list }, null, "\t")}\n`);
		return;
	}
	const title = [`${path}: a package of ${images.length} ${images.length === 1 ? "image" : "images"}`, name, made];
	const rows = images.map(({ name: file, image, slot, board = "", info }: PackageImage) => [
		`image ${image}${slot === undefined ? "" : `, slot ${slot}`}`,
		info.version,
		info.hash.slice(0, 16),
		`${info.size} bytes`,
		file,
		board,
	]);
	const lines = [title.filter((part) => part !== undefined).join(", "), ...table([HEADING, ...rows])];
	stdout.write(lines.map((line) => `${printable(line)}\n`).join(""));
}

const HEADING = ["for", "version", "hash", "size", "file", "board"];

interface CreateOptions {
	readonly name?: string;
	readonly board?: string;
}

async function create(path: string, operands: readonly string[], { name, board }: CreateOptions): Promise<void> {
	const time = Math.floor(Date.now() / 1000);
	const files = new Map<string, Uint8Array>();
	let next = 0;
	const entries = operands.map((operand) => {
		const [, number, given] = /^(\d{1,3})=(.+)$/s.exec(operand) ?? [];
		const source = given ?? operand;
		const bytes = readImage(source);
		const file = `${basename(source).replace(/\.hex$/i, "")}${/\.hex$/i.test(source) ? ".bin" : ""}`;
		if (files.has(file)) throw new UsageError(`Two of the files are called ${file}.`);
		files.set(file, bytes);
		const image = number === undefined ? next : Number(number);
		next = image + 1;
		return {
			type: "application",
			...(board !== undefined && { board }),
			image_index: `${image}`,
			slot_index_primary: `${2 * image + 1}`,
			slot_index_secondary: `${2 * image + 2}`,
			version_MCUBOOT: versionOf(bytes),
			...{ size: bytes.length, file, modtime: time },
		};
	});
	const manifest = { "format-version": 1, time, files: entries, ...(name !== undefined && { name }) };
	files.set(MANIFEST, new TextEncoder().encode(`${JSON.stringify(manifest, null, "    ")}\n`));
	try {
		readPackage(files);
	} catch (error) {
		throw error instanceof PackageError ? new UsageError(error.message) : error;
	}
	writeAtomically(path, await zip(files));
}

/** A version as imgtool writes it: the build number behind a plus. */
const versionOf = (image: Uint8Array): string => readImageFile(image).version.replace(/^(\d+\.\d+\.\d+)\./, "$1+");

/** An archive of files, as they are. */
async function zip(files: ReadonlyMap<string, Uint8Array>): Promise<Uint8Array> {
	const archive = new ZipFile();
	for (const [name, bytes] of files) archive.addBuffer(Buffer.from(bytes), name, { compress: false });
	archive.end();
	return new Uint8Array(await buffer(archive.outputStream));
}
