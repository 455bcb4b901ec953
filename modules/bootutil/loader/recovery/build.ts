import type { FlashMap } from "../../../flash/map.js";
import type { LoaderConfig, LoaderServices } from "../config.js";

/** How serial recovery is built (MCUboot boot/zephyr/Kconfig.serial_recovery). What is missing is off, as there. */
export interface RecoveryBuild {
	/** Longest command that is taken (`BOOT_SERIAL_MAX_RECEIVE_SIZE`), bytes: what `parameters` tells. Default 1024. */
	readonly maxReceive?: number;
	/** Hashes in the list of images (`BOOT_SERIAL_IMG_GRP_HASH`). */
	readonly hash?: boolean;
	/** Flags in the list of images, and marking them (`BOOT_SERIAL_IMG_GRP_IMAGE_STATE`). */
	readonly state?: boolean;
	/** Slot info (`BOOT_SERIAL_IMG_GRP_SLOT_INFO`). */
	readonly slotInfo?: boolean;
	/** Echo (`BOOT_MGMT_ECHO`). */
	readonly echo?: boolean;
	/** Transport parameters (`BOOT_MGMT_MCUMGR_PARAMS`). */
	readonly params?: boolean;
	/** `image` of an upload names a slot and not an image (`MCUBOOT_SERIAL_DIRECT_IMAGE_UPLOAD`). */
	readonly directUpload?: boolean;
	/** An upload erases sector by sector (`BOOT_ERASE_PROGRESSIVELY`), and not the whole slot at its first packet. */
	readonly eraseProgressively?: boolean;
}

/** What serial recovery needs from its surroundings. */
export interface RecoveryHost {
	readonly map: FlashMap;
	readonly config: LoaderConfig;
	readonly services: LoaderServices;
	/** Restarts the device once the answer has left, as after 250 ms in MCUboot. */
	reset(): void;
	/** Called with each request that is one, before it is answered. */
	onRequest?(): void;
}

/** The longest packet that fits the buffer: length and CRC of its frame are in there too, and one byte more is. */
export const longestPacket = ({ maxReceive = 1024 }: RecoveryBuild): number => maxReceive - 3;
