import type { ResponseMap } from "./cbor.js";

/** SMP error codes (Zephyr SMP protocol specification, Error codes; `mcumgr_err_t`). */
export const Rc = Object.freeze({
	OK: 0,
	UNKNOWN: 1,
	NO_MEMORY: 2,
	INVALID: 3,
	TIMEOUT: 4,
	NO_ENTRY: 5,
	BAD_STATE: 6,
	TOO_LARGE: 7,
	NOT_SUPPORTED: 8,
	CORRUPT: 9,
	BUSY: 10,
	ACCESS_DENIED: 11,
	VERSION_TOO_OLD: 12,
	VERSION_TOO_NEW: 13,
	/** First code that applications may give a meaning (`MGMT_ERR_EPERUSER`). */
	USER: 256,
} as const);

/** An error that every client sees as `{rc}`, in both versions of the protocol. The message is for people. */
export class SmpError extends Error {
	override readonly name: string = "SmpError";
	readonly code: number;

	constructor(code: number, message: string) {
		super(message);
		this.code = code;
	}
}

/**
 * An error of a group's own list. Version 2 clients see `{err: {group, rc}}`, version 1 clients an `rc` by the group's
 * translation table (`Group.errors`).
 */
export class GroupError extends SmpError {
	override readonly name: string = "GroupError";
	readonly group: number;
	/** Further keys of the version 2 response. */
	readonly extra: ResponseMap | undefined;

	constructor(group: number, code: number, message: string, extra?: ResponseMap) {
		super(code, message);
		this.group = group;
		this.extra = extra;
	}
}

/** What became of a request: an error code, 0 for success, and the group whose own code it is. */
export interface Outcome {
	readonly rc: number;
	readonly errorGroup?: number | undefined;
}

/** `error` is what the handler threw; undefined if nothing. */
export function outcomeOf(error: unknown): Outcome {
	if (error === undefined) return { rc: Rc.OK };
	if (error instanceof GroupError) return { rc: error.code, errorGroup: error.group };
	return { rc: error instanceof SmpError ? error.code : Rc.UNKNOWN };
}
