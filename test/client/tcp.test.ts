import assert from "node:assert";
import { NoAnswerError, type Patience, SmpClient } from "../../client/client.js";
import { parseServer } from "../../client/node/address.js";
import { tcpLink } from "../../client/node/tcp.js";
import { osGroup } from "../../modules/smp/group/os.js";
import { SmpServer } from "../../modules/smp/server.js";
import { Listener } from "./listener.js";

const device = new SmpServer({ groups: [osGroup({})] });
const echoes = () => new Listener((packet, reply) => device.receive(packet, reply));

/** An address where nobody listens. */
async function nobody(): Promise<string> {
	const listener = echoes();
	const address = await listener.listen();
	await listener.close();
	return address;
}

/** By default a time-out would end no test: what is said is said by the connection. */
async function withClient(
	address: string,
	use: (client: SmpClient) => Promise<void>,
	patience: Patience = { timeout: 60_000, tries: 2 },
): Promise<void> {
	const client = new SmpClient(tcpLink(address), patience);
	try {
		await use(client);
	} finally {
		client.close();
	}
}

describe("client over TCP", () => {
	for (const host of ["127.0.0.1", "::1"])
		it(`reaches ${host}`, async () => {
			const listener = echoes();
			await withClient(await listener.listen(host), async (client) => {
				const text = "x".repeat(500);
				assert.deepEqual(await Promise.all([client.echo(text), client.echo("b")]), [text, "b"]);
			});
			assert.equal(listener.connections, 1);
			await listener.close();
		});

	it("says that a connection is refused, and connects when it is not any more", async () => {
		const address = await nobody();
		await withClient(address, async (client) => {
			const refused = { name: "NoAnswerError", message: `no answer to the echo: ${address} refuses the connection` };
			await Promise.all([assert.rejects(client.echo("a"), refused), assert.rejects(client.echo("b"), refused)]);
			const listener = echoes();
			await listener.listen("127.0.0.1", parseServer(address).port);
			assert.equal(await client.echo("c"), "c");
			const closed = listener.close();
			client.close();
			await closed;
		});
	});

	it("says that a connection is closed, or there is no such host", async () => {
		const listener = new Listener((_packet, _reply, socket) => socket.destroy());
		const address = await listener.listen();
		await withClient(address, (client) =>
			assert.rejects(client.echo("a"), { message: `no answer to the echo: ${address} closes the connection` }),
		);
		await listener.close();
		await withClient("no..body:1", (client) =>
			assert.rejects(client.echo("a"), {
				message: "no answer to the echo: no..body:1 cannot be reached: there is no host of this name",
			}),
		);
	});

	it("makes a lost connection anew", async () => {
		const listener = new Listener((packet, reply, socket) => {
			device.receive(packet, reply);
			socket.end();
		});
		const use = async (client: SmpClient) => {
			for (const text of ["a", "b", "c"]) assert.equal(await client.echo(text), text);
		};
		// What is written before the end of the connection is known gets lost, and asked again.
		await withClient(await listener.listen(), use, { timeout: 50, tries: 6 });
		assert.ok(listener.connections > 1);
		await listener.close();
	});

	it("says that a lost connection cannot be made anew", async () => {
		const listener: Listener = new Listener((packet, reply, socket) => {
			device.receive(packet, reply);
			listener.server.close();
			socket.destroySoon();
		});
		const address = await listener.listen();
		await withClient(address, async (client) => {
			assert.equal(await client.echo("a"), "a");
			await assert.rejects(client.echo("b"), (error) => error instanceof NoAnswerError && error.reason !== undefined);
		});
	});
});

describe("HOST:PORT", () => {
	it("is read", () => {
		assert.deepEqual(parseServer("a.example:1337"), { host: "a.example", port: 1337 });
		assert.deepEqual(parseServer("[2001:db8::1]:65535"), { host: "2001:db8::1", port: 65535 });
	});

	for (const text of ["", "1337", ":1337", "a:", "a:0", "a:65536", "a:1e3", "a:123456", "[::1]", "a: 1", "a:-1"])
		it(`is not "${text}"`, () => {
			assert.throws(() => parseServer(text), { message: /^The server is HOST:PORT, such as 192\.0\.2\.1:1337, not "/ });
			assert.throws(() => tcpLink(text), /HOST:PORT/);
		});
});
