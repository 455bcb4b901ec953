import assert from "node:assert";
import { WebSocket as Socket, WebSocketServer } from "ws";
import { SmpClient } from "../../client/client.js";
import { SharedLink } from "../../client/shared.js";
import { bluetoothLink, type WebBluetoothDevice, type WebCharacteristic } from "../../client/web/bluetooth.js";
import { type WebSerialPort, webSerialLink } from "../../client/web/serial.js";
import { webSocketLink } from "../../client/web/websocket.js";
import { BleTransport } from "../../modules/smp/transport/ble.js";

import { ConsoleTransport } from "../../modules/smp/transport/console.js";
import { scriptCodec } from "../../modules/smp/transport/frame.js";
import type { ByteStream, GattCharacteristic } from "../../modules/smp/transport/stream.js";
import { image } from "../unit/smp/support.js";
import { FullDevice } from "./full-device.js";
import { LossyLink, localLink } from "./links.js";

// The links of a page. What a browser gives is fake here, at the boundary of its API; behind it is a real server.

const FILE = image(9000, [2, 0, 0], 2);
const PATIENT = { timeout: 2000, tries: 3 };

/** A port of Web Serial whose other end is a device, until it is pulled out. */
class Port implements WebSerialPort {
	readable: ReadableStream<Uint8Array> | null = null;
	writable: WritableStream<Uint8Array> | null = null;
	opened = 0;
	closed = 0;
	present = true;
	/** Whether the device's answers get lost. */
	mute = false;
	readonly #device: FullDevice;
	#toPage: ReadableStreamDefaultController<Uint8Array> | undefined;

	constructor(device: FullDevice) {
		this.#device = device;
	}

	open(): Promise<void> {
		if (!this.present) return Promise.reject(new DOMException("Failed to open serial port.", "NetworkError"));
		this.opened++;
		const line: ByteStream = {
			onBytes: undefined,
			write: (bytes) => {
				if (!this.mute) this.#toPage?.enqueue(bytes.slice());
			},
			close() {},
		};
		const transport = new ConsoleTransport(line, { codec: scriptCodec, maxPacket: 1024 });
		this.#device.server.attach(transport, `port ${this.opened}`);
		this.#freshStream();
		this.writable = new WritableStream({ write: (bytes) => line.onBytes?.(bytes) });
		return Promise.resolve();
	}

	close(): Promise<void> {
		this.closed++;
		this.readable = null;
		this.writable = null;
		return Promise.resolve();
	}

	/** As after a framing error: the stream ends, and the port has another. */
	stumble(): void {
		const stream = this.#toPage;
		this.#freshStream();
		stream?.error(new DOMException("A framing error was detected.", "FramingError"));
	}

	pull(): void {
		const stream = this.#toPage;
		this.readable = null;
		this.present = false;
		stream?.error(new DOMException("The device has been lost.", "NetworkError"));
	}

	#freshStream(): void {
		this.readable = new ReadableStream({
			start: (controller) => {
				this.#toPage = controller;
			},
		});
	}
}

describe("client over Web Serial", () => {
	it("updates a device, and leaves the port to others", async () => {
		const device = new FullDevice();
		const port = new Port(device);
		const client = new SmpClient(await webSerialLink(port), PATIENT);
		assert.equal((await client.upload(FILE)).match, true);
		await client.close();
		assert.deepEqual([port.opened, port.closed], [1, 1]);
	});

	it("goes on after a framing error", async () => {
		const port = new Port(new FullDevice());
		const client = new SmpClient(await webSerialLink(port), PATIENT);
		await client.images();
		port.stumble();
		assert.equal((await client.images()).length, 1);
		await client.close();
		assert.deepEqual([port.opened, port.closed], [1, 1]);
	});

	it("says that the port is gone, and opens it anew once it is back", async () => {
		const port = new Port(new FullDevice());
		const client = new SmpClient(await webSerialLink(port), PATIENT);
		await client.images();
		port.mute = true;
		const waiting = client.images();
		port.pull();
		port.mute = false;
		await assert.rejects(waiting, /the serial port is gone: was the device unplugged, or does it restart\?/);
		await assert.rejects(client.images(), /another program has it, or the device is gone/);
		port.present = true;
		assert.equal((await client.images()).length, 1);
		await client.close();
		assert.deepEqual([port.opened, port.closed], [2, 2]);
	});

	it("says in one sentence that a port cannot be opened", async () => {
		const port = new Port(new FullDevice());
		port.present = false;
		await assert.rejects(webSerialLink(port), {
			message: "The serial port cannot be opened: another program has it, or the device is gone.",
		});
	});
});

/** A characteristic as a device has it and as a page has it: one object, two sides. */
class Radio {
	readonly attMtu: number;
	readonly writes: number[] = [];
	connections = 0;
	inReach = true;
	service = true;
	readonly device: WebBluetoothDevice;
	#subscribed = false;
	#connected = false;
	readonly #listeners = new Map<string, Set<() => void>>();

	constructor(device: FullDevice, attMtu: number) {
		this.attMtu = attMtu;
		const characteristic: GattCharacteristic = {
			attMtu,
			onWrite: undefined,
			onUnsubscribed: undefined,
			notify: (bytes) => {
				assert.ok(bytes.length <= attMtu - 3);
				const copy = bytes.slice();
				setImmediate(() => {
					if (!this.#subscribed) return;
					remote.value = new DataView(copy.buffer);
					this.#call("characteristicvaluechanged");
				});
			},
			close() {},
		};
		device.server.attach(new BleTransport(characteristic), "ble");
		let writing = false;
		const remote: { value?: DataView } & Omit<WebCharacteristic, "value"> = {
			startNotifications: () => {
				this.#subscribed = true;
				return Promise.resolve();
			},
			writeValueWithoutResponse: async (bytes) => {
				// Chromium's words.
				if (writing) throw new DOMException("GATT operation already in progress.", "NetworkError");
				const { connections } = this;
				assert.ok(bytes.length <= attMtu - 3, "longer than the ATT_MTU allows");
				writing = true;
				await new Promise(setImmediate);
				writing = false;
				if (!this.#connected || connections !== this.connections)
					throw new DOMException("GATT Server is disconnected.", "NetworkError");
				this.writes.push(bytes.length);
				characteristic.onWrite?.(bytes);
			},
			...this.#target(),
		};
		this.device = {
			gatt: {
				connect: () => {
					if (!this.inReach)
						return Promise.reject(new DOMException("Bluetooth Device is no longer in range.", "NetworkError"));
					this.connections++;
					this.#connected = true;
					return Promise.resolve();
				},
				disconnect: () => this.#disconnected(),
				getPrimaryService: () =>
					this.service
						? Promise.resolve({ getCharacteristic: () => Promise.resolve(remote) })
						: Promise.reject(new DOMException("No Services matching UUID found in Device.", "NotFoundError")),
			},
			...this.#target(),
		};
		this.#gone = () => characteristic.onUnsubscribed?.();
	}

	readonly #gone: () => void;

	/** As when the device restarts, or is carried away. */
	lose(): void {
		this.#disconnected();
		this.#call("gattserverdisconnected");
	}

	#disconnected(): void {
		this.#connected = false;
		this.#subscribed = false;
		this.#gone();
	}

	#call(type: string): void {
		for (const listener of this.#listeners.get(type) ?? []) listener();
	}

	#target() {
		return {
			addEventListener: (type: string, listener: () => void) => {
				const listeners = this.#listeners.get(type) ?? new Set();
				this.#listeners.set(type, listeners.add(listener));
			},
			removeEventListener: (type: string, listener: () => void) => void this.#listeners.get(type)?.delete(listener),
		};
	}
}

describe("client over Web Bluetooth", () => {
	for (const attMtu of [23, 185, 247, 517])
		it(`updates a device with an ATT_MTU of ${attMtu}, which no browser tells`, async () => {
			const radio = new Radio(new FullDevice(), attMtu);
			const client = new SmpClient(await bluetoothLink(radio.device), PATIENT);
			// Header, map, two keys and the length of the text come on top.
			await client.echo("x".repeat(300));
			assert.equal(Math.max(...radio.writes), 20);
			assert.equal((await client.upload(FILE)).match, true);
			assert.equal(Math.max(...radio.writes), Math.min(315, attMtu - 3));
			await client.close();
		});

	it("resumes after the connection was lost in mid-upload", async () => {
		const device = new FullDevice();
		const radio = new Radio(device, 247);
		const client = new SmpClient(await bluetoothLink(radio.device), PATIENT);
		const offsets: number[] = [];
		const broken = client.upload(FILE, {
			onProgress: (offset) => {
				offsets.push(offset);
				if (offset > 4000 && radio.connections === 1) radio.lose();
			},
		});
		await assert.rejects(broken, /the connection is lost: is the device in reach, or does it restart\?/);
		assert.equal((await client.upload(FILE)).match, true);
		assert.equal(radio.connections, 2);
		assert.deepEqual(device.flash.secondary.subarray(0, FILE.length), FILE);
		await client.close();
	});

	it("says in one sentence what is wrong with a device", async () => {
		const radio = new Radio(new FullDevice(), 247);
		radio.service = false;
		await assert.rejects(bluetoothLink(radio.device), { message: "The Bluetooth device has no SMP service." });
		radio.inReach = false;
		await assert.rejects(bluetoothLink(radio.device), {
			message: "The Bluetooth device cannot be connected: Bluetooth Device is no longer in range.",
		});
		await assert.rejects(bluetoothLink({ addEventListener() {}, removeEventListener() {} }), {
			message: "This Bluetooth device has no GATT server.",
		});
	});
});

describe("client over a WebSocket", () => {
	it("updates a device, and connects again where the connection was lost", async () => {
		const device = new FullDevice();
		const server = new WebSocketServer({ host: "127.0.0.1", port: 0 });
		await new Promise((resolve) => server.on("listening", resolve));
		server.on("connection", (socket) => {
			const link = device.link();
			link.onPacket = (packet) => socket.send(packet);
			socket.on("message", (data: Buffer) => link.send(data));
		});
		const { port } = server.address() as { port: number };
		const client = new SmpClient(
			webSocketLink(() => new Socket(`ws://127.0.0.1:${port}`)),
			PATIENT,
		);
		assert.equal((await client.upload(FILE)).match, true);
		const waiting = client.images();
		for (const socket of server.clients) socket.close(1013, "the serial line is gone.");
		await waiting.catch((error: Error) => assert.match(error.message, /the serial line is gone$/));
		assert.equal((await client.images()).length, 2);
		await client.close();
		server.close();
	});

	it("says that nobody is there", async () => {
		const client = new SmpClient(
			webSocketLink(() => new Socket("ws://127.0.0.1:9")),
			PATIENT,
		);
		await assert.rejects(client.images(), /nobody answers at the address/);
		await client.close();
	});
});

describe("several clients on one link", () => {
	it("get each its own answers, whatever numbers they use", async () => {
		const device = new FullDevice();
		const shared = new SharedLink(new LossyLink(localLink(device.server), 7, { doubled: 20, late: 20 }));
		const clients = Array.from({ length: 10 }, () => new SmpClient(shared.open(), { timeout: 100, tries: 5 }));
		const answers = await Promise.all(
			clients.flatMap((client, i) => Array.from({ length: 20 }, (_, j) => client.echo(`${i} ${j}`))),
		);
		assert.deepEqual(
			answers,
			Array.from({ length: 200 }, (_, k) => `${Math.floor(k / 20)} ${k % 20}`),
		);
		await clients[0]!.close();
		assert.equal(await clients[1]!.echo("still here"), "still here");
		await shared.close();
	});

	it("are told that the way to the server is gone", async () => {
		const link = localLink({ receive() {} });
		const shared = new SharedLink(link);
		const clients = [0, 1].map(() => new SmpClient(shared.open(), PATIENT));
		const waiting = clients.map((client) => assert.rejects(client.images(), /the line is cut/));
		link.onFailure?.("the line is cut");
		await Promise.all(waiting);
	});
});
