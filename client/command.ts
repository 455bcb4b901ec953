/**
 * Commands of servers as values: numbers, and the types of request and answer. A group of one's own has a row a command.
 *
 * @module xs-smp/command
 */

import { AnswerError } from "./errors.js";
import type { Fields } from "./fields.js";

export { AnswerError } from "./errors.js";
export type { Fields } from "./fields.js";

/** What a value in a request or an answer is. */
export interface Kind<T> {
	/** As sentences call it: `the answer has no number "level"`. */
	readonly name: string;
	/** Returns the value, in the form in which programs get it. Throws a `WrongKind` that names `key` if it is none. */
	readonly read: (value: unknown, key: string) => T;
}

/** A kind of values that may be absent. */
export interface OptionalKind<T> extends Kind<T | undefined> {
	/** Tells it from a kind whose values are needed. */
	readonly optional: true;
}

/** The kinds of the values in a map, by key. */
export type Shape = Readonly<Record<string, Kind<unknown>>>;

/** The values of a kind. */
export type ValueOf<K> = K extends Kind<infer T> ? T : never;

/** The maps of a shape. */
export type ValuesOf<S extends Shape> = {
	readonly [K in keyof S as S[K] extends OptionalKind<unknown> ? never : K]: ValueOf<S[K]>;
} & {
	readonly [K in keyof S as S[K] extends OptionalKind<unknown> ? K : never]?: ValueOf<S[K]>;
};

/** A value is of another kind. The message is the end of a sentence. */
export class WrongKind extends Error {
	override readonly name: string = "WrongKind";
}

/**
 * A kind of one's own. `read` returns undefined for a value that is none of it.
 *
 * @example
 * ```ts
 * import { kind } from "xs-smp/command";
 *
 * const percent = kind("percentage", (value) => (Number(value) >= 0 && Number(value) <= 100 ? Number(value) : undefined));
 * ```
 */
export const kind = <T>(name: string, read: (value: unknown) => T | undefined): Kind<T> => ({
	name,
	read: (value, key) => {
		const known = read(value);
		if (known === undefined) throw new WrongKind(`no ${name} "${key}"`);
		return known;
	},
});

/** Text. */
export const text: Kind<string> = kind("text", (value) => (typeof value === "string" ? value : undefined));

/** A number. Integers of 64 bits beyond 2^53 lose their last digits; `integer` keeps them. */
export const number: Kind<number> = kind("number", (value) =>
	typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined,
);

/** An integer: a number where that is exact, else a bigint. */
export const integer: Kind<number | bigint> = kind("integer", (value) =>
	typeof value === "bigint" || Number.isSafeInteger(value) ? (value as number | bigint) : undefined,
);

/** A byte string. */
export const bytes: Kind<Uint8Array> = kind("bytes", (value) =>
	value instanceof Uint8Array ? new Uint8Array(value.buffer, value.byteOffset, value.length) : undefined,
);

/** True or false. */
export const flag: Kind<boolean> = kind("flag", (value) => (typeof value === "boolean" ? value : undefined));

/** Any value. What it is, the program has to find out. */
export const anything: Kind<unknown> = { name: "value", read: (value) => value };

/** A value that may be absent. One of another kind is an error, as everywhere. */
export const optional = <T>(of: Kind<T>): OptionalKind<T> => ({
	name: of.name,
	optional: true,
	read: (value, key) => (value === undefined || value === null ? undefined : of.read(value, key)),
});

/** A list whose values are all of one kind. */
export const list = <T>(of: Kind<T>): Kind<readonly T[]> => ({
	name: "list",
	read: (value, key) => {
		if (!Array.isArray(value)) throw new WrongKind(`no list "${key}"`);
		return value.map((item) => of.read(item, key));
	},
});

/** A map with any keys, whose values are all of one kind. */
export const record = <T>(of: Kind<T>): Kind<Readonly<Record<string, T>>> => ({
	name: "map",
	read: (value, key) => {
		if (!isMap(value)) throw new WrongKind(`no map "${key}"`);
		return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, of.read(item, name)]));
	},
});

/** A map with these keys. Others are left out. */
export const map = <S extends Shape>(shape: S): Kind<ValuesOf<S>> => ({
	name: "map",
	read: (value, key) => {
		if (!isMap(value)) throw new WrongKind(`no map "${key}"`);
		const values: [string, unknown][] = [];
		for (const [name, of] of Object.entries(shape)) {
			const read = of.read(value[name], name);
			if (read !== undefined) values.push([name, read]);
		}
		return Object.fromEntries(values) as ValuesOf<S>;
	},
});

/** Whether a value is a map, and no list and no byte string. */
export const isMap = (value: unknown): value is Fields =>
	typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

/** A command of a server: `Q` is the map of a request, `A` what its answer is to the program. */
export interface Command<Q extends Fields, A> {
	/** `Op.READ` or `Op.WRITE`. */
	readonly op: number;
	/** Number of the group, 0 to 65535. */
	readonly group: number;
	/** Number of the command within the group, 0 to 255. */
	readonly command: number;
	/** As sentences name it, such as `the level of the lamp`; undefined: by its numbers. */
	readonly name: string | undefined;
	/** Checks the map of a request. */
	readonly request: Kind<Q>;
	/** Reads the map of an answer. */
	readonly answer: Kind<A>;
}

/** The map of a request for a command. */
export type RequestOf<C> = C extends { readonly request: Kind<infer Q> } ? Q : never;

/** What the answer to a command is to the program. */
export type Answer<C> = C extends { readonly answer: Kind<infer A> } ? A : never;

/**
 * A command by its numbers, and by the kinds of the values in its request and its answer. Without `request` it takes no values,
 * without `answer` it returns none. `answer` is a shape, or a kind that reads the whole map.
 *
 * @example
 * ```ts
 * import { Op } from "xs-smp";
 * import { command, number } from "xs-smp/command";
 *
 * const setLevel = command(Op.WRITE, 80, 0, { request: { level: number }, answer: { level: number } });
 * const { level } = await client.request(setLevel, { level: 70 });
 * console.log(level);
 * ```
 */
export function command<S extends Shape = Record<never, never>, A extends Shape | Kind<unknown> = Record<never, never>>(
	op: number,
	group: number,
	number: number,
	details: { readonly request?: S; readonly answer?: A; readonly name?: string } = {},
): Command<ValuesOf<S>, A extends Kind<infer T> ? T : A extends Shape ? ValuesOf<A> : never> {
	const { request = {}, answer = {}, name } = details;
	return {
		...{ op, group, command: number, name },
		request: map(request as S),
		answer: (isKind(answer) ? answer : map(answer)) as Kind<A extends Kind<infer T> ? T : never>,
	} as Command<ValuesOf<S>, A extends Kind<infer T> ? T : A extends Shape ? ValuesOf<A> : never>;
}

const isKind = (answer: Shape | Kind<unknown>): answer is Kind<unknown> => typeof answer["read"] === "function";

/**
 * A command of which only the numbers are known: request and answer are maps of values that nobody has checked.
 *
 * @example
 * ```ts
 * import { Op } from "xs-smp";
 * import { anyCommand } from "xs-smp/command";
 *
 * const answer = await client.request(anyCommand(Op.READ, 80, 0));
 * console.log(answer["level"]);
 * ```
 */
export const anyCommand = (op: number, group: number, number: number): Command<Fields, Fields> => ({
	...{ op, group, command: number, name: undefined },
	request: FIELDS,
	answer: FIELDS,
});

const FIELDS: Kind<Fields> = kind("map", (value) => (isMap(value) ? value : undefined));

/** What an answer is to the program. Throws an AnswerError with one sentence if it lacks a value; `what` is the request. */
export function readAnswer<A>({ answer }: Pick<Command<Fields, A>, "answer">, fields: Fields, what: string): A {
	try {
		return answer.read(fields, "");
	} catch (error) {
		if (!(error instanceof WrongKind)) throw error;
		throw new AnswerError(`the device's answer to ${what} has ${error.message}`);
	}
}

/** Throws a TypeError with one sentence if the map of a request lacks a value. */
export function checkRequest<Q extends Fields>(
	{ request }: Pick<Command<Q, unknown>, "request">,
	fields: Q,
	what: string,
): void {
	try {
		request.read(fields, "");
	} catch (error) {
		if (!(error instanceof WrongKind)) throw error;
		throw new TypeError(`the request for ${what.replace(/^the question for /, "")} has ${error.message}`);
	}
}
