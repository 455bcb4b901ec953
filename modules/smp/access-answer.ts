import type { DigestProvider } from "../bytes/digest.js";
import { hmacSha256 } from "../bytes/hmac.js";
import { utf8Bytes } from "../bytes/utf8.js";

/** Keeps an answer from serving for anything else that a key is used for. */
const LABEL = "xs-smp access 1";

/** The answer to a challenge: HMAC-SHA256 of the text `xs-smp access 1` and the nonce. */
export function accessAnswer(digest: DigestProvider, key: Uint8Array, nonce: Uint8Array): Uint8Array {
	const message = new Uint8Array(LABEL.length + nonce.length);
	message.set(utf8Bytes(LABEL));
	message.set(nonce, LABEL.length);
	return hmacSha256(digest, key, message);
}
