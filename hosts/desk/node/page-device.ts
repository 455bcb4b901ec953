import { closeSync, openSync, readdirSync, readFileSync, readSync, writeSync } from "node:fs";
import type { FlashTiming } from "../../../modules/flash/timing.js";
import type { Device } from "./device.js";
import type { SimEvent } from "./event-words.js";
import { reason } from "./loader-setup.js";
import type { Hello, PageMessage, ServerMessage } from "./page-protocol.js";
import { shortPath } from "./render.js";

/** How often somebody who looks at the page has the wear file looked at, milliseconds. */
const LOOK = 150;
/**
 * Flash that goes on changing is shown so often, milliseconds: what a page makes of it takes time of the processors, which an
 * upload needs too. Flash that has come to rest is shown at the next look.
 */
const SHOW = 600;
/** Events that are told to a page that comes later. */
const REMEMBERED = 500;
/** Header of the wear file, and bytes of a sector in it (hosts/sim/native/record.c). */
const WEAR_HEADER = 16;
const WEAR_ENTRY = 8;
const ERASED = 0xff;
/** Longest piece of flash in one message, bytes. */
const PIECE = 256 * 1024;

/** One page that shows the device. */
export interface Viewer {
	send(message: ServerMessage): void;
	sendFlash(piece: Uint8Array): void;
	readonly mayChange: boolean;
}

/** A device as pages see it: what happens to it, what its flash holds, and what they do to it. */
export class PageDevice {
	readonly device: Device;
	/** `address:port`; empty before the device is ready. */
	udp = "";
	readonly #number: number;
	readonly #timing: FlashTiming | undefined;
	readonly #viewers = new Set<Viewer>();
	readonly #events: { readonly event: SimEvent; readonly time: number }[] = [];
	/** The wear file as pages know it. */
	#wear: Buffer = Buffer.alloc(0);
	/** The wear file at the last look, while it goes on changing; and since when that is so. */
	#moving: { readonly wear: Buffer; readonly since: number } | undefined;
	#look: NodeJS.Timeout | undefined;
	/** The flash that the device is to start with, once its power is off. */
	#next: Uint8Array | undefined;
	#isOff = false;

	constructor(device: Device, number: number, timing: FlashTiming | undefined) {
		this.device = device;
		this.#number = number;
		this.#timing = timing;
	}

	/** Takes an event of the device. */
	onEvent(event: SimEvent): void {
		if (event.event === "ready") this.udp = event.udp ?? "";
		const told = { event, time: Date.now() };
		this.#events.push(told);
		if (this.#events.length > REMEMBERED) this.#events.shift();
		if (event.event === "power") {
			this.#isOff = !event.on;
			if (this.#isOff) this.#startWithNext();
		}
		if (this.#viewers.size === 0) return;
		this.#lookNow();
		this.#tell({ type: "otp", words: this.#otpWords() });
		this.#tell({ type: "boots", numbers: this.#recorded() });
		this.#tell({ type: "event", ...told });
	}

	/** Shows the device to one more page. Returns what ends that. */
	show(viewer: Viewer, devices: number): () => void {
		const { config, flash, recordings } = this.device.setup;
		const { layout, boot, downgradePrevention, bootstrap, lockCounter, signature, keys, hwKey } = config;
		const hello: Hello = {
			type: "hello",
			device: this.#number,
			devices,
			build: {
				...{ layout, boot, downgradePrevention, bootstrap, signature, keys },
				...(lockCounter !== undefined && { lockCounter }),
				...(hwKey !== undefined && { hwKey }),
			},
			timing: this.#timing ?? null,
			flash: shortPath(flash),
			records: recordings !== undefined,
			mayChange: viewer.mayChange,
		};
		viewer.send(hello);
		for (const told of this.#events) viewer.send({ type: "event", ...told });
		this.#lookNow();
		this.#sendFlash(viewer);
		viewer.send({ type: "wear", sectors: this.#allWear() });
		viewer.send({ type: "otp", words: this.#otpWords() });
		viewer.send({ type: "boots", numbers: this.#recorded() });
		this.#viewers.add(viewer);
		this.#look ??= setInterval(() => this.#lookAgain(), LOOK).unref();
		return () => {
			this.#viewers.delete(viewer);
			if (this.#viewers.size > 0) return;
			clearInterval(this.#look);
			this.#look = undefined;
		};
	}

	/** Does what a page asks for. Throws an Error with a sentence. */
	command(message: PageMessage): void {
		if (message.type === "reset") this.device.reset();
		else this.device.power(message.on);
	}

	/** Has the device start with other contents of its flash. Throws an Error with a sentence. */
	startWith(contents: Uint8Array): void {
		const { config } = this.device.setup;
		if (contents.length !== config.layout.size)
			throw new Error(`The flash has ${config.layout.size} bytes, not ${contents.length}.`);
		this.#next = contents.slice();
		if (this.#isOff) this.#startWithNext();
		else this.device.power(false);
	}

	#startWithNext(): void {
		const bytes = this.#next;
		this.#next = undefined;
		if (!bytes) return;
		try {
			const file = openSync(this.device.setup.flash, "r+");
			try {
				for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
			} finally {
				closeSync(file);
			}
		} catch (error) {
			this.#tell({ type: "refused", message: `The flash file cannot be written: ${reason(error)}.` });
		}
		for (const viewer of this.#viewers) this.#sendFlash(viewer);
		this.device.power(true);
	}

	/** The recording of a boot; undefined if there is none of that number. */
	recording(number: number): Buffer | undefined {
		const { recordings } = this.device.setup;
		if (!this.#recorded().includes(number)) return undefined;
		try {
			return readFileSync(`${recordings}/${number}`);
		} catch {
			// A newer one has taken its place meanwhile.
			return undefined;
		}
	}

	#recorded(): number[] {
		const { recordings } = this.device.setup;
		if (recordings === undefined) return [];
		try {
			return readdirSync(recordings)
				.map(Number)
				.sort((a, b) => a - b);
		} catch {
			return [];
		}
	}

	#otpWords(): number[] {
		const { otp } = this.device.setup;
		if (otp === undefined) return [];
		try {
			const bytes = readFileSync(otp);
			return Array.from({ length: bytes.length / 4 }, (_, word) => bytes.readUInt32LE(4 * word));
		} catch {
			return [];
		}
	}

	#tell(message: ServerMessage): void {
		for (const viewer of this.#viewers) viewer.send(message);
	}

	/** Tells what has changed, once it has come to rest or has gone on for long enough. */
	#lookAgain(): void {
		const wear = this.#readWear();
		if (wear.equals(this.#wear)) return;
		const { wear: last, since } = this.#moving ?? { wear: undefined, since: Date.now() };
		if (last?.equals(wear) || Date.now() - since >= SHOW) this.#lookNow(wear);
		else this.#moving = { wear, since };
	}

	/** Tells what has changed since pages were told last. */
	#lookNow(now = this.#readWear()): void {
		const { sectorSize } = this.device.setup.config.layout;
		const before = this.#wear;
		this.#wear = now;
		this.#moving = undefined;
		if (before.length !== this.#wear.length || before.equals(this.#wear)) return;
		const wear: [number, number][] = [];
		const changed: number[] = [];
		for (let sector = 0; sector * WEAR_ENTRY + WEAR_HEADER < before.length; sector++) {
			const at = WEAR_HEADER + sector * WEAR_ENTRY;
			const erases = this.#wear.readUInt32LE(at);
			if (before.readUInt32LE(at) !== erases) wear.push([sector, erases]);
			if (before.readUInt32LE(at + 4) !== this.#wear.readUInt32LE(at + 4)) changed.push(sector);
		}
		if (wear.length > 0) this.#tell({ type: "wear", sectors: wear });
		const most = Math.max(1, Math.floor(PIECE / sectorSize));
		for (let i = 0; i < changed.length; ) {
			let count = 1;
			while (count < most && changed[i + count] === changed[i]! + count) count++;
			const piece = this.#readFlash(changed[i]! * sectorSize, count * sectorSize);
			if (piece) for (const viewer of this.#viewers) viewer.sendFlash(piece);
			i += count;
		}
		this.#tell({ type: "settled" });
	}

	#readWear(): Buffer {
		try {
			return readFileSync(this.device.setup.wear);
		} catch {
			return Buffer.alloc(0);
		}
	}

	#allWear(): [number, number][] {
		const all: [number, number][] = [];
		for (let at = WEAR_HEADER; at < this.#wear.length; at += WEAR_ENTRY) {
			const erases = this.#wear.readUInt32LE(at);
			if (erases > 0) all.push([(at - WEAR_HEADER) / WEAR_ENTRY, erases]);
		}
		return all;
	}

	/** A piece of flash in the form of a message: its address, then its bytes. Undefined if the file cannot be read. */
	#readFlash(address: number, length: number): Buffer | undefined {
		const piece = Buffer.alloc(4 + length);
		piece.writeUInt32LE(address);
		try {
			const file = openSync(this.device.setup.flash, "r");
			try {
				readSync(file, piece, 4, length, address);
			} finally {
				closeSync(file);
			}
			return piece;
		} catch {
			return undefined;
		}
	}

	/** Sends all that is not erased. */
	#sendFlash(viewer: Viewer): void {
		const { size } = this.device.setup.config.layout;
		viewer.send({ type: "flash" });
		for (let address = 0; address < size; address += PIECE) {
			const piece = this.#readFlash(address, Math.min(PIECE, size - address));
			if (piece?.subarray(4).some((byte) => byte !== ERASED)) viewer.sendFlash(piece);
		}
		viewer.send({ type: "settled" });
	}
}
