import { Decoder } from "cbor-x/decode";
import { utf8Decode } from "../../../modules/bytes/utf8.js";
import { HEADER_SIZE, readHeader } from "../../../modules/smp/header.js";

/** A parsed JSON value of a vector file. */
export type Json = null | boolean | number | string | readonly Json[] | JsonMap;
export interface JsonMap {
	readonly [key: string]: Json;
}

/** A vector asks for something that this runner or its device does not have. The message says what. */
export class Unsupported extends Error {}

/** Values of the letters of OS info, which vectors refer to. */
export type Variables = Readonly<Record<string, string>>;

/** Responses are read by a decoder that shares nothing with the encoder under test. */
const decoder = new Decoder({ useRecords: false, mapsAsObjects: true });

/** Compares response packets with an expectation in any of its forms. Returns the first difference, undefined if right. */
export function compareResponses(
	packets: readonly Uint8Array[],
	expected: JsonMap,
	variables: Variables,
): string | undefined {
	const { none, any_of: anyOf, responses, responses_any_of: responsesAnyOf, ...common } = expected;
	if (none === true) return packets.length === 0 ? undefined : `expected no response, got ${show(packets)}`;
	if (responsesAnyOf) return oneOf(list(responsesAnyOf), (each) => compareList(packets, list(each), variables));
	if (responses) return compareList(packets, list(responses), variables);
	// A header beside alternatives holds for all of them.
	if (anyOf) return oneOf(list(anyOf), (each) => compareResponses(packets, { ...common, ...map(each) }, variables));
	return compareList(packets, [expected], variables);
}

/** Compares packets one to one with expectations. */
export function compareList(
	packets: readonly Uint8Array[],
	expected: readonly Json[],
	variables: Variables,
): string | undefined {
	if (packets.length !== expected.length)
		return `expected ${expected.length} responses, got ${packets.length}: ${show(packets)}`;
	for (let i = 0; i < packets.length; i++) {
		const difference = comparePacket(packets[i]!, map(expected[i]!), variables);
		if (difference) return difference;
	}
	return undefined;
}

/** Whether one of the alternatives is right; the difference to the first if none is. */
export function oneOf(alternatives: readonly Json[], compare: (each: Json) => string | undefined): string | undefined {
	let first: string | undefined;
	for (const each of alternatives) {
		const difference = compare(each);
		if (!difference) return undefined;
		first ??= difference;
	}
	return `none of ${alternatives.length} alternatives; the first: ${first}`;
}

function comparePacket(packet: Uint8Array, expected: JsonMap, variables: Variables): string | undefined {
	const header = readHeader(packet);
	if (header.length !== packet.length - HEADER_SIZE) return `header length ${header.length} in ${hex(packet)}`;
	const found: Record<string, number> = {
		op: header.op,
		version: header.version,
		flags: header.flags,
		group: header.group,
		seq: header.sequence,
		id: header.command,
	};
	const wanted = map(expected["header"] ?? {});
	for (const key of Object.keys(wanted))
		if (found[key] !== wanted[key]) return `header ${key}: expected ${wanted[key]}, got ${found[key]} (${hex(packet)})`;
	if (expected["map"] === undefined) return undefined;
	const body: unknown = decoder.decode(packet.subarray(HEADER_SIZE));
	const optional = list(expected["optional_keys"] ?? []);
	return compareValue(body, expected["map"], variables, "", optional);
}

/** Compares a decoded value with JSON that may hold matchers. Returns the path and nature of the first difference. */
export function compareValue(
	value: unknown,
	expected: Json,
	variables: Variables,
	path = "",
	optional: readonly Json[] = [],
): string | undefined {
	const differs = (what: string) => `${path || "map"}: expected ${what}, got ${showValue(value)}`;
	if (typeof expected !== "object" || expected === null)
		return value === expected ? undefined : differs(JSON.stringify(expected));
	if (Array.isArray(expected)) {
		if (!Array.isArray(value) || value.length !== expected.length) return differs(`a list of ${expected.length}`);
		for (let i = 0; i < expected.length; i++) {
			const difference = compareValue(value[i], expected[i] as Json, variables, `${path}[${i}]`);
			if (difference) return difference;
		}
		return undefined;
	}
	const wanted = expected as JsonMap;
	const matcher = Object.keys(wanted).find((key) => key.startsWith("$"));
	if (matcher) return matches(value, wanted, variables, path) ? undefined : differs(JSON.stringify(expected));
	if (!isMap(value)) return differs("a map");
	for (const key of Object.keys(wanted)) {
		if (!(key in value)) {
			if (optional.includes(key)) continue;
			return differs(`key "${key}"`);
		}
		const difference = compareValue(value[key], wanted[key]!, variables, path ? `${path}.${key}` : key);
		if (difference) return difference;
	}
	const extra = Object.keys(value).find((key) => !(key in wanted) && !optional.includes(key));
	return extra === undefined ? undefined : differs(`no key "${extra}"`);
}

function matches(value: unknown, matcher: JsonMap, variables: Variables, path: string): boolean {
	if ("$any" in matcher) return true;
	if ("$hex" in matcher) return value instanceof Uint8Array && hex(value) === matcher["$hex"];
	if ("$type" in matcher) return hasType(value, String(matcher["$type"]));
	if ("$prefix" in matcher) return typeof value === "string" && value.startsWith(String(matcher["$prefix"]));
	if ("$var" in matcher) return value === variables[String(matcher["$var"])];
	if ("$join" in matcher) return value === [...String(matcher["$join"])].map((letter) => variables[letter]).join(" ");
	const same = (a: unknown, b: Json) => compareValue(a, b, variables, path) === undefined;
	if ("$in" in matcher) return list(matcher["$in"]!).some((each) => same(value, each));
	if ("$set" in matcher) {
		const set = list(matcher["$set"]!);
		return (
			Array.isArray(value) && value.length === set.length && set.every((each) => value.some((item) => same(item, each)))
		);
	}
	const inside = (item: unknown, keys: Json) =>
		isMap(item) && Object.keys(map(keys)).every((key) => key in item && same(item[key], map(keys)[key]!));
	if ("$each" in matcher) return isMap(value) && Object.values(value).every((item) => inside(item, matcher["$each"]!));
	if ("$each_item" in matcher && !(Array.isArray(value) && value.every((item) => inside(item, matcher["$each_item"]!))))
		return false;
	if ("$len" in matcher)
		return (value instanceof Uint8Array || Array.isArray(value)) && value.length === matcher["$len"];
	throw new Error(`unknown matcher ${JSON.stringify(matcher)}`);
}

function hasType(value: unknown, type: string): boolean {
	switch (type) {
		case "uint":
			return Number.isInteger(value) && (value as number) >= 0;
		case "int":
			return Number.isInteger(value);
		case "tstr":
			return typeof value === "string";
		case "bool":
			return typeof value === "boolean";
		default:
			throw new Error(`unknown type ${type}`);
	}
}

const isMap = (value: unknown): value is Record<string, unknown> =>
	typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array);

export const list = (json: Json): readonly Json[] => {
	if (!Array.isArray(json)) throw new Error(`expected a list: ${JSON.stringify(json)}`);
	return json as readonly Json[];
};

export const map = (json: Json): JsonMap => {
	if (typeof json !== "object" || json === null || Array.isArray(json))
		throw new Error(`expected a map: ${JSON.stringify(json)}`);
	return json as JsonMap;
};

export function hex(bytes: Uint8Array): string {
	let text = "";
	for (let i = 0; i < bytes.length; i++) text += bytes[i]!.toString(16).padStart(2, "0");
	return text;
}

export function unhex(text: string): Uint8Array {
	const bytes = new Uint8Array(text.length / 2);
	for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(text.slice(2 * i, 2 * i + 2), 16);
	return bytes;
}

export const parseJson = (bytes: Uint8Array): JsonMap => map(JSON.parse(utf8Decode(bytes)) as Json);

const show = (packets: readonly Uint8Array[]): string => packets.map(hex).join(" ") || "nothing";

const showValue = (value: unknown): string =>
	value instanceof Uint8Array
		? `h'${hex(value)}'`
		: (JSON.stringify(value, (_, each: unknown) => (each instanceof Uint8Array ? `h'${hex(each)}'` : each)) ??
			"nothing");
