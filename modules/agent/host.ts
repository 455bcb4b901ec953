import type { DigestProvider } from "../bytes/digest.js";
import type { FlashPartition } from "../flash/partition.js";
import type { Clock } from "../smp/group/os-commands.js";
import type { StartReason } from "../smp/protocol/boot-journal.js";
import type { Transport } from "../smp/transport/transport.js";

/** A running timer. */
export interface Timer {
	/** Keeps the timer from firing. Does nothing once it has fired. */
	cancel(): void;
}

/** A way for SMP packets to reach the application. */
export interface Link {
	/** By this name the log, the statistics and the rules of access know it: "uart", "udp", "ble", "can". No two have the same. */
	readonly name: string;
	readonly transport: Transport;
}

/** Longest packets that the agent has room for, bytes, header included. A transport takes one of them as its `maxPacket`. */
export interface LinkBuffers {
	/** Of a transport that puts packets together from smaller pieces, such as a UART or Bluetooth LE. */
	readonly size: number;
	/** Of a transport whose datagrams are whole packets, such as UDP. */
	readonly datagram: number;
}

/** All that differs from one machine to another. An application gets one and needs nothing else. */
export interface Host {
	/** Board name, as Zephyr spells it, for example `rtl8721f_evb`. */
	readonly board: string;
	readonly digest: DigestProvider;
	/** Opens the flash partition with this devicetree label. Throws a RangeError if there is none. */
	flash(label: string): FlashPartition;
	/** Opens everything that carries SMP. Called once, at the start. */
	links(buffers: LinkBuffers): readonly Link[];
	/** Milliseconds since the start, monotonic. */
	uptime(): number;
	/** Calls `callback` once after `ms` milliseconds. */
	after(ms: number, callback: () => void): Timer;
	/** A wall clock that runs through resets, if there is one. */
	readonly clock?: Clock;
	/** Fills `into` with random bytes that nobody can foresee, where the host has a source of them. */
	random?(into: Uint8Array): void;
	/** Why the machine started, where it knows: power, its reset button, a reset by software, a watchdog, a crash and which. */
	startReason?(): StartReason;
	/**
	 * Starts the machine's watchdog, where there is one: it restarts the machine when JavaScript does not get back to the event
	 * loop for `ms` milliseconds. The loop feeds it. 0 stops it, where it can be stopped.
	 */
	watchdog?(ms: number): void;
	/**
	 * Keeps a boot mode for the boot loader in memory that a reset does not clear (Zephyr's retention subsystem). Only where the
	 * boot loader looks at it: 1 starts its serial recovery, or its firmware loader.
	 */
	setBootMode?(mode: number): void;
	/**
	 * Opens a TCP connection and closes it again, where the machine has a network. `host` is a name or an address, one of IPv6
	 * maybe in brackets. Calls `done` once, later: without an argument if there was one, else with a reason. Gives up by itself.
	 */
	reach?(host: string, port: number, done: (error?: string) => void): void;
	/** Restarts the machine. Does not return to JavaScript that was waiting for events. */
	reset(): void;
	/** Writes one line to the console. */
	log(line: string): void;
}
