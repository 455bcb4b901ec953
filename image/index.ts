/**
 * MCUboot images: making and signing them, keys, and what a file says of itself. Keys need Node (`node:crypto`);
 * `xs-smp/image/create` and `xs-smp/image/inspect` alone need nothing of Node.
 *
 * @module image
 */

export { createImage, type Encrypter, type HashName, type ImageOptions, type Signer } from "./create.js";
export { decrypterOf, type EncryptionKey, parseEncryptionKey } from "./encryption.js";
export { ImageError } from "./error.js";
export { formatVersion, type ImageVersion, parseVersion } from "./format.js";
export {
	type Decrypter,
	type ImageReport,
	type InspectOptions,
	inspectImage,
	type NamedKey,
	refusal,
	type SignatureReport,
	type TlvReport,
} from "./inspect.js";
export { generateKey, type Key, type KeyType, PAIR_TYPES, parseKey } from "./keys.js";
export { formatReport } from "./report.js";
export type { Align, FlagState, MaxAlign, Trailer } from "./trailer.js";
export { type Verifier, verifyImage } from "./verify.js";
