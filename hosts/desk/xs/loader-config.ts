import type { Decryption, LoaderConfig, RamRegion } from "../../../modules/bootutil/loader/config.js";
import { bytesOf } from "../../../modules/bytes/hex.js";
import type { LoaderBuild } from "./config.js";

/** RAM that the boot loader loads images to, in the mode that does. */
export const IMAGE_RAM: RamRegion = Object.freeze({ start: 0x20000000, size: 0x100000 });

/** How the simulated board's boot loader is built; `decryption` is that of its `encryptionKey`. */
export const loaderConfig = (
	{ boot, signature, keys, downgradePrevention, lockCounter, hwKey, bootstrap }: LoaderBuild,
	decryption?: Decryption,
): LoaderConfig => ({
	...boot,
	signature,
	keys: keys.map(bytesOf),
	...(hwKey !== undefined && { hwKey }),
	...(decryption && { decryption }),
	validatePrimary: true,
	downgradePrevention: downgradePrevention === "hardware" ? "none" : downgradePrevention,
	hwRollback: downgradePrevention === "hardware",
	bootstrap,
	...(lockCounter !== undefined && { hwRollbackLock: lockCounter }),
	tlvAllowList: true,
	versionCmpBuildNumber: false,
	ram: IMAGE_RAM,
});
