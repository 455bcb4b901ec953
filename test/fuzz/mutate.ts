import { encodeMap, type ResponseMap, type Value } from "../../modules/smp/cbor.js";
import { HEADER_SIZE, Op, readHeader, writeHeader } from "../../modules/smp/header.js";

/** A number from 0 up to, not including, `limit`. */
export type Random = (limit: number) => number;

/** Longest packet that is made, bytes. */
export const MOST = 1024;

const BYTES = [0x00, 0x01, 0x17, 0x18, 0x1b, 0x3b, 0x40, 0x5b, 0x5f, 0x60, 0x7f, 0x80, 0x9b, 0x9f, 0xa0, 0xbf, 0xc0];
const MORE_BYTES = [0xd8, 0xe0, 0xf4, 0xf6, 0xf7, 0xf9, 0xfb, 0xff];
const INTERESTING = Uint8Array.from([...BYTES, ...MORE_BYTES]);

const NUMBERS = [0, 1, 2, 3, 4, 23, 24, 31, 32, 33, 255, 256, 1023, 1024, 16383, 16384, 16385, 65535, 65536];
const LARGE = [0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 2 ** 53 - 1, -1, -2, -(2 ** 31) - 1];

/** Every key that a command knows, and some that none does. */
const KEYS = "d,datetime,format,query,force,boot_mode,hash,confirm,image,len,off,sha,data,upgrade,slot,name,val".split(
	",",
);
const MORE_KEYS =
	"max_size,type,argv,index,groups,echo,before,transport,answer,room,target,__proto__,constructor,length,rc,".split(
		",",
	);

const TEXTS = "a,snrvbmpioa,mode,counters,a/b,/lfs/f,/lfs,/,sha256,crc32,2024-02-29T23:59:59,kernel uptime,ü😀".split(
	",",
);

/** Groups and how many command ids of each are worth a try. */
const GROUPS = [0, 1, 2, 3, 8, 9, 10, 11, 63, 64, 65, 66, 67, 70, 255, 65535];

/** Makes packets: recorded ones and new ones, changed a little or a lot. */
export class Mutator {
	readonly #next: Random;
	readonly #packet = new Uint8Array(MOST);
	/** A packet that the corpus has, by any number. */
	readonly #corpus: (pick: number) => Uint8Array;
	#goesOn = false;
	/** Of the stretch of the corpus that is under way: packets to come, and the next one. */
	#left = 0;
	#at = 0;

	constructor(next: Random, corpus: (pick: number) => Uint8Array) {
		this.#next = next;
		this.#corpus = corpus;
	}

	/** Whether the last packet belongs to those before it: a stretch of the corpus, in its order. */
	get goesOn(): boolean {
		return this.#goesOn;
	}

	/** The next packet: bytes that are valid until the next call. */
	make(): Uint8Array {
		const next = this.#next;
		this.#goesOn = this.#left > 0;
		if (this.#left === 0 && next(12) === 0) {
			this.#left = 2 + next(30);
			this.#at = next(0x10000);
		}
		let length: number;
		let changes = next(4) === 0 ? 0 : next(5);
		if (this.#left > 0) {
			this.#left--;
			length = this.#copy(this.#at++);
			if (next(6) !== 0) changes = 0;
		} else length = next(4) === 0 ? this.#invent() : this.#copy(next(0x10000));
		for (; changes > 0; changes--) length = this.#change(length);
		// Mostly with a right length, or little would get past the header.
		if (length >= HEADER_SIZE && next(4) !== 0) {
			this.#packet[2] = (length - HEADER_SIZE) >> 8;
			this.#packet[3] = (length - HEADER_SIZE) & 0xff;
		}
		return this.#packet.subarray(0, length);
	}

	#copy(pick: number): number {
		const source = this.#corpus(pick);
		const length = Math.min(source.length, MOST);
		this.#packet.set(source.subarray(0, length));
		return length;
	}

	/** A request of a command that may exist, with keys that it may know. */
	#invent(): number {
		const next = this.#next;
		const map = Object.create(null) as Record<string, Value>;
		for (let keys = next(7); keys > 0; keys--) map[this.#key()] = this.#value(0);
		const end = encodeMap(map as ResponseMap, this.#packet, HEADER_SIZE);
		const length = end < 0 ? MOST : end;
		writeHeader(this.#packet, {
			op: next(8) === 0 ? next(8) : next(2) * Op.WRITE,
			version: next(16) === 0 ? next(4) : next(2),
			flags: next(16) === 0 ? next(256) : 0,
			length: length - HEADER_SIZE,
			group: GROUPS[next(GROUPS.length)]!,
			sequence: next(256),
			command: next(16) === 0 ? next(256) : next(9),
		});
		return length;
	}

	#key(): string {
		const pick = this.#next(KEYS.length + MORE_KEYS.length);
		return KEYS[pick] ?? MORE_KEYS[pick - KEYS.length]!;
	}

	#value(depth: number): Value {
		const next = this.#next;
		switch (next(depth < 3 ? 9 : 6)) {
			case 0:
				return NUMBERS[next(NUMBERS.length)]!;
			case 1:
				return next(4) === 0 ? LARGE[next(LARGE.length)]! : next(3000);
			case 2:
				return next(2) === 0;
			case 3:
				return TEXTS[next(TEXTS.length)]!;
			case 4:
			case 5:
				return this.#bytes(next(3) === 0 ? 32 : next(next(2) === 0 ? 40 : 400));
			case 6:
			case 7: {
				const list: Value[] = [];
				for (let items = next(6); items > 0; items--) list.push(this.#value(depth + 1));
				return list;
			}
			default: {
				const map = Object.create(null) as Record<string, Value>;
				for (let items = next(4); items > 0; items--) map[this.#key()] = this.#value(depth + 1);
				return map as ResponseMap;
			}
		}
	}

	/** Often the beginning of an image, which uploads have to have. */
	#bytes(length: number): Uint8Array {
		const next = this.#next;
		const bytes = new Uint8Array(length);
		for (let i = 0; i < length; i++) bytes[i] = next(256);
		if (length >= 32 && next(2) === 0) bytes.set(IMAGE_MAGIC);
		return bytes;
	}

	#change(length: number): number {
		const next = this.#next;
		const packet = this.#packet;
		if (length === 0) return this.#copy(next(0x10000));
		const at = next(length);
		const part = 1 + next(Math.min(16, length - at));
		switch (next(10)) {
			case 0:
				packet[at]! ^= 1 << next(8);
				return length;
			case 1:
				packet[at] = INTERESTING[next(INTERESTING.length)]!;
				return length;
			case 2:
				packet[at] = next(256);
				return length;
			case 3:
				packet[next(Math.min(length, HEADER_SIZE))] = next(11);
				return length;
			case 4: // Something is left out,
				packet.copyWithin(at, at + part, length);
				return length - part;
			case 5: // comes twice,
				if (length + part > MOST) return length;
				packet.copyWithin(at + part, at, length);
				return length + part;
			case 6: // or comes in between.
				if (length + part > MOST) return length;
				packet.copyWithin(at + part, at, length);
				for (let i = at; i < at + part; i++) packet[i] = INTERESTING[next(INTERESTING.length)]!;
				return length + part;
			case 7:
				return at;
			case 8: {
				// Two requests in one packet.
				const other = this.#corpus(next(0x10000));
				const room = Math.min(other.length, MOST - length);
				packet.set(other.subarray(0, room), length);
				return length + room;
			}
			default: {
				// The head of one packet, the end of another.
				const other = this.#corpus(next(0x10000));
				const rest = other.subarray(next(other.length + 1));
				const room = Math.min(rest.length, MOST - at);
				packet.set(rest.subarray(0, room), at);
				return at + room;
			}
		}
	}
}

const IMAGE_MAGIC = Uint8Array.of(0x3d, 0xb8, 0xf3, 0x96, 0, 0, 0, 0, 32, 0, 0, 0, 100, 0);

/** Whether a packet writes this command, in any of its requests. */
export function asksFor(group: number, command: number, packet: Uint8Array): boolean {
	for (let at = 0; packet.length - at >= HEADER_SIZE; ) {
		const header = readHeader(packet, at);
		if (header.op === Op.WRITE && header.group === group && header.command === command) return true;
		at += HEADER_SIZE + header.length;
	}
	return false;
}
