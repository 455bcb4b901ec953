import assert from "node:assert";
import { createSocket, type Socket } from "node:dgram";
import { DEVELOPMENT_KEY } from "../../apps/locked-down/rules.js";
import { lock, unlock } from "../../client/access.js";
import { SmpClient } from "../../client/client.js";
import { consoleLink } from "../../client/console.js";
import { type AuditRecord, auditRecords } from "../../client/group/audit.js";
import { statistics } from "../../client/group/statistics.js";
import { openSerial } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import { Simulator } from "../../tools/simulator.js";
import { hostAndPort } from "../fuzz/peers.js";
import { image, request } from "../unit/smp/support.js";

// The locked-down application as an attacker without the key meets it. Its figures stand in docs/SMP.md.

const KEY = Uint8Array.from(DEVELOPMENT_KEY);
const PATIENT = { timeout: 2000, tries: 10 };

/** How often the owner comes while the flood runs, and how many requests the stranger sends between two visits. */
const VISITS = 6;
const PART = Math.ceil(20_000 / VISITS);

/** Clients that the stranger is, and requests of each on their way. */
const PORTS = 16;
const WINDOW = 4;

/** Milliseconds after which an answer counts as lost. */
const LOST = 1000;

const ECHO = { group: 0, command: 0 };

/**
 * What the stranger sends, the `i`th: refused writes of many kinds, challenges and bogus answers, first chunks, writes
 * that everybody may do, and all commands that there are.
 */
function strangers(i: number): Uint8Array {
	switch (i % 8) {
		case 0:
			return request(64, 1, { answer: new Uint8Array(32).fill(i) });
		case 1:
			return request(64, 0, {}, 1, 0);
		case 2:
			return request(1, 1, { off: 0, len: 100_000, data: image(400, [1, 0, i & 0xff], i) });
		case 3:
			return request(ECHO.group, ECHO.command, { d: "x" });
		case 4:
			return request(1, 5, {});
		case 5:
			return request(64, 2, {});
		case 6:
			return request(3, 0, { name: `a/${i}`, val: Uint8Array.of(1) });
		default:
			return request((i >> 3) % 70, (i >> 5) % 12, {}, 1, i & 8 ? 2 : 0);
	}
}

/** A stranger on the network: sends from many ports, and looks at nothing but how many answers there are. */
class Stranger {
	readonly #sockets: Socket[] = [];
	/** Who waits for an answer, by socket. */
	readonly #waiting = new Map<Socket, (() => void)[]>();
	sent = 0;
	answered = 0;

	constructor(address: string) {
		const { host, port } = hostAndPort(address);
		for (let i = 0; i < PORTS; i++) {
			const socket = createSocket("udp4");
			socket.connect(port, host);
			const waiting: (() => void)[] = [];
			socket.on("message", () => {
				this.answered++;
				waiting.shift()?.();
			});
			this.#waiting.set(socket, waiting);
			this.#sockets.push(socket);
		}
	}

	async ready(): Promise<void> {
		await Promise.all(this.#sockets.map((socket) => new Promise<void>((resolve) => socket.once("connect", resolve))));
	}

	/** Sends so many requests as fast as they are answered. */
	async flood(count: number): Promise<void> {
		const end = this.sent + count;
		await Promise.all(
			this.#sockets.flatMap((socket) => Array.from({ length: WINDOW }, () => this.#keepSending(socket, end))),
		);
	}

	async #keepSending(socket: Socket, end: number): Promise<void> {
		while (this.sent < end) {
			await new Promise<void>((resolve) => {
				const timer = setTimeout(resolve, LOST);
				this.#waiting.get(socket)!.push(() => {
					clearTimeout(timer);
					resolve();
				});
				socket.send(strangers(this.sent++));
			});
		}
	}

	close(): void {
		for (const socket of this.#sockets) socket.close();
	}
}

/** What the device did to its flash, and the records of what was done and of what was only counted. */
async function look(client: SmpClient) {
	await unlock(client, KEY);
	const flash = new Map(Object.entries(await statistics(client, "flash")));
	const records = await auditRecords(client);
	await lock(client);
	return {
		erases: flash.get("erased_blocks")!,
		writes: flash.get("writes")!,
		done: records.filter(({ times }) => times === undefined).reverse(),
		counted: records.filter(({ times }) => times !== undefined),
	};
}

const kinds = (records: readonly AuditRecord[]): string[] =>
	records.map(({ group, command, transport }) => `${group} ${command} ${transport}`);

describe("locked-down: a stranger's flood", () => {
	let device: Simulator;
	let line: ReturnType<typeof openSerial>;
	let cable: SmpClient;

	beforeEach(async () => {
		device = await Simulator.start(["--app", "locked-down", "--images", "1"]);
		line = openSerial(device.serial, 115200);
		cable = new SmpClient(consoleLink(line), PATIENT);
	});
	afterEach(async () => {
		cable.close();
		await device.stop();
	});

	it("of 20,000 packets over UDP wears no flash, pushes out no record, and keeps the owner out at no time", async () => {
		const before = await look(cable);
		const stranger = new Stranger(device.udp);
		await stranger.ready();
		let visits = 0;
		for (let i = 0; i < VISITS; i++) {
			const flood = stranger.flood(PART);
			const owner = new SmpClient(udpLink(device.udp), PATIENT);
			try {
				assert.equal(await unlock(owner, KEY), 600);
				await owner.erase();
				visits++;
			} finally {
				owner.close();
			}
			await flood;
		}
		stranger.close();
		assert.ok(stranger.sent >= 20_000 && stranger.answered > 0.9 * stranger.sent, `${stranger.answered} answered`);
		const after = await look(cable);
		assert.equal(visits, 6);
		assert.equal(after.erases - before.erases, 0, "sectors erased");
		// What the owner did: answers and erases of six visits, and the answer of the look.
		assert.deepEqual(kinds(after.done).slice(before.done.length), [
			...Array.from({ length: VISITS }, () => ["64 1 udp", "1 5 udp"]).flat(),
			"64 1 uart",
		]);
		assert.equal(after.writes - before.writes, 2 * VISITS + 1, "records written");
		assert.deepEqual(after.done.slice(0, before.done.length), before.done);
		// Writes, refused or not, are counted, in eight kinds; the reads are one in eight and half of another.
		const counted = after.counted.reduce((sum, { times = 0 }) => sum + times, 0);
		assert.equal(after.counted.length, 8);
		assert.ok(counted > 0.75 * stranger.answered && counted < stranger.sent, `${counted} counted`);
	});

	it("on the serial line, which the owner shares, keeps the owner out at no time and pushes out no record", async () => {
		const before = await look(cable);
		let visits = 0;
		let sent = 0;
		for (let i = 0; i < VISITS; i++) {
			// Whoever shares the line is served with the owner: what is sent here is refused in any case.
			for (let k = 0; k < 300; k++, sent++) {
				line.write(encodeConsole(request(64, 1, { answer: new Uint8Array(32).fill(sent) })));
				line.write(encodeConsole(request(64, 0, {}, 1, 0)));
				line.write(encodeConsole(request(9, 0, { argv: ["help"] })));
				if (k % 50 === 0) await cable.parameters();
			}
			assert.equal(await unlock(cable, KEY), 600);
			await lock(cable);
			visits++;
		}
		assert.equal(visits, 6);
		const { erases, done, counted } = await look(cable);
		assert.equal(erases, 0);
		assert.ok(before.done.length > 0);
		assert.deepEqual(done.slice(0, before.done.length), before.done);
		assert.deepEqual(
			counted.map(({ group, rc, times }) => [group, rc, times]).sort(),
			[
				[64, 0, VISITS + 1],
				[64, 3, sent],
				[9, 11, sent],
			].sort(),
		);
	});
});
