import type { Clock, Datagram, FlashStorage, Timers, UartDriver, UdpSocket } from "../../hosts/rtl8721f/devices.js";
import type { Layout } from "../../modules/flash/layout.js";
import { NorPartition } from "../../modules/flash/nor.js";
import type { FlashPartition } from "../../modules/flash/partition.js";
import type { ByteStream } from "../../modules/smp/transport/stream.js";

// The devices of the Moddable SDK's Zephyr port as its sources define them, with their sharp edges, and this host's UART.

/** The board's flash, open to look at. */
export class BoardFlash implements FlashStorage {
	readonly memory: Uint8Array;
	readonly #layout: Layout;

	constructor(layout: Layout) {
		this.#layout = layout;
		this.memory = new Uint8Array(layout.size).fill(0xff);
	}

	open({ path, mode = "r+" }: { readonly path: string; readonly mode?: "r" | "r+" }): FlashPartition {
		const area = this.#layout.areas.find(({ label }) => label === path);
		if (!area) throw new Error("can't find partition");
		if (mode !== "r+") throw new Error("the application opens its partitions for writing");
		const { sectorSize, writeAlign } = this.#layout;
		const bytes = this.memory.subarray(area.offset, area.offset + area.size);
		// The chip clears bits and says nothing.
		const nor = new NorPartition(bytes, { sectorSize, writeAlign, strict: false });
		return new BoardPartition(nor, sectorSize);
	}
}

class BoardPartition implements FlashPartition {
	readonly #nor: NorPartition;
	readonly #sectorSize: number;
	#open = true;

	constructor(nor: NorPartition, sectorSize: number) {
		this.#nor = nor;
		this.#sectorSize = sectorSize;
	}

	read(into: Uint8Array | ArrayBuffer, offset: number): number {
		return this.#attempt("read failed", () => this.#nor.read(into, offset));
	}

	write(bytes: Uint8Array | ArrayBuffer, offset: number): void {
		this.#attempt("write failed", () => this.#nor.write(bytes, offset));
	}

	/** The port counts its arguments: an `undefined` that is given is block 0. */
	eraseBlock(...range: [first: number, end?: number]): void {
		const [first, end] = range;
		const stop = range.length > 1 ? (end ?? 0) : first + 1;
		this.#attempt("erase failed", () => this.#nor.eraseBlock(first, stop));
	}

	status(): ReturnType<FlashPartition["status"]> {
		const { size, blocks } = this.#nor.status();
		return { size, blockLength: this.#sectorSize, blocks, writeAlign: 4, eraseValue: 0xff };
	}

	close(): void {
		this.#open = false;
	}

	#attempt<T>(failure: string, operation: () => T): T {
		if (!this.#open) throw new TypeError("closed");
		try {
			return operation();
		} catch {
			throw new Error(failure);
		}
	}
}

/** The UART driver of native.c with its line: `line` is the far end. */
export class BoardUart implements UartDriver {
	readonly line: ByteStream = {
		onBytes: undefined,
		write: (bytes) => {
			for (const byte of bytes) this.#incoming.push(byte);
			this.#turn();
			return true;
		},
		close: () => {},
	};
	/** 0 while it is closed. */
	baud = 0;
	/** The far end reads. */
	reading = true;
	readonly #ring: number;
	readonly #incoming: number[] = [];
	#sending: number[] = [];
	#running = false;
	#into: Uint8Array = new Uint8Array(0);
	#onReadable: ((count: number) => void) | undefined;

	/** `ring`: bytes that wait for the line. */
	constructor(ring = 4096) {
		this.#ring = ring;
	}

	open(baud: number, into: Uint8Array, onReadable: (count: number) => void): void {
		this.baud = baud;
		this.#into = into;
		this.#onReadable = onReadable;
	}

	write(bytes: Uint8Array): boolean {
		if (bytes.length > this.#ring - this.#sending.length) return false;
		this.#sending.push(...bytes);
		this.#turn();
		return true;
	}

	close(): void {
		this.baud = 0;
		this.#onReadable = undefined;
	}

	/** Some bytes go over the line both ways. */
	#turn(): void {
		if (this.#running) return;
		this.#running = true;
		setImmediate(() => {
			this.#running = false;
			const leaving = this.reading ? this.#sending.slice(0, 16) : [];
			this.#sending = this.#sending.slice(leaving.length);
			if (leaving.length > 0) this.line.onBytes?.(Uint8Array.from(leaving));
			const arriving = this.#incoming.splice(0, this.#into.length);
			this.#into.set(arriving);
			if (arriving.length > 0) this.#onReadable?.(arriving.length);
			if (this.#incoming.length > 0 || (this.reading && this.#sending.length > 0)) this.#turn();
		});
	}

	/** The far end reads again. */
	resume(): void {
		this.reading = true;
		this.#turn();
	}
}

/** A UDP port: `deliver` is the network's side of it. */
export class BoardUdp {
	readonly io: new (options: {
		readonly port: number;
		onReadable(count: number): void;
	}) => UdpSocket;
	readonly port = 1337;
	readonly sent: { readonly bytes: Uint8Array; readonly address: string; readonly port: number }[] = [];
	unreachable = false;
	deliver: (bytes: Uint8Array, address: string, port: number) => void = () => {};

	constructor() {
		const udp = this;
		this.io = class implements UdpSocket {
			readonly #waiting: Datagram[] = [];

			constructor(options: { readonly port: number; onReadable(count: number): void }) {
				udp.deliver = (bytes, address, port) => {
					this.#waiting.push(Object.assign(bytes.slice().buffer as ArrayBuffer, { address, port }));
					options.onReadable(this.#waiting.length);
				};
			}

			read(): Datagram | undefined {
				return this.#waiting.shift();
			}

			write(bytes: Uint8Array, address: string, port: number): void {
				if (udp.unreachable) throw new Error("UDP send failed");
				udp.sent.push({ bytes: bytes.slice(), address, port });
			}

			close(): void {
				udp.deliver = () => {};
			}
		};
	}
}

/** The port's timers: it throws at the number of one that has elapsed. */
export class BoardTimers implements Timers {
	readonly #running = new Map<number, NodeJS.Timeout>();
	#last = 0;

	set(callback: () => void, ms: number): number {
		const id = ++this.#last;
		const timeout = setTimeout(() => {
			this.#running.delete(id);
			callback();
		}, ms);
		this.#running.set(id, timeout);
		return id;
	}

	clear(timer: unknown): void {
		const timeout = this.#running.get(timer as number);
		if (timeout === undefined) throw new Error("invalid timer");
		clearTimeout(timeout);
		this.#running.delete(timer as number);
	}
}

/** A counter of 32 bits that a test turns. */
export class BoardClock implements Clock {
	#ticks: number;

	constructor(start: number) {
		this.#ticks = start | 0;
	}

	get ticks(): number {
		return this.#ticks;
	}

	pass(ms: number): void {
		this.#ticks = (this.#ticks + ms) | 0;
	}
}
