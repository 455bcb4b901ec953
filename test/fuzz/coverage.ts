import { readFileSync } from "node:fs";
import { type Profiler, Session } from "node:inspector";
import { SourceMap } from "node:module";
import { relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { CodeCoverage } from "./fuzz.js";

/** Code that is watched, below dist/. */
const WATCHED = /\/dist\/(?:modules|apps)\//;

/** Of each character of a script: it ran, it is new, or it never ran. */
const KNOWN = 1;
const NEW = 2;

/** Text that no block has of its own. */
const IDLE = /^[\s{}();,\]]*$/;

interface Script {
	readonly text: string;
	readonly state: Uint8Array;
}

/** Lines of a source file that never ran. */
export interface Uncovered {
	/** Path from the root of the repository. */
	readonly file: string;
	readonly from: number;
	readonly to: number;
	/** The first of the lines, without its indentation. */
	readonly text: string;
}

/** V8's block coverage of the device's code. Must be there before that code is loaded. */
export class BlockCoverage implements CodeCoverage {
	readonly #session = new Session();
	readonly #scripts = new Map<string, Script>();

	constructor() {
		this.#session.connect();
		this.#post("Profiler.enable");
		this.#post("Profiler.startPreciseCoverage", { callCount: true, detailed: true, allowTriggeredUpdates: false });
	}

	isNew(): boolean {
		let any = false;
		this.#take(({ state }, at) => {
			if (state[at] === 0) {
				state[at] = NEW;
				any = true;
			}
		});
		return any;
	}

	again(): boolean {
		let any = false;
		this.#take(({ state }, at) => {
			if (state[at] === NEW) {
				state[at] = KNOWN;
				any = true;
			}
		});
		return any;
	}

	learn(): void {
		for (const { state } of this.#scripts.values())
			for (let at = 0; at < state.length; at++) if (state[at] === NEW) state[at] = KNOWN;
	}

	/** Nothing is known any more; what ran until now does not count. */
	forget(): void {
		this.#take(() => {});
		for (const { state } of this.#scripts.values()) state.fill(0);
	}

	/** Lines that never ran of the sources whose path begins with `folder`, from the root of the repository. */
	uncovered(folder: string): Uncovered[] {
		const found: Uncovered[] = [];
		for (const [url, { text, state }] of this.#scripts) {
			const path = fileURLToPath(url);
			const map = new SourceMap(JSON.parse(readFileSync(`${path}.map`, "utf8")));
			const source = relative(".", path)
				.replace(/^dist\//, "")
				.replace(/\.js$/, ".ts");
			if (!source.startsWith(folder)) continue;
			const lines = new Set<number>();
			for (const [line, column] of idleLines(text, state)) {
				const entry = map.findEntry(line, column);
				if ("originalLine" in entry) lines.add(entry.originalLine + 1);
			}
			const sourceLines = readFileSync(source, "utf8").split("\n");
			for (const line of [...lines].sort((a, b) => a - b)) {
				const last = found.at(-1);
				if (last?.file === source && last.to + 1 >= line) found[found.length - 1] = { ...last, to: line };
				else found.push({ file: source, from: line, to: line, text: sourceLines[line - 1]!.trim() });
			}
		}
		return found.sort((a, b) => (a.file < b.file ? -1 : a.file > b.file ? 1 : a.from - b.from));
	}

	/** Share of the code below `folder` that ran, 0 to 1. */
	share(folder: string): number {
		let ran = 0;
		let all = 0;
		for (const [url, { state }] of this.#scripts) {
			if (!url.includes(`/dist/${folder}`)) continue;
			all += state.length;
			for (const each of state) if (each !== 0) ran++;
		}
		return ran / all;
	}

	#take(each: (script: Script, at: number) => void): void {
		const { result } = this.#post("Profiler.takePreciseCoverage") as Profiler.TakePreciseCoverageReturnType;
		for (const { url, functions } of result) {
			if (!WATCHED.test(url)) continue;
			let script = this.#scripts.get(url);
			if (!script) {
				const text = readFileSync(fileURLToPath(url), "utf8");
				script = { text, state: new Uint8Array(text.length) };
				this.#scripts.set(url, script);
			}
			// A range inside of another counts in its place.
			const ran = new Uint8Array(script.text.length);
			for (const { ranges } of functions)
				for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
			for (let at = 0; at < ran.length; at++) if (ran[at] === 1) each(script, at);
		}
	}

	#post(method: string, parameters: object = {}): object | undefined {
		let answer: object | undefined;
		// Within one thread the answer is there at once.
		this.#session.post(method, parameters, (error, result) => {
			if (error) throw error;
			answer = result;
		});
		return answer;
	}
}

/** Where code that never ran begins on each line: line and column, from 0. */
function* idleLines(text: string, state: Uint8Array): Generator<[number, number]> {
	let at = 0;
	for (const [line, content] of text.split("\n").entries()) {
		for (let from = 0; from < content.length; ) {
			if (state[at + from] !== 0) {
				from++;
				continue;
			}
			let to = from;
			while (to < content.length && state[at + to] === 0) to++;
			const part = content.slice(from, to);
			if (!IDLE.test(part) && !/^\s*(?:\/\/|\/?\*)/.test(part)) yield [line, from + part.search(/[^\s{}();,]/)];
			from = to;
		}
		at += content.length + 1;
	}
}
