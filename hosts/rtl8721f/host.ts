import type { Host, Link, LinkBuffers, Timer } from "../../modules/agent/host.js";
import type { DigestProvider } from "../../modules/bytes/digest.js";
import type { FlashPartition } from "../../modules/flash/partition.js";
import type { StartReason } from "../../modules/smp/protocol/boot-journal.js";
import type { ConsoleCodec } from "../../modules/smp/transport/codec.js";
import { ConsoleTransport } from "../../modules/smp/transport/console.js";
import { DatagramTransport } from "../../modules/smp/transport/udp.js";
import type { Clock, FlashStorage, Timers, UartDriver, UdpDevice } from "./devices.js";
import { startReasonOf } from "./start-reason.js";
import { RtlUart } from "./uart.js";
import { RtlUdp } from "./udp.js";

/** What the board is made of. The composition root takes it from the SDK, tests from classes of the same shape. */
export interface RtlDevices {
	readonly flash: FlashStorage;
	readonly uart?: UartDriver;
	readonly udp?: UdpDevice;
	readonly timers: Timers;
	readonly clock: Clock;
	readonly digest: DigestProvider;
	readonly codec: ConsoleCodec;
	/** Why the chip started: bits of Zephyr's hwinfo. */
	readonly resetCause: number;
	/** Starts the chip's watchdog, or stops it with 0. False where it has none. */
	watchdog(ms: number): boolean;
	/** Restarts the chip. */
	reset(): void;
	/** Writes one line to the console. */
	log(line: string): void;
}

/** The Realtek RTL8721F EVB under Zephyr, on classes of the Moddable SDK and drivers of Zephyr. */
export class RtlHost implements Host {
	readonly board = "rtl8721f_evb";
	readonly digest: DigestProvider;
	readonly #devices: RtlDevices;
	#ticks: number;
	#uptime = 0;

	constructor(devices: RtlDevices) {
		this.#devices = devices;
		this.digest = devices.digest;
		this.#ticks = devices.clock.ticks;
	}

	flash(label: string): FlashPartition {
		try {
			return this.#devices.flash.open({ path: label });
		} catch {
			// The port's words for a label that it does not know are not the contract's.
			throw new RangeError(`there is no flash partition "${label}"`);
		}
	}

	links({ size, datagram }: LinkBuffers): readonly Link[] {
		const { uart, udp, codec } = this.#devices;
		const links: Link[] = [];
		if (uart)
			links.push({ name: "uart", transport: new ConsoleTransport(new RtlUart(uart), { maxPacket: size, codec }) });
		if (udp) links.push({ name: "udp", transport: new DatagramTransport(new RtlUdp(udp), { maxPacket: datagram }) });
		return links;
	}

	/** Right as long as it is called once in the 49 days that the port's counter takes to wrap. */
	uptime(): number {
		const { ticks } = this.#devices.clock;
		this.#uptime += (ticks - this.#ticks) >>> 0;
		this.#ticks = ticks;
		return this.#uptime;
	}

	after(ms: number, callback: () => void): Timer {
		const { timers } = this.#devices;
		// The port throws at a timer that has elapsed.
		let running = true;
		const timer = timers.set(() => {
			running = false;
			callback();
		}, ms);
		return {
			cancel: () => {
				if (running) timers.clear(timer);
				running = false;
			},
		};
	}

	startReason(): StartReason {
		return startReasonOf(this.#devices.resetCause);
	}

	watchdog(ms: number): void {
		if (!this.#devices.watchdog(ms)) this.log("<wrn> smp_sample: the watchdog cannot be set");
	}

	reset(): void {
		this.#devices.reset();
	}

	log(line: string): void {
		this.#devices.log(line);
	}
}
