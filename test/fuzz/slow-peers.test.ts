import assert from "node:assert";
import { createSocket } from "node:dgram";
import { connect, type Socket } from "node:net";
import { SmpClient } from "../../client/client.js";
import { consoleLink } from "../../client/console.js";
import { openSerial } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import { Simulator } from "../../tools/simulator.js";
import { ascii, request } from "../unit/smp/support.js";
import { type Heap, heapOf } from "./heap.js";
import { hostAndPort, tcpLink } from "./peers.js";

// Peers that say nothing, half of something, or too much, or that do not listen: what do they hold, and from whom?

/** On a busy machine a request that is asked again would be another. */
const PATIENT = { timeout: 60_000, tries: 1 };

/** Connections that the device has room for (hosts/sim/native/tcp.c). */
const ROOM = 8;

const ECHO = request(0, 0, { d: "hi" });

class Desk {
	readonly device: Simulator;
	readonly tcp: string;
	readonly client: SmpClient;
	readonly #sockets: Socket[] = [];

	constructor(device: Simulator) {
		this.device = device;
		this.tcp = String(device.events.find(({ event }) => event === "ready")!["tcp"]);
		this.client = new SmpClient(udpLink(device.udp), PATIENT);
	}

	/** Opens a connection, sends bytes, and waits until the device has taken it: everything it is asked is asked later. */
	async connection(bytes: Uint8Array): Promise<Socket> {
		const socket = connect(hostAndPort(this.tcp));
		socket.on("error", () => {});
		this.#sockets.push(socket);
		await new Promise((resolve) => socket.once("connect", resolve));
		if (bytes.length > 0) await new Promise((resolve) => socket.write(bytes, resolve));
		await this.client.echo("later");
		return socket;
	}

	/** Ends all connections, and waits until the device has noticed. */
	async hangUp(): Promise<void> {
		for (const socket of this.#sockets.splice(0)) socket.destroy();
		for (let i = 0; i < 10; i++) await this.client.echo("later");
	}

	async close(): Promise<void> {
		for (const socket of this.#sockets) socket.destroy();
		this.client.close();
		await this.device.stop();
	}
}

async function withDesk(options: readonly string[], use: (desk: Desk) => Promise<void>): Promise<void> {
	const desk = new Desk(await Simulator.start(["--tcp", "0", ...options]));
	try {
		await use(desk);
	} finally {
		await desk.close();
	}
}

/** Peers between two readings of the heap. */
const PEERS = 400;

/**
 * The same, but for the requests that the device happens to be in the middle of, up to five kilobytes. Two slots of 32 bytes left
 * by each peer, the least that a list can keep of one, are 25 kilobytes; the line that never ends is 40.
 */
function sameHeap(before: Heap, after: Heap): void {
	const words = `${JSON.stringify(before)} to ${JSON.stringify(after)}`;
	assert.ok(after.slots + after.chunks - before.slots - before.chunks < PEERS * 32, words);
}

/** The device's end of a connection has been closed. */
const ended = (socket: Socket): Promise<void> =>
	new Promise((resolve) => {
		if (socket.closed) resolve();
		socket.once("close", () => resolve()).resume();
	});

/** The first bytes that come over a connection. */
const answer = (socket: Socket): Promise<Buffer> => new Promise((resolve) => socket.once("data", resolve));

async function serves(link: ReturnType<typeof tcpLink>): Promise<void> {
	const client = new SmpClient(link, PATIENT);
	try {
		assert.equal(await client.echo("served"), "served");
	} finally {
		client.close();
	}
}

const HALVES: readonly [string, Uint8Array][] = [
	["nothing", new Uint8Array(0)],
	["half a header", ECHO.subarray(0, 5)],
	["half a packet", ECHO.subarray(0, 10)],
	["a header that announces more than will come", Uint8Array.of(2, 0, 3, 0xf0, 0, 0, 1, 0)],
	["half a marker", Uint8Array.of(6)],
	["half a line", encodeConsole(ECHO).subarray(0, 9)],
	["half a frame", encodeConsole(request(0, 0, { d: "x".repeat(200) })).subarray(0, 128)],
];

describe("slow and silent peers", () => {
	it("connections that are silent keep nobody out: the most silent one makes room", async () => {
		await withDesk([], async (desk) => {
			const sockets: Socket[] = [];
			for (let i = 0; i < ROOM; i++) sockets.push(await desk.connection(HALVES[i % HALVES.length]![1]));
			// The first one, which had said nothing, speaks, and the second has become the most silent one.
			sockets[0]!.write(ECHO);
			assert.equal((await answer(sockets[0]!)).subarray(-3, -1).toString(), "hi");
			await serves(tcpLink(desk.tcp));
			await ended(sockets[1]!);
			for (const socket of [sockets[0]!, ...sockets.slice(2)]) assert.equal(socket.destroyed, false);
			sockets[0]!.write(ECHO);
			await answer(sockets[0]!);
			// All the others are there too: what was begun before can be ended.
			sockets[2]!.write(ECHO.subarray(10));
			await answer(sockets[2]!);
		});
	});

	it("hundreds of connections, each left in the middle of something, leave nothing behind", async () => {
		await withDesk([], async (desk) => {
			const churn = async (rounds: number): Promise<void> => {
				for (let i = 0; i < rounds; i++) {
					const socket = await desk.connection(HALVES[i % HALVES.length]![1]);
					// Those that stay are the device's to end.
					if (i % 2 === 0) socket.destroy();
				}
				await desk.hangUp();
			};
			await churn(40);
			const before = await heapOf(desk.client);
			await churn(PEERS);
			sameHeap(before, await heapOf(desk.client));
		});
	});

	it("a peer that does not listen is sent away, and nobody waits for it", async () => {
		await withDesk([], async (desk) => {
			const deaf = connect(hostAndPort(desk.tcp));
			deaf.on("error", () => {});
			deaf.pause();
			const packet = request(0, 0, { d: "x".repeat(900) });
			let gone = false;
			deaf.once("close", () => {
				gone = true;
			});
			for (let i = 0; !gone && i < 100_000; i++) {
				if (!deaf.write(packet)) await desk.client.echo("others are served");
				// What the device has sent is not read, but its end is noticed.
				if (deaf.writableLength > 1 << 20) deaf.resume();
			}
			await ended(deaf);
			await serves(tcpLink(desk.tcp));
		});
	});

	it("half a line on the serial line is over with the line", async () => {
		await withDesk([], async (desk) => {
			const line = openSerial(desk.device.serial, 115200);
			const client = new SmpClient(consoleLink(line), PATIENT);
			const serves = async (): Promise<void> => assert.equal(await client.echo("served"), "served");
			await serves();
			const heap = await heapOf(desk.client);
			for (const [, bytes] of HALVES.slice(4)) {
				line.write(bytes);
				line.write(ascii("\n"));
				await serves();
			}
			// A line that never ends is not kept.
			for (let i = 0; i < 100; i++) line.write(encodeConsole(ECHO).subarray(0, 14));
			for (let i = 0; i < 100; i++) line.write(ascii("AAAA".repeat(100)));
			line.write(ascii("\n"));
			await serves();
			sameHeap(heap, await heapOf(desk.client));
			client.close();
		});
	});

	for (const app of ["smp-svr", "locked-down"])
		it(`a flood from hundreds of ports is forgotten, ${app}`, async () => {
			await withDesk(["--app", app], async (desk) => {
				const [host, port] = desk.device.udp.split(":");
				/** From each port a request that makes the device remember the client, if anything does, and half of one. */
				const flood = async (ports: number): Promise<void> => {
					for (let i = 0; i < ports; i++) {
						const socket = createSocket("udp4");
						const answered = new Promise((resolve) => socket.once("message", resolve));
						socket.send(ECHO.subarray(0, 10), Number(port), host);
						socket.send(request(64, 0, {}, 1, 0), Number(port), host);
						await answered;
						socket.close();
					}
				};
				await flood(40);
				const before = await heapOf(desk.client);
				await flood(PEERS);
				sameHeap(before, await heapOf(desk.client));
			});
		});
});
