import { thermostatGroup } from "../../apps/own-group/thermostat.js";
import { openBootJournal } from "../../modules/agent/boots.js";
import { furtherGroups, poolsOf, tasksOf } from "../../modules/agent/groups.js";
import type { Host } from "../../modules/agent/host.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { FlashMap } from "../../modules/flash/map.js";
import { TYPICAL_NOR } from "../../modules/flash/timing.js";
import { forecastCommands } from "../../modules/smp/group/boot-forecast.js";
import { FlashCounters, UploadCounters } from "../../modules/smp/group/counters.js";
import { imageGroup } from "../../modules/smp/group/image/image.js";
import { UploadJournal } from "../../modules/smp/group/image/upload-journal.js";
import { UploadLock } from "../../modules/smp/group/image/upload-lock.js";
import { osGroup } from "../../modules/smp/group/os.js";
import {
	clockCommand,
	echoCommand,
	poolCommand,
	taskCommand,
	uptimeClock,
} from "../../modules/smp/group/os-commands.js";
import type { StartReason } from "../../modules/smp/protocol/boot-journal.js";
import { joinHooks, SmpServer } from "../../modules/smp/server.js";
import { BleTransport } from "../../modules/smp/transport/ble.js";
import { ConsoleTransport } from "../../modules/smp/transport/console.js";
import { scriptCodec } from "../../modules/smp/transport/frame.js";
import { RawTransport } from "../../modules/smp/transport/raw.js";
import type { ByteStream, DatagramSocket, GattCharacteristic } from "../../modules/smp/transport/stream.js";
import type { Transport } from "../../modules/smp/transport/transport.js";
import { DatagramTransport } from "../../modules/smp/transport/udp.js";
import { request } from "../unit/smp/support.js";
import { FILES, type Files, fileSystem } from "./file-system.js";
import { bootConfig, JOURNAL_AREA, type Kind, newFlash, openAreas, SECTOR } from "./kinds.js";
import { ACCESS_GROUP, ANSWER, accessControl } from "./rules.js";

export const BUFFER = 512;
/** Longest datagram: more than a response can have, as in the application. */
const DATAGRAM = 800;

/** How the ways in are called. */
export const WAYS = ["console", "raw", "udp", "ble"] as const;
export type Way = (typeof WAYS)[number];

/** Milliseconds that pass with each packet, or piece of one. */
const STEP = 50;

const noStream = (): ByteStream => ({ onBytes: undefined, write: () => {}, close: () => {} });

/** Transports whose clients are this program. */
class Wires {
	readonly console = noStream();
	readonly raw = noStream();
	readonly udp: DatagramSocket = {
		onDatagram: undefined,
		send: () => {},
		nameOf: (peer) => String(peer),
		close: () => {},
	};
	readonly ble: GattCharacteristic = {
		attMtu: 65,
		onWrite: undefined,
		onUnsubscribed: undefined,
		notify: () => {},
		close: () => {},
	};
	/** Milliseconds of silence on the raw UART. */
	silence = 0;
	readonly transports: Readonly<Record<Way, Transport>> = {
		console: new ConsoleTransport(this.console, { codec: scriptCodec, maxPacket: BUFFER }),
		raw: new RawTransport(this.raw, { maxPacket: BUFFER, uptime: () => this.silence }),
		udp: new DatagramTransport(this.udp, { maxPacket: DATAGRAM }),
		ble: new BleTransport(this.ble, { maxPacket: BUFFER }),
	};
}

/** A device with two images, every group, and every transport. Nothing in it grows without bound but by a mistake. */
export class FuzzDevice {
	readonly #kind: Kind;
	readonly #onResponse: (response: Uint8Array) => void;
	readonly #files: Files = new Map();
	/** Contents of the flash areas, by their ids. */
	readonly #flash: ReadonlyMap<number, Uint8Array>;
	/** The running images, and without their trailers what they were. */
	readonly #running: readonly Uint32Array[];
	readonly #original: readonly Uint32Array[];
	#wires = new Wires();
	#now = 0;
	#restart = false;
	#starts = 0;
	#later: (() => void)[] = [];

	/** `onResponse` gets every response; its bytes are valid during the call only. */
	constructor(kind: Kind, onResponse: (response: Uint8Array) => void) {
		this.#kind = kind;
		this.#onResponse = onResponse;
		this.#flash = newFlash(kind);
		this.#running = [1, 3].map((id) => new Uint32Array(this.#flash.get(id)!.buffer));
		this.#original = this.#running.map((slot) => slot.slice(0, -SECTOR / 4));
		this.#start();
	}

	/** Gives bytes to a transport: a packet, or a piece of one. `peer` is the sender, where the transport tells them apart. */
	give(way: Way, bytes: Uint8Array, peer = 0): void {
		const { console, raw, udp, ble } = this.#wires;
		this.#now += STEP;
		if (way === "console") console.onBytes?.(bytes);
		else if (way === "raw") raw.onBytes?.(bytes);
		else if (way === "ble") ble.onWrite?.(bytes);
		else udp.onDatagram?.(bytes, peer);
		if (this.#restart) this.#start();
		// As much as there is time for before the next bytes.
		this.#later.shift()?.();
	}

	/**
	 * Brings every transport to where a new packet begins, as silence and a new connection do, and ends what takes long: its
	 * answers come before the next request.
	 */
	settle(): void {
		this.#wires.console.onBytes?.(NEW_LINE);
		this.#wires.silence += 10_000;
		this.disconnect();
		for (let next = this.#later.shift(); next; next = this.#later.shift()) next();
	}

	/** The end of a Bluetooth connection. */
	disconnect(): void {
		this.#wires.ble.onUnsubscribed?.();
	}

	/**
	 * Ends what is under way, empties what clients filled, and fills what holds a bounded number of things, so that memory
	 * can be compared. The server goes on as it is: what it has gathered by mistake stays.
	 */
	quiet(): void {
		this.settle();
		// More clients than are remembered, at times at which nothing is refused for being too often.
		for (const packet of QUIET)
			for (let peer = 0; peer < 10; peer++) {
				this.#now += 5000;
				for (const way of WAYS) if (way === "udp" || peer === 0) this.#ask(way, packet, peer);
			}
		// Tables keep the size that they once needed: it has to be the largest.
		for (let i = 0; i < 50; i++) this.#ask("udp", request(3, 0, { name: `q${i}`, val: new Uint8Array(0) }), 0);
		this.#ask("udp", request(3, 3, {}), 0);
		this.#ask("udp", request(63, 0, {}), 0);
		for (let i = 0; i < FILES; i++) this.#files.set(String(i), NO_FILE);
		this.#files.clear();
	}

	#ask(way: Way, packet: Uint8Array, peer: number): void {
		this.#wires.transports[way].onPacket?.(packet, () => {}, way === "udp" ? String(peer) : "");
	}

	/** Whether the images that run are what they were. */
	get intact(): boolean {
		return this.#original.every((original, i) => {
			const running = this.#running[i]!;
			for (let at = 0; at < original.length; at++) if (running[at] !== original[at]) return false;
			return true;
		});
	}

	/** Runs the application, as a reset does: all but flash and files begins anew. */
	#start(): void {
		this.#restart = false;
		this.#later = [];
		const uptime = (): number => this.#now;
		const host: Host = {
			board: "fuzz",
			digest: nobleDigest,
			clock: uptimeClock(uptime),
			flash: () => {
				throw new RangeError("the areas are open");
			},
			links: () => [],
			uptime,
			after: (_ms, callback) => {
				this.#later.push(callback);
				return { cancel: () => {} };
			},
			reset: () => {},
			startReason: () => REASONS[this.#starts++ % REASONS.length]!,
			log: () => {},
		};
		const flash = new FlashCounters();
		const map = new FlashMap(openAreas(this.#flash, flash));
		const boot = new BootUtil(map, bootConfig(this.#kind));
		const uploads = new UploadCounters();
		const lock = new UploadLock(uptime);
		const access = accessControl(uptime);
		const journal = openBootJournal(host, map, boot, { crashes: 2, minUptime: 1 });
		this.#wires = new Wires();
		const { transports } = this.#wires;
		const base = {
			host,
			links: WAYS.map((name) => ({ name, transport: transports[name] })),
			map,
			boot,
			journal,
			groups: [
				...(journal
					? [{ id: 67, name: "boots", commands: { ...journal.commands, ...forecastCommands(TYPICAL_NOR)(boot) } }]
					: []),
				osGroup({
					// One in many: a device that was reset begins anew, and shows nothing of what it had gathered.
					reset: (bootMode) => {
						journal?.resetting("a client");
						this.#restart = bootMode === 1;
					},
					mayReset: (wanted) => lock.mayReset(wanted),
					buffers: { size: BUFFER, count: 1 },
					commands: {
						...echoCommand,
						...taskCommand(() => tasksOf(MEMORY)),
						...poolCommand(() => poolsOf(MEMORY, 16)),
						...clockCommand(host.clock!),
					},
					info: { s: "s", n: "n", r: "r", v: "v", b: "b", m: "m", p: "p", i: "i", o: "o" },
					bootloader: { name: "MCUboot", mode: 3, noDowngrade: this.#kind.mode === "overwrite" },
				}),
				imageGroup({
					boot,
					digest: nobleDigest,
					log: (line) => host.log(line),
					journal: new UploadJournal(map.area(JOURNAL_AREA)),
					mayUpload: (first, origin) => lock.mayUpload(first, origin),
					onEvent: (event) => {
						if (event.type === "confirmed") journal?.confirmed(event.image, event.origin.transport);
						uploads.onEvent(event);
						lock.onEvent(event);
					},
					later: (callback) => void this.#later.push(callback),
					...this.#kind.image,
				}),
			],
		};
		const further = furtherGroups(base, {
			uploads,
			flash,
			files: fileSystem(this.#files),
			shell: {
				fail: {
					help: "throws what the first word says",
					run: ([what]) => {
						throw what === "now" ? new Error("now") : what;
					},
				},
				long: { help: "more than a response holds", run: (args, print) => print(args.join("") + "ü😀".repeat(BUFFER)) },
			},
			own: [access.group, thermostatGroup(["hall", "attic"])],
			audit: true,
		});
		const server = new SmpServer({
			groups: [...base.groups, ...further.groups!],
			bufferSize: BUFFER,
			verbose: true,
			hooks: joinHooks(access.hooks, further.hooks, lock.hooks),
			later: (callback) => void this.#later.push(callback),
		});
		for (const { name, transport } of base.links) {
			server.attach(transport, name);
			const { onPacket } = transport;
			transport.onPacket = (packet, reply, peer) =>
				onPacket?.(
					packet,
					(response) => {
						this.#onResponse(response);
						reply(response);
					},
					peer,
				);
		}
	}
}

/** Why each start happens, in turn. */
const REASONS: readonly StartReason[] = [
	{ cause: "power" },
	{ cause: "crash", words: "uncaught TypeError: no sensor" },
	{ cause: "watchdog" },
	{ cause: "pin" },
	{ cause: "software" },
	{ cause: "unknown" },
];

/** What `quiet` asks for: see there. */
const QUIET: readonly Uint8Array[] = [
	request(ACCESS_GROUP, 0, {}, 1, 0),
	request(ACCESS_GROUP, 1, { answer: ANSWER }),
	request(70, 1, { room: "hall", target: 20 }),
	request(70, 1, { room: "attic", target: 20 }),
	request(0, 6, {}, 1, 0),
	request(0, 4, { datetime: "2024-01-01T00:00:00" }),
	// A session ends with an error.
	request(1, 1, { off: 0 }),
	request(63, 0, {}),
];

const MEMORY = Object.freeze({
	stack: 4096,
	stackUsed: 100,
	slots: 1000,
	peakSlots: 2000,
	reservedSlots: 3000,
	chunks: 1000,
	peakChunks: 2000,
	reservedChunks: 3000,
});

const NEW_LINE = Uint8Array.of(0x0a);

const NO_FILE = Object.freeze({ data: new Uint8Array(0), size: 0 });
