export { RUNTIME_TLV } from "../modules/bootutil/archive.js";

import { POLICY_LENGTH } from "../modules/agent/policy.js";
import { ARCHIVE_MAGIC } from "../modules/bootutil/archive.js";
import { bytesOf, hexOf } from "../modules/bytes/hex.js";
import { utf8Bytes } from "../modules/bytes/utf8.js";
import { ImageError } from "./error.js";
import { concat, viewOf } from "./format.js";

const FORMAT = 1;
const HEADER_SIZE = 80;
const MODULE_SIZE = 12;
const LINES = 1;
/** Ids of names have 15 bits, and the runtime has its own. */
const MOST_KEYS = 16384;

/** One module as bytecode. */
export interface ArchiveModule {
	readonly name: string;
	readonly code: Uint8Array;
}

/** An application that was compiled for one runtime: the payload of an image (docs/SPEC.md, Application archive). */
export interface Archive {
	/** Id of that runtime: the SHA-256 of its description, hexadecimal. */
	readonly runtime: string;
	/** Whether the code has line numbers. */
	readonly lines: boolean;
	/** Name of the module whose default export is the application. */
	readonly main: string;
	/** Names of properties, whose ids follow those of the runtime. */
	readonly keys: readonly string[];
	/** In the order of their names' bytes. */
	readonly modules: readonly ArchiveModule[];
	/** Names of the runtime's modules that the application imports. */
	readonly imports: readonly string[];
	/** The confirm policy: JSON, in ASCII and at most `POLICY_LENGTH` long; empty if none was declared. */
	readonly policy: string;
}

/** The bytes of an archive. */
export function writeArchive(archive: Archive): Uint8Array {
	const modules = [...archive.modules].sort((a, b) => compareBytes(utf8Bytes(a.name), utf8Bytes(b.name)));
	const { keys, imports } = archive;
	const tables = HEADER_SIZE + 4 * keys.length + MODULE_SIZE * modules.length + 4 * imports.length;
	const parts: Uint8Array[] = [];
	let end = tables;
	const place = (bytes: Uint8Array): number => {
		const at = end;
		parts.push(bytes);
		end += bytes.length;
		return at;
	};
	const name = (text: string): number => place(concat(utf8Bytes(text), Uint8Array.of(0)));
	const head = new Uint8Array(tables);
	const view = viewOf(head);
	const word = (at: number, value: number): void => view.setUint32(at, value, true);
	word(0, ARCHIVE_MAGIC);
	view.setUint16(4, FORMAT, true);
	view.setUint16(6, archive.lines ? LINES : 0, true);
	head.set(bytesOf(archive.runtime).subarray(0, 32), 12);
	word(44, name(archive.main));
	let at = HEADER_SIZE;
	const table = (field: number, count: number, size: number): number => {
		word(field, count);
		word(field + 4, at);
		at += count * size;
		return at - count * size;
	};
	const keyTable = table(48, keys.length, 4);
	for (const [i, key] of keys.entries()) word(keyTable + 4 * i, name(key));
	const moduleTable = table(56, modules.length, MODULE_SIZE);
	for (const [i, module] of modules.entries()) {
		word(moduleTable + MODULE_SIZE * i, name(module.name));
		word(moduleTable + MODULE_SIZE * i + 4, place(module.code));
		word(moduleTable + MODULE_SIZE * i + 8, module.code.length);
	}
	const importTable = table(64, imports.length, 4);
	for (const [i, each] of imports.entries()) word(importTable + 4 * i, name(each));
	const policy = utf8Bytes(archive.policy);
	word(72, place(policy));
	word(76, policy.length);
	word(8, end);
	return concat(head, ...parts);
}

/** What is wrong with an archive, in words. */
const damaged = (what: string): ImageError => new ImageError(`The archive is damaged: ${what}.`);

/**
 * Takes an archive apart: the payload of an image. Holds it against the rules that a device does (engine/archive.c).
 *
 * @throws ImageError with one sentence.
 */
export function readArchive(payload: Uint8Array): Archive {
	const all = viewOf(payload);
	if (payload.length < HEADER_SIZE || all.getUint32(0, true) !== ARCHIVE_MAGIC)
		throw new ImageError("The payload is no application archive.");
	if (all.getUint16(4, true) !== FORMAT)
		throw new ImageError(`The archive has the format ${all.getUint16(4, true)}, and not ${FORMAT}.`);
	const length = all.getUint32(8, true);
	if (length < HEADER_SIZE || length > payload.length) throw new ImageError("The archive is cut short.");
	const bytes = payload.subarray(0, length);
	const word = (at: number): number => all.getUint32(at, true);
	const slice = (at: number, size: number, what: string): Uint8Array => {
		if (at < HEADER_SIZE || at > length || size > length - at) throw damaged(`${what} leads out of it`);
		return bytes.subarray(at, at + size);
	};
	const name = (at: number, what: string): string => {
		const end = at < HEADER_SIZE ? -1 : bytes.indexOf(0, at);
		if (at >= length || end < 0) throw damaged(`${what} leads out of it`);
		return new TextDecoder().decode(bytes.subarray(at, end));
	};
	const rows = (field: number, size: number, what: string): number[] => {
		const count = word(field);
		slice(word(field + 4), count * size, what);
		return Array.from({ length: count }, (_, i) => word(field + 4) + i * size);
	};
	const names = (field: number, what: string): string[] => rows(field, 4, what).map((at) => name(word(at), what));
	const keys = names(48, "its table of names");
	if (keys.length > MOST_KEYS) throw new ImageError(`The archive has more than ${MOST_KEYS} names.`);
	const imports = names(64, "its table of imports");
	const modules = rows(56, MODULE_SIZE, "its table of modules").map((at) => ({
		name: name(word(at), "its table of modules"),
		code: slice(word(at + 4), word(at + 8), "the code of a module"),
	}));
	for (const [i, { name, code }] of modules.entries()) {
		if (code.length === 0) throw damaged(`the module ${name} has no code`);
		const before = modules[i - 1];
		if (before && compareBytes(utf8Bytes(before.name), utf8Bytes(name)) >= 0)
			throw damaged("its modules are not in order");
	}
	const policy = slice(word(72), word(76), "its policy");
	if (policy.length > POLICY_LENGTH || !policy.every(isText)) throw damaged("its policy is too long, or no ASCII");
	const main = name(word(44), "the name of its main module");
	if (!modules.some((module) => module.name === main)) throw damaged("its main module is not in it");
	return {
		runtime: hexOf(bytes.subarray(12, 44)),
		lines: (all.getUint16(6, true) & LINES) !== 0,
		main,
		keys,
		modules,
		imports,
		policy: new TextDecoder().decode(policy),
	};
}

const isText = (byte: number): boolean => (byte >= 0x20 && byte < 0x7f) || byte === 9 || byte === 10 || byte === 13;

/** The order of strcmp(). */
function compareBytes(a: Uint8Array, b: Uint8Array): number {
	const at = a.findIndex((byte, i) => byte !== b[i]);
	return at < 0 ? a.length - b.length : a[at]! - (b[at] ?? -1);
}
