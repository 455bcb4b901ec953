import assert from "node:assert";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { Result } from "../support/runner.js";

// The unit tests once more, on XS. Each of its tests shows as one of mocha's, as soon as XS has run it.

const XSRUN = "build/xsrun";
const MAIN = "xs-smp/test/xs/main";

type Titles = readonly string[];

const titlesOnXS = listTests();

function listTests(): Titles[] {
	const { stdout, stderr, status, error } = spawnSync(XSRUN, [MAIN, "--list"], { encoding: "utf8" });
	if (error) throw new Error(`${XSRUN} does not run: build it first (${error.message})`);
	if (status !== 0) throw new Error(`the unit tests do not load on XS: ${stderr.trim()}`);
	return stdout
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line) as Titles);
}

/** The results of one run, in the order of the tests. */
class Run {
	readonly #child: ChildProcess;
	readonly #results: Result[] = [];
	readonly #done: Promise<void>;
	#arrived: (() => void)[] = [];
	#ended = false;
	#lastWords = "";

	constructor() {
		this.#child = spawn(XSRUN, [MAIN], { stdio: ["ignore", "pipe", "pipe"] });
		this.#child.stderr!.setEncoding("utf8").on("data", (text: string) => {
			this.#lastWords += text;
		});
		const lines = createInterface({ input: this.#child.stdout! });
		lines.on("line", (line) => {
			const result = JSON.parse(line) as Result | { end: true };
			if ("end" in result) this.#ended = true;
			else this.#results.push(result);
			this.#wake();
		});
		this.#done = new Promise((resolve) => this.#child.once("close", () => resolve()));
		void this.#done.then(() => this.#wake());
	}

	/** The result with these titles, once it is there. */
	async result(titles: Titles): Promise<Result> {
		const wanted = JSON.stringify(titles);
		for (;;) {
			const at = this.#results.findIndex((result) => JSON.stringify(result.titles) === wanted);
			if (at >= 0) return this.#results.splice(at, 1)[0]!;
			const { exitCode, signalCode } = this.#child;
			if (this.#ended || exitCode !== null || signalCode !== null) {
				await this.#done;
				if (this.#results.some((result) => JSON.stringify(result.titles) === wanted)) continue;
				throw new Error(`did not run on XS. ${this.#explain()}`);
			}
			await new Promise<void>((resolve) => this.#arrived.push(resolve));
		}
	}

	/** Throws unless the run came to its end and nothing failed but tests, which speak for themselves. */
	async finish(): Promise<void> {
		await this.#done;
		assert.ok(this.#ended, `XS stopped before the end. ${this.#explain()}`);
		const tests = new Set(titlesOnXS.map((titles) => JSON.stringify(titles)));
		for (const { titles, error } of this.#results)
			if (!tests.has(JSON.stringify(titles))) throw new Error(`${titles.join(" ")}: ${error}`);
		assert.equal(this.#child.exitCode, 0, this.#lastWords);
	}

	#explain(): string {
		const { exitCode, signalCode } = this.#child;
		return `${this.#lastWords.trim()} (exit code ${signalCode ?? exitCode})`;
	}

	#wake(): void {
		const waiting = this.#arrived;
		this.#arrived = [];
		for (const resolve of waiting) resolve();
	}
}

interface Tree {
	readonly tests: Titles[];
	readonly suites: Map<string, Tree>;
}

/** Tests of one suite stand together, though several files may add to it. */
function treeOf(all: readonly Titles[]): Tree {
	const newTree = (): Tree => ({ tests: [], suites: new Map() });
	const root = newTree();
	for (const titles of all) {
		let tree = root;
		for (const title of titles.slice(0, -1)) {
			const next = tree.suites.get(title) ?? newTree();
			tree.suites.set(title, next);
			tree = next;
		}
		tree.tests.push(titles);
	}
	return root;
}

function testsOf(suite: Mocha.Suite): Mocha.Test[] {
	return [...suite.tests, ...suite.suites.flatMap(testsOf)];
}

describe("on XS", () => {
	let run: Run;

	before(() => {
		run = new Run();
	});

	function define(tree: Tree): void {
		for (const titles of tree.tests)
			it(titles.at(-1)!, async function () {
				const result = await run.result(titles);
				if (result.state === "skipped") this.skip();
				if (result.state === "failed") throw Object.assign(new Error(result.error), { stack: result.error });
			});
		for (const [title, suite] of tree.suites) describe(title, () => define(suite));
	}
	define(treeOf(titlesOnXS));

	it("runs to its end", () => run.finish());

	it("runs every unit test that Node runs", function () {
		let root: Mocha.Suite = this.test!.parent!;
		while (root.parent) root = root.parent;
		const onNode = testsOf(root).filter((test) => /[\\/]test[\\/]unit[\\/]/.test(test.file ?? ""));
		const onXS = new Set(titlesOnXS.map((titles) => JSON.stringify(titles)));
		const missing = onNode.map((test) => test.titlePath()).filter((titles) => !onXS.has(JSON.stringify(titles)));
		assert.deepEqual(missing, []);
		if (onNode.length > 0) assert.equal(titlesOnXS.length, onNode.length);
	});
});
