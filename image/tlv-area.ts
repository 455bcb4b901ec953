import { sha1 } from "@noble/hashes/legacy.js";
import { utf8Bytes } from "../modules/bytes/utf8.js";
import { ImageError } from "./error.js";
import {
	concat,
	type Endian,
	formatVersion,
	type ImageVersion,
	TLV_PROTECTED_MAGIC,
	VENDOR_TLV_MIN,
	viewOf,
	writeVersion,
} from "./format.js";

/** Collects entries and writes them as a TLV area (MCUboot design.md, Image format). */
export class TlvArea {
	readonly #magic: number;
	readonly #little: boolean;
	readonly #parts: Uint8Array[] = [];

	constructor(magic: number, endian: Endian) {
		this.#magic = magic;
		this.#little = endian === "little";
	}

	add(type: number, value: Uint8Array): void {
		if (value.length > 0xffff) throw new ImageError(`A TLV holds at most 65535 bytes, not ${value.length}.`);
		const head = new Uint8Array(4);
		// imgtool writes its own types as a byte and a zero in either order, and only custom ones as a number.
		viewOf(head).setUint16(0, type, this.#little || type < VENDOR_TLV_MIN);
		viewOf(head).setUint16(2, value.length, this.#little);
		this.#parts.push(head, value);
	}

	/** The area with its info header; nothing if it has no entry. */
	bytes(): Uint8Array {
		if (this.#parts.length === 0) return new Uint8Array(0);
		const body = concat(...this.#parts);
		const size = body.length + 4;
		if (size > 0xffff) {
			const which = this.#magic === TLV_PROTECTED_MAGIC ? "protected" : "unprotected";
			throw new ImageError(`The ${which} TLV area would have ${size} bytes; its size field ends at 65535.`);
		}
		const info = new Uint8Array(4);
		viewOf(info).setUint16(0, this.#magic, this.#little);
		viewOf(info).setUint16(2, size, this.#little);
		return concat(info, body);
	}
}

/** Content of a SEC_CNT TLV. */
export function u32(value: number, endian: Endian): Uint8Array {
	const bytes = new Uint8Array(4);
	viewOf(bytes).setUint32(0, value, endian === "little");
	return bytes;
}

/** Content of a DEPENDENCY TLV: image number, three zero bytes, least version (MCUboot design.md, Dependency check). */
export function dependency(image: number, version: ImageVersion, endian: Endian): Uint8Array {
	const bytes = new Uint8Array(12);
	bytes[0] = image;
	writeVersion(viewOf(bytes), 4, version, endian === "little");
	return bytes;
}

const DNS_NAMESPACE = "6ba7b8109dad11d180b400c04fd430c8";

/**
 * A UUID: 32 hexadecimal digits, with or without the usual hyphens, or a name, which is hashed in a namespace (RFC 9562,
 * 5.5, UUIDv5): DNS for vendors, the vendor for image classes (imgtool.md, `--vid` and `--cid`).
 */
export function uuid(text: string, namespace: Uint8Array | undefined): Uint8Array {
	if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$|^[0-9a-f]{32}$/i.test(text))
		return fromHex(text.replaceAll("-", ""));
	if (!namespace)
		throw new ImageError(`"${text}" is not a UUID, and without --vid there is no namespace to hash it in.`);
	const bytes = sha1(concat(namespace, utf8Bytes(text))).slice(0, 16);
	bytes[6] = (bytes[6]! & 0x0f) | 0x50;
	bytes[8] = (bytes[8]! & 0x3f) | 0x80;
	return bytes;
}

/** The namespace of vendor names. */
export const dnsNamespace = (): Uint8Array => fromHex(DNS_NAMESPACE);

/** Bytes of an even number of hexadecimal digits. */
export function fromHex(text: string): Uint8Array {
	return Uint8Array.from({ length: text.length / 2 }, (_, i) => Number.parseInt(text.slice(2 * i, 2 * i + 2), 16));
}

/**
 * Content of a BOOT_RECORD TLV (MCUboot design.md, Measured boot and data sharing; claims of Arm's PSA attestation): a CBOR
 * map of software type, version, signer, name of the measurement and the measurement, last because the boot loader fills
 * it in.
 */
export function bootRecord(
	type: string,
	version: ImageVersion,
	signer: Uint8Array,
	hash: string,
	size: number,
): Uint8Array {
	if ([...type].length > 12) throw new ImageError(`The boot record's type "${type}" is longer than 12 characters.`);
	return concat(
		Uint8Array.of(0xa5, 1),
		cborText(type),
		Uint8Array.of(4),
		cborText(formatVersion({ ...version, build: 0 })),
		Uint8Array.of(5),
		cborItem(2, signer),
		Uint8Array.of(6),
		cborText(hash),
		Uint8Array.of(2),
		cborItem(2, new Uint8Array(size)),
	);
}

const cborText = (text: string): Uint8Array => cborItem(3, utf8Bytes(text));

/** A CBOR byte (2) or text (3) string of up to 255 bytes (RFC 8949, 3). */
const cborItem = (major: number, content: Uint8Array): Uint8Array =>
	concat(
		content.length < 24
			? Uint8Array.of((major << 5) | content.length)
			: Uint8Array.of((major << 5) | 24, content.length),
		content,
	);
