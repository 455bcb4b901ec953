/** A running hash: feed it with `update`, read it once with `digest`. */
export interface Hasher {
	update(bytes: Uint8Array): unknown;
	/** Ends the computation and returns the digest. */
	digest(): Uint8Array;
}

/** Where hashes come from: noble's JavaScript by default, the platform's own code where it has some. */
export interface DigestProvider {
	sha256(): Hasher;
	/** Missing where nothing needs it. */
	sha384?(): Hasher;
	/** Missing where nothing needs it. */
	sha512?(): Hasher;
}
