import type { Fields } from "./request.js";

/** What the values of an answer can be. */
interface Kinds {
	readonly text: string;
	readonly number: number;
	readonly bytes: Uint8Array;
	readonly list: readonly unknown[];
	readonly map: Fields;
}

const isMap = (value: unknown): boolean =>
	typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

const read: { readonly [K in keyof Kinds]: (value: unknown) => Kinds[K] | undefined } = {
	text: (value) => (typeof value === "string" ? value : undefined),
	// 64 bits arrive as a bigint when they are more than a number can count.
	number: (value) => (typeof value === "number" || typeof value === "bigint" ? Number(value) : undefined),
	bytes: (value) => (value instanceof Uint8Array ? new Uint8Array(value) : undefined),
	list: (value) => (Array.isArray(value) ? value : undefined),
	map: (value) => (isMap(value) ? (value as Fields) : undefined),
};

/** The value of a key. Throws an Error with one sentence if the answer has none of this kind. */
export function take<K extends keyof Kinds>(answer: Fields, key: string, kind: K): Kinds[K] {
	const value = maybe(answer, key, kind);
	if (value === undefined) throw new Error(`the device's answer has no ${kind} "${key}"`);
	return value;
}

/** As `take`, but undefined where there is no such value. */
export const maybe = <K extends keyof Kinds>(answer: Fields, key: string, kind: K): Kinds[K] | undefined =>
	read[kind](answer[key]);

/** The entries of a map that are maps themselves, by name. */
export const namedMaps = (map: Fields): [name: string, entry: Fields][] =>
	Object.entries(map).filter((entry): entry is [string, Fields] => isMap(entry[1]));

/** The maps in the list of a key. */
export const takeMaps = (answer: Fields, key: string): Fields[] =>
	take(answer, key, "list").filter((entry): entry is Fields => isMap(entry));
