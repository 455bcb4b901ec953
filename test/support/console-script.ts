import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

// Programs that tests call many times. A Python program starts once; see console_script.py beside this file.

export interface ProgramOutcome {
	readonly status: number | null;
	readonly stdout: Buffer;
	readonly stderr: Buffer;
	/** Both in the order in which they came. */
	readonly output: Buffer;
}

export interface Program {
	/** Runs a command line to its end, in `cwd` or the folder of this process, with nothing on standard input. */
	run(args: readonly string[], cwd?: string): Promise<ProgramOutcome>;
	stop(): Promise<void>;
}

/** The program of this name on PATH, with the environment `env`. */
export function openProgram(name: string, env: NodeJS.ProcessEnv = process.env): Program {
	const path = spawnSync("sh", ["-c", `command -v "${name}"`], { encoding: "utf8" }).stdout.trim();
	const python = path === "" ? undefined : /^#!(\/\S*python\S*)\n/.exec(readFileSync(path, "latin1"))?.[1];
	return python === undefined ? new Started(name, env) : new ConsoleScript(python, path, env);
}

/** Starts anew for each command line. */
class Started implements Program {
	readonly #name: string;
	readonly #env: NodeJS.ProcessEnv;

	constructor(name: string, env: NodeJS.ProcessEnv) {
		this.#name = name;
		this.#env = env;
	}

	run(args: readonly string[], cwd = process.cwd()): Promise<ProgramOutcome> {
		return new Promise((resolve, reject) => {
			const child = spawn(this.#name, args, { cwd, env: this.#env, stdio: ["ignore", "pipe", "pipe"] });
			const chunks: { readonly stdout: Buffer[]; readonly stderr: Buffer[]; readonly output: Buffer[] } = {
				stdout: [],
				stderr: [],
				output: [],
			};
			for (const stream of ["stdout", "stderr"] as const)
				child[stream].on("data", (data: Buffer) => {
					chunks[stream].push(data);
					chunks.output.push(data);
				});
			child.on("error", reject);
			child.on("close", (status) => {
				const [stdout, stderr, output] = [chunks.stdout, chunks.stderr, chunks.output].map((all) => Buffer.concat(all));
				resolve({ status, stdout: stdout!, stderr: stderr!, output: output! });
			});
		});
	}

	async stop(): Promise<void> {}
}

type Waiting = { resolve(outcome: ProgramOutcome): void; reject(error: Error): void };

class ConsoleScript implements Program {
	readonly #child: ChildProcess;
	readonly #closed: Promise<void>;
	/** Who waits for the next answers: they come in the order of the requests. */
	readonly #waiting: Waiting[] = [];

	constructor(python: string, script: string, env: NodeJS.ProcessEnv) {
		const args = ["test/support/console_script.py", script];
		this.#child = spawn(python, args, { env, stdio: ["pipe", "pipe", "inherit"] });
		createInterface({ input: this.#child.stdout! }).on("line", (line) => {
			const { status, ...streams } = JSON.parse(line) as { status: number } & Record<string, string>;
			const bytes = (name: string): Buffer => Buffer.from(streams[name]!, "base64");
			const outcome = { status, stdout: bytes("stdout"), stderr: bytes("stderr"), output: bytes("output") };
			this.#waiting.shift()?.resolve(outcome);
		});
		const ended = (why: string): void => {
			for (const { reject } of this.#waiting.splice(0)) reject(new Error(`${script} ${why}`));
		};
		this.#child.on("error", ({ message }) => ended(message));
		this.#closed = new Promise((resolve) => this.#child.on("close", resolve)).then(() =>
			ended("ended before its answer"),
		);
	}

	run(args: readonly string[], cwd = process.cwd()): Promise<ProgramOutcome> {
		return new Promise((resolve, reject) => {
			this.#waiting.push({ resolve, reject });
			this.#child.stdin!.write(`${JSON.stringify({ args, cwd })}\n`);
		});
	}

	async stop(): Promise<void> {
		this.#child.stdin!.end();
		await this.#closed;
	}
}
