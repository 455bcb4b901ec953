import { readU32 } from "../../modules/bytes/little-endian.js";
import { apply } from "./cut.js";
import { ERASED, type Operation } from "./operation.js";

/** The flash operations of one boot of the boot loader, and the flash as it was before the first of them. */
export interface Recording {
	/** Counts the boots that were recorded since the simulator was started; 0 for one that was only rehearsed. */
	readonly number: number;
	/** When the first operation began, milliseconds since 1970; undefined for a rehearsal. */
	readonly time: number | undefined;
	readonly start: Uint8Array;
	readonly operations: readonly Operation[];
	/** When each was done, microseconds since the first began; empty for a rehearsal. */
	readonly times: readonly number[];
	/**
	 * How it ended: the boot loader came to its end; or it did not, because power failed or it still runs; or it went on, but the
	 * recording was full.
	 */
	readonly end: "done" | "cut" | "full";
}

const MAGIC = "XSMPBOOT";
const HEADER = 32;
const HEAD = 16;
/** Kinds of records (hosts/sim/native/record.c). */
const Kind = { SECTOR: 1, ERASE: 2, WRITE: 3, FULL: 4, END: 5 } as const;

/** Reads a recording of the simulator; a record that is not complete yet is left out. Throws a RangeError for anything else. */
export function readRecording(file: Uint8Array): Recording {
	const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
	if (file.length < HEADER || new TextDecoder().decode(file.subarray(0, MAGIC.length)) !== MAGIC)
		throw new RangeError("this is no recording of a boot");
	const start = new Uint8Array(view.getUint32(20, true)).fill(ERASED);
	const operations: Operation[] = [];
	const times: number[] = [];
	let end: Recording["end"] = "cut";
	for (let at = HEADER; at + HEAD <= file.length; ) {
		const kind = readU32(file, at);
		const address = readU32(file, at + 4);
		const length = readU32(file, at + 8);
		const hasBytes = kind === Kind.SECTOR || kind === Kind.WRITE;
		const bytes = file.subarray(at + HEAD, at + HEAD + length);
		if (hasBytes && bytes.length < length) break;
		if (kind === Kind.SECTOR) start.set(bytes, address);
		else if (kind === Kind.ERASE || kind === Kind.WRITE) {
			operations.push({ at: address, length, ...(hasBytes && { bytes }) });
			times.push(readU32(file, at + 12));
		} else if (kind === Kind.FULL) end = "full";
		else if (kind === Kind.END) end = "done";
		else throw new RangeError(`this recording has a record of kind ${kind}`);
		at += HEAD + (hasBytes ? length : 0);
	}
	return { number: view.getUint32(16, true), time: view.getFloat64(8, true), start, operations, times, end };
}

/** Walks through a recording, both ways. */
export class Timeline {
	readonly recording: Recording;
	/** The flash after `position` operations. Changes with each `seek`. */
	readonly flash: Uint8Array;
	#position = 0;
	/** What each erase destroyed, by number of the operation, as far as this has been. */
	readonly #destroyed = new Map<number, Uint8Array>();

	constructor(recording: Recording) {
		this.recording = recording;
		this.flash = recording.start.slice();
	}

	/** Operations that are done. */
	get position(): number {
		return this.#position;
	}

	get length(): number {
		return this.recording.operations.length;
	}

	/** Goes to where so many operations are done. */
	seek(position: number): void {
		const { operations } = this.recording;
		const target = Math.max(0, Math.min(position, operations.length));
		for (; this.#position < target; this.#position++) {
			const operation = operations[this.#position]!;
			if (!operation.bytes && !this.#destroyed.has(this.#position))
				this.#destroyed.set(this.#position, this.flash.slice(operation.at, operation.at + operation.length));
			apply(this.flash, operation);
		}
		while (this.#position > target) {
			const { at, length, bytes } = operations[--this.#position]!;
			// A chip writes to erased bytes alone.
			if (bytes) this.flash.fill(ERASED, at, at + length);
			else this.flash.set(this.#destroyed.get(this.#position)!, at);
		}
	}
}
