/**
 * A text string as its UTF-8 bytes, for commands that hand text on without reading it. Zephyr's server echoes text that
 * is no valid UTF-8 as it came; a JavaScript string could not hold it.
 */
export class Utf8 {
	readonly bytes: Uint8Array;

	constructor(bytes: Uint8Array) {
		this.bytes = bytes;
	}
}

/**
 * The same text as an object, for loops over its characters: of a text that is none, XS makes one each time that its length or
 * a character is asked for.
 */
export const asObject = (text: string): string => Object(text) as string;

/** Number of UTF-8 bytes of `text`. */
export function utf8Length(text: string): number {
	const characters = asObject(text);
	const count = characters.length;
	let length = 0;
	for (let i = 0; i < count; i++) {
		const code = characters.charCodeAt(i);
		if (code < 0x80) length += 1;
		else if (code < 0x800) length += 2;
		else if (isPair(characters, i, code)) {
			length += 4;
			i++;
		} else length += 3;
	}
	return length;
}

/** Writes `text` to `into` at `at`, which must have room for `utf8Length(text)` bytes. Returns the end. */
export function utf8Write(text: string, into: Uint8Array, at: number): number {
	const characters = asObject(text);
	const count = characters.length;
	for (let i = 0; i < count; i++) {
		let code = characters.charCodeAt(i);
		if (code < 0x80) {
			into[at++] = code;
			continue;
		}
		if (isPair(characters, i, code)) code = 0x10000 + ((code & 0x3ff) << 10) + (characters.charCodeAt(++i) & 0x3ff);
		else if (code >= 0xd800 && code < 0xe000) code = 0xfffd;
		if (code < 0x800) into[at++] = 0xc0 | (code >> 6);
		else {
			if (code < 0x10000) into[at++] = 0xe0 | (code >> 12);
			else {
				into[at++] = 0xf0 | (code >> 18);
				into[at++] = 0x80 | ((code >> 12) & 0x3f);
			}
			into[at++] = 0x80 | ((code >> 6) & 0x3f);
		}
		into[at++] = 0x80 | (code & 0x3f);
	}
	return at;
}

/** The UTF-8 bytes of `text`. Lone surrogates become U+FFFD, as in a TextEncoder, which XS has not. */
export function utf8Bytes(text: string): Uint8Array {
	const bytes = new Uint8Array(utf8Length(text));
	utf8Write(text, bytes, 0);
	return bytes;
}

/** UTF-8 as a string. What is no valid UTF-8 becomes U+FFFD, a byte at a time. */
export function utf8Decode(bytes: Uint8Array): string {
	let text = "";
	// Few concatenations (each copies the string), and few arguments at a time (each takes a slot of the stack).
	let units: number[] = [];
	for (let at = 0; at < bytes.length; ) {
		const lead = bytes[at]!;
		const more = following(lead);
		let code = more === 0 ? lead : lead & (0x3f >> more);
		let taken = 1;
		while (taken <= more && ((bytes[at + taken] ?? 0) & 0xc0) === 0x80)
			code = (code << 6) | (bytes[at + taken++]! & 0x3f);
		if (more < 0 || taken <= more || !isScalar(code, more)) {
			units.push(0xfffd);
			at += 1;
		} else {
			if (code < 0x10000) units.push(code);
			else units.push(0xd800 + ((code - 0x10000) >> 10), 0xdc00 + (code & 0x3ff));
			at += taken;
		}
		if (units.length >= 32) {
			text += String.fromCharCode(...units);
			units = [];
		}
	}
	return text + String.fromCharCode(...units);
}

/** How many bytes follow this one in its character; -1 if none begins with it. */
function following(lead: number): number {
	if (lead < 0x80) return 0;
	if (lead < 0xc2 || lead > 0xf4) return -1;
	return lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
}

const isPair = (text: string, i: number, code: number): boolean =>
	code >= 0xd800 && code < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00;

/** No overlong form, no surrogate, not above U+10FFFF. */
const isScalar = (code: number, more: number): boolean =>
	more < 2 ||
	(more === 2 && code >= 0x800 && (code < 0xd800 || code > 0xdfff)) ||
	(more === 3 && code >= 0x10000 && code <= 0x10ffff);
