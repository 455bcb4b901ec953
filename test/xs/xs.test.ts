import assert from "node:assert";
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { Result } from "../support/runner.js";

// The unit tests once more, on XS. Each of its tests shows as one of mocha's, as soon as XS has run it.

const XSRUN = "build/xsrun";
const MAIN = "xs-smp/test/xs/main";

/** So many processes share the tests: XS has one thread. */
const PARTS = 2;

type Titles = readonly string[];

interface TestOnXS {
	readonly titles: Titles;
	readonly part: number;
}
/** Names the process that has this part. */
const argumentsOf = (part: number): string[] => [MAIN, String(part), String(PARTS)];

const parts = Array.from({ length: PARTS }, (_, part) => listTests(part));
const testsOnXS: readonly TestOnXS[] = parts.flatMap((all, part) => all.map((titles) => ({ titles, part })));

function listTests(part: number): Titles[] {
	const { stdout, stderr, status, error } = spawnSync(XSRUN, [...argumentsOf(part), "--list"], { encoding: "utf8" });
	if (error) throw new Error(`${XSRUN} does not run: build it first (${error.message})`);
	if (status !== 0) throw new Error(`the unit tests do not load on XS: ${stderr.trim()}`);
	return stdout
		.split("\n")
		.filter((line) => line !== "")
		.map((line) => JSON.parse(line) as Titles);
}

/** The results of one process, in the order of its tests. */
class Run {
	readonly #child: ChildProcess;
	readonly #results: Result[] = [];
	readonly #done: Promise<void>;
	#arrived: (() => void)[] = [];
	#ended = false;
	#lastWords = "";

	readonly #part: number;

	constructor(part: number) {
		this.#part = part;
		this.#child = spawn(XSRUN, argumentsOf(part), { stdio: ["ignore", "pipe", "pipe"] });
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
		const tests = new Set(parts[this.#part]!.map((titles) => JSON.stringify(titles)));
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
	readonly tests: TestOnXS[];
	readonly suites: Map<string, Tree>;
}

/** Tests of one suite stand together, though several files may add to it. */
function treeOf(all: readonly TestOnXS[]): Tree {
	const newTree = (): Tree => ({ tests: [], suites: new Map() });
	const root = newTree();
	for (const test of all) {
		let tree = root;
		for (const title of test.titles.slice(0, -1)) {
			const next = tree.suites.get(title) ?? newTree();
			tree.suites.set(title, next);
			tree = next;
		}
		tree.tests.push(test);
	}
	return root;
}

describe("on XS", () => {
	let runs: readonly Run[];

	before(() => {
		runs = parts.map((_, part) => new Run(part));
	});

	function define(tree: Tree): void {
		for (const { titles, part } of tree.tests)
			it(titles.at(-1)!, async function () {
				const result = await runs[part]!.result(titles);
				if (result.state === "skipped") this.skip();
				if (result.state === "failed") throw Object.assign(new Error(result.error), { stack: result.error });
			});
		for (const [title, suite] of tree.suites) describe(title, () => define(suite));
	}
	define(treeOf(testsOnXS));

	it("runs to its end", async () => {
		for (const run of runs) await run.finish();
	});

	it("runs every unit test that Node runs", () => {
		// Asks mocha itself, for each file: they may run in another process, or not at all this time.
		const mocha = ["node_modules/mocha/bin/mocha.js", "--dry-run", "--reporter", "json"];
		const { status, stdout, stderr } = spawnSync(process.execPath, [...mocha, "dist/test/unit/**/*.test.js"], {
			encoding: "utf8",
			maxBuffer: 64 * 1024 * 1024,
		});
		assert.equal(status, 0, stderr);
		const { tests } = JSON.parse(stdout) as { tests: { fullTitle: string }[] };
		const onNode = tests.map(({ fullTitle }) => fullTitle);
		assert.ok(onNode.length > 0);
		assert.deepEqual(testsOnXS.map(({ titles }) => titles.join(" ")).sort(), onNode.sort());
	});
});
