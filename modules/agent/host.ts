import type { DigestProvider } from "../bytes/digest.js";
import type { FlashPartition } from "../flash/partition.js";
import type { Clock } from "../smp/group/os.js";
import type { ConsoleCodec } from "../smp/transport/codec.js";
import type { ByteStream, DatagramSocket } from "../smp/transport/stream.js";

/** A running timer. */
export interface Timer {
	/** Keeps the timer from firing. Does nothing once it has fired. */
	cancel(): void;
}

/** All that differs from one machine to another. An application gets one and needs nothing else. */
export interface Host {
	/** Board name, as Zephyr spells it, for example `rtl8721f_evb`. */
	readonly board: string;
	readonly digest: DigestProvider;
	/** For the framing of a UART, where the host has it faster than in JavaScript. */
	readonly codec?: ConsoleCodec;
	/** Opens the flash partition with this devicetree label. Throws a RangeError if there is none. */
	flash(label: string): FlashPartition;
	/** The UART that carries SMP, if there is one. */
	uart(): ByteStream | undefined;
	/** The UDP socket that carries SMP, if there is one. */
	udp(): DatagramSocket | undefined;
	/** Milliseconds since the start, monotonic. */
	uptime(): number;
	/** Calls `callback` once after `ms` milliseconds. */
	after(ms: number, callback: () => void): Timer;
	/** A wall clock that runs through resets, if there is one. */
	readonly clock?: Clock;
	/** Fills `into` with random bytes that nobody can foresee, where the host has a source of them. */
	random?(into: Uint8Array): void;
	/** Restarts the machine. Does not return to JavaScript that was waiting for events. */
	reset(): void;
	/** Writes one line to the console. */
	log(line: string): void;
}
