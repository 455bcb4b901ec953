import type { DigestProvider } from "../../bytes/digest.js";
import type { BootConfig, WrapType } from "../config.js";
import type { ImageHeader } from "../header.js";
import type { SecurityCounterStore } from "../security-counter.js";
import type { SignatureType } from "../signature/signature.js";
import type { SwapType } from "../trailer.js";

/** How a boot loader is built: MCUboot's configuration options, as far as they change what it does. */
export interface LoaderConfig extends BootConfig {
	/** The one signature type that is checked; with "none" images need only their hash. */
	readonly signature: SignatureType;
	/** Trusted public keys, in the DER encodings whose hash is an image's KEYHASH. */
	readonly keys: readonly Uint8Array[];
	/** `MCUBOOT_HW_KEY`: images carry their whole public key (PUBKEY) instead of its hash. Default false. */
	readonly hwKey?: boolean;
	/** How images are decrypted (`decryptionWith`). Only with `encryption`; without it no encrypted image is taken. */
	readonly decryption?: Decryption;
	/** Validate the primary slot at every boot (`MCUBOOT_VALIDATE_PRIMARY_SLOT`); otherwise look at its magic alone. */
	readonly validatePrimary: boolean;
	/** `MCUBOOT_DOWNGRADE_PREVENTION`, by version or by the security counters in the images. */
	readonly downgradePrevention: "none" | "version" | "counter";
	/** `MCUBOOT_HW_ROLLBACK_PROT`: compare with a security counter that the hardware keeps. */
	readonly hwRollback: boolean;
	/**
	 * `MCUBOOT_HW_ROLLBACK_PROT_LOCK`: once the counter is that of an image that stays, nothing can raise it before the next
	 * reset. Default false.
	 */
	readonly hwRollbackLock?: boolean;
	/** `MCUBOOT_BOOTSTRAP`: fill an empty primary slot from the secondary. */
	readonly bootstrap: boolean;
	/** `BOOT_FIRMWARE_LOADER_NO_APPLICATION`: without an application start the firmware loader. Default true. */
	readonly loaderWithoutImage?: boolean;
	readonly tlvAllowList: boolean;
	readonly versionCmpBuildNumber: boolean;
	/** RAM that images are loaded to (`IMAGE_EXECUTABLE_RAM_START`, `…_SIZE`). Only for `ram-load`. */
	readonly ram?: RamRegion;
}

/** How a boot loader that has a key for it decrypts images. */
export interface Decryption {
	/** The AES key of an image, `keySize` bytes; undefined if `wrapped` is malformed, or was not wrapped for this boot loader. */
	unwrap(type: WrapType, keySize: 16 | 32, wrapped: Uint8Array): Uint8Array | undefined;
	/** Encrypts or decrypts the payload in a part of an image, in place, as `cryptPayload` does. */
	crypt(
		key: Uint8Array,
		header: Pick<ImageHeader, "headerSize" | "imageSize">,
		bytes: Uint8Array,
		offset: number,
	): void;
}

/** A range of RAM: address of its first byte, and bytes. */
export interface RamRegion {
	readonly start: number;
	readonly size: number;
}

/** The progress of a swap, in steps: one step is one status record. */
export interface SwapEvent {
	readonly event: "start" | "progress" | "end";
	readonly image: number;
	readonly type: SwapType;
	readonly resumed: boolean;
	readonly done: number;
	readonly total: number;
}

/** What a loader needs from its surroundings. */
export interface LoaderServices {
	readonly digest: DigestProvider;
	/** Takes one line of the boot log. */
	log(line: string): void;
	readonly securityCounters: SecurityCounterStore;
	report?(event: SwapEvent): void;
	/** Replaces the built-in signature check, for hosts with code of their own. Must not throw. */
	verifySignature?(type: SignatureType, key: Uint8Array, digest: Uint8Array, signature: Uint8Array): boolean;
}

/** What a boot did with one image. */
export interface ImageResult {
	readonly image: number;
	/** `fail`: an interrupted request whose image turned out invalid, cancelled. */
	readonly action: "none" | "test" | "permanent" | "revert" | "fail";
	/** True if the action finished a swap that an earlier boot began. */
	readonly resumed: boolean;
	/** The slot that is booted, 0 or 1: the primary one unless both are equal. */
	readonly slot: 0 | 1;
	/** Version in that slot, as "1.2.3" or "1.2.3.4"; undefined if there is no image. */
	readonly version: string | undefined;
	/** Offset of that slot in the flash device, bytes. */
	readonly offset: number;
	/** Where the image was loaded to, if it runs from RAM. */
	readonly ramAddress?: number;
	/** Where the payload starts in the slot, bytes. */
	readonly headerSize: number;
}

/** The outcome of a boot. */
export interface BootResult {
	/** True if every image may run; image 0 is the one that is started. */
	readonly ok: boolean;
	/** True if the loader stopped itself, as MCUboot does on a failed assertion or in a panic. */
	readonly halted: boolean;
	readonly images: readonly ImageResult[];
	/** Why there is nothing to boot; undefined if `ok`. */
	readonly reason: string | undefined;
}
