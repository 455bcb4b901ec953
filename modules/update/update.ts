import { checkFormat, optionsOf } from "./byte-buffer.js";
import type { UpdateRules } from "./session.js";
import { UpdateSession } from "./session.js";

/** What an update needs of the board. */
export interface UpdateBoard extends UpdateRules {
	/**
	 * The label of the flash area that an open partition is of. Throws a SyntaxError for what is no open partition, and an Error for
	 * one that may not be written.
	 */
	labelOf(partition: unknown): string;
}

/** What `open` takes (ECMA-419, Update). */
export interface UpdateOptions {
	/** The slot that does not run, opened by `embedded:storage/flash`. */
	readonly partition: object;
	/** "a", the default: pieces come one behind the other. "w": each comes with its place. */
	readonly mode?: "a" | "w";
	/** Length of the file, bytes, if it is known. */
	readonly byteLength?: number;
	readonly format?: "buffer";
}

/** What `embedded:update` exports. */
export interface UpdateModule {
	/**
	 * Begins an update: what the slot was marked for is undone, and what it holds is lost. Throws a TypeError without options, a
	 * SyntaxError for a partition that is none or closed, a RangeError for a value out of its range, and an Error where the slot
	 * must not be written.
	 */
	open(options: UpdateOptions): Update;
}

/**
 * An update under way (ECMA-419, Update). A SyntaxError says that it is closed, or that an argument is missing.
 *
 * ```ts
 * const next = update.open({ partition: flash.open({ path: "image-1" }) });
 * for (const piece of pieces) next.write(piece);
 * next.complete();
 * next.close();
 * ```
 */
export class Update {
	#session: UpdateSession | undefined;

	constructor(session: UpdateSession) {
		if (!(session instanceof UpdateSession)) throw new TypeError("an update is made by open()");
		this.#session = session;
	}

	/**
	 * Takes a piece of the file: an ArrayBuffer or a view of bytes, and in mode "w" its place in the file. Throws a TypeError for other
	 * data, a RangeError past the end, and an Error for data that is no image, for flash that fails, and after `complete`.
	 */
	write(bytes: Uint8Array | Int8Array | DataView | ArrayBuffer, byteOffset?: number): void;
	write(...args: unknown[]): void {
		const session = Update.#of(this);
		if (args.length < (session.append ? 1 : 2)) throw new SyntaxError("an argument is missing");
		if (session.append && args.length > 1) throw new Error('there is no offset in mode "a"');
		session.write(args[0], args[1]);
	}

	/**
	 * Checks header, hash and, where the board has keys, signature of the image, and asks for it at the next boot, on trial. Throws an
	 * Error that says what is wrong; nothing is asked for then. Comes once. Does not restart the board.
	 */
	complete(): void {
		Update.#of(this).complete();
	}

	/** Ends the update. Without `complete` nothing comes of it. Calling it again does nothing. */
	close(): void {
		if (!Update.#is(this)) throw new SyntaxError("this is no update");
		this.#session = undefined;
	}

	get format(): "buffer" {
		Update.#of(this);
		return "buffer";
	}

	set format(value: unknown) {
		Update.#of(this);
		checkFormat(value);
	}

	static #is(value: unknown): value is Update {
		return typeof value === "object" && value !== null && #session in value;
	}

	static #of(value: unknown): UpdateSession {
		const session = Update.#is(value) ? value.#session : undefined;
		if (!session) throw new SyntaxError("this is no open update");
		return session;
	}
}

/** Makes the `embedded:update` of a board. `board` is called by each `open`, and not before: a preloaded module has no board. */
export function updateModule(board: () => UpdateBoard): UpdateModule {
	return Object.freeze({
		open(options: unknown): Update {
			const { partition, mode = "a", byteLength, format = "buffer" } = optionsOf(options);
			if (partition === undefined) throw new Error("open() takes the partition to be updated");
			const rules = board();
			const label = rules.labelOf(partition);
			// A template, because String() would take a symbol.
			const access = `${mode as string}`;
			if (access !== "a" && access !== "w") throw new RangeError('the mode is "a" or "w"');
			checkFormat(format);
			const length = byteLength === undefined ? undefined : +(byteLength as number);
			if (length !== undefined && !(Number.isInteger(length) && length >= 0))
				throw new RangeError("byteLength is a whole number, not negative");
			return new Update(new UpdateSession(rules, { label, append: access === "a", byteLength: length }));
		},
	});
}

Object.freeze(Update);
Object.freeze(Update.prototype);
