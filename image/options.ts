import type { SignatureType } from "../modules/bootutil/signature/signature.js";
import type { Endian, ImageVersion } from "./format.js";
import type { Align, MaxAlign } from "./trailer.js";

/** Bits of the SHA-2 hash. */
export type HashName = "256" | "384" | "512";

/** Who signs: `parseKey` of a private key gives one, a signing service behind a function is another. */
export interface Signer {
	readonly type: Exclude<SignatureType, "none">;
	/** The key's public half, DER, as MCUboot hashes it for KEYHASH. */
	readonly publicKey: Uint8Array;
	/** Signs the image digest, or with `pure` the image itself; returns the content of the signature TLV. */
	sign(message: Uint8Array): Uint8Array;
}

/** Whom an image is encrypted for: `parseEncryptionKey` gives one. */
export interface Encrypter {
	/** Type of the TLV that carries the wrapped key. */
	readonly tlv: number;
	/** A new random AES key of 16 or 32 bytes, and the content of the TLV that it travels in. */
	makeKey(size: 16 | 32): { readonly key: Uint8Array; readonly wrapped: Uint8Array };
}

/** What goes into an image: the options of `imgtool sign`, whose names are in brackets where they differ. */
export interface ImageOptions {
	/** `major[.minor[.revision[+build]]]` or the numbers. */
	readonly version: string | ImageVersion;
	/** Where the payload begins, 32 to 65535 bytes. */
	readonly headerSize: number;
	/** Put the header in front; otherwise the payload begins with `headerSize` zero bytes. */
	readonly padHeader?: boolean;
	/** Bytes of the slot; the image must fit it together with its trailer. Needed for padding. */
	readonly slotSize?: number;
	/** Write size of the flash, bytes; default 1. */
	readonly align?: Align | undefined;
	/** Default 8, or `align` if that is more. */
	readonly maxAlign?: MaxAlign | undefined;
	/** Sectors of the slot that the trailer has status records for; default 128. */
	readonly maxSectors?: number | undefined;
	/** The boot loader overwrites instead of swapping: a smaller trailer, and no `image_ok`. */
	readonly overwriteOnly?: boolean;
	/** Order of the bytes in numbers; default little. */
	readonly endian?: Endian | undefined;
	/**
	 * Fill the slot and request the upgrade by the trailer magic; `confirm` sets `image_ok` as well. `plain` and `test`
	 * differ in Intel HEX alone, where `test` writes the erased `image_ok`.
	 */
	readonly pad?: "plain" | "test" | "confirm" | undefined;
	/** What erased flash reads as; default 0xff. */
	readonly erasedValue?: 0 | 0xff | undefined;
	/** `auto` makes it from the version: major, minor and revision in 8, 8 and 16 bits. */
	readonly securityCounter?: number | "auto" | undefined;
	/** Least versions of other images that this one needs (DEPENDENCY). */
	readonly dependencies?: readonly { readonly image: number; readonly version: string | ImageVersion }[];
	/** Vendor TLVs 0x00a0 to 0xfffe, for the protected area. */
	readonly customTlvs?: readonly { readonly type: number; readonly value: Uint8Array }[];
	/** Software type of the measured-boot record, up to 12 characters. */
	readonly bootRecord?: string | undefined;
	/** Vendor: a UUID, or a domain name. */
	readonly vid?: string | undefined;
	/** Image class: a UUID, or a name within the vendor. */
	readonly cid?: string | undefined;
	/** RAM address to load to (RAM_LOAD); 0 is none. */
	readonly loadAddress?: number | undefined;
	/** Flash address the image is linked for (ROM_FIXED); 0 is none. */
	readonly romFixed?: number | undefined;
	/** Sets the flag NON_BOOTABLE. */
	readonly nonBootable?: boolean;
	/** Default: what the key goes with, SHA-256 without one. */
	readonly sha?: HashName | "auto" | undefined;
	/** Who signs; without one the image has a hash only. */
	readonly signer?: Signer | undefined;
	/** Whether the image names its key by the hash or carries the key itself; default the hash. */
	readonly publicKeyFormat?: "hash" | "full" | undefined;
	/** Ed25519 over the image instead of its digest (SIG_PURE). */
	readonly pure?: boolean;
	/** Fill ECDSA signatures up with zeros to the length that MCUboot before 1.5 expects. */
	readonly padSignature?: boolean;
	/** Encrypts the payload, once it is hashed and signed. */
	readonly encrypt?: Encrypter | undefined;
	/** Bits of the AES key; default 128. */
	readonly encryptKeyLength?: 128 | 256 | undefined;
	/**
	 * Only marks the image as encrypted and adds the key, but leaves the payload plain: for the primary slot, from where a swap
	 * encrypts it.
	 */
	readonly clear?: boolean;
	/** The trailer keeps the TLV with the AES key instead of the key (BOOT_SWAP_SAVE_ENCTLV), and needs more room. */
	readonly saveEncryptionTlv?: boolean;
}
