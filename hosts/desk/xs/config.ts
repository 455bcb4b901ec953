import type { BootConfig } from "../../../modules/bootutil/config.js";
import type { Entrance } from "../../../modules/bootutil/loader/recovery/flow.js";
import type { UpgradeMode } from "../../../modules/bootutil/modes.js";
import type { SignatureType } from "../../../modules/bootutil/signature/signature.js";
import type { Layout } from "../../../modules/flash/layout.js";
import type { FlashTiming } from "../../../modules/flash/timing.js";

/** How older images are kept out: by version, or by a security counter, in the images or in the chip. */
export type DowngradePrevention = "none" | "version" | "counter" | "hardware";

/** A configuration whose mode is a name, so that it fits on a command line. */
export interface NamedConfig extends BootConfig {
	readonly mode: UpgradeMode;
}

/** How the simulated board's boot loader is built. */
export interface LoaderBuild {
	readonly boot: NamedConfig;
	readonly downgradePrevention: DowngradePrevention;
	/** `MCUBOOT_BOOTSTRAP`: an empty primary slot is filled from the secondary. */
	readonly bootstrap: boolean;
	/** Whether the chip's counter is locked once it is that of an image that stays. */
	readonly lockCounter?: boolean;
	/** The one signature type that the boot loader is built for; "none": it checks hashes alone. */
	readonly signature: SignatureType;
	/** Trusted public keys: DER, in hexadecimal. */
	readonly keys: readonly string[];
	/** Whether images carry their whole public key. */
	readonly hwKey?: boolean;
	/** What the boot loader unwraps images' AES keys with, in hexadecimal; undefined if it takes no encrypted images. */
	readonly encryptionKey?: string;
}

/** How the boot loader gets into serial recovery, or a firmware loader is started. */
export interface RecoveryConfig {
	readonly entrances: readonly Entrance[];
	/** Milliseconds that the entrance `wait` waits for a request. */
	readonly wait: number;
	/** Whether `image` of an upload names a slot. */
	readonly directUpload: boolean;
}

/** What the command line tells boot loader and application: the simulated board's build configuration. */
export interface SimConfig extends LoaderBuild {
	readonly layout: Layout;
	/** What frames packets on the serial line. */
	readonly uart: "console" | "raw";
	/** Who confirms an update on trial: a client, or the application itself. */
	readonly confirm: "smp" | "self";
	/** Undefined: a boot starts the application, or nothing. */
	readonly recovery?: RecoveryConfig;
	/** Name of the module that exports the application. */
	readonly application: string;
	/** Seconds that an update on trial gets at most to pass its checks. */
	readonly trial: number;
	/** Seconds after which a device that hangs restarts; 0: never. */
	readonly watchdog: number;
	/** What the flash takes its time for. */
	readonly flashTiming: FlashTiming;
	/** Undefined if there is no Bluetooth controller. */
	readonly bluetooth?: {
		/** What the device is called, and its static random address. */
		readonly name: string;
		readonly address: string;
		/** Where the controller is, for sentences. */
		readonly controller: string;
	};
	/** Whether there is a directory for the file system group. */
	readonly files: boolean;
	/** What of an image has to be right before the application marks it for the next boot. */
	readonly verify: "none" | "hash" | "signature";
	/** Whether clients may overwrite or erase an image that waits for the next boot. */
	readonly erasePending: boolean;
	/** Whether the application refuses requests that run into a defect of the boot loader. */
	readonly guards: boolean;
}

/** Reads the configuration that the command line set. */
export const readConfig = (): SimConfig => JSON.parse(simulator.config()) as SimConfig;
