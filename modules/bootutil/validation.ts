import { hexOf } from "../bytes/hex.js";
import { readU32 } from "../bytes/little-endian.js";
import type { FlashArea } from "../flash/area.js";
import { FlashError } from "../flash/error.js";
import type { BootConfig, EncryptionType, WrapType } from "./config.js";
import { ENCRYPTED, IMAGE_MAGIC, ImageFlag, type ImageHeader, signedSize } from "./header.js";
import { type Mode, runsFromRam } from "./modes.js";
import { findTlv, hashTlv, TlvIterator, TlvType, tlvContent } from "./tlv.js";
import { encryptionKeySize } from "./trailer.js";

// What makes an image one that the boot loader takes. The boot loader asks all of this; an application asks it of an image
// that a client wants to be the next one. What needs much code comes from outside: signatures and decryption.

/** Image forms that need a part of MCUboot which this loader does not have. */
const COMPRESSED = ImageFlag.COMPRESSED_LZMA1 | ImageFlag.COMPRESSED_LZMA2 | ImageFlag.COMPRESSED_ARM_THUMB;

/** What `contentFault` says of a payload that was changed. */
export const WRONG_HASH = "wrong hash";

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

/** What a header says against running the image at all, in words; undefined if nothing does. */
export const bootableFault = ({ flags }: ImageHeader): string | undefined =>
	flags & ImageFlag.NON_BOOTABLE ? "image is marked as not bootable" : undefined;

/**
 * Why an image that is made to run from one place cannot run from a slot, in words; undefined if it can, or the mode is one
 * whose boot loader does not look at that.
 */
export function placeFault(mode: Mode, { flags, loadAddress }: ImageHeader, area: FlashArea): string | undefined {
	if (runsFromRam(mode)) return flags & ImageFlag.RAM_LOAD ? undefined : "image is not made to be loaded to RAM";
	if (mode.newest !== "slot") return undefined;
	if ((flags & ImageFlag.ROM_FIXED) === 0 || loadAddress === area.offset) return undefined;
	return `image is linked for 0x${loadAddress.toString(16)}, not for 0x${area.offset.toString(16)}`;
}

/** Where an image is, and what it is measured against. */
export interface ImagePlace {
	readonly area: FlashArea;
	readonly header: ImageHeader;
	/** Offset of the image in the area, bytes. */
	readonly start: number;
	/** Largest size, header to last TLV, bytes. */
	readonly maxSize: number;
}

/** Looks at the TLVs of one image in their order and tells whether it is signed. `SignatureRule` is one. */
export interface SignatureVerdict {
	/**
	 * Returns what is wrong with a TLV of the image at `place`, in words; undefined if nothing is, or it is of no concern here.
	 * `digest` is undefined where none was made.
	 */
	take(
		type: number,
		length: number,
		content: () => Uint8Array,
		digest: Uint8Array | undefined,
		place: ImagePlace,
	): string | undefined;
	/** Whether the image is signed, as far as its TLVs have told. */
	readonly signed: boolean;
}

/** What the content of an image is held against. */
export interface ContentRules {
	/** Hash, pure signatures, UUIDs and the allow list. */
	readonly config: BootConfig;
	/** Missing: signatures do not count. */
	readonly signature?: SignatureVerdict | undefined;
	/** Why an image with this security counter is refused. Missing: it needs none. */
	readonly counterFault?: ((counter: number) => string | undefined) | undefined;
}

/**
 * Digest, TLVs and signature of an image (MCUboot `bootutil_img_validate`). The header has passed `headerFault`.
 *
 * @param digestOf - makes the hash of header, payload, decrypted, and protected TLVs; who cannot or need not know better gives
 * the content of the hash TLV. Missing: the hash does not count, as in a boot loader for pure signatures
 * @returns why the image is refused, in words; undefined if it is good
 */
export function contentFault(
	{ config, signature, counterFault }: ContentRules,
	place: ImagePlace,
	digestOf?: () => Uint8Array,
): string | undefined {
	const { area, header, start, maxSize } = place;
	const hashType = hashTlv(config.hash);
	try {
		const digest = digestOf?.();
		const tlvs = TlvIterator.begin(area, header, { start });
		if (!tlvs) return "malformed TLV area";
		if (tlvs.end - start > maxSize) return `too large: ${tlvs.end - start} bytes, at most ${maxSize} fit`;
		if (config.pure && !carries(place, TlvType.SIG_PURE, "01")) return "no pure signature";
		if (!carries(place, TlvType.UUID_VID, config.vid) || !carries(place, TlvType.UUID_CID, config.cid))
			return "image for another vendor or class";
		let hashed = digest === undefined;
		let counted = false;
		for (let tlv = tlvs.next(); tlv !== "end"; tlv = tlvs.next()) {
			if (tlv === "invalid") return "malformed TLV";
			const { type, length, offset } = tlv;
			if (config.tlvAllowList !== false && !tlv.isProtected && !isAllowed(type, config))
				return `unprotected TLV of type 0x${type.toString(16)}`;
			const content = () => area.bytes(offset, length);
			let fault: string | undefined;
			if (digest && type === hashType) {
				if (length !== digest.length || !startsWith(digest, content())) return WRONG_HASH;
				hashed = true;
			} else if (counterFault && type === TlvType.SEC_CNT) {
				if (length !== 4) return "malformed security counter";
				fault = counterFault(readU32(content(), 0));
				counted = true;
			} else fault = signature?.take(type, length, content, digest, place);
			if (fault !== undefined) return fault;
		}
		if (!hashed) return "no hash";
		if (signature && !signature.signed) return "no good signature by a trusted key";
		if (counterFault && !counted) return "no security counter";
		return undefined;
	} catch (error) {
		// What cannot be read is as bad as what is wrong: for one, an image that runs past the end of its slot.
		if (error instanceof FlashError) return error.message;
		throw error;
	}
}

/**
 * Whether an image has TLVs of a type, and all of them with this content, up to 16 bytes in hexadecimal; or nothing is wanted.
 * Of SIG_PURE MCUboot looks at the first alone.
 */
function carries(place: ImagePlace, type: number, wanted: string | undefined): boolean {
	if (wanted === undefined) return true;
	const tlvs = TlvIterator.begin(place.area, place.header, { type, start: place.start });
	for (let found = false; ; found = true) {
		const tlv = tlvs?.next();
		if (typeof tlv !== "object" || (found && type === TlvType.SIG_PURE)) return found;
		if (2 * tlv.length !== wanted.length || hexOf(place.area.bytes(tlv.offset, tlv.length)) !== wanted) return false;
	}
}

/** Types that an unprotected TLV may have where there is an allow list (MCUboot `image_validate.c`). */
const isAllowed = (type: number, { encryption, pure }: BootConfig): boolean =>
	type === TlvType.KEYHASH ||
	type === TlvType.PUBKEY ||
	(type >= TlvType.SHA256 && type <= TlvType.SHA512) ||
	(type >= TlvType.RSA2048_PSS && type <= TlvType.ED25519) ||
	(type === TlvType.SIG_PURE && pure === true) ||
	(type >= TlvType.ENC_RSA2048 && type <= TlvType.ENC_EC256) ||
	type === (encryption === "x25519-sha512" ? TlvType.ENC_X25519_SHA512 : TlvType.ENC_X25519);

/**
 * The wrapped AES key of the image at `start`, from its TLV (MCUboot `boot_enc_load`); undefined if there is none, or none as
 * long as it must be.
 */
export function wrappedKey(
	config: BootConfig,
	area: FlashArea,
	header: ImageHeader,
	start: number,
): Uint8Array | undefined {
	if (config.encryption === undefined || config.encryption === "none") return undefined;
	const [type, length] = wrapping(config.encryption, encryptionKeySize(config));
	const tlv = findTlv(area, header, { type, start });
	return tlv?.length === length ? tlvContent(area, tlv) : undefined;
}

/** Type and length of the TLV that carries an AES key of 16 or 32 bytes, wrapped this way (MCUboot design.md, TLV area). */
export function wrapping(type: WrapType, keySize: 16 | 32): readonly [type: number, length: number] {
	switch (type) {
		case "rsa-2048":
			return [TlvType.ENC_RSA2048, 256];
		case "aes-kw":
			return [TlvType.ENC_KW, 8 + keySize];
		// ECIES: the ephemeral public key, an HMAC and the encrypted key.
		case "ec-p256":
			return [TlvType.ENC_EC256, 65 + 32 + keySize];
		case "x25519":
			return [TlvType.ENC_X25519, 32 + 32 + keySize];
		case "x25519-sha512":
			return [TlvType.ENC_X25519_SHA512, 32 + 64 + keySize];
	}
}

export const startsWith = (bytes: Uint8Array, prefix: Uint8Array): boolean =>
	prefix.every((byte, i) => byte === bytes[i]);
