import type { FlashArea } from "../flash/area.js";
import { type BootConfig, type EncryptionType, encryptionKeySize } from "./config.js";
import type { ImageHeader } from "./header.js";
import { findTlv, TlvType, tlvContent } from "./tlv.js";

/** Types that wrap a key. */
export type WrapType = Exclude<EncryptionType, "none">;

const MAC_SIZE = 32;
const P256_POINT = 65;
const X25519_POINT = 32;
const RSA_SIZE = 256;

/** The TLV type that carries a key wrapped this way (MCUboot design.md, TLV area). */
export function encryptionTlv(type: WrapType): number {
	switch (type) {
		case "rsa-2048":
			return TlvType.ENC_RSA2048;
		case "aes-kw":
			return TlvType.ENC_KW;
		case "ec-p256":
			return TlvType.ENC_EC256;
		case "x25519":
			return TlvType.ENC_X25519;
	}
}

/** Bytes of that TLV, for an AES key of 16 or 32. */
export function encryptionTlvLength(type: WrapType, keySize: 16 | 32): number {
	switch (type) {
		case "rsa-2048":
			return RSA_SIZE;
		case "aes-kw":
			return 8 + keySize;
		case "ec-p256":
			return P256_POINT + MAC_SIZE + keySize;
		case "x25519":
			return X25519_POINT + MAC_SIZE + keySize;
	}
}

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
	const { encryption = "none" } = config;
	if (encryption === "none") return undefined;
	const tlv = findTlv(area, header, { type: encryptionTlv(encryption), start });
	if (tlv?.length !== encryptionTlvLength(encryption, encryptionKeySize(config))) return undefined;
	return tlvContent(area, tlv);
}
