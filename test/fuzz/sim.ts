import { readFileSync } from "node:fs";
import { SmpClient, SmpResponseError } from "../../client/client.js";
import { consoleLink } from "../../client/console.js";
import { openSerial } from "../../client/serial.js";
import { encodeConsole } from "../../modules/smp/transport/console.js";
import { Simulator } from "../../tools/simulator.js";
import { random } from "../unit/smp/support.js";
import { Corpus } from "./corpus.js";
import { asksFor, Mutator } from "./mutate.js";

export interface SimulatorFuzzOptions {
	readonly packets: number;
	readonly seed: number;
	readonly corpus: readonly Uint8Array[];
}

/** Packets on their way at a time: what the queues between the two hold. */
const BATCH = 50;

/** One of how many requests for an erase goes out: each looks through half a megabyte. */
const ERASES = 50;

/**
 * Sends packets to a simulated device over its serial line, as fast as it takes them, and asks after each batch whether it
 * still answers. No packet asks for a reset, so that the machine of the first packet is that of the last. Memory is that
 * of the device's process, all of it (VmRSS), after the first thousand packets and at the end.
 */
export async function fuzzSimulator({ packets, seed, corpus: fixed }: SimulatorFuzzOptions): Promise<object> {
	const simulator = await Simulator.start([]);
	const next = random(seed);
	const corpus = new Corpus(fixed);
	const mutator = new Mutator(next, corpus.pick);
	const stream = openSerial(simulator.serial, 115200);
	const client = new SmpClient(consoleLink(stream));
	const device = deviceProcess(simulator.process.pid!);
	let sent = 0;
	let before: number | undefined;
	try {
		while (sent < packets) {
			for (let i = 0; i < BATCH && sent < packets; i++) {
				let packet = mutator.make();
				while (asksFor(0, 5, packet) || (asksFor(1, 5, packet) && next(ERASES) !== 0)) packet = mutator.make();
				const frame = encodeConsole(packet);
				if (next(10) === 0) frame[next(frame.length)] = next(256);
				stream.write(frame);
				sent++;
			}
			stream.write(Uint8Array.of(0x0a));
			await answers(client, `alive ${sent}`);
			if (before === undefined && sent >= 1000) before = residentMemory(device);
		}
		const after = residentMemory(device);
		const restarts = simulator.events.filter(({ event }) => event === "reset" || event === "crash").length;
		return { packets: sent, restarts, residentBefore: before, residentAfter: after };
	} catch (error) {
		return { failure: `after ${sent} packets: ${(error as Error).message}`, events: simulator.events.slice(-3) };
	} finally {
		client.close();
		await simulator.stop();
	}
}

/** Rejects unless the device echoes a word. */
async function answers(client: SmpClient, word: string): Promise<void> {
	for (let tries = 0; tries < 5; tries++) {
		try {
			if ((await client.echo(word)) === word) return;
		} catch (error) {
			// A packet before it may have been an echo of the same number, whose answer passes for that to ours.
			if (!(error instanceof SmpResponseError)) throw error;
		}
	}
	throw new Error("the echo is another");
}

/** The process that runs the application: the last of the chain below the command line. */
export function deviceProcess(pid: number): number {
	const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").split(" ").filter(Boolean);
	const child = children.at(-1);
	return child === undefined ? pid : deviceProcess(Number(child));
}

const residentMemory = (pid: number): number =>
	1024 * Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
