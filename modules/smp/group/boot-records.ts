import { formatVersion, type ImageVersion } from "../../bootutil/header.js";
import { readU16, readU32, u32Bytes } from "../../bytes/little-endian.js";
import type { FlashArea } from "../../flash/area.js";
import { FlashRing } from "../../flash/ring.js";
import type {
	BootChange,
	BootCheck,
	BootEntry,
	BootedImage,
	StartCause,
	StartReason,
} from "../protocol/boot-journal.js";

// The format (docs/SMP.md, Storage): records of 256 bytes in a ring (modules/flash/ring.ts), numbers little endian.
//
//   0   number u32, counts up    4   kind u8: 1 start, 2 confirmed, 3 failed, 4 reset, 5 safe mode left, 6 lived,
//       7 check
//   5   cause u8    6   images u8    7   length of the text u8    8   boot u32
//   12  seconds since the start u32; of a start, seconds that the boot before ran and one, 0 unknown
//       5 is, of kind 2, which images were confirmed: bit 0 image 0, bit 1 image 1; of kind 7, 1 passed, 0 failed
//   16  two images of 20 bytes: version u8 u8 u16 u32, hash 8 bytes, image u8, change u8, on trial u8, and
//   35  crashes of the application in a row u8, with bit 7 in safe mode    55  length of the words for that u8, behind the text
//   56  text, ASCII              252 CRC-32

const RECORD = 256;
const IMAGES = 16;
const IMAGE = 20;
const CRASHES = 35;
const WHY = 55;
const TEXT = 56;
/** Longest text, characters. */
export const TEXT_LIMIT = 196;
/** Bytes of a hash that are kept, and how many images. */
const HASH = 8;
const MOST_IMAGES = 2;

const CAUSES: readonly StartCause[] = Object.freeze(["unknown", "power", "pin", "software", "watchdog", "crash"]);
const CHANGES: readonly BootChange[] = Object.freeze(["none", "first", "test", "permanent", "revert"]);

/** What a record is of. */
export const BootKind = Object.freeze({
	START: 1,
	CONFIRMED: 2,
	FAILED: 3,
	RESET: 4,
	LEFT: 5,
	LIVED: 6,
	CHECK: 7,
} as const);
type BootKind = (typeof BootKind)[keyof typeof BootKind];

/** An image as a start writes it down. */
export type StartedImage = Pick<BootedImage, "image" | "hash" | "change" | "trial"> & {
	readonly version: ImageVersion;
};

/** What is written of a boot: its start, or what became of it. */
export interface BootRecord {
	readonly kind: BootKind;
	readonly boot: number;
	readonly cause?: StartCause;
	/** Which images were confirmed, a bit each; of a check, 1 if it passed. */
	readonly bits?: number;
	/** Since the start; of a start: that the boot before ran, undefined if nobody knows. */
	readonly seconds: number | undefined;
	readonly text: string;
	readonly images?: readonly StartedImage[];
	/** Crashes of the application in a row, of a start. */
	readonly crashes?: number;
	/** Words for the crash if the application is not started, empty if those of the start are; undefined: it is. */
	readonly safe?: string | undefined;
}

/** A boot as the records have it. */
export interface RecordedBoot extends BootEntry {
	/** Crashes of the application in a row, up to this start. */
	readonly crashes: number;
	/** Seconds that it ran at least: those of its last record. */
	readonly lived: number;
}

/** In the byte of the crashes: the application was not started. */
const SAFE = 0x80;

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
	boots(before: number, visit: (entry: RecordedBoot) => boolean): void {
		let boot = 0;
		let confirmed = 0;
		let lived = 0;
		let left = false;
		let checks: BootCheck[] = [];
		let verdict: BootEntry["verdict"];
		let end: BootEntry["end"];
		this.#ring.walk((record) => {
			const number = readU32(record, 8);
			if (number !== boot) {
				verdict = end = undefined;
				checks = [];
				confirmed = lived = 0;
				left = false;
			}
			boot = number;
			const seconds = readU32(record, 12);
			const length = Math.min(record[7]!, TEXT_LIMIT);
			const words = textOf(record, 0, length);
			const kind = record[4];
			if (kind === BootKind.START) {
				if (number >= before) return true;
				const cause = CAUSES[record[5]!] ?? "unknown";
				const start = { cause, ...(words !== "" && { words }), ...(seconds > 0 && { after: seconds - 1 }) };
				const crashes = record[CRASHES]! % SAFE;
				const why = textOf(record, length, Math.min(length + record[WHY]!, TEXT_LIMIT));
				const safe =
					record[CRASHES]! < SAFE ? undefined : { crashes, words: why === "" ? crashWords(start) : why, left };
				return visit({
					number,
					start,
					images: imagesOf(record, confirmed),
					safe,
					checks,
					verdict,
					end,
					crashes,
					lived,
				});
			}
			if (seconds > lived) lived = seconds;
			if (kind === BootKind.RESET) end ??= { seconds, words };
			else if (kind === BootKind.LEFT) left = true;
			else if (kind === BootKind.CHECK) checks = [{ passed: record[5] === 1, seconds, words }, ...checks];
			else if (kind === BootKind.CONFIRMED || kind === BootKind.FAILED)
				verdict ??= { confirmed: kind === BootKind.CONFIRMED, seconds, words };
			if (kind === BootKind.CONFIRMED) confirmed |= record[5]!;
			return true;
		});
	}
}

/** How the application crashed, in words: as the machine has them, and if it hung, that it did. */
export const crashWords = ({ cause, words = "" }: StartReason): string =>
	cause === "crash" && words !== "" ? words : words === "" ? cause : `${cause}: ${words}`;

function encode(
	{ kind, boot, cause = "unknown", bits, seconds, text, images = [], crashes = 0, safe }: BootRecord,
	number: number,
): Uint8Array {
	const record = new Uint8Array(RECORD);
	record.set(u32Bytes(number), 0);
	record[4] = kind;
	record[5] = bits ?? CAUSES.indexOf(cause);
	record[6] = Math.min(images.length, MOST_IMAGES);
	record.set(u32Bytes(boot), 8);
	record.set(u32Bytes(kind === BootKind.START ? (seconds ?? -1) + 1 : (seconds ?? 0)), 12);
	for (let i = 0; i < record[6]; i++) {
		const { image, version, hash, change, trial } = images[i]!;
		const at = IMAGES + IMAGE * i;
		record[at] = version.major;
		record[at + 1] = version.minor;
		record[at + 2] = version.revision & 0xff;
		record[at + 3] = version.revision >> 8;
		record.set(u32Bytes(version.build), at + 4);
		record.set(hash.subarray(0, HASH), at + 8);
		record[at + 16] = image;
		record[at + 17] = CHANGES.indexOf(change);
		record[at + 18] = trial ? 1 : 0;
	}
	record[7] = setText(record, 0, text);
	record[CRASHES] = crashes;
	if (safe !== undefined) {
		record[CRASHES] |= SAFE;
		record[WHY] = setText(record, record[7], safe);
	}
	return record;
}

/** Returns how much of it there is room for. */
function setText(record: Uint8Array, at: number, text: string): number {
	const length = Math.min(text.length, TEXT_LIMIT - at);
	for (let i = 0; i < length; i++) record[TEXT + at + i] = printable(text.charCodeAt(i));
	return length;
}

/** A crash may quote what a client sent. */
const printable = (code: number): number => (code >= 0x20 && code < 0x7f ? code : 0x3f);

function imagesOf(record: Uint8Array, confirmed: number): BootedImage[] {
	const images: BootedImage[] = [];
	for (let i = 0; i < Math.min(record[6]!, MOST_IMAGES); i++) {
		const at = IMAGES + IMAGE * i;
		images.push({
			image: record[at + 16]!,
			version: formatVersion({
				major: record[at]!,
				minor: record[at + 1]!,
				revision: readU16(record, at + 2),
				build: readU32(record, at + 4),
			}),
			hash: record.slice(at + 8, at + 8 + HASH),
			change: CHANGES[record[at + 17]!] ?? "none",
			trial: record[at + 18] === 1,
			confirmed: (confirmed & (1 << record[at + 16]!)) !== 0,
		});
	}
	return images;
}

function textOf(record: Uint8Array, from: number, to: number): string {
	let text = "";
	for (let i = from; i < to; i++) text += String.fromCharCode(printable(record[TEXT + i]!));
	return text;
}
