/** An open serial line. */
export interface Terminal {
	/** Sends bytes, which stay as they are until they are sent. Never blocks. */
	write(bytes: Uint8Array): void;
	/** Resolves when others can open the line. Never rejects. */
	close(): Promise<void>;
}

/** What becomes of an open line. */
export interface TerminalEvents {
	/** The bytes are valid during the call only. */
	onBytes(bytes: Uint8Array): void;
	/** It is gone; nothing comes behind it. */
	onLost(): void;
}

/** Opens a serial line at a speed, makes it raw, and lets no other program use it if it can. Rejects with an `OpeningError`. */
export type OpenTerminal = (path: string, baud: number, events: TerminalEvents) => Promise<Terminal>;

/** Why a serial line cannot be opened. The message is a sentence. */
export class OpeningError extends Error {
	override readonly name: string = "OpeningError";
	/** Whether there is no such line, as while a device restarts. */
	readonly missing: boolean;

	constructor(path: string, why: keyof typeof REASONS | (string & {}), baud?: number) {
		super(
			`${path} ${REASONS[why as keyof typeof REASONS] ?? `cannot be opened: ${why}`}${why === "baud" ? ` ${baud} baud` : ""}.`,
		);
		this.missing = why === "ENOENT";
	}
}

/** By the codes of the system, and two more. */
const REASONS = {
	ENOENT: "cannot be opened: it does not exist",
	EACCES: "cannot be opened: you may not use it; on Linux it belongs to a group, often dialout",
	EBUSY: "is busy: another program uses it",
	ENOTTY: "is no serial line",
	baud: "cannot be set to",
} as const;
