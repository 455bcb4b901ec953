/** Modes that bring an update into the primary slot, the only one that images run from. */
export type InstallMode = "swap-move" | "swap-offset" | "swap-scratch" | "overwrite";

/** Modes in which both slots are equal and the newest image runs, from its slot or from RAM. */
export type NewestMode = "direct-xip" | "direct-xip-revert" | "ram-load";

/** How the boot loader upgrades (MCUboot design.md, Image slots). */
export type UpgradeMode = InstallMode | NewestMode;

/**
 * Offset mode's trailer has a word with the TLV sizes since MCUboot 2.3 (`current`); before, as the published diagram
 * still shows, it had none (`2.2`). The other modes' trailer is the same in both.
 */
export type TrailerGeneration = "current" | "2.2";

/**
 * How an encrypted image carries its AES key (`MCUBOOT_ENCRYPT_RSA`, `…_KW`, `…_EC256`, `…_X25519`): wrapped for one that the
 * boot loader keeps.
 */
export type EncryptionType = "none" | "rsa-2048" | "aes-kw" | "ec-p256" | "x25519";

/** Types that wrap a key. */
export type WrapType = Exclude<EncryptionType, "none">;

/**
 * What boot loader and application must agree on: MCUboot's build configuration, as far as it shapes the flash or says which
 * images are taken.
 */
export interface BootConfig {
	readonly mode: UpgradeMode;
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
	/** `MCUBOOT_USE_TLV_ALLOW_LIST`: images with unprotected TLVs of unexpected types are refused. Default true. */
	readonly tlvAllowList?: boolean;
	/** `MCUBOOT_VERSION_CMP_USE_BUILD_NUMBER`. Default false. */
	readonly versionCmpBuildNumber?: boolean;
}

/** Bytes of an AES key, in a build that has them. */
export const encryptionKeySize = (config: BootConfig): 16 | 32 => config.encryptionKeySize ?? 16;

/** Label of the flash area that swap using scratch needs (MCUboot readme-zephyr.md, scratch partition). */
export const SCRATCH_LABEL = "image-scratch";

export const runsNewest = (mode: UpgradeMode): mode is NewestMode =>
	mode === "direct-xip" || mode === "direct-xip-revert" || mode === "ram-load";

/** Whether an image that nobody confirms is taken back at the next boot. */
export const revertsUnconfirmed = (mode: UpgradeMode): boolean =>
	mode !== "overwrite" && mode !== "direct-xip" && mode !== "ram-load";
