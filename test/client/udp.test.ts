import assert from "node:assert";
import { createSocket, type Socket } from "node:dgram";
import { runProgram } from "../../cli/program.js";
import { type NoAnswerError, type Patience, SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { osGroup } from "../../modules/smp/group/os.js";
import { SmpServer } from "../../modules/smp/server.js";

const device = new SmpServer({ groups: [osGroup({})] });

/** A server on UDP, at a free port or this one. */
async function listen(host = "127.0.0.1", port = 0): Promise<Socket> {
	const socket = createSocket(host.includes(":") ? "udp6" : "udp4");
	socket.on("message", (packet, peer) =>
		device.receive(packet, (response) => socket.send(response.slice(), peer.port, peer.address)),
	);
	await new Promise<void>((resolve) => socket.bind(port, host, resolve));
	return socket;
}

const close = (socket: Socket): Promise<void> => new Promise((resolve) => socket.close(resolve));

/** By default a time-out would end no test: what is said is said by the system. */
async function withClient(
	address: string,
	use: (client: SmpClient) => Promise<void>,
	patience: Patience = { timeout: 60_000, tries: 2 },
): Promise<void> {
	const client = new SmpClient(udpLink(address), patience);
	try {
		await use(client);
	} finally {
		client.close();
	}
}

describe("client over UDP", () => {
	for (const [host, name] of [
		["127.0.0.1", "127.0.0.1"],
		["::1", "[::1]"],
		["127.0.0.1", "localhost"],
	] as const)
		it(`reaches ${name}`, async () => {
			const socket = await listen(host);
			await withClient(`${name}:${socket.address().port}`, async (client) => {
				const texts = ["a", "x".repeat(500)];
				assert.deepEqual(await Promise.all(texts.map((text) => client.echo(text))), texts);
			});
			await close(socket);
		});

	it("says at once that there is no such host, or that nobody listens", async () => {
		await withClient("no..body:1", (client) =>
			assert.rejects(client.echo("a"), {
				name: "NoAnswerError",
				message: "no answer to the echo: no..body:1 cannot be reached: there is no host of this name",
			}),
		);
		const socket = await listen();
		const address = `127.0.0.1:${socket.address().port}`;
		await close(socket);
		await withClient(address, async (client) => {
			const refused = { message: `no answer to the echo: ${address} refuses the packets: nobody listens there` };
			await assert.rejects(client.echo("a"), refused);
			await assert.rejects(client.echo("b"), refused);
			const again = await listen("127.0.0.1", Number(address.split(":")[1]));
			assert.equal(await client.echo("c"), "c");
			await close(again);
		});
	});

	it("says that a packet is too long for the network", async () => {
		await withClient("127.0.0.1:9", (client) =>
			assert.rejects(client.echo("x".repeat(70_000)), (error: NoAnswerError) => {
				assert.match(error.reason!, /^127\.0\.0\.1:9 cannot be reached: the packet is too long$/);
				return true;
			}),
		);
	});

	it("takes a device that was heard before for one that restarts", async () => {
		const socket = await listen();
		const { port } = socket.address();
		await withClient(
			`127.0.0.1:${port}`,
			async (client) => {
				assert.equal(await client.echo("a"), "a");
				await close(socket);
				const later = client.echo("b");
				const again = await listen("127.0.0.1", port);
				assert.equal(await later, "b");
				await close(again);
			},
			{ timeout: 100, tries: 8 },
		);
	});

	it("ends the program with a sentence", async () => {
		const errors: string[] = [];
		const stderr = { write: (text: string) => errors.push(text) };
		const status = await runProgram(["list", "--udp", "no..body:1337"], { stdout: stderr, stderr });
		assert.equal(status, 1);
		assert.deepEqual(errors, [
			"No answer to the image state: no..body:1337 cannot be reached: there is no host of this name.\n",
		]);
	});
});
