import assert from "node:assert";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { Simulator } from "../../tools/simulator.js";

// The simulator and its controller, which comes and goes. What the two say to each other is in test/unit/bluetooth.

/** A controller that does what it is told, and has no client. */
class Controller {
	readonly server: Server;
	readonly sockets: Socket[] = [];
	/** Opcodes of what the device told. */
	readonly commands: number[] = [];

	constructor() {
		this.server = createServer((socket) => {
			this.sockets.push(socket);
			let got = Buffer.alloc(0);
			socket.on("error", () => {});
			socket.on("data", (data) => {
				got = Buffer.concat([got, data]);
				while (got.length >= 4 && got.length >= 4 + got[3]!) {
					const opcode = got.readUInt16LE(1);
					got = got.subarray(4 + got[3]!);
					this.commands.push(opcode);
					const buffers = opcode === 0x2002 ? [27, 0, 4] : [];
					const parameters = [1, opcode & 0xff, opcode >> 8, 0, ...buffers];
					socket.write(Uint8Array.of(4, 0x0e, parameters.length, ...parameters));
				}
			});
		});
	}

	/** Listens; returns the port. */
	async listen(port = 0): Promise<number> {
		this.server.listen(port, "127.0.0.1");
		await once(this.server, "listening");
		return (this.server.address() as AddressInfo).port;
	}

	close(): Promise<unknown> {
		for (const socket of this.sockets) socket.destroy();
		const closed = once(this.server, "close");
		this.server.close();
		return closed;
	}
}

const said = (simulator: Simulator, words: RegExp) => simulator.next("log", ({ line }) => words.test(String(line)));

const ADVERTISES = /^Bluetooth: xs-smp [C-F][0-9A-F](:[0-9A-F]{2}){5} advertises$/;

describe("simulator: --hci", () => {
	it("waits for its controller, takes another one, and goes on without any", async () => {
		let controller = new Controller();
		const port = await controller.listen();
		await controller.close();
		const simulator = await Simulator.start(["--images", "1", "--hci", String(port)]);
		const client = new SmpClient(udpLink(simulator.udp));
		try {
			const absent = `Bluetooth: no controller at 127.0.0.1:${port}, tried each second: `;
			await said(simulator, new RegExp(`^${absent}Connection refused$`));
			assert.equal(await client.echo("a"), "a");

			controller = new Controller();
			await controller.listen(port);
			await said(simulator, ADVERTISES);
			assert.equal(controller.commands[0], 0x0c03);
			assert.equal(controller.commands.at(-1), 0x200a);

			// Its end is said once, however often the device then tries.
			await controller.close();
			await said(simulator, new RegExp(`^${absent}`));
			assert.equal(await client.echo("b"), "b");
			controller = new Controller();
			await controller.listen(port);
			await said(simulator, ADVERTISES);

			// A reset begins with a connection of its own.
			await simulator.pressReset();
			await said(simulator, ADVERTISES);
			assert.equal(controller.sockets.length, 2);
			assert.ok(controller.commands.filter((opcode) => opcode === 0x0c03).length === 2);
			assert.ok(!simulator.events.some(({ event }) => event === "crash"));
		} finally {
			client.close();
			await simulator.stop();
			await controller.close();
		}
	});

	it("gives a device the same address at each start, and another device another", async () => {
		const addressOf = (simulator: Simulator) => simulator.events.find(({ event }) => event === "ready")!["bluetooth"];
		const options = ["--images", "1", "--hci", "[::1]:9"];
		const first = await Simulator.start(options);
		const other = await Simulator.start(options);
		assert.match(String(addressOf(first)), /^xs-smp [C-F]/);
		assert.notEqual(addressOf(first), addressOf(other));
		await other.stop();
		await first.stop({ keep: true });
		const again = await Simulator.start(options, first.directory);
		assert.equal(addressOf(again), addressOf(first));
		await again.stop();
	});

	for (const value of ["0", "somewhere", "1:2:3"])
		it(`refuses ${value}`, async () => {
			const device = Simulator.spawn(["--hci", value]);
			assert.equal(await device.exited, 2);
			assert.match(device.errors, /^--hci is (the port of a controller|PORT or ADDRESS:PORT)/);
			assert.equal(device.errors.trim().split("\n").length, 1);
		});
});
