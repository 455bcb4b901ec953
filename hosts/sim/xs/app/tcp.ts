import { ConsoleTransport } from "../../../../modules/smp/transport/console.js";
import { NativeCodec } from "../../../../modules/smp/transport/native-codec.js";
import { RawTransport } from "../../../../modules/smp/transport/raw.js";
import type { ByteStream } from "../../../../modules/smp/transport/stream.js";
import type { Drop, Transport } from "../../../../modules/smp/transport/transport.js";

/** Bytes taken from a connection at a time. */
const RECEIVE_BUFFER = 1500;

/** What a frame of the console begins with; no bare packet does, its first byte having an operation of 0 to 3. */
const CONSOLE_MARKER = 0x06;

/**
 * SMP over TCP connections, for the desk: no SMP standard has it. A connection whose first byte begins a console frame (or is
 * not the head of a packet) is framed as a console, any other carries bare packets back to back, as Zephyr's raw UART does.
 */
export class SimTcpTransport implements Transport {
	readonly maxPacket: number;
	onPacket: Transport["onPacket"];
	onDrop: Transport["onDrop"];
	/** For the transports of all connections. */
	readonly uptime = (): number => simulator.uptime();
	readonly dropped = (drop: Drop): void => this.onDrop?.(drop);
	/** Connections so far. */
	#count = 0;
	readonly #connections = new Map<number, Connection>();

	private constructor(maxPacket: number) {
		this.maxPacket = maxPacket;
	}

	/** Undefined if the command line did not ask for TCP. */
	static open(maxPacket: number): SimTcpTransport | undefined {
		const transport = new SimTcpTransport(maxPacket);
		const bytes = new Uint8Array(RECEIVE_BUFFER);
		const open = simulator.tcpOpen(
			bytes,
			(id) => transport.#opened(id),
			(id, count) => transport.#connections.get(id)?.receive(bytes.subarray(0, count)),
			(id) => transport.#closed(id),
		);
		return open ? transport : undefined;
	}

	close(): void {
		this.onPacket = undefined;
	}

	#opened(id: number): void {
		// Places are taken again by other clients, numbers are not.
		this.#connections.set(id, new Connection(id, String(++this.#count), this));
	}

	#closed(id: number): void {
		this.#connections.get(id)?.close();
		this.#connections.delete(id);
	}
}

class Connection implements ByteStream {
	onBytes: ByteStream["onBytes"];
	readonly #id: number;
	readonly #peer: string;
	readonly #owner: SimTcpTransport;
	#open = true;

	constructor(id: number, peer: string, owner: SimTcpTransport) {
		this.#id = id;
		this.#peer = peer;
		this.#owner = owner;
	}

	receive(bytes: Uint8Array): void {
		if (!this.onBytes) this.#choose(bytes[0]!);
		this.onBytes?.(bytes);
	}

	/** An answer that comes late must not go to the client that has this place by then. */
	write(bytes: Uint8Array): boolean {
		return this.#open && simulator.tcpWrite(this.#id, bytes);
	}

	/** The peer closes it. */
	close(): void {
		this.#open = false;
		this.onBytes = undefined;
	}

	#choose(first: number): void {
		const framed = first === CONSOLE_MARKER || (first & 0xe4) !== 0;
		const { maxPacket, uptime, dropped } = this.#owner;
		const transport = framed
			? new ConsoleTransport(this, { maxPacket, codec: new NativeCodec(simulator) })
			: new RawTransport(this, { maxPacket, uptime });
		transport.onPacket = (packet, reply) => this.#owner.onPacket?.(packet, reply, this.#peer);
		transport.onDrop = dropped;
	}
}
