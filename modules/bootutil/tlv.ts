import { readU16 } from "../bytes/little-endian.js";
import type { FlashArea } from "../flash/area.js";
import { FlashError } from "../flash/error.js";
import type { HashBits } from "./config.js";
import type { ImageHeader } from "./header.js";

/** Magic of an info header: `PROTECTED` areas are covered by the digest (MCUboot design.md, Image format). */
export const TlvMagic = Object.freeze({ PROTECTED: 0x6908, UNPROTECTED: 0x6907 } as const);

/** TLV types (MCUboot design.md, Image format: `IMAGE_TLV_…`). Vendors have 0xa0 to 0xff of every page. */
export const TlvType = Object.freeze({
	KEYHASH: 0x01,
	PUBKEY: 0x02,
	SHA256: 0x10,
	SHA384: 0x11,
	SHA512: 0x12,
	RSA2048_PSS: 0x20,
	ECDSA224: 0x21,
	ECDSA_SIG: 0x22,
	RSA3072_PSS: 0x23,
	ED25519: 0x24,
	SIG_PURE: 0x25,
	ENC_RSA2048: 0x30,
	ENC_KW: 0x31,
	ENC_EC256: 0x32,
	ENC_X25519: 0x33,
	ENC_X25519_SHA512: 0x34,
	DEPENDENCY: 0x40,
	SEC_CNT: 0x50,
	BOOT_RECORD: 0x60,
	DECOMP_SIZE: 0x70,
	DECOMP_SHA: 0x71,
	DECOMP_SIGNATURE: 0x72,
	COMP_DEC_SIZE: 0x73,
	UUID_VID: 0x74,
	UUID_CID: 0x75,
} as const);

/** One entry. `offset` is where its `length` bytes start in the flash area. */
export interface Tlv {
	readonly type: number;
	readonly length: number;
	readonly offset: number;
	readonly isProtected: boolean;
}

/** What to look for: one type (default any), in the protected area alone (default both), of an image that starts at `start`. */
export interface TlvQuery {
	readonly type?: number;
	readonly protectedOnly?: boolean;
	readonly start?: number;
}

const INFO = 4;

function attempt<T>(operation: () => T): T | undefined {
	try {
		return operation();
	} catch (error) {
		if (error instanceof FlashError) return undefined;
		throw error;
	}
}

/** Four bytes as two 16-bit integers; undefined where the flash cannot be read or ends. */
function readPair(area: FlashArea, offset: number): readonly [number, number] | undefined {
	const bytes = attempt(() => area.bytes(offset, INFO));
	return bytes && [readU16(bytes, 0), readU16(bytes, 2)];
}

/**
 * Walks the TLV areas of an image in flash, with MCUboot's rules to the letter (`bootutil_tlv_iter_begin` and
 * `bootutil_tlv_iter_next`), so that what is accepted here is what the boot loader accepts.
 *
 * ```ts
 * const tlvs = TlvIterator.begin(area, header);
 * for (let tlv = tlvs?.next(); typeof tlv === "object"; tlv = tlvs?.next()) use(tlv);
 * ```
 */
export class TlvIterator {
	/** End of the protected area in the flash area; where there is none, the start of the TLVs. */
	readonly protectedEnd: number;
	/** End of the last TLV, and of the image, in the flash area. */
	readonly end: number;
	readonly #area: FlashArea;
	readonly #query: TlvQuery;
	readonly #hasProtected: boolean;
	#position: number;

	private constructor(area: FlashArea, header: ImageHeader, first: number, unprotectedTotal: number, query: TlvQuery) {
		this.#area = area;
		this.#query = query;
		this.#hasProtected = header.protectedTlvSize > 0;
		this.protectedEnd = first + header.protectedTlvSize;
		this.end = this.protectedEnd + unprotectedTotal;
		this.#position = first + INFO;
	}

	/** Undefined if the image has no well-formed TLV areas, or the flash cannot be read. */
	static begin(area: FlashArea, header: ImageHeader, query: TlvQuery = {}): TlvIterator | undefined {
		const first = (query.start ?? 0) + header.headerSize + header.imageSize;
		let info = readPair(area, first);
		if (info?.[0] === TlvMagic.PROTECTED) {
			if (info[1] !== header.protectedTlvSize) return undefined;
			info = readPair(area, first + info[1]);
		} else if (header.protectedTlvSize !== 0) {
			return undefined;
		}
		if (info?.[0] !== TlvMagic.UNPROTECTED) return undefined;
		return new TlvIterator(area, header, first, info[1], query);
	}

	/** The next entry that was asked for; "end" if there is none, "invalid" if the area is malformed or unreadable. */
	next(): Tlv | "end" | "invalid" {
		const { type: wanted, protectedOnly = false } = this.#query;
		const limit = protectedOnly ? this.protectedEnd : this.end;
		while (this.#position < this.end) {
			if (protectedOnly && this.#position >= this.protectedEnd) return "end";
			if (this.#hasProtected && this.#position === this.protectedEnd) {
				this.#position += INFO;
				continue;
			}
			if (this.#position + INFO > limit) return "invalid";
			const entry = readPair(this.#area, this.#position);
			if (!entry) return "invalid";
			const [type, length] = entry;
			const offset = this.#position + INFO;
			if (offset + length > limit) return "invalid";
			this.#position = offset + length;
			if (wanted === undefined || wanted === type)
				return { type, length, offset, isProtected: offset < this.protectedEnd };
		}
		return "end";
	}
}

/** Type of the TLV with the hash of an image: the types follow each other as the lengths do (MCUboot design.md, Image format). */
export const hashTlv = (bits: HashBits = 256): number => TlvType.SHA256 + (bits - 256) / 128;

/** The first entry that matches; undefined if there is none or the areas are malformed. */
export function findTlv(area: FlashArea, header: ImageHeader, query: TlvQuery): Tlv | undefined {
	const tlv = TlvIterator.begin(area, header, query)?.next();
	return typeof tlv === "object" ? tlv : undefined;
}

/** The content of an entry; undefined where the flash cannot be read or ends. */
export function tlvContent(area: FlashArea, tlv: Tlv): Uint8Array | undefined {
	return attempt(() => area.bytes(tlv.offset, tlv.length));
}
