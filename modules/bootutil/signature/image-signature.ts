import type { DigestProvider } from "../../bytes/digest.js";
import { TlvType } from "../tlv.js";
import { type SignatureVerdict, startsWith } from "../validation.js";
import { type SignatureType, signatureLengthOk, signatureTlv, verifySignature } from "./signature.js";

/** Whose signatures count. */
export interface Trust {
	readonly signature: SignatureType;
	/** Trusted public keys, as `verifySignature` takes them. */
	readonly keys: readonly Uint8Array[];
	readonly digest: DigestProvider;
	/** In place of `verifySignature`, where a host has something faster. */
	readonly verifySignature?: typeof verifySignature;
}

const DIGEST_SIZE = 32;

/**
 * Which signature of an image counts (MCUboot `image_validate.c`): each needs the hash of a trusted key in front of it, else it
 * is ignored, and the last one that was checked decides. Takes the TLVs of the image in their order.
 */
export class SignatureRule implements SignatureVerdict {
	readonly #trust: Trust;
	readonly #tlv: number;
	/** The key that the last KEYHASH named, until a signature uses it up. */
	#key: Uint8Array | undefined;
	#signed = false;

	constructor(trust: Trust) {
		this.#trust = trust;
		this.#tlv = signatureTlv(trust.signature);
	}

	get signed(): boolean {
		return this.#signed;
	}

	take(type: number, length: number, content: () => Uint8Array, digest: Uint8Array): string | undefined {
		if (this.#trust.signature === "none") return undefined;
		if (type === TlvType.KEYHASH) {
			if (length > DIGEST_SIZE) return "key hash too long";
			this.#key = this.#keyOf(content());
		} else if (type === this.#tlv && this.#key) {
			const { signature, verifySignature: verify = verifySignature } = this.#trust;
			if (!signatureLengthOk(signature, length)) return "signature of a wrong length";
			this.#signed = verify(signature, this.#key, digest, content());
			this.#key = undefined;
		}
		return undefined;
	}

	/** A shortened key hash fits the first key that it is a prefix of; one that fits no key is no error by itself. */
	#keyOf(hash: Uint8Array): Uint8Array | undefined {
		return this.#trust.keys.find((key) => {
			const hasher = this.#trust.digest.sha256();
			hasher.update(key);
			return startsWith(hasher.digest(), hash);
		});
	}
}
