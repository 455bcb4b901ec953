import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** Root of the repository; this file is compiled to `dist/tools`. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

/** The command line of each kind of device; they have options and events in common. */
const commandLines = {
	sim: join(root, "dist/hosts/sim/cli.js"),
	mps3: join(root, "dist/hosts/mps3/cli.js"),
} as const;

export type Machine = keyof typeof commandLines;

/** One line of the simulator's `--json` output. */
export interface SimulatorEvent {
	readonly event: string;
	readonly [key: string]: unknown;
}

/**
 * Seconds that an event may take: much longer than any does on a busy machine. A device that crashes again and again is
 * never silent and never ends, so nothing else would end the wait for it.
 */
const PATIENCE = 120;

/** Processes that run, and directories that were made. A program that ends early must not leave them behind. */
const children = new Set<ChildProcess>();
const directories = new Set<string>();

process.once("exit", () => {
	for (const child of children) child.kill("SIGKILL");
	for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

/** Has a process end with this one at the latest. */
export function endsWithUs<Child extends ChildProcess>(child: Child): Child {
	children.add(child);
	child.once("close", () => children.delete(child));
	return child;
}

/**
 * A simulated device as a child process, with its files in a fresh directory of its own.
 * Every wait ends with an error when the process ends, or when it takes too long, so a test never hangs on a device.
 */
export class Simulator {
	readonly directory: string;
	readonly flash: string;
	readonly serial: string;
	/** `address:port`, known once the device is ready. */
	udp = "";
	/** As `udp`; empty without `--tcp`. */
	tcp = "";
	/** Address of the page; empty unless the options ask for one. */
	page = "";
	readonly events: SimulatorEvent[] = [];
	/** What it wrote to standard error. */
	errors = "";
	readonly process: ChildProcess;
	readonly exited: Promise<number | null>;
	#seen = 0;
	#ended = false;
	#wake: () => void = () => {};

	private constructor(directory: string, options: readonly string[], machine: Machine) {
		this.directory = directory;
		this.flash = join(directory, "flash.bin");
		this.serial = join(directory, "uart");
		const udp = machine === "sim" ? ["--udp", "0", "--page", "off"] : [];
		const files = ["--flash", this.flash, "--serial", this.serial, ...udp, "--json"];
		const command = [commandLines[machine], ...files, ...options];
		// Not one that `xs-smp` would take for the user's own.
		const env = { ...process.env, XDG_RUNTIME_DIR: directory };
		this.process = endsWithUs(spawn(process.execPath, command, { stdio: ["pipe", "pipe", "pipe"], env }));
		createInterface({ input: this.process.stdout! }).on("line", (line) => {
			this.events.push(JSON.parse(line) as SimulatorEvent);
			this.#wake();
		});
		this.process.stderr!.on("data", (data: Buffer) => {
			this.errors += data.toString();
		});
		this.exited = new Promise((resolve) => {
			this.process.on("close", (code) => {
				this.#ended = true;
				this.#wake();
				resolve(code);
			});
		});
	}

	/** Starts a device and waits until it answers. Options override the test's own files and ports. */
	static async start(
		options: readonly string[] = [],
		directory = freshDirectory(),
		machine: Machine = "sim",
	): Promise<Simulator> {
		const simulator = new Simulator(directory, options, machine);
		await simulator.#ready();
		await simulator.next("boot");
		return simulator;
	}

	/** As `start`, of a device that begins in serial recovery. */
	static async startRecovery(options: readonly string[], directory = freshDirectory()): Promise<Simulator> {
		const simulator = new Simulator(directory, options, "sim");
		await simulator.#ready();
		await simulator.next("recovery");
		return simulator;
	}

	async #ready(): Promise<void> {
		const ready = await this.next("ready");
		this.udp = String(ready["udp"] ?? "");
		this.tcp = String(ready["tcp"] ?? "");
		this.page = String(ready["page"] ?? "");
	}

	/** Starts a device without waiting for it: one that will refuse its options, or that is to be killed on the way. */
	static spawn(options: readonly string[], directory = freshDirectory(), machine: Machine = "sim"): Simulator {
		return new Simulator(directory, options, machine);
	}

	/**
	 * The next event of this name that was not yet waited for; earlier events of other names are passed over. An event
	 * named `unless` before it is an error, and so is an event that does not come at all.
	 */
	async next(
		name: string,
		matches: (event: SimulatorEvent) => boolean = () => true,
		unless?: string,
	): Promise<SimulatorEvent> {
		const end = Date.now() + PATIENCE * 1000;
		for (;;) {
			while (this.#seen < this.events.length) {
				const event = this.events[this.#seen++]!;
				if (event.event === name && matches(event)) return event;
				if (event.event === unless) throw new Error(`"${unless}" before "${name}": ${JSON.stringify(event)}`);
			}
			if (this.#ended) throw new Error(`the simulator ended before its "${name}" event: ${this.errors.trim()}`);
			if (Date.now() >= end) {
				const last = this.events.slice(-3).map((event) => JSON.stringify(event));
				throw new Error(`no "${name}" event came within ${PATIENCE} s; the last ones were ${last.join(" ") || "none"}`);
			}
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, end - Date.now());
				this.#wake = () => {
					clearTimeout(timer);
					resolve();
				};
			});
		}
	}

	/** The reset button. */
	async pressReset(): Promise<SimulatorEvent> {
		this.process.stdin!.write("reset\n");
		return this.next("boot");
	}

	/** The reset button, with the recovery pin held. */
	async pressWithPin(event: "boot" | "recovery" = "recovery"): Promise<SimulatorEvent> {
		this.process.stdin!.write("pin\n");
		return this.next(event);
	}

	/** `kill -9`, as a power failure. The directory stays, for another start. */
	async kill(): Promise<void> {
		this.process.kill("SIGKILL");
		await this.exited;
	}

	/** Ends the device and, unless asked to keep them, removes its files. */
	async stop({ keep = false } = {}): Promise<void> {
		if (!this.#ended) this.process.kill("SIGTERM");
		await this.exited;
		if (!keep) rmSync(this.directory, { recursive: true, force: true });
	}
}

/** A new directory, which is removed when this process ends if it is still there then. */
export function freshDirectory(): string {
	const directory = mkdtempSync(join(tmpdir(), "xs-smp-"));
	directories.add(directory);
	return directory;
}
