import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DEVELOPMENT_KEY } from "../../apps/locked-down/rules.js";
import { SmpClient, SmpResponseError } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { consoleLink } from "../../client/console.js";
import { openSerial } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { accessAnswer } from "../../modules/smp/access-answer.js";
import { Op } from "../../modules/smp/header.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { random } from "../unit/smp/support.js";
import { Corpus } from "./corpus.js";
import { type Heap, heapOf, settling } from "./heap.js";
import { asksFor, Mutator } from "./mutate.js";
import type { FuzzedApp } from "./options.js";
import { TcpPeers, tcpLink, UdpPeers } from "./peers.js";

export interface SimulatorFuzzOptions {
	readonly packets: number;
	readonly seed: number;
	readonly corpus: readonly Uint8Array[];
	/** Default `smp-svr`. */
	readonly app?: FuzzedApp;
}

/** Packets on their way at a time: what the queues between the two hold. */
const BATCH = 50;

/** And over UDP and TCP in the same time, of each. */
const FURTHER = 5;

/** One of how many requests for an erase goes out: each looks through half a megabyte. */
const ERASES = 50;

/** Batches between two looks at the network, and two answers to a challenge. */
const LOOK = 20;

/**
 * What may be alive at the end besides what was after the first thousand packets, bytes: clients that are remembered and the like,
 * of which there is a largest number that a thousand packets do not come to.
 */
const GROWTH = 8192;

const GROUP = Object.freeze({ OS: 0, ACCESS: 64 } as const);

/**
 * Sends packets to a simulated device over its serial line, as fast as it takes them, and others over UDP and TCP at the same
 * time, and asks after each batch whether it still answers. No packet asks for a reset, so that the machine of the first
 * packet is that of the last. Its heap is what it says itself; its process, all of it (VmRSS), is looked at as well.
 */
export async function fuzzSimulator(options: SimulatorFuzzOptions): Promise<object> {
	const { app = "smp-svr" } = options;
	const directory = freshDirectory();
	const files = join(directory, "files");
	mkdirSync(files);
	const simulator = await Simulator.start(["--tcp", "0", "--files", files, "--app", app], directory);
	const run = new Run(simulator, options);
	try {
		return await run.all();
	} catch (error) {
		return { failure: `after ${run.sent} packets: ${(error as Error).message}`, events: simulator.events.slice(-3) };
	} finally {
		run.close();
		await simulator.stop();
	}
}

class Run {
	sent = 0;
	/** Events of the device that were looked at. */
	#seen = 0;
	readonly #simulator: Simulator;
	readonly #options: SimulatorFuzzOptions;
	readonly #next;
	readonly #mutator: Mutator;
	readonly #line;
	readonly #client: SmpClient;
	readonly #tcpAddress: string;
	readonly #udp: UdpPeers;
	readonly #tcp: TcpPeers;

	constructor(simulator: Simulator, options: SimulatorFuzzOptions) {
		this.#simulator = simulator;
		this.#options = options;
		this.#next = random(options.seed);
		this.#mutator = new Mutator(this.#next, new Corpus(options.corpus).pick);
		this.#line = openSerial(simulator.serial, 115200);
		this.#client = new SmpClient(consoleLink(this.#line));
		this.#tcpAddress = String(simulator.events.find(({ event }) => event === "ready")!["tcp"]);
		this.#udp = new UdpPeers(simulator.udp);
		this.#tcp = new TcpPeers(this.#tcpAddress);
	}

	async all(): Promise<object> {
		const { packets } = this.#options;
		const device = deviceProcess(this.#simulator.process.pid!);
		await this.#udp.ready();
		let before: { heap: Heap; resident: number } | undefined;
		for (let batch = 0; this.sent < packets; batch++) {
			if (batch % LOOK === 0) await this.#look();
			for (let i = 0; i < BATCH && this.sent < packets; i++) this.#send();
			for (let i = 0; i < FURTHER; i++) {
				this.#udp.send(this.#make(), this.#next);
				this.#tcp.send(this.#make(), this.#next);
			}
			this.#line.write(NEW_LINE);
			await this.#answers(this.#client, `alive ${this.sent}`);
			this.#ranThrough();
			if (before === undefined && this.sent >= 1000)
				before = { heap: await this.#heap(), resident: residentMemory(device) };
		}
		await this.#look();
		const heap = await this.#heap();
		const report = {
			packets: this.sent,
			udp: this.#udp.sent,
			tcp: this.#tcp.sent,
			connections: this.#tcp.opened,
			slotsBefore: before?.heap.slots,
			slotsAfter: heap.slots,
			chunksBefore: before?.heap.chunks,
			chunksAfter: heap.chunks,
			residentBefore: before?.resident,
			residentAfter: residentMemory(device),
		};
		const grown = before ? heap.slots + heap.chunks - before.heap.slots - before.heap.chunks : 0;
		return grown > GROWTH ? { ...report, failure: `the heap grew by ${grown} bytes` } : report;
	}

	close(): void {
		this.#client.close();
		this.#udp.close();
		this.#tcp.close();
	}

	/** Throws if the machine of the first packet is not there any more. */
	#ranThrough(): void {
		const { events } = this.#simulator;
		for (; this.#seen < events.length; this.#seen++) {
			const { event, reason } = events[this.#seen]!;
			if (event === "reset" || event === "crash") throw new Error(`the device restarted: ${event} ${reason ?? ""}`);
		}
	}

	#make(): Uint8Array {
		for (;;) {
			const packet = this.#mutator.make();
			if (!asksFor(0, 5, packet) && (!asksFor(1, 5, packet) || this.#next(ERASES) === 0)) return packet;
		}
	}

	#send(): void {
		const frame = encodeConsole(this.#make());
		if (this.#next(10) === 0) frame[this.#next(frame.length)] = this.#next(256);
		this.#line.write(frame);
		this.sent++;
	}

	/** Whoever comes now is served, over the network too; and where it takes a key, the serial line has it. */
	async #look(): Promise<void> {
		for (const open of [() => udpLink(this.#simulator.udp), () => tcpLink(this.#tcpAddress)]) {
			const client = new SmpClient(open());
			try {
				await this.#answers(client, `look ${this.sent}`);
			} finally {
				client.close();
			}
		}
		if (this.#options.app !== "locked-down") return;
		try {
			const { nonce } = await this.#client.request(anyCommand(Op.READ, GROUP.ACCESS, 0));
			const answer = accessAnswer(nobleDigest, Uint8Array.from(DEVELOPMENT_KEY), new Uint8Array(nonce as Uint8Array));
			await this.#client.request(anyCommand(Op.WRITE, GROUP.ACCESS, 1), { answer });
		} catch (error) {
			// Too many answers in a minute, which the packets gave, are not taken.
			if (!(error instanceof SmpResponseError)) throw error;
		}
	}

	/** What is alive once all peers are gone. */
	async #heap(): Promise<Heap> {
		this.#tcp.close();
		this.#line.write(NEW_LINE);
		for (const packet of settling()) {
			this.#line.write(encodeConsole(packet));
			await this.#answers(this.#client, `settling ${this.sent}`);
		}
		return heapOf(this.#client);
	}

	/** Rejects unless the device answers: echoes a word, or where it may not so often, tells its parameters. */
	async #answers(client: SmpClient, word: string): Promise<void> {
		if (this.#options.app === "locked-down") {
			await client.request(anyCommand(Op.READ, GROUP.OS, 6));
			return;
		}
		for (let tries = 0; tries < ECHOES; tries++) {
			try {
				if ((await client.echo(word)) === word) return;
			} catch (error) {
				// Packets before it may have been echoes of the same number, whose answers pass for that to ours.
				if (!(error instanceof SmpResponseError)) throw error;
			}
		}
		throw new Error("the echo is another");
	}
}

const NEW_LINE = Uint8Array.of(0x0a);

/** More than there are answers on their way: each try passes one. */
const ECHOES = 500;

/** The process that runs the application: the last of the chain below the command line. */
export function deviceProcess(pid: number): number {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
	const child = children.at(-1);
	return child === undefined ? pid : deviceProcess(Number(child));
}

const residentMemory = (pid: number): number =>
	1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
