import type { FlashPartition } from "../../modules/flash/partition.js";

// The ECMA-419 classes that the host builds on, in the shape that the Moddable SDK's Zephyr port gives them. Declared here,
// because the SDK's own declarations are on no registry; the SDK checks this project against those when it builds it.

/** `embedded:storage/flash` of the Zephyr port: the partitions of the devicetree, by label. */
export interface FlashStorage {
	open(options: { readonly path: string; readonly mode?: "r" | "r+" }): FlashPartition;
}

/** An open UART: ECMA-419, class pattern IO, `embedded:io/serial`, with `format` "buffer". */
export interface Serial {
	/** Fills `into` with what has arrived and returns how much that was; undefined if nothing has. */
	read(into: Uint8Array): number | undefined;
	/** Takes all the bytes, or throws "output full" and takes none. */
	write(bytes: Uint8Array): void;
	close(): void;
}

export interface SerialOptions {
	/** Node label of the UART in the devicetree, for example `uart2`. */
	readonly port: string;
	readonly baud: number;
	readonly format: "buffer";
	/** `count` bytes can be read. */
	onReadable(count: number): void;
	/** `count` bytes can be written. Comes once at the start, then whenever the UART has taken some. */
	onWritable(count: number): void;
}

/** Where a UART is: `device.serial.uart2` of the port, with the class to open it with. */
export interface SerialDevice {
	readonly io: new (options: SerialOptions) => Serial;
	readonly port: string;
	readonly baud?: number;
}

/** A datagram, with its sender. */
export interface Datagram extends ArrayBuffer {
	readonly address: string;
	readonly port: number;
}

/** An open UDP socket: ECMA-419, `embedded:io/socket/udp`. */
export interface UdpSocket {
	/** The next datagram; undefined if there is none. */
	read(): Datagram | undefined;
	write(bytes: Uint8Array, address: string, port: number): void;
	close(): void;
}

export interface UdpDevice {
	readonly io: new (options: { readonly port: number; onReadable(count: number): void }) => UdpSocket;
	readonly port: number;
}

/** Moddable's `timer` module, as far as it is used. */
export interface Timers {
	set(callback: () => void, ms: number): unknown;
	clear(timer: unknown): void;
}

/** Moddable's `time` module, as far as it is used. */
export interface Clock {
	/** Milliseconds since the start: 32 bits that wrap, negative in their upper half. */
	readonly ticks: number;
}
