import type { Timer } from "../../../modules/agent/host.js";
import type { DigestProvider } from "../../../modules/bytes/digest.js";
import type { Layout } from "../../../modules/flash/layout.js";
import type { FlashPartition } from "../../../modules/flash/partition.js";
import type { StartCause, StartReason } from "../../../modules/smp/protocol/boot-journal.js";
import { simDigest } from "./digest.js";
import { log } from "./event.js";
import { SimFlash } from "./flash.js";

/** What the boards that run on a desk have in common: the host functions of hosts/desk/xs/native.d.ts. */
export class EmulatedHost {
	readonly digest: DigestProvider = simDigest;
	readonly #layout: Layout;

	constructor(layout: Layout) {
		this.#layout = layout;
	}

	flash(label: string): FlashPartition {
		return SimFlash.open(this.#layout, label);
	}

	uptime(): number {
		return simulator.uptime();
	}

	after(ms: number, callback: () => void): Timer {
		const timer = simulator.after(ms, callback);
		return { cancel: () => simulator.cancel(timer) };
	}

	watchdog(ms: number): void {
		simulator.watchdog(ms);
	}

	startReason(): StartReason {
		const text = simulator.startReason();
		const end = text.indexOf(" ");
		const words = end < 0 ? "" : text.slice(end + 1);
		const cause = (end < 0 ? text : text.slice(0, end)) as StartCause;
		return words === "" ? { cause } : { cause, words };
	}

	reset(): void {
		simulator.reset();
	}

	log(line: string): void {
		log(line);
	}
}
