import { readU16, u32Bytes } from "../../bytes/little-endian.js";
import type { FlashArea } from "../../flash/area.js";
import type { BootConfig } from "../config.js";
import { alignUp, encryptionKeySize, Trailer } from "../trailer.js";

/** Every byte of a key that there is not, whatever the flash erases to. */
const NO_KEY = 0xff;

/** The trailer of one slot with what a swap keeps in it, which is for the boot loader alone. */
export class SwapTrailer extends Trailer {
	readonly #maxAlign: number;
	readonly #keySize: number;

	constructor(config: BootConfig, area: FlashArea) {
		super(config, area);
		this.#maxAlign = config.maxAlign;
		this.#keySize = encryptionKeySize(config);
	}

	/** Sizes of the unprotected TLV areas of the primary and the secondary image; 0 where the layout has none. */
	tlvSizes(): readonly [primary: number, secondary: number] {
		const { tlvSizes } = this.layout;
		if (tlvSizes === undefined) return [0, 0];
		const bytes = this.area.bytes(tlvSizes, 4);
		return [readU16(bytes, 0), readU16(bytes, 2)];
	}

	/** AES keys of the images of a swap, of slot 0 and of slot 1; undefined for an image that is not encrypted. */
	encryptionKeys(): [Uint8Array | undefined, Uint8Array | undefined] {
		const read = (offset: number | undefined): Uint8Array | undefined => {
			const key = offset === undefined ? undefined : this.area.bytes(offset, this.#keySize);
			return key?.every((byte) => byte === NO_KEY) ? undefined : key;
		};
		const { encryptionKeys } = this.layout;
		return [read(encryptionKeys?.[0]), read(encryptionKeys?.[1])];
	}

	writeSwapSize(bytes: number): void {
		this.write(this.layout.swapSize, ...u32Bytes(bytes));
	}

	/** Does nothing where the layout has no such word. */
	writeTlvSizes(primary: number, secondary: number): void {
		const { tlvSizes } = this.layout;
		if (tlvSizes !== undefined) this.write(tlvSizes, primary & 0xff, primary >> 8, secondary & 0xff, secondary >> 8);
	}

	/** Both keys in the clear, as without `MCUBOOT_SWAP_SAVE_ENCTLV`. Does nothing where the layout has no room for them. */
	writeEncryptionKeys(keys: readonly [Uint8Array | undefined, Uint8Array | undefined]): void {
		const { encryptionKeys } = this.layout;
		encryptionKeys?.forEach((offset, slot) => {
			const bytes = new Uint8Array(alignUp(this.#keySize, this.#maxAlign)).fill(NO_KEY);
			bytes.set(keys[slot] ?? []);
			this.area.write(bytes, offset);
		});
	}

	/** Writes one status record, `index` counted from the start of the status area. */
	writeStatus(index: number, state: number): void {
		this.write(this.layout.status + index * this.area.writeAlign, state);
	}
}
