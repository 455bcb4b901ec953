import assert from "node:assert";
import { readFileSync } from "node:fs";
import { type IncomingMessage, request } from "node:http";
import { WebSocket } from "ws";
import { SmpClient } from "../../client/index.js";
import { udpLink } from "../../client/node/udp.js";
import { webSocketLink } from "../../client/web/websocket.js";
import { readRecording, Timeline } from "../../page/flash/recording.js";
import { Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { PageState, refusalOf } from "./state.js";

// The server of the page, without a page: who may use it, and what it tells and does.

/** One HTTP request, with the headers that a browser would not let a page choose. */
async function ask(
	page: string,
	path: string,
	headers: Readonly<Record<string, string>> = {},
	method = "GET",
): Promise<{ readonly status: number; readonly body: string; readonly headers: IncomingMessage["headers"] }> {
	const { hostname, port } = new URL(page);
	return new Promise((resolve, reject) => {
		const asked = request({ host: hostname, port, path, method, headers: { host: `${hostname}:${port}`, ...headers } });
		asked.on("error", reject);
		asked.on("response", (response) => {
			let body = "";
			response.setEncoding("utf8");
			response.on("data", (text: string) => {
				body += text;
			});
			response.on("end", () => resolve({ status: response.statusCode ?? 0, body, headers: response.headers }));
		});
		asked.end(method === "POST" ? "reset" : undefined);
	});
}

/** What comes of opening a WebSocket: the status of the refusal, or 101. */
const knock = (page: string, path: string, headers: Readonly<Record<string, string>>): Promise<number> =>
	new Promise((resolve, reject) => {
		const url = new URL(path, page);
		url.protocol = "ws:";
		const socket = new WebSocket(url, { headers });
		socket.on("unexpected-response", (_, response) => resolve(response.statusCode ?? 0));
		socket.on("open", () => {
			socket.close();
			resolve(101);
		});
		socket.on("error", reject);
	});

describe("page: who may use the server", () => {
	let device: Simulator;
	let port: string;
	let origin: string;

	before(async () => {
		device = await Simulator.start(["--page", "0"]);
		({ port, origin } = new URL(device.page));
	});
	after(() => device.stop());

	it("gives its own page what it needs, and nothing of another origin a part in it", async () => {
		const { status, headers } = await ask(device.page, "/");
		assert.equal(status, 200);
		assert.match(String(headers["content-security-policy"]), /default-src 'none'.*frame-ancestors 'none'/);
		assert.equal(headers["access-control-allow-origin"], undefined);
	});

	it("gives nothing else than the page", async () => {
		for (const path of [
			"/../page/index.html",
			"/%2e%2e/xs-smp-sim-smp-svr",
			"/stamps",
			"//etc/passwd",
			"//",
			"//?device=1",
			"/boots/1",
		])
			assert.equal((await ask(device.page, path)).status, 404, path);
	});

	for (const name of ["evil.example", "evil.example:PORT", "127.0.0.1.evil.example:PORT", "localhost.:PORT"])
		it(`refuses the host "${name}", which another site may have led here`, async () => {
			const host = name.replace("PORT", port);
			assert.equal((await ask(device.page, "/", { host })).status, 403);
			assert.equal(await knock(device.page, "/state", { host, origin: `http://${host}` }), 403);
		});

	it("is reached as localhost too", async () => {
		assert.equal((await ask(device.page, "/", { host: `localhost:${port}` })).status, 200);
	});

	for (const stranger of ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:PORT"])
		it(`refuses the origin ${stranger}`, async () => {
			const from = { origin: stranger.replace("PORT", port) };
			assert.equal((await ask(device.page, "/", from)).status, 403);
			for (const path of ["/state", "/smp"]) assert.equal(await knock(device.page, path, from), 403);
		});

	it("refuses a WebSocket that does not say where it comes from", async () => {
		assert.equal(await knock(device.page, "/smp", {}), 403);
	});

	it("takes a WebSocket of its own page", async () => {
		assert.equal(await knock(device.page, "/state", { origin }), 101);
	});

	it("refuses a form that another site posts, and whatever else is no question", async () => {
		const form = { origin: "http://evil.example", "content-type": "application/x-www-form-urlencoded" };
		for (const [method, headers] of [
			["POST", form],
			["POST", {}],
			["PUT", {}],
			["DELETE", {}],
		] as const)
			assert.equal((await ask(device.page, "/", headers, method)).status, 403);
		assert.deepEqual(
			device.events.filter(({ event }) => event === "reset"),
			[],
		);
	});

	it("refuses what another site's page loads from here", async () => {
		const embedded = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" };
		assert.equal((await ask(device.page, "/page.js", embedded)).status, 403);
	});

	it("lets a link from elsewhere lead here", async () => {
		const followed = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
		assert.equal((await ask(device.page, "/", followed)).status, 200);
	});

	it("says what it does not understand, and goes on", async () => {
		const state = await PageState.open(device.page);
		state.sendText("{");
		assert.match(await refusalOf(state), /does not know this message/);
		state.send({ type: "reset" });
		await state.next("boot");
		state.close();
	});
});

describe("page: beyond this machine", () => {
	it("changes nothing without the token, and shows the device all the same", async () => {
		const device = await Simulator.start(["--page", "0.0.0.0:0"]);
		const { port, searchParams } = new URL(device.page);
		const page = `http://127.0.0.1:${port}/`;
		const token = searchParams.get("token");
		assert.match(String(token), /^[0-9a-f]{32}$/);

		const stranger = await PageState.open(page);
		assert.equal(stranger.hello?.mayChange, false);
		assert.ok(stranger.flash.some((byte) => byte !== 0xff));
		stranger.send({ type: "power", on: false });
		assert.match(await refusalOf(stranger), /token/);
		const wrong = new SmpClient(webSocketTo(page, "/smp?token=0"));
		await assert.rejects(wrong.images({ timeout: 100, tries: 1 }));

		const friend = await PageState.open(page, `/state?token=${token}`);
		assert.equal(friend.hello?.mayChange, true);
		friend.send({ type: "reset" });
		await friend.next("boot");
		const resets = device.events.filter(({ event }) => event === "reset" || event === "power");
		assert.deepEqual(
			resets.map(({ event }) => event),
			["reset"],
		);
		stranger.close();
		friend.close();
		await wrong.close();
		await device.stop();
	});
});

/** A link that says where it comes from, as a browser's does. */
function webSocketTo(page: string, path: string): ReturnType<typeof webSocketLink> {
	const { origin } = new URL(page);
	const url = new URL(path, page);
	url.protocol = "ws:";
	return webSocketLink(() => new WebSocket(url, { origin }));
}

describe("page: what the server tells and does", () => {
	it("shows the flash as it changes, the wear, and each boot that changed it", async () => {
		const device = await Simulator.start(["--page", "0", "--images", "1"]);
		const state = await PageState.open(device.page);
		const client = new SmpClient(webSocketTo(device.page, "/smp"));
		const { file, hash } = update("0.0.1", 20_000);
		await client.upload(file);
		await client.test(hash);
		await client.reset();
		await state.next("boot");
		await state.until(() => Buffer.from(state.flash).equals(readFileSync(device.flash)));
		const { areas, sectorSize } = state.hello!.build.layout;
		const primary = areas.find(({ id }) => id === 1)!.offset / sectorSize;
		// Once for the old image's moving up, and once for the new image.
		assert.equal(state.wear.get(primary + 1), 2);
		assert.deepEqual(state.boots, [1]);

		const read = readRecording(await recordingOf(device, 1));
		assert.equal(read.end, "done");
		const timeline = new Timeline(read);
		timeline.seek(timeline.length);
		const inSlots = (flash: Uint8Array): string =>
			Buffer.from(flash.subarray(areas[1]!.offset, areas[2]!.offset + areas[2]!.size)).toString("hex");
		assert.equal(inSlots(timeline.flash), inSlots(readFileSync(device.flash)));
		timeline.seek(0);
		assert.deepEqual(timeline.flash, read.start);

		await client.close();
		state.close();
		await device.stop();
	});

	it("starts the device with the flash of any moment, and the boot loader goes on from there", async () => {
		const device = await Simulator.start(["--page", "0", "--images", "1"]);
		const state = await PageState.open(device.page);
		const client = new SmpClient(webSocketTo(device.page, "/smp"));
		const { file, hash } = update("0.0.1", 20_000);
		await client.upload(file);
		await client.test(hash);
		await client.reset();
		await state.next("boot");
		const timeline = new Timeline(readRecording(await recordingOf(device, 1)));
		timeline.seek(60);
		state.send(timeline.flash);
		await state.next("power");
		const resumed = await device.next("boot", ({ images }) => (images as Booted)[0]!.resumed);
		assert.equal((resumed["images"] as Booted)[0]!.version, "0.0.1");
		assert.equal((await client.images())[0]!.hash, hash);
		await client.close();
		state.close();
		await device.stop();
	});

	it("cuts the power and gives it back", async () => {
		const device = await Simulator.start(["--page", "0"]);
		const state = await PageState.open(device.page);
		state.send({ type: "power", on: false });
		await device.next("power");
		await assert.rejects(new SmpClient(udpLink(device.udp)).images({ timeout: 200, tries: 1 }));
		state.send({ type: "power", on: true });
		await device.next("boot");
		state.close();
		await device.stop();
	});

	it("starts a device whose power is off with another flash", async () => {
		const device = await Simulator.start(["--page", "0", "--images", "1"]);
		const state = await PageState.open(device.page);
		state.send({ type: "power", on: false });
		await state.next("power");
		const blank = new Uint8Array(state.flash.length).fill(0xff);
		state.send(blank);
		const { reason } = await device.next("halt");
		assert.match(String(reason), /no bootable image|nothing to boot|primary slot/);
		assert.deepEqual(new Uint8Array(readFileSync(device.flash)), blank);
		state.close();
		await device.stop();
	});

	it("refuses a flash of another size", async () => {
		const device = await Simulator.start(["--page", "0"]);
		const state = await PageState.open(device.page);
		state.send(new Uint8Array(1000));
		assert.match(await refusalOf(state), /4194304 bytes, not 1000/);
		state.close();
		await device.stop();
	});

	it("shows each of several devices", async () => {
		const device = Simulator.spawn(["--devices", "2", "--page", "0"]);
		const pages = [await device.next("ready"), await device.next("ready")].map((event) => String(event["page"]));
		assert.deepEqual(pages.map((page) => new URL(page).search).sort(), ["?device=1", "?device=2"]);
		const second = await PageState.open(pages[0]!, "/state?device=2");
		assert.equal(second.hello?.device, 2);
		assert.equal(second.hello?.devices, 2);
		assert.equal(second.hello?.records, false);
		assert.equal(await knock(pages[0]!, "/state?device=3", { origin: new URL(pages[0]!).origin }), 403);
		second.close();
		await device.stop();
	});
});

type Booted = readonly { readonly version: string; readonly resumed: boolean }[];

/** A recorded boot, as the page gets it. */
async function recordingOf({ page }: Simulator, number: number): Promise<Uint8Array> {
	const response = await fetch(new URL(`/boots/${number}`, page));
	assert.equal(response.status, 200);
	return new Uint8Array(await response.arrayBuffer());
}
