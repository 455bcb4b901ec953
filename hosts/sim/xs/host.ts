import type { Host, Link, LinkBuffers } from "../../../modules/agent/host.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";
import { FlashCounters } from "../../../modules/smp/group/counters.js";
import type { Clock } from "../../../modules/smp/group/os-commands.js";
import { ConsoleTransport } from "../../../modules/smp/transport/console.js";
import { NativeCodec } from "../../../modules/smp/transport/native-codec.js";
import { RawTransport } from "../../../modules/smp/transport/raw.js";
import { DatagramTransport } from "../../../modules/smp/transport/udp.js";
import type { SimConfig } from "../../desk/xs/config.js";
import { EmulatedHost } from "../../desk/xs/emulated-host.js";
import { longDigest } from "../../desk/xs/long-digest.js";
import { SimUart } from "../../desk/xs/uart.js";
import { SimTcpTransport } from "./app/tcp.js";
import { SimUdp } from "./udp.js";

/** Makes the link over Bluetooth, for packets of up to `maxPacket` bytes. */
export type OpenBluetooth = (host: SimHost, maxPacket: number) => Link;

/** The simulated board, whose flash operations are counted. */
export class SimHost extends EmulatedHost implements Host {
	readonly board = "xs_smp_sim";
	override readonly digest = longDigest;
	readonly counters = new FlashCounters();
	/** Starts as the clock of the machine that the simulator runs on, in UTC. */
	readonly clock: Clock = {
		now: () => Date.now() + simulator.clockOffset(),
		set: (time) => simulator.setClockOffset(time - Date.now()),
	};
	/** Only if the boot loader looks at it. */
	readonly setBootMode?: (mode: number) => void;
	readonly #framing: SimConfig["uart"];
	readonly #openBluetooth: OpenBluetooth | undefined;

	constructor(
		{ layout, uart, recovery }: Pick<SimConfig, "layout" | "uart" | "recovery">,
		openBluetooth?: OpenBluetooth,
	) {
		super(layout);
		if (recovery?.entrances.includes("boot-mode")) this.setBootMode = (mode) => simulator.setBootMode(mode);
		this.#framing = uart;
		this.#openBluetooth = openBluetooth;
	}

	override flash(label: string): FlashPartition {
		return this.counters.partition(super.flash(label));
	}

	links({ size, datagram }: LinkBuffers): readonly Link[] {
		const uart = new SimUart();
		const transport =
			this.#framing === "raw"
				? new RawTransport(uart, { maxPacket: size, uptime: () => this.uptime() })
				: new ConsoleTransport(uart, { maxPacket: size, codec: new NativeCodec(simulator) });
		const tcp = SimTcpTransport.open(size);
		return [
			{ name: "uart", transport },
			{ name: "udp", transport: new DatagramTransport(new SimUdp(), { maxPacket: datagram }) },
			...(tcp ? [{ name: "tcp", transport: tcp }] : []),
			...(this.#openBluetooth ? [this.#openBluetooth(this, size)] : []),
		];
	}

	reach(host: string, port: number, done: (error?: string) => void): void {
		simulator.reach(host[0] === "[" ? host.slice(1, -1) : host, port, done);
	}

	random(into: Uint8Array): void {
		simulator.random(into);
	}
}
