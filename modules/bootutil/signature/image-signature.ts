import type { DigestProvider, Hasher } from "../../bytes/digest.js";
import type { HashBits } from "../config.js";
import { signedSize } from "../header.js";
import { TlvType } from "../tlv.js";
import { type ImagePlace, type SignatureVerdict, startsWith } from "../validation.js";
import {
	longestSignature,
	type SignatureType,
	signatureLengthOk,
	signatureTlv,
	verifyPure,
	verifySignature,
} from "./signature.js";

/** Whose signatures count. */
export interface Trust {
	readonly signature: SignatureType;
	/** Trusted public keys, as `verifySignature` takes them. */
	readonly keys: readonly Uint8Array[];
	readonly digest: DigestProvider;
	/** The hash of images, and of keys in KEYHASH. Default 256. */
	readonly hash?: HashBits;
	/** Signatures are over the image itself (`MCUBOOT_SIGN_PURE`). Only with Ed25519, and where `digest` has SHA-512. */
	readonly pure?: boolean;
	/** Images carry their whole public key (`MCUBOOT_HW_KEY`). */
	readonly hwKey?: boolean;
	/** In place of `verifySignature`, where a host has something faster. Not for pure signatures. */
	readonly verifySignature?: typeof verifySignature;
}

/** Bytes of an image that are read at once. */
const CHUNK = 4096;
/** What a whole key may have beyond the length of a signature: its encoding (MCUboot `image_validate.c`, `KEY_BUF_SIZE`). */
const KEY_ENCODING = 24;

/**
 * Which signature of an image counts (MCUboot `image_validate.c`): each needs the hash of a trusted key in front of it, or the
 * key itself, else it is ignored, and the last one that was checked decides. Takes the TLVs of the image in their order.
 */
export class SignatureRule implements SignatureVerdict {
	readonly #trust: Trust;
	readonly #tlv: number;
	/** The key that the last KEYHASH or PUBKEY named, until a signature uses it up. */
	#key: Uint8Array | undefined;
	#signed = false;

	constructor(trust: Trust) {
		this.#trust = trust;
		this.#tlv = signatureTlv(trust.signature);
	}

	get signed(): boolean {
		return this.#signed;
	}

	take(
		type: number,
		length: number,
		content: () => Uint8Array,
		digest: Uint8Array | undefined,
		place: ImagePlace,
	): string | undefined {
		const { signature, hwKey, hash = 256 } = this.#trust;
		if (signature === "none") return undefined;
		if (type === (hwKey ? TlvType.PUBKEY : TlvType.KEYHASH)) {
			const most = hwKey ? longestSignature(signature) + KEY_ENCODING : hash / 8;
			if (length > most) return hwKey ? "public key too long" : "key hash too long";
			this.#key = hwKey ? this.#same(content()) : this.#keyOf(content());
		} else if (type === this.#tlv && this.#key) {
			if (!signatureLengthOk(signature, length)) return "signature of a wrong length";
			this.#signed = this.#verify(this.#key, content(), digest, place);
			this.#key = undefined;
		}
		return undefined;
	}

	#verify(key: Uint8Array, content: Uint8Array, digest: Uint8Array | undefined, place: ImagePlace): boolean {
		const { signature, pure, verifySignature: verify = verifySignature } = this.#trust;
		if (!pure) return digest !== undefined && verify(signature, key, digest, content);
		return signature === "ed25519" && verifyPure(key, content, this.#hasher(512), (into) => hashSigned(place, into));
	}

	/** A shortened key hash fits the first key that it is a prefix of; one that fits no key is no error by itself. */
	#keyOf(hash: Uint8Array): Uint8Array | undefined {
		return this.#trust.keys.find((key) => {
			const hasher = this.#hasher(this.#trust.hash);
			hasher.update(key);
			return startsWith(hasher.digest(), hash);
		});
	}

	/** The trusted key that is the one in the image. MCUboot compares their hashes, as the chip has no more than that. */
	#same(given: Uint8Array): Uint8Array | undefined {
		return this.#trust.keys.find((key) => key.length === given.length && startsWith(key, given));
	}

	#hasher(bits: HashBits = 256): Hasher {
		const hasher = this.#trust.digest[`sha${bits}`]?.();
		if (!hasher) throw new RangeError(`there is no SHA-${bits}`);
		return hasher;
	}
}

/** Hashes what a pure signature is over: header, payload and protected TLVs, as they are in flash. */
function hashSigned({ area, header, start }: ImagePlace, hasher: Hasher): void {
	const end = signedSize(header);
	const buffer = new Uint8Array(Math.min(CHUNK, end));
	for (let done = 0; done < end; done += buffer.length) {
		const chunk = done + buffer.length <= end ? buffer : buffer.subarray(0, end - done);
		area.read(chunk, start + done);
		hasher.update(chunk);
	}
}
