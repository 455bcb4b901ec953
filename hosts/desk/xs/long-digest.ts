import type { DigestProvider, Hasher } from "../../../modules/bytes/digest.js";
import { simDigest } from "./digest.js";

class Sha512 implements Hasher {
	readonly #state: ArrayBuffer;

	constructor(size: 48 | 64) {
		this.#state = simulator.sha512(size);
	}

	update(bytes: Uint8Array): this {
		simulator.sha512Update(this.#state, bytes);
		return this;
	}

	digest(): Uint8Array {
		return new Uint8Array(simulator.sha512Digest(this.#state));
	}
}

/** All of SHA-2 in C, for boards whose boot loader may hash images with any of them. */
export const longDigest: DigestProvider = Object.freeze({
	...simDigest,
	sha384: () => new Sha512(48),
	sha512: () => new Sha512(64),
});
