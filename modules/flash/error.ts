/** What can go wrong with flash, and nothing else can. */
export type FlashErrorKind = "not aligned" | "out of bounds" | "not erased" | "device failure";

/** The one error that flash code throws. `kind` is for programs, the message for people. */
export class FlashError extends Error {
	override readonly name: string = "FlashError";
	readonly kind: FlashErrorKind;

	constructor(kind: FlashErrorKind, message: string) {
		super(message);
		this.kind = kind;
	}
}
