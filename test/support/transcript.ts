import assert from "node:assert";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Simulator } from "../../tools/simulator.js";
import { run } from "./tools.js";

/** A command of a transcript and the output that it must print. */
export interface Exchange {
	readonly command: string;
	readonly expected: readonly string[];
}

/**
 * Reads `$ command` lines, each followed by its output. A command goes on in the next line after a backslash. "#" lines and
 * empty ones are for people.
 */
export function parseTranscript(text: string): Exchange[] {
	const exchanges: { command: string; expected: string[] }[] = [];
	for (const line of text.replace(/\\\n\s*/g, "").split("\n")) {
		if (line.startsWith("$ ")) exchanges.push({ command: line.slice(2), expected: [] });
		else if (line !== "" && !line.startsWith("#")) exchanges.at(-1)?.expected.push(line);
	}
	return exchanges;
}

/**
 * Plays transcripts of real clients against a simulated device and compares what they print, line by line.
 * `${name}` is replaced from `variables`; `<name>` stands for a hash, learnt where it first appears; `...` in an
 * expected line stands for anything, such as the speed of an upload.
 */
export class TranscriptPlayer {
	readonly #simulator: Simulator;
	readonly #variables: Readonly<Record<string, string>>;
	readonly #hashes: Map<string, string>;

	constructor(simulator: Simulator, variables: Readonly<Record<string, string>>, hashes: Record<string, string> = {}) {
		this.#simulator = simulator;
		this.#variables = variables;
		this.#hashes = new Map(Object.entries(hashes));
	}

	async play(exchange: Exchange): Promise<void> {
		const command = this.#fill(exchange.command);
		// newtmgr keeps its connection profiles in the home directory: give it one of its own.
		const home = join(this.#simulator.directory, "home");
		mkdirSync(home, { recursive: true });
		const { output } = await run("sh", ["-c", command], {
			cwd: this.#simulator.directory,
			env: { ...process.env, HOME: home },
		});
		// A progress bar rewrites its line after each carriage return; what stands at the end is what a reader sees.
		const lines = output
			.split("\n")
			.map((line) => line.trimEnd().split("\r").at(-1)!.trimEnd())
			.filter((line) => line !== "");
		const expected = exchange.expected.map((line) => line.trimEnd());
		assert.equal(
			lines.length,
			expected.length,
			`${command}\nprinted:\n${lines.join("\n")}\nnot:\n${expected.join("\n")}`,
		);
		for (const [i, line] of lines.entries()) this.#compare(command, line, expected[i]!);
		if (/\breset\b/.test(command)) await this.#simulator.next("boot");
	}

	#compare(command: string, line: string, expected: string): void {
		if (expected.includes("...")) {
			const parts = expected.split("...").map((part) => part.trim());
			let from = 0;
			for (const part of parts) {
				const at = line.indexOf(part, from);
				assert.ok(at >= 0, `${command}: "${line}" does not read "${expected}"`);
				from = at + part.length;
			}
			return;
		}
		const hash = /^(.*)<(\w+)>$/.exec(expected);
		if (hash && !this.#hashes.has(hash[2]!)) {
			const value = line.slice(hash[1]!.length);
			assert.match(value, /^[0-9a-f]{64}$/, `${command}: "${line}" has no hash`);
			this.#hashes.set(hash[2]!, value);
		}
		assert.equal(line, this.#fill(expected).trimEnd(), command);
	}

	#fill(text: string): string {
		return text
			.replace(/\$\{(\w+)\}/g, (_, name: string) => this.#variables[name] ?? assert.fail(`no variable ${name}`))
			.replace(/<(\w+)>/g, (whole, name: string) => this.#hashes.get(name) ?? whole);
	}
}

export const readTranscript = (path: string): Exchange[] => parseTranscript(readFileSync(path, "utf8"));
