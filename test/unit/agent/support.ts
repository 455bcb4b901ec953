import type { Agent, AgentOptions } from "../../../modules/agent/agent.js";
import { type Additions, extendPlainly, starter } from "../../../modules/agent/application.js";
import { openBootJournal } from "../../../modules/agent/boots.js";
import { decideByPolicy } from "../../../modules/agent/confirm.js";
import type { DeviceCheck } from "../../../modules/agent/device.js";
import { ApplicationDevice } from "../../../modules/agent/device-application.js";
import type { Host } from "../../../modules/agent/host.js";
import { BootUtil } from "../../../modules/bootutil/bootutil.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { FlashMap } from "../../../modules/flash/map.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import type { DatagramSocket } from "../../../modules/smp/transport/stream.js";
import { DatagramTransport } from "../../../modules/smp/transport/udp.js";
import { image, request } from "../smp/support.js";

const SLOT = 0x8000;
const SECTOR = 4096;

interface Timed {
	readonly at: number;
	readonly callback: () => void;
}

export interface TrialOptions {
	readonly images?: number;
	/** Whether the images are on trial. */
	readonly trial?: boolean;
	/** Whether timers fire early. */
	readonly early?: boolean;
	readonly reach?: NonNullable<Host["reach"]>;
}

/** A device right after the boot that installed an update. The test turns its time. */
export class TrialDevice {
	readonly lines: string[] = [];
	readonly memory: readonly Uint8Array[];
	readonly host: Host;
	readonly util: BootUtil;
	agent!: Agent;
	resets = 0;
	/** Whether the chip refuses to write. */
	broken = false;
	readonly #options: Pick<AgentOptions, "layout" | "boot">;
	readonly #socket: DatagramSocket = { onDatagram: undefined, send: () => {}, close: () => {} };
	#now = 0;
	#timers: Timed[] = [];

	constructor({ images = 1, trial = true, early = false, reach }: TrialOptions = {}) {
		const areas = Array.from({ length: 2 * images + 1 }, (_, i) => ({
			id: i + 1,
			label: i < 2 * images ? `image-${i}` : "boot-journal",
			offset: i * SLOT,
			size: SLOT,
		}));
		const layout = { name: "test", size: areas.length * SLOT, sectorSize: SECTOR, writeAlign: 4, areas };
		this.memory = areas.map(() => new Uint8Array(SLOT).fill(0xff));
		const boot = { mode: "swap-move", images, maxAlign: 8, maxSectors: 128, trailer: "current" } as const;
		this.#options = { layout, boot };
		const open = (label: string): NorPartition => this.#open(areas.findIndex((area) => area.label === label));
		this.util = new BootUtil(FlashMap.open(layout, open), boot);
		for (let i = 0; i < images; i++) {
			this.memory[2 * i]!.set(image(9_000, [0, 0, 1], i + 1));
			if (!trial) continue;
			// A swap for a test leaves magic and copy_done in the primary slot.
			const trailer = this.util.trailer(this.util.map.slot(i, "primary"));
			trailer.writeCopyDone();
			trailer.writeMagic();
		}
		this.host = {
			board: "test",
			digest: nobleDigest,
			flash: open,
			links: ({ datagram }) => [
				{ name: "udp", transport: new DatagramTransport(this.#socket, { maxPacket: datagram }) },
			],
			uptime: () => this.#now,
			after: (ms, callback) => {
				const timer = { at: this.#now + (early ? ms / 2 : ms), callback };
				this.#timers.push(timer);
				return {
					cancel: () => {
						this.#timers = this.#timers.filter((each) => each !== timer);
					},
				};
			},
			...(reach && { reach }),
			reset: () => {
				this.resets++;
			},
			log: (line) => void this.lines.push(line),
		};
	}

	#open(index: number): NorPartition {
		const nor = new NorPartition(this.memory[index]!, { sectorSize: SECTOR, writeAlign: 4 });
		const write = nor.write.bind(nor);
		nor.write = (bytes, offset) => {
			if (this.broken) throw new Error("the chip does not answer");
			write(bytes, offset);
		};
		return nor;
	}

	start(confirm: AgentOptions["confirm"], additions: Additions = {}): this {
		const options = {
			...this.#options,
			buildTime: "Jan  7 2026 11:52:35",
			bootJournal: openBootJournal,
			decide: decideByPolicy,
		};
		this.agent = starter(this.host, { ...options, confirm }, extendPlainly)(additions);
		return this;
	}

	/** What the application in the image would have. */
	application(): ApplicationDevice {
		return new ApplicationDevice(this.host, this.agent, {});
	}

	/** The application names a check. */
	check(name: string, run: DeviceCheck["run"] | (() => unknown), timeout?: number): void {
		this.application().check(name, run as DeviceCheck["run"], timeout === undefined ? {} : { timeout });
	}

	/** Lets time pass, up to and including `until` in milliseconds, and promises settle in between. */
	async run(until: number): Promise<void> {
		for (;;) {
			for (let i = 0; i < 5; i++) await undefined;
			this.#timers.sort((a, b) => a.at - b.at);
			const next = this.#timers[0];
			if (!next || next.at > until) break;
			this.#timers.shift();
			this.#now = Math.max(this.#now, next.at);
			next.callback();
		}
		this.#now = until;
	}

	/** A client sends a request: an echo unless it says otherwise. */
	client(packet = request(0, 0, { d: "x" })): void {
		this.#socket.onDatagram?.(packet, "client");
	}

	get confirmed(): boolean {
		for (let i = 0; i < this.util.config.images; i++) if (!this.util.boot_is_img_confirmed(i)) return false;
		return true;
	}

	get last(): string {
		return this.lines[this.lines.length - 1] ?? "";
	}

	/** What the record of boots says of this one. */
	get verdict(): string {
		const verdict = this.agent.journal?.boots(1)[0]?.verdict;
		return verdict ? `${verdict.confirmed ? "confirmed" : "failed"} at ${verdict.seconds}: ${verdict.words}` : "none";
	}
}
