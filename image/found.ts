import { holdsArchive } from "../modules/bootutil/archive.js";
import type { BootUtil } from "../modules/bootutil/bootutil.js";
import { measureImage } from "../modules/bootutil/extent.js";
import {
	decodeHeader,
	formatVersion,
	IMAGE_HEADER_SIZE,
	IMAGE_MAGIC,
	ImageFlag,
	type ImageHeader,
} from "../modules/bootutil/header.js";
import type { LoaderConfig } from "../modules/bootutil/loader/config.js";
import { imageKey, NO_READABLE_KEY } from "../modules/bootutil/loader/encryption-swap.js";
import { imageFault } from "../modules/bootutil/loader/validate-image.js";
import { runsFromRam } from "../modules/bootutil/modes.js";
import type { SecurityCounterStore } from "../modules/bootutil/security-counter.js";
import { findTlv, TlvType } from "../modules/bootutil/tlv.js";
import { headerFault, placeFault } from "../modules/bootutil/validation.js";
import type { DigestProvider } from "../modules/bytes/digest.js";
import type { FlashArea } from "../modules/flash/area.js";
import { FlashError } from "../modules/flash/error.js";
import { readArchive } from "./archive.js";
import { ImageError } from "./error.js";
import { takesEncrypted } from "./mode-names.js";

/** An image that was found. Offsets and sizes are bytes. */
export interface FoundImage {
	/** From the start of the slot. */
	readonly offset: number;
	readonly version: string;
	/** Header to last TLV; null if that cannot be told. */
	readonly size: number | null;
	readonly encrypted: boolean;
	/**
	 * Why the boot loader refuses it; null if it does not, while a swap has it in pieces, and where it is encrypted and no key is
	 * known.
	 */
	readonly fault: string | null;
	/** What of an image that is refused a boot loader of another build takes; null if there is nothing. */
	readonly otherBuild: string | null;
	/**
	 * The application archive that it holds: the id of the runtime that it was made for (hexadecimal), or its fault in one
	 * sentence. Null for an image that is opaque, still encrypted, or in pieces.
	 */
	readonly archive: { readonly runtime: string } | { readonly problem: string } | null;
}

/** What the verdict on an image depends on. */
export interface FindOptions {
	readonly digest: DigestProvider;
	readonly config: LoaderConfig;
	readonly securityCounters: Pick<SecurityCounterStore, "get">;
}

/** Whether the boot loader could have a key that was not given: some modes take no encrypted images. */
export const lacksKey = ({ mode, config }: BootUtil): boolean =>
	(config.encryption ?? "none") === "none" && takesEncrypted(mode);

export const headerAt = (area: FlashArea, start: number): ImageHeader =>
	decodeHeader(area.bytes(start, IMAGE_HEADER_SIZE));

export const isEncrypted = ({ magic, flags }: ImageHeader): boolean =>
	magic === IMAGE_MAGIC && (flags & (ImageFlag.ENCRYPTED_AES128 | ImageFlag.ENCRYPTED_AES256)) !== 0;

/** Offsets in a slot where images may start. An update starts where the mode has it, and a revert at the first sector. */
export const startsOf = ({ mode }: BootUtil, which: "primary" | "secondary", { sectorSize }: FlashArea): number[] =>
	which === "secondary" && mode.updateSector ? [0, mode.updateSector * sectorSize] : [0];

/** Where an image may be found. */
export interface Place {
	readonly image: number;
	readonly which: "primary" | "secondary";
	readonly area: FlashArea;
	readonly start: number;
}

/** The image at a place; none or one. */
export function findImage(boot: BootUtil, options: FindOptions, place: Place, inPieces: boolean): FoundImage[] {
	const { area, start } = place;
	const header = headerAt(area, start);
	if (header.magic !== IMAGE_MAGIC) return [];
	const encrypted = isEncrypted(header);
	const untold = inPieces || (encrypted && lacksKey(boot));
	const fault = untold ? undefined : faultOf(boot, options, place, header);
	return [
		{
			offset: start,
			version: formatVersion(header.version),
			size: measureImage(area, start)?.total ?? null,
			encrypted,
			fault: fault ?? null,
			otherBuild: fault === undefined ? null : (otherBuild(options.config, area, header, start) ?? null),
			archive: inPieces ? null : archiveIn(area, header, start),
		},
	];
}

const COMPRESSED = ImageFlag.COMPRESSED_LZMA1 | ImageFlag.COMPRESSED_LZMA2 | ImageFlag.COMPRESSED_ARM_THUMB;

/** TLVs by which an image is for another build of MCUboot, of those that the given build has no use for. */
function otherTlvs({ hash = 256, pure, hwKey, encryption }: LoaderConfig): [type: number, what: string][] {
	const tlvs: [type: number, what: string, wanted: boolean][] = [
		[TlvType.SIG_PURE, "a pure signature", pure === true],
		[TlvType.SHA256, "a SHA-256 hash", hash === 256],
		[TlvType.SHA384, "a SHA-384 hash", hash === 384],
		[TlvType.SHA512, "a SHA-512 hash", hash === 512],
		[TlvType.PUBKEY, "its whole public key", hwKey === true],
		[TlvType.ENC_X25519_SHA512, "its AES key wrapped with HMAC-SHA-512", encryption === "x25519-sha512"],
	];
	return tlvs.filter(([, , wanted]) => !wanted).map(([type, what]) => [type, what]);
}

function otherBuild(config: LoaderConfig, area: FlashArea, header: ImageHeader, start: number): string | undefined {
	if (header.flags & COMPRESSED) return "a compressed payload";
	try {
		return otherTlvs(config).find(([type]) => findTlv(area, header, { type, start }))?.[1];
	} catch (error) {
		// TLVs that are out of the slot's bounds.
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}

function archiveIn(area: FlashArea, header: ImageHeader, start: number): FoundImage["archive"] {
	try {
		if (!holdsArchive(area, header, start)) return null;
		return { runtime: readArchive(area.bytes(start + header.headerSize, header.imageSize)).runtime };
	} catch (error) {
		if (error instanceof ImageError) return { problem: error.message };
		// Sizes in the header that lead out of the slot.
		if (error instanceof FlashError) return null;
		throw error;
	}
}

/** Why the boot loader refuses an image, be it asked for or not. */
function faultOf(
	boot: BootUtil,
	{ config, digest, securityCounters }: FindOptions,
	{ image, which, area, start }: Place,
	header: ImageHeader,
): string | undefined {
	if (header.flags & ImageFlag.NON_BOOTABLE) return "marked as not bootable";
	const fault = headerFault(header, area, config.encryption) ?? placeFault(boot.mode, header, area);
	if (fault !== undefined) return fault;
	// In the slot where it runs it is plain, whatever its flags say; in one that it is loaded from it may not be.
	const encrypted = (which === "secondary" || runsFromRam(boot.mode)) && isEncrypted(header);
	const key = encrypted ? imageKey(config, area, header, start) : undefined;
	if (encrypted && !key) return NO_READABLE_KEY;
	const services = {
		digest,
		log: () => {},
		securityCounters: { get: (of: number) => securityCounters.get(of), set: () => {} },
	};
	const maxSize = boot.boot_app_max_size(image);
	return imageFault(config, services, { image, area, header, start, maxSize, ...(key && { key }) });
}
