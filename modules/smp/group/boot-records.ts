import { readU16, readU32, u32Bytes } from "../../bytes/little-endian.js";
import type { FlashArea } from "../../flash/area.js";
import { FlashRing } from "../../flash/ring.js";
import type { BootChange, BootEntry, BootedImage, StartCause } from "../protocol/boot-journal.js";

// The format (docs/SMP.md, Storage): records of 256 bytes in a ring (modules/flash/ring.ts), numbers little endian.
//
//   0   number u32, counts up    4   kind u8: 1 start, 2 confirmed, 3 failed, 4 reset    5  cause u8    6  images u8
//   7   length of the text u8    8   boot u32    12  seconds since the start u32
//       of a record of kind 2, 5 is which images were confirmed: bit 0 image 0, bit 1 image 1
//   16  two images of 20 bytes: version u8 u8 u16 u32, hash 8 bytes, image u8, change u8, on trial u8, zero
//   56  text, ASCII              252 CRC-32

const RECORD = 256;
const IMAGES = 16;
const IMAGE = 20;
const TEXT = 56;
/** Longest text, characters. */
export const TEXT_LIMIT = 196;
/** Bytes of a hash that are kept, and how many images. */
const HASH = 8;
const MOST_IMAGES = 2;

const CAUSES: readonly StartCause[] = Object.freeze(["unknown", "power", "pin", "software", "watchdog", "crash"]);
const CHANGES: readonly BootChange[] = Object.freeze(["none", "first", "test", "permanent", "revert"]);

/** What a record is of. */
export const BootKind = Object.freeze({ START: 1, CONFIRMED: 2, FAILED: 3, RESET: 4 } as const);
type BootKind = (typeof BootKind)[keyof typeof BootKind];

/** What is written of a boot: its start, or what became of it. */
export interface BootRecord {
	readonly kind: BootKind;
	readonly boot: number;
	readonly cause?: StartCause;
	/** Which images were confirmed, a bit each. */
	readonly confirmed?: number;
	readonly seconds: number;
	readonly text: string;
	readonly images?: readonly BootedImage[];
}

/** The records of the boot journal. Throws a `FlashError` if the flash fails. */
export class BootRecords {
	readonly #area: FlashArea;
	readonly #ring: FlashRing;
	#number = 1;
	/** Number of the newest boot that there is a record of, 0 if there is none. */
	newest = 0;

	/** Throws a RangeError if the area cannot hold it. */
	constructor(area: FlashArea) {
		this.#area = area;
		this.#ring = new FlashRing(area, { first: 0, sectors: area.sectors, record: RECORD });
	}

	/** Finds its place. Returns false if the area holds something else. */
	load(): boolean {
		const record = this.#ring.load();
		if (record) {
			this.#number = readU32(record, 0) + 1;
			this.newest = readU32(record, 8);
			return true;
		}
		return this.#ring.blank;
	}

	/** Erases the area. */
	clear(): void {
		this.#area.erase(0, this.#area.size);
	}

	append(record: BootRecord): void {
		const bytes = encode(record, this.#number++);
		this.newest = record.boot;
		this.#ring.append(bytes);
	}

	/** Shows the boots with numbers below `before` to `visit`, newest first, until it returns false. */
	boots(before: number, visit: (entry: BootEntry) => boolean): void {
		let boot = 0;
		let confirmed = 0;
		let verdict: BootEntry["verdict"];
		let end: BootEntry["end"];
		this.#ring.walk((record) => {
			const number = readU32(record, 8);
			if (number !== boot) {
				verdict = end = undefined;
				confirmed = 0;
			}
			boot = number;
			const seconds = readU32(record, 12);
			const words = textOf(record);
			const kind = record[4];
			if (kind === BootKind.START) {
				const cause = CAUSES[record[5]!] ?? "unknown";
				const start = words === "" ? { cause } : { cause, words };
				return number >= before || visit({ number, start, images: imagesOf(record, confirmed), verdict, end });
			}
			if (kind === BootKind.RESET) end ??= { seconds, words };
			else verdict ??= { confirmed: kind === BootKind.CONFIRMED, seconds, words };
			if (kind === BootKind.CONFIRMED) confirmed |= record[5]!;
			return true;
		});
	}
}

function encode(
	{ kind, boot, cause = "unknown", confirmed, seconds, text, images = [] }: BootRecord,
	number: number,
): Uint8Array {
	const record = new Uint8Array(RECORD);
	record.set(u32Bytes(number), 0);
	record[4] = kind;
	record[5] = confirmed ?? CAUSES.indexOf(cause);
	record[6] = Math.min(images.length, MOST_IMAGES);
	record[7] = Math.min(text.length, TEXT_LIMIT);
	record.set(u32Bytes(boot), 8);
	record.set(u32Bytes(seconds), 12);
	for (let i = 0; i < record[6]; i++) {
		const { image, version, hash, change, trial } = images[i]!;
		const at = IMAGES + IMAGE * i;
		record.set(versionBytes(version), at);
		record.set(hash.subarray(0, HASH), at + 8);
		record[at + 16] = image;
		record[at + 17] = CHANGES.indexOf(change);
		record[at + 18] = trial ? 1 : 0;
	}
	for (let i = 0; i < record[7]; i++) record[TEXT + i] = printable(text.charCodeAt(i));
	return record;
}

/** A crash may quote what a client sent. */
const printable = (code: number): number => (code >= 0x20 && code < 0x7f ? code : 0x3f);

/** `major.minor.revision[.build]` as the image header has it. */
function versionBytes(version: string): Uint8Array {
	const parts = [0, 0, 0, 0];
	let part = 0;
	for (let i = 0; i < version.length; i++) {
		const code = version.charCodeAt(i);
		if (code === 0x2e) part++;
		else parts[part] = 10 * parts[part]! + code - 0x30;
	}
	const bytes = new Uint8Array(8);
	bytes[0] = parts[0]!;
	bytes[1] = parts[1]!;
	bytes[2] = parts[2]! & 0xff;
	bytes[3] = parts[2]! >> 8;
	bytes.set(u32Bytes(parts[3]!), 4);
	return bytes;
}

function imagesOf(record: Uint8Array, confirmed: number): BootedImage[] {
	const images: BootedImage[] = [];
	for (let i = 0; i < Math.min(record[6]!, MOST_IMAGES); i++) {
		const at = IMAGES + IMAGE * i;
		const build = readU32(record, at + 4);
		images.push({
			image: record[at + 16]!,
			version: `${record[at]}.${record[at + 1]}.${readU16(record, at + 2)}${build === 0 ? "" : `.${build}`}`,
			hash: record.slice(at + 8, at + 8 + HASH),
			change: CHANGES[record[at + 17]!] ?? "none",
			trial: record[at + 18] === 1,
			confirmed: (confirmed & (1 << record[at + 16]!)) !== 0,
		});
	}
	return images;
}

function textOf(record: Uint8Array): string {
	let text = "";
	for (let i = 0; i < Math.min(record[7]!, TEXT_LIMIT); i++) text += String.fromCharCode(printable(record[TEXT + i]!));
	return text;
}
