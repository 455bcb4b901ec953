import { type Entry, fromBufferPromise, type ZipFile } from "yauzl";
import { type FirmwarePackage, PackageError, readPackage } from "../client/package.js";
import { ImageError } from "../image/error.js";
import { crc32 } from "../modules/bytes/crc32.js";
import { readBytes } from "./files.js";
import { isZip } from "./local-file.js";

/** Most entries of an archive, and bytes in all of them unpacked: what no device has flash for is no package. */
const MOST_ENTRIES = 256;
const MOST_BYTES = 64 * 1024 * 1024;

/** Reads a package of images. Throws an ImageError with one sentence that names the file. */
export async function readPackageFile(path: string, bytes = readBytes(path)): Promise<FirmwarePackage> {
	try {
		return readPackage(await unpack(bytes));
	} catch (error) {
		if (!(error instanceof PackageError)) throw error;
		throw new ImageError(`${path}: ${error.message}`);
	}
}

/** The files of an archive, by name. */
async function unpack(bytes: Uint8Array): Promise<Map<string, Uint8Array>> {
	if (!isZip(bytes)) throw new PackageError("The file is no ZIP archive.");
	const archive = await ofZip(fromBufferPromise(Buffer.from(bytes), { lazyEntries: true, strictFileNames: true }));
	const files = new Map<string, Uint8Array>();
	let total = 0;
	const entries = archive.eachEntry();
	for (let next = await ofZip(entries.next()); !next.done; next = await ofZip(entries.next())) {
		const entry = next.value;
		const { fileName: name, uncompressedSize: size } = entry;
		if (files.size === MOST_ENTRIES) throw new PackageError(`The archive has more than ${MOST_ENTRIES} files.`);
		if (files.has(name)) throw new PackageError(`The archive has two files ${name}.`);
		total += size;
		if (total > MOST_BYTES)
			throw new PackageError(`Unpacked, the archive would have more than ${MOST_BYTES / 1024 / 1024} MiB.`);
		if (!name.endsWith("/")) files.set(name, await contentOf(archive, entry));
	}
	return files;
}

async function contentOf(archive: ZipFile, entry: Entry): Promise<Uint8Array> {
	const { fileName, crc32: expected } = entry;
	const stream = await ofZip(archive.openReadStreamPromise(entry), fileName);
	// The library sees to it that no more comes than the entry says.
	const content = new Uint8Array(Buffer.concat(await ofZip(stream.toArray(), fileName)));
	if (crc32(content) !== expected) throw new PackageError(`${fileName}: The file is damaged: its CRC is wrong.`);
	return content;
}

/** What the library rejects, in a sentence. */
async function ofZip<T>(promise: Promise<T>, name?: string): Promise<T> {
	try {
		return await promise;
	} catch (error) {
		const where = name === undefined ? "The archive" : `${name}: The file`;
		// Its first sentence, as the end of one.
		const [reason = ""] = (error as Error).message.split(/\.(?: |$)/);
		const end = reason.replace(/^[A-Z](?=[a-z])/, (first) => first.toLowerCase());
		throw new PackageError(`${where} cannot be read: ${end}.`);
	}
}
