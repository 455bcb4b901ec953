import assert from "node:assert";
import { keepUnlocked, unlock } from "../../client/access.js";
import { SmpClient } from "../../client/client.js";
import { auditRecords } from "../../client/group/audit.js";
import { groups } from "../../client/group/enumeration.js";
import { downloadFile, uploadFile } from "../../client/group/files.js";
import { readSetting, writeSetting } from "../../client/group/settings.js";
import { runShell } from "../../client/group/shell.js";
import type { Link } from "../../client/link.js";
import { upgrade } from "../../client/upgrade.js";
import { readHeader } from "../../modules/smp/header.js";
import { update } from "../clients/images.js";
import { image } from "../unit/smp/support.js";
import { ForeignDevice } from "./foreign-device.js";
import { FullDevice, KEY } from "./full-device.js";

// Every operation is broken off at each of its packets in turn: as it is sent, before the answer comes.

const FILE = Uint8Array.from({ length: 3000 }, (_, i) => i % 251);
const NEW = image(3000, [2, 0, 0], 2);
const LONG = image(9000, [2, 0, 0], 2);

const clientOf = (link: Link): SmpClient => new SmpClient(link, { timeout: 40, tries: 6 });

/** Lets everything that is under way arrive. */
const settled = (): Promise<unknown> => new Promise((resolve) => setTimeout(resolve, 5));

/** Counts the packets that go out, and calls `each` with the count. */
function counted(link: Link, each: (count: number) => void): { readonly link: Link; readonly count: () => number } {
	let count = 0;
	const send = link.send.bind(link);
	link.send = (packet) => {
		send(packet);
		each(++count);
	};
	return { link, count: () => count };
}

interface Case {
	/** A new device, and a check that the operation has done its work in the end. */
	readonly device: () => { readonly link: Link; readonly check?: () => void };
	readonly run: (client: SmpClient, signal: AbortSignal | undefined) => Promise<unknown>;
	/** Fewest packets that the operation sends. */
	readonly packets: number;
}

const full = (device = new FullDevice(), check = () => {}) => ({ link: device.link(), check });

const CASES: Readonly<Record<string, Case>> = {
	"a request": { device: full, run: (client, signal) => client.echo("x", { signal }), packets: 1 },
	"a refusal for which the device has words": {
		device: full,
		run: (client, signal) => client.erase(9, { signal }).catch((error: Error) => said(error, "there is no slot 9")),
		packets: 2,
	},
	"an upload": {
		device: () => {
			const device = new FullDevice();
			return full(device, () => assert.deepEqual(device.flash.secondary.subarray(0, NEW.length), NEW));
		},
		run: (client, signal) => client.upload(NEW, { signal }),
		packets: 10,
	},
	"an upload to a device that is locked": {
		device: () => {
			const device = new FullDevice({ rules: [] });
			return full(device, () => assert.deepEqual(device.flash.secondary.subarray(0, NEW.length), NEW));
		},
		run: async (client, signal) => {
			client.onDenied = (device, options) => unlock(device, KEY, options);
			await client.upload(NEW, { signal });
		},
		packets: 12,
	},
	"an unlocking": {
		device: () => full(new FullDevice({ rules: [] })),
		run: (client, signal) => keepUnlocked(client, KEY, { signal }),
		packets: 2,
	},
	"the upload of a file": {
		device: () => {
			const device = new FullDevice();
			device.files.set("/lfs/a", FILE.slice(0, 1000));
			return full(device, () => assert.deepEqual(device.files.get("/lfs/a"), FILE));
		},
		run: (client, signal) => uploadFile(client, "/lfs/a", FILE, { signal }),
		packets: 9,
	},
	"a download": {
		device: () => {
			const device = new FullDevice();
			device.files.set("/lfs/a", FILE);
			return full(device);
		},
		run: async (client, signal) => {
			const pieces: Uint8Array[] = [];
			const onData = (data: Uint8Array) => pieces.push(data);
			await downloadFile(client, "/lfs/a", { start: FILE.slice(0, 500), onData, signal });
			assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), FILE.slice(500));
		},
		packets: 6,
	},
	"a command line": {
		device: full,
		run: (client, signal) => runShell(client, ["colours"], { signal }),
		packets: 1,
	},
	"settings, groups and the audit log": {
		device: full,
		run: async (client, signal) => {
			await writeSetting(client, "a/b", FILE.slice(0, 3), { signal });
			assert.deepEqual(await readSetting(client, "a/b", { signal }), FILE.slice(0, 3));
			await groups(client, { signal });
			await auditRecords(client, 5, { signal });
		},
		packets: 4,
	},
	"an upgrade": {
		device: () => {
			const device = new ForeignDevice(update("1.0.0", 1500).file);
			device.onReset = () => {
				device.swap();
				device.silent = 1;
			};
			return { link: device.link(), check: () => assert.deepEqual(device.slots[0], UPDATE) };
		},
		run: (client, signal) => upgrade(client, UPDATE, { confirm: true, settle: 0, signal }),
		packets: 12,
	},
};

const UPDATE = update("2.0.0", 2000).file;

/** Passes the device's refusal, but no other error. */
function said(error: Error, words: string): void {
	if (!error.message?.endsWith(words)) throw error;
}

describe("client: a signal", () => {
	for (const [name, { device, run, packets }] of Object.entries(CASES))
		it(`breaks off ${name} at each packet, and the client can be used on`, async () => {
			const whole = device();
			const { link, count } = counted(whole.link, () => {});
			await run(clientOf(link), undefined);
			whole.check?.();
			assert.ok(count() >= packets, `${count()} packets`);
			await Promise.all(Array.from({ length: count() }, (_, i) => brokenOff({ device, run, packets }, i + 1)));
		});

	/** Breaks the operation off as its packet `at` is sent, and does it again. */
	async function brokenOff({ device, run, packets }: Case, at: number): Promise<void> {
		const { link, check } = device();
		const controller = new AbortController();
		const reason = new Error(`broken off at packet ${at}`);
		const wire = counted(link, (count) => {
			if (count === at) controller.abort(reason);
		});
		const client = clientOf(wire.link);
		const outcome = await run(client, controller.signal).then(
			() => "done",
			(error: unknown) => error,
		);
		// On a busy machine the whole one may have taken a packet more, for one that came late.
		if (outcome === "done" && wire.count() < at && at > packets) return;
		assert.equal(outcome, reason, `packet ${at}`);
		assert.equal(wire.count(), at, "nothing is sent behind it");
		await settled();
		assert.equal(wire.count(), at, "nor later");
		// The link is usable, and what was begun can be done.
		await run(client, undefined);
		check?.();
		await client.close();
	}

	it("that is aborted beforehand has nothing sent", async () => {
		const wire = counted(new FullDevice().link(), () => {});
		const client = clientOf(wire.link);
		const signal = AbortSignal.abort("never mind");
		for (const run of [
			() => client.echo("x", { signal }),
			() => client.images({ signal }),
			() => client.upload(NEW, { signal }),
			() => upgrade(client, update("1.0.0", 1000).file, { signal }),
			() => uploadFile(client, "/lfs/a", FILE, { signal }),
			() => downloadFile(client, "/lfs/a", { signal }),
			() => unlock(client, KEY, { signal }),
		])
			await assert.rejects(run(), (reason) => reason === "never mind");
		assert.equal(wire.count(), 0);
	});

	it("ends the waiting for an answer, and the repetitions", async () => {
		let sent = 0;
		const mute: Link = { onPacket: undefined, send: () => void sent++, close: () => {} };
		const client = new SmpClient(mute, { timeout: 5, tries: 100 });
		const controller = new AbortController();
		const asked = client.echo("x", { signal: controller.signal });
		while (sent < 3) await settled();
		controller.abort();
		await assert.rejects(asked, { name: "AbortError" });
		const before = sent;
		for (let i = 0; i < 5; i++) await settled();
		assert.equal(sent, before);
	});

	it("of time works, too", async () => {
		const mute: Link = { onPacket: undefined, send: () => {}, close: () => {} };
		const signal = AbortSignal.timeout(10);
		await assert.rejects(new SmpClient(mute).upload(NEW, { signal }), { name: "TimeoutError" });
	});

	it("leaves what the device has of an upload, which goes on there", async () => {
		const device = new FullDevice();
		const client = clientOf(device.link());
		const controller = new AbortController();
		const broken = client.upload(LONG, {
			signal: controller.signal,
			onProgress: (offset) => {
				if (offset > 1000) controller.abort();
			},
		});
		await assert.rejects(broken, { name: "AbortError" });
		await settled();
		const { resumed, match } = await client.upload(LONG);
		assert.ok(resumed > 1000 && resumed < LONG.length, String(resumed));
		assert.equal(match, true);
	});

	it("breaks off one of several requests for which the device is being unlocked", async () => {
		const device = new FullDevice({ rules: [] });
		const controller = new AbortController();
		const link = device.link();
		const send = link.send.bind(link);
		let challenges = 0;
		link.send = (packet) => {
			const { group, command } = readHeader(packet);
			if (group === 64 && command === 0) challenges++;
			// Both wait by then.
			if (group === 64 && command === 1) controller.abort("mine");
			send(packet);
		};
		const client = clientOf(link);
		client.onDenied = (asked, options) => unlock(asked, KEY, options);
		const [mine, theirs] = await Promise.allSettled([
			client.erase(1, { signal: controller.signal }),
			client.setConsoleEcho(false),
		]);
		assert.deepEqual(mine, { status: "rejected", reason: "mine" });
		assert.deepEqual(theirs, { status: "fulfilled", value: undefined });
		assert.equal(challenges, 1);
	});
});

describe("client: await using", () => {
	it("closes the client at the end of the block, and waits for the link", async () => {
		const events: string[] = [];
		const link: Link = {
			onPacket: undefined,
			send: () => {},
			close: async () => {
				events.push("closing");
				await settled();
				events.push("closed");
			},
		};
		{
			await using client = new SmpClient(link);
			assert.ok(client);
			events.push("used");
		}
		assert.deepEqual(events, ["used", "closing", "closed"]);
	});
});
