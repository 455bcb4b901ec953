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
		const first = text.indexOf(" ");
		const second = text.indexOf(" ", first + 1);
		const after = Number(text.slice(first + 1, second));
		const words = text.slice(second + 1);
		const cause = text.slice(0, first) as StartCause;
		return { cause, ...(words !== "" && { words }), ...(after >= 0 && { after }) };
	}

	reset(): void {
		simulator.reset();
	}

	log(line: string): void {
		log(line);
	}
}
