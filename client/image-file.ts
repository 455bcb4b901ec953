import { sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { foreignName } from "../image/foreign.js";
import { type Policy, parsePolicy } from "../modules/agent/policy.js";
import { holdsArchive } from "../modules/bootutil/archive.js";
import {
	formatVersion,
	IMAGE_HEADER_SIZE,
	IMAGE_MAGIC,
	ImageFlag,
	type ImageHeader,
	parseHeader,
	signedSize,
} from "../modules/bootutil/header.js";
import { TlvIterator, TlvType, tlvContent } from "../modules/bootutil/tlv.js";
import { trailerMagic } from "../modules/bootutil/trailer.js";
import { hexOf } from "../modules/bytes/hex.js";
import { readU32, u32Bytes } from "../modules/bytes/little-endian.js";
import { FlashArea } from "../modules/flash/area.js";
import { NorPartition } from "../modules/flash/nor.js";
import { type Dependency, readDependency } from "./dependencies.js";

/** What a device will call an image file, and what a client can tell of it without a device. */
export interface ImageFile {
	readonly version: string;
	/** The image's own hash, in hexadecimal: what the image list has. */
	readonly hash: string;
	/** `SHA-256`, `SHA-384` or `SHA-512`. */
	readonly hashName: string;
	/** False if the image is encrypted: its hash is that of the plain image, which only the device can compute. */
	readonly hashChecked: boolean;
	/** The confirm policy of the application in it. Missing if there is none that counts, or if the image is encrypted. */
	readonly policy?: Policy;
	/** Other images that the boot loader wants to find before it installs this one. */
	readonly dependencies: readonly Dependency[];
	/** Header to last TLV, bytes. */
	readonly size: number;
	/**
	 * What the file has behind the image: nothing, the trailer of a padded file (`imgtool sign --pad`), or other bytes.
	 */
	readonly padding: "none" | "trailer" | "other";
}

/** The file is no image that a boot loader would take. The message is a sentence. */
export class ImageFileError extends Error {
	override readonly name: string = "ImageFileError";
}

interface Hash {
	readonly name: string;
	readonly digest: (bytes: Uint8Array) => Uint8Array;
}

const HASHES: Readonly<Record<number, Hash>> = {
	[TlvType.SHA256]: { name: "SHA-256", digest: sha256 },
	[TlvType.SHA384]: { name: "SHA-384", digest: sha384 },
	[TlvType.SHA512]: { name: "SHA-512", digest: sha512 },
};

const ENCRYPTED = ImageFlag.ENCRYPTED_AES128 | ImageFlag.ENCRYPTED_AES256;

/** Types of TLVs that carry the key of an encrypted image (MCUboot design.md, Image format: `IMAGE_TLV_ENC_…`). */
const KEY_TYPES = { first: TlvType.ENC_RSA2048, last: TlvType.ENC_X25519_SHA512 } as const;

/** What the TLVs of an image say. */
interface Contents {
	readonly hashes: readonly { readonly type: Hash; readonly value: Uint8Array }[];
	readonly dependencies: readonly Dependency[];
	readonly hasKey: boolean;
	readonly end: number;
}

/**
 * Reads the version and the hash of an MCUboot image (MCUboot design.md, Image format), and checks the hash.
 *
 * @throws ImageFileError if the file is no image, was never signed, or is damaged.
 */
export function readImageFile(file: Uint8Array): ImageFile {
	const image = describeImageFile(file);
	if (image.hashChecked || isEncrypted(parseHeader(file)!)) return image;
	throw new ImageFileError(`The image is damaged: its ${image.hashName} is not the one that it carries.`);
}

/** As `readImageFile`, of an image whose hash may be wrong. */
export function describeImageFile(file: Uint8Array): ImageFile {
	const header = parseHeader(file);
	if (!header) throw new ImageFileError(noImage(file));
	const { hashes, dependencies, hasKey, end } = readContents(file, header);
	const [hash] = hashes;
	if (!hash) throw new ImageFileError("The image carries no hash: the boot loader would not take it.");
	if (isEncrypted(header) && !hasKey)
		throw new ImageFileError(
			"The image says that it is encrypted, but carries no key: no boot loader could decrypt it.",
		);
	const signed = file.subarray(0, signedSize(header));
	const policy = isEncrypted(header) ? undefined : readPolicy(file, header);
	return {
		version: formatVersion(header.version),
		hash: hexOf(hash.value),
		hashName: hash.type.name,
		hashChecked: hashes.every(({ type, value }) => hexOf(type.digest(signed)) === hexOf(value)),
		...(policy && { policy }),
		dependencies,
		size: end,
		padding: end === file.length ? "none" : hasTrailer(file) ? "trailer" : "other",
	};
}

/** docs/SPEC.md, Application archive. */
function readPolicy(file: Uint8Array, header: ImageHeader): Policy | undefined {
	const archive = file.subarray(header.headerSize, header.headerSize + header.imageSize);
	if (archive.length < 80 || !holdsArchive(areaOf(file), header)) return undefined;
	const at = readU32(archive, 72);
	const text = new TextDecoder().decode(archive.subarray(at, at + readU32(archive, 76)));
	try {
		return text === "" ? undefined : parsePolicy(text);
	} catch (error) {
		if (error instanceof RangeError) return undefined;
		throw error;
	}
}

const areaOf = (file: Uint8Array): FlashArea =>
	new FlashArea(0, "file", 0, new NorPartition(file, { sectorSize: 1, writeAlign: 1 }));

const isEncrypted = (header: ImageHeader): boolean => (header.flags & ENCRYPTED) !== 0;

function readContents(file: Uint8Array, header: ImageHeader): Contents {
	const area = areaOf(file);
	if (signedSize(header) >= file.length) {
		const where = `the file has ${file.length} bytes, and its TLVs would begin at ${signedSize(header)}`;
		throw new ImageFileError(`The image is cut short or was never signed: ${where}.`);
	}
	const tlvs = TlvIterator.begin(area, header);
	if (!tlvs)
		throw new ImageFileError("The image was never signed, or it is damaged: it has no TLVs behind its payload.");
	const hashes: { type: Hash; value: Uint8Array }[] = [];
	const dependencies: Dependency[] = [];
	let hasKey = false;
	for (let tlv = tlvs.next(); tlv !== "end"; tlv = tlvs.next()) {
		const value = tlv === "invalid" ? undefined : tlvContent(area, tlv);
		if (tlv === "invalid" || !value)
			throw new ImageFileError("The image is cut short or damaged: a TLV goes beyond its end.");
		const type = HASHES[tlv.type];
		if (type && !tlv.isProtected) hashes.push({ type, value });
		if (tlv.type >= KEY_TYPES.first && tlv.type <= KEY_TYPES.last) hasKey = true;
		if (tlv.type !== TlvType.DEPENDENCY || !tlv.isProtected) continue;
		const dependency = readDependency(value);
		if (!dependency)
			throw new ImageFileError("The image is damaged: it depends on another image in a way that nobody can read.");
		dependencies.push(dependency);
	}
	return { hashes, dependencies, hasKey, end: tlvs.end };
}

/** Whether the file ends with the magic of a trailer, of any alignment. */
const hasTrailer = (file: Uint8Array): boolean =>
	[8, 16, 32].some((align) => {
		const magic = trailerMagic(align);
		return magic.every((byte, i) => file[file.length - magic.length + i] === byte);
	});

/** What a file is that does not begin with an image header, where that can be told. */
function noImage(file: Uint8Array): string {
	const why = "The file is no MCUboot image: ";
	const begins = (...bytes: readonly number[]): boolean => bytes.every((byte, i) => file[i] === byte);
	if (file.length < IMAGE_HEADER_SIZE) return `${why}it has ${file.length} bytes, fewer than an image header.`;
	if (begins(...u32Bytes(IMAGE_MAGIC).reverse()))
		return `${why}its header is big-endian (imgtool sign --endian big), and this client reads little-endian ones only.`;
	const foreign = foreignName(file);
	if (foreign) return `${why}it is ${foreign}.`;
	return `${why}it does not begin with an image header; sign it first (xs-smp image sign, or imgtool sign).`;
}
