import type { FlashPartition, FlashStatus } from "../flash/partition.js";
import { byteBuffer, checkFormat, optionsOf } from "./byte-buffer.js";

/** What `embedded:storage/flash` exports (ECMA-419, Flash): opens partitions, and iterates over their paths. */
export interface FlashStorage {
	/**
	 * Opens the partition `path`, to be read and written ("r+", the default) or to be read alone ("r"). Throws a TypeError without
	 * options, a RangeError for a format that is not "buffer", and an Error for all else.
	 */
	open(options: { readonly path: string; readonly mode?: "r" | "r+"; readonly format?: "buffer" }): Flash;
	[Symbol.iterator](): Iterator<string>;
}

/** A partition that the host opened, and how it may be used. */
class Handle {
	readonly path: string;
	readonly driver: FlashPartition;
	readonly writable: boolean;

	constructor(path: string, driver: FlashPartition, writable: boolean) {
		this.path = path;
		this.driver = driver;
		this.writable = writable;
	}
}

/**
 * An open flash partition with the checks of ECMA-419 around a driver. The errors are those of the Moddable SDK: a SyntaxError for
 * a partition that is closed or none, and for a missing argument; an Error where the partition was opened to be read alone; a
 * RangeError outside the partition. A `FlashError` of the driver passes.
 */
export class Flash implements FlashPartition {
	#handle: Handle | undefined;

	constructor(handle: Handle) {
		if (!(handle instanceof Handle)) throw new TypeError("a flash partition is made by open()");
		this.#handle = handle;
	}

	/** What a value is a partition of: its path, and whether it may be written. Throws a SyntaxError if it is none, or closed. */
	static about(value: unknown): { readonly path: string; readonly writable: boolean } {
		return Flash.#of(value);
	}

	static #is(value: unknown): value is Flash {
		return typeof value === "object" && value !== null && #handle in value;
	}

	static #of(value: unknown): Handle {
		const handle = Flash.#is(value) ? value.#handle : undefined;
		if (!handle) throw new SyntaxError("this is no open flash partition");
		return handle;
	}

	/** Releases the partition. Calling it again does nothing. */
	close(): void {
		if (!Flash.#is(this)) throw new SyntaxError("this is no flash partition");
		this.#handle?.driver.close();
		this.#handle = undefined;
	}

	/** Reads as many bytes into a fresh ArrayBuffer. As many as there are, towards the end of the partition. */
	read(count: number, offset: number): ArrayBuffer;
	/** Fills a buffer and returns how many bytes that were. */
	read(into: Uint8Array | ArrayBuffer, offset: number): number;
	read(...[into, offset]: unknown[]): ArrayBuffer | number {
		const { driver } = Flash.#of(this);
		const at = integer(offset);
		const available = driver.status().size - at;
		if (at < 0 || available <= 0) throw new RangeError(`offset ${at} is outside the partition`);
		if (typeof into === "number") {
			if (!(into >= 0)) throw new RangeError("the number of bytes to read is not negative");
			const bytes = new ArrayBuffer(Math.min(integer(into), available));
			if (bytes.byteLength > 0) driver.read(bytes, at);
			return bytes;
		}
		const bytes = byteBuffer(into);
		return driver.read(bytes.subarray(0, available), at);
	}

	/** Programs the bytes of a buffer. Offset and length are multiples of `writeAlign`; the target must be erased. */
	write(bytes: Uint8Array | ArrayBuffer, offset: number): void;
	write(...args: unknown[]): void {
		const { driver } = writable(Flash.#of(this));
		needs(args, 2);
		const at = integer(args[1]);
		const data = byteBuffer(args[0]);
		if (at < 0 || at + data.length > driver.status().size)
			throw new RangeError(`${data.length} bytes at ${at} are outside the partition`);
		if (data.length > 0) driver.write(data, at);
	}

	/** Erases the block `first`, or the blocks up to, not including, `end`. */
	eraseBlock(first: number, end?: number): void;
	eraseBlock(...args: unknown[]): void {
		const { driver } = writable(Flash.#of(this));
		needs(args, 1);
		const first = integer(args[0]);
		const end = args.length > 1 ? integer(args[1]) : first + 1;
		if (first < 0 || end <= first || end > driver.status().blocks)
			throw new RangeError(`there are no blocks ${first} up to ${end}`);
		driver.eraseBlock(first, end);
	}

	status(): FlashStatus {
		return Flash.#of(this).driver.status();
	}

	get format(): "buffer" {
		return "buffer";
	}

	set format(value: unknown) {
		checkFormat(value);
	}
}

/** As the SDK's C takes a number: a fraction is cut off, and what is none is 0. Throws a TypeError for a BigInt and a symbol. */
const integer = (value: unknown): number => Math.trunc(+(value as number)) || 0;

function needs(args: readonly unknown[], count: number): void {
	if (args.length < count) throw new SyntaxError("an argument is missing");
}

function writable(handle: Handle): Handle {
	if (!handle.writable) throw new Error(`${handle.path} was opened to be read alone`);
	return handle;
}

/**
 * Makes the `embedded:storage/flash` of a host whose drivers are plain. `paths` lists its partitions, and `open` opens one, or
 * throws an error.
 */
export function flashStorage(paths: () => readonly string[], open: (path: string) => FlashPartition): FlashStorage {
	return Object.freeze({
		open(options: unknown): Flash {
			const { path, mode = "r+", format = "buffer" } = optionsOf(options);
			if (path === undefined) throw new Error("open() takes the path of a partition");
			// A template, because String() would take a symbol.
			const wanted = `${path as string}`;
			const access = `${mode as string}`;
			checkFormat(format);
			if (access !== "r" && access !== "r+") throw new Error('the mode is "r" or "r+"');
			if (!paths().includes(wanted)) throw new Error(`there is no flash partition "${wanted}"`);
			return new Flash(new Handle(wanted, open(wanted), access === "r+"));
		},
		[Symbol.iterator]: () => paths()[Symbol.iterator](),
	});
}

Object.freeze(Flash);
Object.freeze(Flash.prototype);
