import type { DigestProvider } from "../../../modules/bootutil/digest.js";
import type { Layout } from "../../../modules/flash/layout.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";
import type { Clock } from "../../../modules/smp/group/os.js";
import type { ByteStream, DatagramSocket } from "../../../modules/smp/transport/stream.js";
import type { Host, Timer } from "../../host.js";
import type { SimConfig } from "./config.js";
import { simDigest } from "./digest.js";
import type { DeviceEvent } from "./event.js";
import { SimFlash } from "./flash.js";
import { SimUart } from "./uart.js";
import { SimUdp } from "./udp.js";

/** What the command line set. */
export const readConfig = (): SimConfig => JSON.parse(simulator.config()) as SimConfig;

/** Reports an event. */
export const report = (event: DeviceEvent): void => simulator.event(JSON.stringify(event));

/** Writes a line to the console. */
export const log = (line: string): void => report({ event: "log", line });

/** The simulated board. */
export class SimHost implements Host {
	readonly board = "xs_smp_sim";
	readonly digest: DigestProvider = simDigest;
	/** Starts as the clock of the machine that the simulator runs on, in UTC. */
	readonly clock: Clock = {
		now: () => Date.now() + simulator.clockOffset(),
		set: (time) => simulator.setClockOffset(time - Date.now()),
	};
	readonly #layout: Layout;

	constructor(layout: Layout) {
		this.#layout = layout;
	}

	flash(label: string): FlashPartition {
		return SimFlash.open(this.#layout, label);
	}

	uart(): ByteStream {
		return new SimUart();
	}

	udp(): DatagramSocket {
		return new SimUdp();
	}

	uptime(): number {
		return simulator.uptime();
	}

	after(ms: number, callback: () => void): Timer {
		const timer = simulator.after(ms, callback);
		return { cancel: () => simulator.cancel(timer) };
	}

	random(into: Uint8Array): void {
		simulator.random(into);
	}

	reset(): void {
		simulator.reset();
	}

	log(line: string): void {
		log(line);
	}
}
