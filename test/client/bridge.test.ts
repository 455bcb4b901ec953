import assert from "node:assert";
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { WebSocket } from "ws";
import { SmpClient } from "../../client/client.js";
import { webSocketLink } from "../../client/web/websocket.js";
import { root } from "../../tools/simulator.js";
import { image } from "../unit/smp/support.js";
import { FullDevice } from "./full-device.js";
import { Listener } from "./listener.js";

const FILE = image(9000, [2, 0, 0], 2);

type Program = ChildProcessByStdio<null, Readable, Readable>;

const start = (...args: string[]): Program =>
	spawn(process.execPath, [join(root, "dist/cli/main.js"), "bridge", ...args], { stdio: ["ignore", "pipe", "pipe"] });

/** The first output of a program. */
const first = async (stream: Readable): Promise<string> => String(((await once(stream, "data")) as [Buffer])[0]);

/** The code and reason with which a connection ends, or the error. */
const endOf = (socket: WebSocket): Promise<string> =>
	new Promise((resolve) => {
		socket.on("close", (code, reason) => resolve(`${code} ${String(reason)}`));
		socket.on("error", ({ message }) => resolve(message));
	});

describe("xs-smp bridge", () => {
	const device = new FullDevice();
	const listener = new Listener((packet, reply) => device.server.receive(packet, reply));
	let server: string;
	let program: Program;
	let url: string;

	before(async () => {
		server = await listener.listen();
		program = start("--tcp", server, "--listen", "0", "--json");
		({ url } = JSON.parse(await first(program.stdout)) as { url: string });
	});

	after(async () => {
		program.kill("SIGINT");
		assert.deepEqual(await once(program, "close"), [0, null]);
		await listener.close();
	});

	it("passes the packets of several pages", async () => {
		const clients = [0, 1].map(() => new SmpClient(webSocketLink(() => new WebSocket(url))));
		const [uploaded, echoes] = await Promise.all([
			clients[0]!.upload(FILE),
			Promise.all(Array.from({ length: 20 }, (_, i) => clients[1]!.echo(`${i}`))),
		]);
		assert.equal(uploaded.match, true);
		assert.deepEqual(
			echoes,
			Array.from({ length: 20 }, (_, i) => `${i}`),
		);
		assert.deepEqual(device.flash.secondary.subarray(0, FILE.length), FILE);
		for (const client of clients) await client.close();
	});

	it("lets in nobody without the token", async () => {
		const { host } = new URL(url);
		for (const wrong of ["/", "/?token=", `/?token=${"0".repeat(32)}`, `/?token=${"é".repeat(32)}`, "//", "/?%"])
			assert.equal(await endOf(new WebSocket(`ws://${host}${wrong}`)), "Unexpected server response: 401", wrong);
	});

	it("ends connections that send something else, and serves the others", async () => {
		const socket = new WebSocket(url);
		await once(socket, "open");
		socket.send("text");
		assert.equal(await endOf(socket), "1003 an SMP packet is a binary message");
		const flood = new WebSocket(url);
		await once(flood, "open");
		flood.send(new Uint8Array(70_000));
		assert.match(await endOf(flood), /^1009/);
		const short = new WebSocket(url);
		await once(short, "open");
		short.send(new Uint8Array(3));
		const client = new SmpClient(webSocketLink(() => new WebSocket(url)));
		assert.equal(await client.echo("still here"), "still here");
		await client.close();
		short.close();
	});

	it("says in one sentence why it cannot start", async () => {
		const { port } = new URL(url);
		const cases = [
			[
				["--tcp", server, "--listen", port],
				`The bridge cannot listen: another program has that port; --listen takes another.`,
			],
			[["--tcp", server, "--listen", "x"], `--listen is PORT or ADDRESS:PORT, not "x".`],
			[["--serial", "/dev/none"], "/dev/none cannot be opened: it does not exist."],
		] as const;
		for (const [args, sentence] of cases) {
			const failed = start(...args);
			const words = await first(failed.stderr);
			assert.equal(words.trim(), sentence);
			assert.deepEqual(await once(failed, "close"), [2, null]);
		}
	});
});
