import type { FlashPartition } from "../../modules/flash/partition.js";

// What the host builds on: the ECMA-419 classes and modules of the Moddable SDK's Zephyr port, in the shape that the port gives
// them, and the UART driver of this host. The SDK's own declarations are on no registry; the SDK checks this project against
// those when it builds it.

/** `embedded:storage/flash` of the Zephyr port: the partitions of the devicetree, by label. */
export interface FlashStorage {
	open(options: { readonly path: string; readonly mode?: "r" | "r+" }): FlashPartition;
}

/** A UART with a ring of bytes each way: native.c. */
export interface UartDriver {
	/** Opens it. Bytes that arrive are put into `into`, then `onReadable(count)` is called. */
	open(baud: number, into: Uint8Array, onReadable: (count: number) => void): unknown;
	/** Queues all of the bytes, or returns false and queues none. */
	write(bytes: Uint8Array): boolean;
	close(): unknown;
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
