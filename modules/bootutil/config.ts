import type { Mode, UpgradeMode } from "./modes.js";

/**
 * Offset mode's trailer has a word with the TLV sizes since MCUboot 2.3 (`current`); before, as the published diagram
 * still shows, it had none (`2.2`). The other modes' trailer is the same in both.
 */
export type TrailerGeneration = "current" | "2.2";

/**
 * How an encrypted image carries its AES key (`MCUBOOT_ENCRYPT_RSA`, `…_KW`, `…_EC256`, `…_X25519`, the last also with
 * `MCUBOOT_HMAC_SHA512`): wrapped for one that the boot loader keeps.
 */
export type EncryptionType = "none" | "rsa-2048" | "aes-kw" | "ec-p256" | "x25519" | "x25519-sha512";

/** Bits of the SHA-2 hash that counts (MCUboot `bootutil/crypto/sha.h`, `EXPECTED_HASH_TLV`). */
export type HashBits = 256 | 384 | 512;

/** Types that wrap a key. */
export type WrapType = Exclude<EncryptionType, "none">;

/**
 * What boot loader and application must agree on: MCUboot's build configuration, as far as it shapes the flash or says which
 * images are taken.
 */
export interface BootConfig {
	/** How it upgrades: a mode of MCUboot by its name, or a mode of another boot loader by its row. */
	readonly mode: UpgradeMode | Mode;
	/** Number of images (`BOOT_IMAGE_NUMBER`), 1 or 2. */
	readonly images: number;
	/** `BOOT_MAX_ALIGN`, bytes. */
	readonly maxAlign: 8 | 16 | 32;
	/** `BOOT_MAX_IMG_SECTORS`: how many sectors a slot may have; sizes the swap status. */
	readonly maxSectors: number;
	readonly trailer: TrailerGeneration;
	/** `MCUBOOT_ENC_IMAGES`: encrypted images are taken, and the trailer has room for two keys. Default "none". */
	readonly encryption?: EncryptionType;
	/** Bytes of the images' AES keys: 16, the default, or 32 with `MCUBOOT_AES_256`. */
	readonly encryptionKeySize?: 16 | 32;
	/** The hash that is checked, and by which the image list names images; others are ignored. Default 256. */
	readonly hash?: HashBits;
	/** `MCUBOOT_SIGN_PURE`: signatures are over the image instead of its hash, for which the boot loader has no use then. */
	readonly pure?: boolean;
	/** `MCUBOOT_UUID_VID`: the vendor's UUID that an image has to carry, 32 hexadecimal digits in lower case. */
	readonly vid?: string;
	/** `MCUBOOT_UUID_CID`: the same for the class of the image. */
	readonly cid?: string;
	/** `MCUBOOT_USE_TLV_ALLOW_LIST`: images with unprotected TLVs of unexpected types are refused. Default true. */
	readonly tlvAllowList?: boolean;
	/** `MCUBOOT_VERSION_CMP_USE_BUILD_NUMBER`. Default false. */
	readonly versionCmpBuildNumber?: boolean;
}
