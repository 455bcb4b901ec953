import type { DigestProvider } from "../../modules/bytes/digest.js";
import { equalBytes } from "../../modules/bytes/equal.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { type ConsoleCodec, NOTHING } from "../../modules/smp/transport/codec.js";
import { scriptCodec } from "../../modules/smp/transport/frame.js";
import { ascii, hex, random } from "../unit/smp/support.js";

// Another implementation of the work on bytes, against the one in JavaScript, on input that a seed decides.

/** What is given to both. */
export interface Implementation {
	readonly codec: ConsoleCodec;
	readonly digest: DigestProvider;
}

type Random = (limit: number) => number;

/** Longest input, bytes: several blocks of SHA-512, and more than a packet. */
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
		same("encode", [scriptCodec.encode(data)], [other.codec.encode(data)], data);
		decoded(other.codec, next, data, same);
		for (const name of HASHES) hashed(other.digest, name, next, data, same);
	}
	return compared;
}

type Result = number | Uint8Array;
type Same = (what: string, ours: readonly Result[], theirs: readonly Result[], ...input: readonly unknown[]) => void;

/** A stream of frames and faults, in cuts that fall anywhere: everything that a decoder tells, and all that it keeps. */
function decoded(codec: ConsoleCodec, next: Random, data: Uint8Array, same: Same): void {
	const text = stream(next, data);
	// Sometimes without room for the packet, or for the line.
	const maxPacket = next(3) === 0 ? next(MOST) : MOST;
	const maxLine = next(4) === 0 ? 1 + next(300) : 4096;
	const ours = scriptCodec.decoder(maxPacket, maxLine);
	const theirs = codec.decoder(maxPacket, maxLine);
	const most = next(3) === 0 ? 4 : 1 + next(400);
	for (let from = 0; from < text.length; ) {
		const part = text.subarray(from, from + 1 + next(most));
		from += part.length;
		for (let at = 0, event = 0; event !== NOTHING; at = ours.at) {
			event = ours.decode(part, at);
			const told = theirs.decode(part, at);
			const input = [text, from, at, maxPacket, maxLine];
			same("decode", [event, ours.at], [told, theirs.at], ...input);
			if (event !== NOTHING) same("the frame", [ours.frame], [theirs.frame], ...input);
		}
	}
	same("the frame", [ours.frame], [theirs.frame], text, maxPacket, maxLine);
}

const HASHES = ["sha256", "sha384", "sha512"] as const;

function hashed(
	digest: DigestProvider,
	name: (typeof HASHES)[number],
	next: Random,
	data: Uint8Array,
	same: Same,
): void {
	const ours = nobleDigest[name]!();
	const theirs = digest[name]!();
	const cuts: number[] = [];
	for (let at = 0; at < data.length; ) {
		const size = next(4) === 0 ? next(3) : next(2) === 0 ? 64 * (1 + next(2)) : 1 + next(200);
		const part = data.subarray(at, at + size);
		ours.update(part);
		theirs.update(part);
		cuts.push(size);
		at += size;
	}
	same(name, [ours.digest()], [theirs.digest()], data, cuts);
}

/** Bytes that begin anywhere in a buffer. */
function view(next: Random, length: number): Uint8Array {
	const from = next(9);
	const whole = new Uint8Array(from + length + next(9));
	for (let i = 0; i < whole.length; i++) whole[i] = next(256);
	return whole.subarray(from, from + length);
}

const FOREIGN = ascii("=-_ \r\n\t.,@[`{\0\x7f\x80\xc3\xff");

/** Frames, some with their lines cut anywhere as newtmgr's, some damaged, some cut short, and what is no frame in between. */
function stream(next: Random, data: Uint8Array): Uint8Array {
	const parts: number[] = [];
	for (let frames = 1 + next(3); frames > 0; frames--) {
		const plain = scriptCodec.encode(next(2) === 0 ? data : data.subarray(0, next(40)));
		const frame = next(3) === 0 ? cutAnywhere(next, plain) : Array.from(plain);
		for (let faults = next(3) === 0 ? next(4) : 0; faults > 0; faults--) frame[next(frame.length)] = fault(next);
		if (next(6) === 0) frame.splice(next(frame.length), next(8));
		if (next(6) === 0) frame.splice(frame.length - 1, 0, ...(next(2) === 0 ? [CR] : [SPACE, SPACE]));
		if (next(8) === 0) frame.length = next(frame.length);
		if (next(6) === 0) parts.push(...ascii(next(2) === 0 ? "uart:~$ log\r\n" : "\n"));
		parts.push(...frame);
	}
	return Uint8Array.from(parts);
}

const CR = 0x0d;
const SPACE = 0x20;
const LF = 0x0a;

const fault = (next: Random): number =>
	next(2) === 0 ? FOREIGN[next(FOREIGN.length)]! : next(3) === 0 ? [6, 9, 4, 20, LF][next(5)]! : next(256);

/** The same frame with lines of another length, which need not be a multiple of four characters. */
function cutAnywhere(next: Random, frame: Uint8Array): number[] {
	const characters = Array.from(frame).filter((byte) => byte > SPACE);
	const length = 1 + next(250);
	const lines: number[] = [];
	for (let at = 0; at < characters.length; at += length)
		lines.push(...(at === 0 ? [6, 9] : [4, 20]), ...characters.slice(at, at + length), LF);
	return lines;
}

const equal = (a: Result, b: Result): boolean =>
	a instanceof Uint8Array && b instanceof Uint8Array ? equalBytes(a, b) : a === b;

const list = (values: readonly unknown[]): string =>
	values.map((value) => (value instanceof Uint8Array ? hex(value) : String(value))).join(", ");
