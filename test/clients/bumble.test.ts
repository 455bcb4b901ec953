import assert from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import type { ImageState } from "../../client/client.js";
import { endsWithUs, root, Simulator } from "../../tools/simulator.js";
import { describeWith, run } from "../support/tools.js";
import { update } from "./images.js";

// smpclient by way of Bumble, which has virtual controllers: one for the client and one for the device. See bumble_session.py.

const TOOL = "python3:smpclient.transport.bumble";

/** ATT_MTU, and how many bytes go into a write. */
const MTUS: readonly (readonly [number, number])[] = [
	[23, 20],
	[185, 182],
	[247, 244],
	[517, 514],
];

type Answer = Readonly<Record<string, unknown>>;

/** The client, and the air between the two. */
class Session {
	readonly #child: ChildProcess;
	readonly #lines: Interface;
	readonly #answers: AsyncIterator<string>;
	#log = "";

	private constructor() {
		this.#child = endsWithUs(
			spawn("python3", [join(root, "test/clients/bumble_session.py")], { stdio: ["pipe", "pipe", "pipe"] }),
		);
		this.#child.stderr!.on("data", (data: Buffer) => {
			this.#log = (this.#log + data.toString()).slice(-2000);
		});
		this.#lines = createInterface({ input: this.#child.stdout! });
		this.#answers = this.#lines[Symbol.asyncIterator]();
	}

	/** Also gives the port to which a device connects. */
	static async start(): Promise<{ readonly session: Session; readonly port: number }> {
		const session = new Session();
		const { port } = await session.#answer();
		return { session, port: Number(port) };
	}

	async #answer(): Promise<Answer> {
		const { value } = await this.#answers.next();
		if (value === undefined) throw new Error(`the client ended: ${this.#log}`);
		return JSON.parse(value) as Answer;
	}

	/** Rejects with what the client could not do. */
	async do(command: string, operands: object = {}): Promise<Answer> {
		this.#child.stdin!.write(`${JSON.stringify({ do: command, ...operands })}\n`);
		const answer = await this.#answer();
		if (answer["error"] !== undefined) throw new Error(`${command}: ${answer["error"]}`);
		return answer;
	}

	async list(): Promise<string[]> {
		return lines((await this.do("list"))["images"] as ImageState[]);
	}

	stop(): Promise<void> {
		return new Promise((resolve) => {
			this.#child.once("close", () => resolve());
			this.#child.stdin!.end();
		});
	}
}

/** A list as short lines: `1 0.0.1 pending`. */
const lines = (images: readonly ImageState[]): string[] =>
	images.map(({ slot, version, ...flags }) => {
		const names = (["active", "confirmed", "pending", "permanent"] as const).filter((name) => flags[name]);
		return [String(slot), version, ...names].join(" ");
	});

/** Two ports that nobody has. */
async function freePorts(): Promise<number[]> {
	const servers = [createServer(), createServer()];
	for (const server of servers) await once(server.listen(0, "127.0.0.1"), "listening");
	const ports = servers.map((server) => (server.address() as AddressInfo).port);
	for (const server of servers) server.close();
	return ports;
}

const ADVERTISES = /^Bluetooth: xs-smp [0-9A-F:]{17} advertises$/;

const advertises = (simulator: Simulator) => simulator.next("log", ({ line }) => ADVERTISES.test(String(line)));

const factory = ["0 0.0.0 active confirmed"];

describeWith(TOOL, "an update over Bluetooth LE", () => {
	let session: Session;
	let port: number;
	let simulator: Simulator;

	before(async () => {
		({ session, port } = await Session.start());
	});
	after(() => session.stop());
	beforeEach(async () => {
		simulator = await Simulator.start(["--images", "1", "--hci", String(port)]);
		await advertises(simulator);
	});
	afterEach(async () => {
		await session.do("disconnect");
		await simulator.stop();
	});

	/** The client resets the device, and connects to it once it is back. */
	const reset = async (mtu: number): Promise<void> => {
		await session.do("reset");
		await advertises(simulator);
		await session.do("connect", { address: "xs-smp", mtu });
	};

	for (const [mtu, write] of MTUS)
		it(`is listed, uploaded, tested, reverted and confirmed with an ATT_MTU of ${mtu}`, async () => {
			const { file, hash } = update("0.0.1", 9000);
			const path = join(simulator.directory, "update.bin");
			writeFileSync(path, file);
			assert.deepEqual(await session.do("connect", { address: "xs-smp", mtu }), { write });
			assert.deepEqual(await session.list(), factory);
			const { offsets } = await session.do("upload", { file: path, image: 0 });
			assert.equal((offsets as number[]).at(-1), file.length);
			assert.deepEqual(await session.list(), [...factory, "1 0.0.1"]);
			await session.do("test", { hash });
			await reset(mtu);
			assert.deepEqual(await session.list(), ["0 0.0.1 active", "1 0.0.0 confirmed"]);
			await reset(mtu);
			assert.deepEqual(await session.list(), [...factory, "1 0.0.1"]);
			await session.do("test", { hash });
			await reset(mtu);
			await session.do("confirm", { hash });
			await reset(mtu);
			assert.deepEqual(await session.list(), ["0 0.0.1 active confirmed", "1 0.0.0"]);
		});

	for (const end of ["disconnect", "lose"])
		it(`goes on where it was when the client ${end === "lose" ? "gets out of range" : "disconnects"} in the middle of a packet`, async () => {
			const until = 40_000;
			const { file, hash } = update("0.0.1", 60_000);
			const path = join(simulator.directory, "update.bin");
			writeFileSync(path, file);
			await session.do("connect", { address: "xs-smp", mtu: 247 });
			const before = (await session.do("upload", { file: path, image: 0, until }))["offsets"] as number[];
			await session.do(end);
			// It advertises again, and whoever comes begins a packet of its own.
			await session.do("connect", { address: "xs-smp", mtu: 185 });
			const { offsets } = await session.do("upload", { file: path, image: 0 });
			const [first, last] = [(offsets as number[])[0]!, (offsets as number[]).at(-1)];
			assert.ok(first >= before.at(-1)!, `${first} after ${before.at(-1)}`);
			assert.equal(last, file.length);
			const { fields } = await session.do("statistics", { name: "ble" });
			assert.equal((fields as Record<string, number>)["rx_unfinished"], 1);
			await session.do("test", { hash });
			assert.deepEqual(await session.list(), [...factory, "1 0.0.1 pending"]);
		});

	it("is reached as docs/SIMULATOR.md has it", async () => {
		const text = readFileSync(join(root, "docs/SIMULATOR.md"), "utf8");
		const ports = await freePorts();
		const [controllers, echo] = ["python3 -m bumble.apps.controllers", "smpbumble echo"].map((command) => {
			const line = text.split("\n").find((line) => line.startsWith(`$ ${command} `));
			assert.ok(line, command);
			return line.slice(2).replace("9000", String(ports[0])).replace("9001", String(ports[1])).split(" ");
		});
		const child = endsWithUs(spawn(controllers![0]!, controllers!.slice(1), { stdio: "ignore" }));
		const device = await Simulator.start(["--images", "1", "--hci", String(ports[0])]);
		try {
			await advertises(device);
			const { status, output } = await run(echo![0]!, echo!.slice(1));
			assert.equal(status, 0, output);
			assert.match(output, /^hello$/m);
		} finally {
			child.kill();
			await device.stop();
		}
	});

	it("is found by its address, and echoes what does not fit one notification", async () => {
		const ready = simulator.events.find(({ event }) => event === "ready");
		const address = String(ready?.["bluetooth"]).split(" ")[1];
		await session.do("connect", { address, mtu: 23 });
		const text = "x".repeat(900);
		assert.deepEqual(await session.do("echo", { text }), { text });
	});
});
