import type { ResponseMap } from "./cbor.js";
import type { Fields, Schema } from "./fields.js";

/** Where a request came from. */
export interface Origin {
	/** The name under which the transport was attached to the server. */
	readonly transport: string;
	/** Tells the clients of one transport apart; the same for all where the transport cannot. */
	readonly peer: string;
}

/** What a handler knows of the request besides its fields. Valid until the request is answered. */
export interface Context {
	readonly origin: Origin;
	/** Protocol version of the request: 0 original, 1 with group errors. */
	readonly version: number;
	/** Most bytes that the map of the response can take. */
	readonly room: number;
	/** Runs `action` once the response has been handed to the transport. */
	after(action: () => void): void;
}

/**
 * The rest of the work for an answer that takes long: does a part of it, short enough for a packet of somebody else to wait for,
 * and returns the map of the response once all is done. Throws as a handler does.
 */
export type Work = () => ResponseMap | undefined;

/** One direction (read or write) of a command. */
export interface Operation {
	/** The keys that the request may have. Without, the payload is not looked at. */
	readonly fields?: Schema;
	/** A request that cannot be decoded counts as an empty one. */
	readonly lenient?: boolean;
	/** Returns the map of the response, or the work for it if that takes long; or throws an `SmpError` or `GroupError`. */
	handle(fields: Fields<Schema>, context: Context): ResponseMap | Work;
}

/** A command: what it does when read and when written. */
export interface Command {
	readonly name: string;
	readonly read?: Operation;
	readonly write?: Operation;
}

/** A group of commands: a plain object, so that a user's own group (ids from 64) is one small module. */
export interface Group {
	readonly id: number;
	readonly name: string;
	/** By command id; ids may be missing. */
	readonly commands: Readonly<Record<number, Command>>;
	/** The group's own error codes as version 1 clients see them; a code that is not listed becomes 1 (unknown). */
	readonly errors?: Readonly<Record<number, number>>;
	/** Further keys of the group in the enumeration's details. */
	readonly details?: () => ResponseMap;
}

/** An operation whose handler gets the fields of `schema` with their types. */
export function operation<S extends Schema>(
	schema: S,
	handle: (fields: Fields<S>, context: Context) => ResponseMap | Work,
	lenient = false,
): Operation {
	return { fields: schema, lenient, handle: handle as Operation["handle"] };
}
