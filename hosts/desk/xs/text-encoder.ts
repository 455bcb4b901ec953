import { utf8Bytes } from "../../../modules/bytes/utf8.js";

// XS has no text codecs; the curves of @noble/curves encode their names when they are loaded. Import this module before them.

class TextEncoder {
	encode(text: string): Uint8Array {
		return utf8Bytes(text);
	}
}

Object.assign(globalThis, { TextEncoder });
