import { ConsoleTransport } from "../../../../modules/smp/transport/console.js";
import { RawTransport } from "../../../../modules/smp/transport/raw.js";
import type { ByteStream } from "../../../../modules/smp/transport/stream.js";
import type { Transport } from "../../../../modules/smp/transport/transport.js";

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
			(id) => void transport.#connections.delete(id),
		);
		return open ? transport : undefined;
	}

	close(): void {
		this.onPacket = undefined;
	}

	#opened(id: number): void {
		this.#connections.set(
			id,
			new Connection(id, this.maxPacket, (packet, reply) => this.onPacket?.(packet, reply, String(id))),
		);
	}
}

class Connection implements ByteStream {
	onBytes: ByteStream["onBytes"];
	readonly #id: number;
	readonly #maxPacket: number;
	readonly #onPacket: NonNullable<Transport["onPacket"]>;

	constructor(id: number, maxPacket: number, onPacket: NonNullable<Transport["onPacket"]>) {
		this.#id = id;
		this.#maxPacket = maxPacket;
		this.#onPacket = onPacket;
	}

	receive(bytes: Uint8Array): void {
		if (!this.onBytes) this.#choose(bytes[0]!);
		this.onBytes?.(bytes);
	}

	write(bytes: Uint8Array): void {
		simulator.tcpWrite(this.#id, bytes);
	}

	/** The peer closes it. */
	close(): void {
		this.onBytes = undefined;
	}

	#choose(first: number): void {
		const framed = first === CONSOLE_MARKER || (first & 0xe4) !== 0;
		const options = { maxPacket: this.#maxPacket, uptime: () => simulator.uptime() };
		const transport = framed ? new ConsoleTransport(this, options) : new RawTransport(this, options);
		transport.onPacket = this.#onPacket;
	}
}
