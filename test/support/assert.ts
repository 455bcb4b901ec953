/**
 * The part of Node's `assert` that the unit tests use, for XS, where it is the module `node:assert`.
 * Source: Node.js documentation, Assert.
 */
export class AssertionError extends Error {
	override readonly name: string = "AssertionError";
	readonly actual: unknown;
	readonly expected: unknown;

	constructor(message: string, actual: unknown, expected: unknown) {
		super(message);
		this.actual = actual;
		this.expected = expected;
	}
}

type Message = string | Error | undefined;
type Expectation = RegExp | (new (...args: never[]) => unknown) | ((error: unknown) => boolean) | object;

function assert(value: unknown, message?: Message): void {
	if (!value) stop(message, `${show(value)} is not true`, value, true);
}

function stop(message: Message, otherwise: string, actual: unknown, expected: unknown): never {
	if (message instanceof Error) throw message;
	throw new AssertionError(message ?? otherwise, actual, expected);
}

function show(value: unknown, depth = 0): string {
	if (typeof value === "string") return JSON.stringify(value);
	if (typeof value === "bigint") return `${value}n`;
	if (typeof value === "function") return `[function ${value.name}]`;
	if (typeof value !== "object" || value === null) return Object.is(value, -0) ? "-0" : String(value);
	if (value instanceof Error || value instanceof RegExp) return String(value);
	if (depth > 3) return "…";
	const next = (item: unknown): string => show(item, depth + 1);
	if (ArrayBuffer.isView(value) && !(value instanceof DataView)) {
		const items = value as unknown as ArrayLike<unknown>;
		return `${typeName(value)}(${items.length}) [${Array.from(items, next).slice(0, 64).join(", ")}]`;
	}
	if (Array.isArray(value)) return `[${value.map(next).join(", ")}]`;
	if (value instanceof Map)
		return `Map {${[...value].map(([key, item]) => `${next(key)} => ${next(item)}`).join(", ")}}`;
	if (value instanceof Set) return `Set {${[...value].map(next).join(", ")}}`;
	const items = Object.entries(value).map(([key, item]) => `${key}: ${next(item)}`);
	return `{${items.join(", ")}}`;
}

function typeName(value: object): string {
	return Object.getPrototypeOf(value)?.constructor?.name ?? "Object";
}

function same(a: unknown, b: unknown, strict: boolean): boolean {
	if (Object.is(a, b)) return true;
	const primitives = (typeof a !== "object" || a === null) && (typeof b !== "object" || b === null);
	// biome-ignore lint/suspicious/noDoubleEquals: this is what Node's loose comparison does.
	if (primitives) return !strict && a == b;
	if (typeof a !== "object" || a === null || typeof b !== "object" || b === null) return false;
	if (strict && Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
	if (Array.isArray(a) !== Array.isArray(b)) return false;
	if (a instanceof Date && b instanceof Date && a.getTime() !== b.getTime()) return false;
	if (a instanceof RegExp && b instanceof RegExp && String(a) !== String(b)) return false;
	if (a instanceof Error && b instanceof Error && (a.name !== b.name || a.message !== b.message)) return false;
	if (a instanceof ArrayBuffer && b instanceof ArrayBuffer)
		return sameItems(new Uint8Array(a), new Uint8Array(b), strict);
	if (ArrayBuffer.isView(a) && ArrayBuffer.isView(b) && !(a instanceof DataView) && !(b instanceof DataView))
		return sameItems(a as unknown as ArrayLike<unknown>, b as unknown as ArrayLike<unknown>, strict);
	if (a instanceof Map && b instanceof Map) {
		if (a.size !== b.size) return false;
		for (const [key, item] of a) if (!b.has(key) || !same(item, b.get(key), strict)) return false;
	}
	if (a instanceof Set && b instanceof Set) {
		const rest = [...b];
		if (a.size !== rest.length) return false;
		for (const item of a) {
			const at = rest.findIndex((other) => same(item, other, strict));
			if (at < 0) return false;
			rest.splice(at, 1);
		}
	}
	const keys = Object.keys(a);
	if (keys.length !== Object.keys(b).length) return false;
	return keys.every(
		(key) =>
			Object.hasOwn(b, key) && same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key], strict),
	);
}

function sameItems(a: ArrayLike<unknown>, b: ArrayLike<unknown>, strict: boolean): boolean {
	if (a.length !== b.length) return false;
	for (let i = 0; i < a.length; i++) if (!same(a[i], b[i], strict)) return false;
	return true;
}

/** Whether an error is the one that was expected; throws what is wrong about it. */
function checkError(error: unknown, expected: Expectation | undefined, message: Message): void {
	if (expected === undefined) return;
	const wrong = (): never => stop(message, `wrong error: ${show(error)}, not ${show(expected)}`, error, expected);
	if (expected instanceof RegExp) {
		if (!expected.test(String(error))) wrong();
	} else if (typeof expected === "function") {
		if (expected.prototype !== undefined && error instanceof (expected as new () => unknown)) return;
		// A class that the error does not belong to: calling it would throw another error.
		if (expected === Error || expected.prototype instanceof Error) wrong();
		if ((expected as (error: unknown) => boolean)(error) !== true) wrong();
	} else {
		for (const [key, value] of Object.entries(expected)) {
			const actual = (error as Record<string, unknown>)[key];
			if (value instanceof RegExp && typeof actual === "string" ? !value.test(actual) : !same(actual, value, true))
				wrong();
		}
	}
}

function split(expected: Expectation | string | undefined, message: Message): [Expectation | undefined, Message] {
	return typeof expected === "string" ? [undefined, expected] : [expected, message];
}

export default Object.assign(assert, {
	AssertionError,
	ok: assert,
	fail(message?: string | Error): never {
		return stop(message, "failed", undefined, undefined);
	},
	equal(actual: unknown, expected: unknown, message?: Message): void {
		// biome-ignore lint/suspicious/noDoubleEquals: this is what Node's equal() does.
		if (!(actual == expected || Object.is(actual, expected)))
			stop(message, `${show(actual)} != ${show(expected)}`, actual, expected);
	},
	notEqual(actual: unknown, expected: unknown, message?: Message): void {
		// biome-ignore lint/suspicious/noDoubleEquals: this is what Node's notEqual() does.
		if (actual == expected || Object.is(actual, expected))
			stop(message, `${show(actual)} == ${show(expected)}`, actual, expected);
	},
	strictEqual(actual: unknown, expected: unknown, message?: Message): void {
		if (!Object.is(actual, expected)) stop(message, `${show(actual)} !== ${show(expected)}`, actual, expected);
	},
	notStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
		if (Object.is(actual, expected)) stop(message, `${show(actual)} === ${show(expected)}`, actual, expected);
	},
	deepEqual(actual: unknown, expected: unknown, message?: Message): void {
		if (!same(actual, expected, false))
			stop(message, `${show(actual)} is not like ${show(expected)}`, actual, expected);
	},
	deepStrictEqual(actual: unknown, expected: unknown, message?: Message): void {
		if (!same(actual, expected, true)) stop(message, `${show(actual)} is not like ${show(expected)}`, actual, expected);
	},
	match(actual: string, expected: RegExp, message?: Message): void {
		if (typeof actual !== "string" || !expected.test(actual))
			stop(message, `${show(actual)} does not match ${expected}`, actual, expected);
	},
	throws(run: () => unknown, expected?: Expectation | string, message?: Message): void {
		const [expectation, text] = split(expected, message);
		let error: unknown;
		try {
			run();
		} catch (thrown) {
			error = thrown;
			checkError(error, expectation, text);
			return;
		}
		stop(text, `nothing was thrown, expected ${expectation ? show(expectation) : "an error"}`, undefined, expectation);
	},
	async rejects(
		run: Promise<unknown> | (() => Promise<unknown>),
		expected?: Expectation | string,
		message?: Message,
	): Promise<void> {
		const [expectation, text] = split(expected, message);
		try {
			await (typeof run === "function" ? run() : run);
		} catch (thrown) {
			checkError(thrown, expectation, text);
			return;
		}
		stop(text, `no rejection, expected ${expectation ? show(expectation) : "one"}`, undefined, expectation);
	},
});
