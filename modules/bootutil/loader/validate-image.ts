import type { FlashArea } from "../../flash/area.js";
import { FlashError } from "../../flash/error.js";
import type { EncryptionType } from "../config.js";
import { IMAGE_MAGIC, ImageFlag, type ImageHeader, signedSize } from "../header.js";
import { readU32 } from "../little-endian.js";
import { SignatureRule, startsWith } from "../signature/image-signature.js";
import { type Tlv, TlvIterator, TlvType } from "../tlv.js";
import type { LoaderConfig, LoaderServices } from "./config.js";
import { cryptPayload } from "./encryption-payload.js";

/** Types that an unprotected TLV may have where there is an allow list (MCUboot `image_validate.c`). */
const ALLOWED_UNPROTECTED: readonly number[] = Object.freeze([
	TlvType.KEYHASH,
	TlvType.PUBKEY,
	TlvType.SHA256,
	TlvType.SHA384,
	TlvType.SHA512,
	TlvType.RSA2048_PSS,
	TlvType.ECDSA224,
	TlvType.ECDSA_SIG,
	TlvType.RSA3072_PSS,
	TlvType.ED25519,
	TlvType.ENC_RSA2048,
	TlvType.ENC_KW,
	TlvType.ENC_EC256,
	TlvType.ENC_X25519,
]);

/** Image forms that need a part of MCUboot which this loader does not have. */
const COMPRESSED = ImageFlag.COMPRESSED_LZMA1 | ImageFlag.COMPRESSED_LZMA2 | ImageFlag.COMPRESSED_ARM_THUMB;

const ENCRYPTED = ImageFlag.ENCRYPTED_AES128 | ImageFlag.ENCRYPTED_AES256;

const DIGEST_SIZE = 32;
const HASH_CHUNK = 4096;

/** What is wrong with a header, in words; undefined if nothing is (MCUboot `boot_is_header_valid`). */
export function headerFault(
	header: ImageHeader,
	area: FlashArea,
	encryption: EncryptionType = "none",
): string | undefined {
	if (header.magic !== IMAGE_MAGIC) return "no image magic";
	// A sum past 32 bits, which MCUboot refuses apart, is past any slot's end too.
	if (signedSize(header) >= area.size) return "larger than its slot";
	if (header.flags & COMPRESSED) return "compressed, which this loader does not support";
	if (header.flags & ENCRYPTED && encryption === "none") return "encrypted, which this loader is not built for";
	if ((header.flags & ENCRYPTED) === ENCRYPTED) return "encrypted with keys of two sizes";
	return undefined;
}

/** Where an image is, and what it is measured against. */
export interface ImagePlace {
	readonly image: number;
	readonly area: FlashArea;
	readonly header: ImageHeader;
	/** Offset of the image in the area, bytes. */
	readonly start: number;
	/** Largest size, header to last TLV, bytes. */
	readonly maxSize: number;
	/** AES key, if its payload is encrypted in flash. */
	readonly key?: Uint8Array;
}

/**
 * Digest, TLVs and signature of an image (MCUboot `bootutil_img_validate`). The header has passed `headerFault`.
 *
 * @returns why the image is refused, in words; undefined if it is good
 */
export function imageFault(config: LoaderConfig, services: LoaderServices, place: ImagePlace): string | undefined {
	try {
		return new Validation(config, services, place).run();
	} catch (error) {
		// What cannot be read is as bad as what is wrong: for one, an image that runs past the end of its slot.
		if (error instanceof FlashError) return error.message;
		throw error;
	}
}

/** What the TLVs of one image have shown so far. */
class Validation {
	readonly #config: LoaderConfig;
	readonly #services: LoaderServices;
	readonly #place: ImagePlace;
	readonly #signature: SignatureRule;
	#digest: Uint8Array = new Uint8Array(0);
	#hashSeen = false;
	#counterSeen = false;

	constructor(config: LoaderConfig, services: LoaderServices, place: ImagePlace) {
		this.#config = config;
		this.#services = services;
		this.#place = place;
		this.#signature = new SignatureRule({ ...config, ...services });
	}

	run(): string | undefined {
		const { area, header, start, maxSize } = this.#place;
		this.#digest = this.#hash(start, signedSize(header));
		const tlvs = TlvIterator.begin(area, header, { start });
		if (!tlvs) return "malformed TLV area";
		if (tlvs.end - start > maxSize) return `too large: ${tlvs.end - start} bytes, at most ${maxSize} fit`;
		for (let tlv = tlvs.next(); tlv !== "end"; tlv = tlvs.next()) {
			if (tlv === "invalid") return "malformed TLV";
			const fault = this.#check(tlv);
			if (fault) return fault;
		}
		if (!this.#hashSeen) return "no hash";
		if (this.#config.signature !== "none" && !this.#signature.signed) return "no good signature by a trusted key";
		if (this.#config.hwRollback && !this.#counterSeen) return "no security counter";
		return undefined;
	}

	#check(tlv: Tlv): string | undefined {
		if (this.#config.tlvAllowList && !tlv.isProtected && !ALLOWED_UNPROTECTED.includes(tlv.type))
			return `unprotected TLV of type 0x${tlv.type.toString(16)}`;
		if (tlv.type === TlvType.SHA256) return this.#checkHash(tlv);
		if (this.#config.hwRollback && tlv.type === TlvType.SEC_CNT) return this.#checkCounter(tlv);
		return this.#signature.take(tlv.type, tlv.length, () => this.#content(tlv), this.#digest);
	}

	#checkHash(tlv: Tlv): string | undefined {
		if (tlv.length !== DIGEST_SIZE || !startsWith(this.#digest, this.#content(tlv))) return "wrong hash";
		this.#hashSeen = true;
		return undefined;
	}

	#checkCounter(tlv: Tlv): string | undefined {
		if (tlv.length !== 4) return "malformed security counter";
		const counter = readU32(this.#content(tlv), 0);
		const { securityCounters } = this.#services;
		const stored = securityCounters.get(this.#place.image);
		if (counter < stored) return `security counter ${counter} is below the stored ${stored}`;
		if (counter > stored && counter > (securityCounters.limit ?? counter))
			return `security counter ${counter} cannot be stored: the hardware counts to ${securityCounters.limit}`;
		this.#counterSeen = true;
		return undefined;
	}

	#content(tlv: Tlv): Uint8Array {
		return this.#place.area.bytes(tlv.offset, tlv.length);
	}

	#hash(start: number, length: number): Uint8Array {
		const { area, header, key } = this.#place;
		const hasher = this.#services.digest.sha256();
		const buffer = new Uint8Array(Math.min(HASH_CHUNK, length));
		for (let done = 0; done < length; done += buffer.length) {
			const chunk = done + buffer.length <= length ? buffer : buffer.subarray(0, length - done);
			area.read(chunk, start + done);
			if (key) cryptPayload(key, header, chunk, done);
			hasher.update(chunk);
		}
		return hasher.digest();
	}
}
