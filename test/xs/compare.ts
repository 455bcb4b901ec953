import type { DigestProvider } from "../../modules/bytes/digest.js";
import { equalBytes } from "../../modules/bytes/equal.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { type ConsoleCodec, scriptCodec } from "../../modules/smp/transport/codec.js";
import { ascii, hex, random } from "../unit/smp/support.js";

// Another implementation of the work on bytes, against the one in JavaScript, on input that a seed decides.

/** What is given to both. */
export interface Implementation {
	readonly codec: ConsoleCodec;
	readonly digest: DigestProvider;
}

type Random = (limit: number) => number;

/** Longest input, bytes: several blocks of SHA-256, and more than a packet. */
const MOST = 1100;

/** Throws an Error that says on which input the two differ. Returns how many inputs there were. */
export function compare(other: Implementation, seed: number, rounds: number): number {
	const next = random(seed);
	let compared = 0;
	const same: Same = (what, ours, theirs, ...input) => {
		compared++;
		if (ours.every((value, i) => equal(value, theirs[i]!))) return;
		throw new Error(`${what} gives ${list(theirs)} for ${list(ours)}, of ${list(input)}`);
	};
	for (let round = 0; round < rounds; round++) {
		// Every length in turn, so that no boundary is left to chance.
		const data = view(next, round % MOST);
		const crc = next(3) === 0 ? 0 : next(0x10000);
		same("crc16", [scriptCodec.crc16(data, crc)], [other.codec.crc16(data, crc)], data, crc);
		encoded(other.codec, next, data, same);
		decoded(other.codec, next, characters(next, data), same);
		hashed(other.digest, next, data, same);
	}
	return compared;
}

type Result = number | Uint8Array;
type Same = (what: string, ours: readonly Result[], theirs: readonly Result[], ...input: readonly unknown[]) => void;

function encoded(codec: ConsoleCodec, next: Random, data: Uint8Array, same: Same): void {
	const at = next(5);
	// Exactly enough room, and some to spare that has to stay as it is.
	const room = at + 4 * Math.ceil(data.length / 3) + (next(2) === 0 ? 0 : next(9));
	const ours = new Uint8Array(room).fill(0x2a);
	const theirs = ours.slice();
	const ends = [scriptCodec.base64Encode(data, ours, at), codec.base64Encode(data, theirs, at)] as const;
	same("base64Encode", [ends[0], ours], [ends[1], theirs], data, at);
}

function decoded(codec: ConsoleCodec, next: Random, text: Uint8Array, same: Same): void {
	const at = next(8) === 0 ? next(text.length + 1) : 0;
	const end = next(4) === 0 ? at + next(text.length + 1 - at) : text.length;
	const ours = new Uint8Array(next(3) === 0 ? next(MOST) : MOST).fill(0x2a);
	const theirs = ours.slice();
	const intoAt = next(3) === 0 ? next(ours.length + 8) : 0;
	const counts = [
		scriptCodec.base64Decode(text, at, end, ours, intoAt),
		codec.base64Decode(text, at, end, theirs, intoAt),
	] as const;
	same("base64Decode", [counts[0], ours], [counts[1], theirs], text, at, end, intoAt);
}

function hashed(digest: DigestProvider, next: Random, data: Uint8Array, same: Same): void {
	const ours = nobleDigest.sha256();
	const theirs = digest.sha256();
	const cuts: number[] = [];
	for (let at = 0; at < data.length; ) {
		const size = next(4) === 0 ? next(3) : next(2) === 0 ? 64 : 1 + next(200);
		const part = data.subarray(at, at + size);
		ours.update(part);
		theirs.update(part);
		cuts.push(size);
		at += size;
	}
	same("sha256", [ours.digest()], [theirs.digest()], data, cuts);
}

/** Bytes that begin anywhere in a buffer. */
function view(next: Random, length: number): Uint8Array {
	const from = next(9);
	const whole = new Uint8Array(from + length + next(9));
	for (let i = 0; i < whole.length; i++) whole[i] = next(256);
	return whole.subarray(from, from + length);
}

const FOREIGN = ascii("=-_ \r\n\t.,@[`{\0\x7f\x80\xc3\xff");

/** Base64 of `data`, mostly with something in it that is none. */
function characters(next: Random, data: Uint8Array): Uint8Array {
	const text = new Uint8Array(4 * Math.ceil(data.length / 3));
	scriptCodec.base64Encode(data, text, 0);
	if (text.length === 0) return text;
	for (let faults = next(4); faults > 0; faults--)
		text[next(text.length)] = next(2) === 0 ? FOREIGN[next(FOREIGN.length)]! : next(256);
	return next(3) === 0 ? text.subarray(0, next(text.length + 1)) : text;
}

const equal = (a: Result, b: Result): boolean =>
	a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : a === b;

const list = (values: readonly unknown[]): string =>
	values.map((value) => (value instanceof Uint8Array ? hex(value) : String(value))).join(", ");
