import type { Host } from "../../../modules/agent/host.js";
import type { Clock } from "../../../modules/smp/group/os.js";
import type { DatagramSocket } from "../../../modules/smp/transport/stream.js";
import { EmulatedHost } from "../../desk/xs/emulated-host.js";
import { SimUdp } from "./udp.js";

/** The simulated board. */
export class SimHost extends EmulatedHost implements Host {
	readonly board = "xs_smp_sim";
	/** Starts as the clock of the machine that the simulator runs on, in UTC. */
	readonly clock: Clock = {
		now: () => Date.now() + simulator.clockOffset(),
		set: (time) => simulator.setClockOffset(time - Date.now()),
	};

	udp(): DatagramSocket {
		return new SimUdp();
	}

	random(into: Uint8Array): void {
		simulator.random(into);
	}
}
