import { utf8Length, utf8Write } from "../../../modules/bytes/utf8.js";

// XS has no text codecs; the curves of @noble/curves encode their names when they are loaded. Import this module before them.

class TextEncoder {
	encode(text: string): Uint8Array {
		const bytes = new Uint8Array(utf8Length(text));
		utf8Write(text, bytes, 0);
		return bytes;
	}
}

Object.assign(globalThis, { TextEncoder });
