// What the `server` benchmark measures, the same on XS and on Node.
import { startAgent } from "../modules/agent/agent.js";
import type { Host } from "../modules/agent/host.js";
import { crc16 } from "../modules/bytes/crc16.js";
import { nobleDigest } from "../modules/bytes/noble-digest.js";
import { guideLayout } from "../modules/flash/guide-layout.js";
import type { NorPartition } from "../modules/flash/nor.js";
import { Op } from "../modules/smp/header.js";
import type { ConsoleCodec } from "../modules/smp/transport/codec.js";
import { ConsoleTransport } from "../modules/smp/transport/console.js";
import { scriptCodec } from "../modules/smp/transport/frame.js";
import type { ByteStream, DatagramSocket } from "../modules/smp/transport/stream.js";
import { DatagramTransport } from "../modules/smp/transport/udp.js";
import { image, request } from "../test/unit/smp/support.js";
import { chunk, dataIn, FIRST, firstChunk } from "./packets.js";

/** Upload packets, bytes, header included. 1024 is the device's buffer. */
const PACKETS = [256, 512, 1024];

/** What the ratios are taken to, bytes. */
const BLOCK = 1024;

/** Size of the uploaded image, bytes: several sectors. */
const FILE = 60 * 1024;

/** Sectors and program units of the flash. */
export const GEOMETRY = guideLayout;

/** What an engine has besides JavaScript. */
export interface Hardware {
	/** Flash of `GEOMETRY` in this memory. */
	flash(memory: Uint8Array): NorPartition;
	/** Console framing in C; undefined if there is none. */
	readonly codec: ConsoleCodec | undefined;
}

/** Something that takes time. */
export interface Work {
	/** Operations of a batch. */
	readonly count: number;
	/** What has to be done before a batch, untimed. */
	prepare?(): void;
	/** Does the operation of this number, below `count`. */
	run(number: number): void;
}

/** The application on flash in memory, with transports that are fed by hand. */
class Device {
	readonly uart: ByteStream = { onBytes: undefined, write: (bytes) => this.#answered(bytes), close: () => {} };
	readonly udp: DatagramSocket = { onDatagram: undefined, send: (bytes) => this.#answered(bytes), close: () => {} };
	#answers = 0;

	constructor(hardware: Hardware, codec: ConsoleCodec) {
		const flash = new Map(
			GEOMETRY.areas.map(({ label, size }) => [label, hardware.flash(new Uint8Array(size).fill(0xff))]),
		);
		flash.get("image-0")!.memory.set(image(20_000, [0, 0, 0]));
		// Something to erase, as an upload finds it from the second one on.
		flash.get("image-1")!.memory.fill(0);
		const host: Host = {
			board: "bench",
			digest: nobleDigest,
			flash: (label) => flash.get(label)!,
			links: ({ size, datagram }) => [
				{ name: "uart", transport: new ConsoleTransport(this.uart, { codec, maxPacket: size }) },
				{ name: "udp", transport: new DatagramTransport(this.udp, { maxPacket: datagram }) },
			],
			uptime: () => 0,
			after: () => ({ cancel: () => {} }),
			reset: () => {},
			log: () => {},
		};
		startAgent(host, {
			layout: guideLayout,
			boot: { mode: "swap-move", images: 1, maxAlign: 8, maxSectors: 128, trailer: "current" },
			confirm: "smp",
			buildTime: "Jan  1 2026 00:00:00",
		});
	}

	/** Throws an Error if the packet is not answered. */
	send(deliver: () => void): void {
		const before = this.#answers;
		deliver();
		if (this.#answers === before) throw new Error("the device did not answer");
	}

	#answered(bytes: Uint8Array): void {
		if (bytes.length > 0) this.#answers++;
	}
}

type Over = (device: Device, packet: Uint8Array) => () => void;

const overUdp: Over = (device, packet) => () => device.send(() => device.udp.onDatagram?.(packet, undefined));

const overUart: Over = (device, packet) => {
	const frame = scriptCodec.encode(packet);
	return () => device.send(() => device.uart.onBytes?.(frame));
};

const block = Uint8Array.from({ length: BLOCK }, (_, i) => (i * 7) & 0xff);

/** Makes a work; undefined where the hardware for it is missing. */
type Make = (hardware: Hardware) => Work | undefined;

/** By name, the baseline first. */
const WORKS: ReadonlyMap<string, Make> = new Map<string, Make>([
	[`CRC-16 of ${BLOCK} bytes`, () => ({ count: 50, run: () => void crc16(block, 0) })],
	[`SHA-256 of ${BLOCK} bytes`, () => ({ count: 20, run: hashBlock })],
	["echo of 32 bytes, UDP", (hardware) => repeated(hardware, request(0, 0, { d: "e".repeat(32) }))],
	["image list, UDP", (hardware) => repeated(hardware, request(1, 0, {}, 1, Op.READ))],
	...PACKETS.map((size): [string, Make] => [
		`upload packet of ${size} bytes, UDP`,
		(hardware) => upload(new Device(hardware, scriptCodec), size, overUdp),
	]),
	...PACKETS.map((size): [string, Make] => [
		`upload packet of ${size} bytes, UART, framing in C`,
		(hardware) => hardware.codec && upload(new Device(hardware, hardware.codec), size, overUart),
	]),
	...PACKETS.map((size): [string, Make] => [
		`upload packet of ${size} bytes, UART`,
		(hardware) => upload(new Device(hardware, scriptCodec), size, overUart),
	]),
]);

export const workNames: readonly string[] = [...WORKS.keys()];

function hashBlock(): void {
	const hasher = nobleDigest.sha256();
	hasher.update(block);
	hasher.digest();
}

const repeated = (hardware: Hardware, packet: Uint8Array): Work => ({
	count: 20,
	run: overUdp(new Device(hardware, scriptCodec), packet),
});

/** Packets of an upload without the first, and without the last, after which the device looks through the file. */
function upload(device: Device, packet: number, over: Over): Work {
	const file = image(FILE, [0, 0, 1]);
	const size = dataIn(packet);
	const chunks: (() => void)[] = [];
	for (let off = FIRST; off + size < file.length; off += size)
		chunks.push(over(device, chunk(off, file.subarray(off, off + size))));
	// Without its SHA-256, so that the upload begins anew each time.
	const first = over(device, firstChunk(file.length, file.subarray(0, FIRST)));
	return { count: chunks.length, prepare: first, run: (number) => chunks[number]!() };
}

/** Least milliseconds that a work is timed for in a round, and how many rounds there are. */
const SLICE = 50;
const ROUNDS = 7;

export interface Cost {
	readonly name: string;
	/** Microseconds that an operation takes: the least of several rounds, since all else that runs only adds to it. */
	readonly microseconds: number;
}

/** `now` counts milliseconds. Without the works that the hardware is not there for. */
export function costs(now: () => number, hardware: Hardware): Cost[] {
	const all = [...WORKS].flatMap(([name, make]) => {
		const work = make(hardware);
		return work ? [{ name, work, least: Number.POSITIVE_INFINITY }] : [];
	});
	for (let round = 0; round < ROUNDS; round++)
		for (const each of all) each.least = Math.min(each.least, timed(each.work, now));
	return all.map(({ name, least }) => ({ name, microseconds: 1000 * least }));
}

/** Milliseconds an operation. */
function timed(work: Work, now: () => number): number {
	let milliseconds = 0;
	let count = 0;
	while (milliseconds < SLICE) {
		work.prepare?.();
		const started = now();
		for (let i = 0; i < work.count; i++) work.run(i);
		milliseconds += now() - started;
		count += work.count;
	}
	return milliseconds / count;
}

/** Does this many operations of a work, or of a batch if that has fewer, and returns how many. `ready` is called before. */
export function operate(name: string, most: number, hardware: Hardware, ready: () => void): number {
	const work = WORKS.get(name)!(hardware)!;
	work.prepare?.();
	ready();
	const count = Math.min(work.count, most);
	for (let i = 0; i < count; i++) work.run(i);
	return count;
}
