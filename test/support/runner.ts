/**
 * mocha's BDD interface, as much of it as the unit tests use: describe, it, before, beforeEach, after, afterEach, skip,
 * promises and `done`. It runs where mocha cannot, on XS.
 */
export interface Result {
	/** Titles from the outermost suite to the test. */
	readonly titles: readonly string[];
	readonly state: "passed" | "failed" | "skipped";
	/** Message and stack of what was thrown. */
	readonly error?: string;
}

type Body = (this: Context, done: (error?: unknown) => void) => unknown;

interface Test {
	readonly title: string;
	readonly body: Body | undefined;
}

interface Hooks {
	readonly before: Body[];
	readonly beforeEach: Body[];
	readonly afterEach: Body[];
	readonly after: Body[];
}

interface Suite extends Hooks {
	readonly titles: readonly string[];
	readonly parent: Suite | undefined;
	readonly skipped: boolean;
	readonly tests: Test[];
	readonly suites: Suite[];
}

class Skip extends Error {}

/** `this` of tests and hooks. */
class Context {
	skip(): never {
		throw new Skip("skipped");
	}

	/** There are no timeouts; mocha's setter is accepted. */
	timeout(_ms: number): this {
		return this;
	}

	slow(_ms: number): this {
		return this;
	}
}

function newSuite(title: string, parent: Suite | undefined, skipped: boolean): Suite {
	const titles = parent ? [...parent.titles, title] : [];
	return { titles, parent, skipped, tests: [], suites: [], before: [], beforeEach: [], afterEach: [], after: [] };
}

const root = newSuite("", undefined, false);
let current = root;

function describe(title: string, body: () => void): void {
	addSuite(title, body, false);
}
describe.skip = (title: string, body: () => void): void => addSuite(title, body, true);

function addSuite(title: string, body: () => void, skipped: boolean): void {
	const parent = current;
	const suite = newSuite(title, parent, skipped || parent.skipped);
	parent.suites.push(suite);
	current = suite;
	try {
		body();
	} finally {
		current = parent;
	}
}

function it(title: string, body?: Body): void {
	current.tests.push({ title, body });
}
it.skip = (title: string, _body?: Body): void => it(title);

function hook(kind: keyof Hooks): (...args: [Body] | [string, Body]) => void {
	return (...args) => {
		current[kind].push(args.length === 2 ? args[1] : args[0]);
	};
}

Object.assign(globalThis, {
	describe,
	context: describe,
	it,
	specify: it,
	before: hook("before"),
	beforeEach: hook("beforeEach"),
	after: hook("after"),
	afterEach: hook("afterEach"),
});

async function call(body: Body): Promise<void> {
	const context = new Context();
	if (body.length === 0) {
		await body.call(context, () => {});
		return;
	}
	await new Promise<void>((resolve, reject) => {
		body.call(context, (error) => (error ? reject(error) : resolve()));
	});
}

async function callAll(bodies: readonly Body[]): Promise<void> {
	for (const body of bodies) await call(body);
}

function describeError(error: unknown): string {
	if (!(error instanceof Error)) return String(error);
	const { stack } = error;
	return stack?.includes(error.message) ? stack : `${error}\n${stack ?? ""}`;
}

/** Hooks of a kind from the outermost suite to this one. */
function inherited(suite: Suite | undefined, kind: "beforeEach" | "afterEach"): Body[] {
	const found: Body[] = [];
	for (let each = suite; each; each = each.parent)
		found.unshift(...(kind === "afterEach" ? [...each[kind]].reverse() : each[kind]));
	return kind === "afterEach" ? found.reverse() : found;
}

async function runTest(suite: Suite, test: Test, report: (result: Result) => void): Promise<void> {
	const titles = [...suite.titles, test.title];
	if (suite.skipped || !test.body) {
		report({ titles, state: "skipped" });
		return;
	}
	let result: Result = { titles, state: "passed" };
	const fail = (error: unknown): void => {
		if (result.state === "passed")
			result =
				error instanceof Skip ? { titles, state: "skipped" } : { titles, state: "failed", error: describeError(error) };
	};
	try {
		await callAll(inherited(suite, "beforeEach"));
		await call(test.body);
	} catch (error) {
		fail(error);
	}
	await callAll(inherited(suite, "afterEach")).catch(fail);
	report(result);
}

async function runSuite(suite: Suite, report: (result: Result) => void): Promise<void> {
	const hookFailed = (kind: string, error: unknown): void =>
		report({ titles: [...suite.titles, `"${kind} all" hook`], state: "failed", error: describeError(error) });
	if (!suite.skipped) {
		try {
			await callAll(suite.before);
		} catch (error) {
			// As in mocha: what the hook should have prepared is missing, so the tests below cannot run.
			if (error instanceof Skip) for (const titles of list(suite)) report({ titles, state: "skipped" });
			else hookFailed("before", error);
			return;
		}
	}
	// As in mocha: a suite's own tests come before the suites in it.
	for (const test of suite.tests) await runTest(suite, test, report);
	for (const each of suite.suites) await runSuite(each, report);
	if (!suite.skipped) await callAll(suite.after).catch((error) => hookFailed("after", error));
}

/** Titles of every test, in the order in which they run. */
export function list(suite: Suite = root): (readonly string[])[] {
	return [...suite.tests.map(({ title }) => [...suite.titles, title]), ...suite.suites.flatMap((each) => list(each))];
}

/** Runs all tests that were defined and reports each as it ends. */
export async function run(report: (result: Result) => void): Promise<void> {
	await runSuite(root, report);
}
