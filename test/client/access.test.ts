import assert from "node:assert";
import { isWrongKey, keepUnlocked, lock, unlock } from "../../client/access.js";
import { SmpClient, SmpResponseError } from "../../client/client.js";
import { downloadFile, uploadFile } from "../../client/group/files.js";
import { writeSetting } from "../../client/group/settings.js";
import type { Link } from "../../client/link.js";
import { readHeader } from "../../modules/smp/header.js";
import { image } from "../unit/smp/support.js";
import { FullDevice, KEY } from "./full-device.js";

const NEW = image(9000, [2, 0, 0], 2);
const WRONG = KEY.slice().reverse();

const clientOf = (link: Link): SmpClient => new SmpClient(link, { timeout: 1000, tries: 6 });

const denied = (error: unknown): boolean => error instanceof SmpResponseError && error.denied;

/** Counts the challenges that go over a link. */
function counted(link: Link): { readonly link: Link; readonly challenges: () => number } {
	let challenges = 0;
	const send = link.send.bind(link);
	link.send = (packet) => {
		const { group, command } = readHeader(packet);
		if (group === 64 && command === 0) challenges++;
		send(packet);
	};
	return { link, challenges: () => challenges };
}

describe("client: access", () => {
	it("is gained with the key, and ends with the lock and with a restart", async () => {
		const device = new FullDevice({ rules: [] });
		const client = clientOf(device.link());
		await assert.rejects(client.erase(), denied);
		assert.equal(await unlock(client, KEY), 600);
		await client.erase();
		await lock(client);
		await assert.rejects(client.erase(), denied);
		await unlock(client, KEY);
		device.restart();
		await assert.rejects(client.erase(), denied);
	});

	it("is not gained with another key", async () => {
		const { link, challenges } = counted(new FullDevice({ rules: [] }).link());
		await assert.rejects(unlock(clientOf(link), WRONG), (error: Error) => {
			assert.equal(
				error.message,
				"the device refuses the answer to its challenge: the answer is wrong (access group error 3)",
			);
			return isWrongKey(error);
		});
		assert.equal(challenges(), 3, "a right answer can be late");
	});

	it("says that a device has no such thing, or does not answer", async () => {
		const client = clientOf(new FullDevice().link());
		await assert.rejects(unlock(client, KEY), {
			message:
				"the device refuses the question for a challenge: it has no such command (rc 8): there is no such command",
		});
		const nobody: Link = { onPacket: undefined, send: () => {}, close: () => {} };
		await assert.rejects(unlock(new SmpClient(nobody, { timeout: 1 }), KEY), {
			name: "NoAnswerError",
			message: "no answer to the question for a challenge after 3 tries",
		});
	});

	const losses: [string, number, (deliver: () => void) => void, "request" | "response"][] = [
		["the challenge gets lost", 0, () => {}, "response"],
		["the answer gets lost", 1, () => {}, "request"],
		["what the device says to the answer gets lost", 1, () => {}, "response"],
		[
			"the question comes twice",
			0,
			(deliver) => {
				deliver();
				deliver();
			},
			"request",
		],
	];
	for (const [what, packet, fate, way] of losses)
		it(`is gained although ${what}`, async () => {
			const link = new FullDevice({ rules: [] }).link();
			const send = link.send.bind(link);
			const counts = { request: 0, response: 0 };
			const pass = (now: "request" | "response", deliver: () => void): void => {
				if (now === way && counts[now]++ === packet) fate(deliver);
				else deliver();
			};
			link.send = (request) => pass("request", () => send(request));
			const client = new SmpClient(link, { timeout: 200 });
			const { onPacket } = link;
			link.onPacket = (response) => pass("response", () => onPacket?.(response));
			assert.equal(await unlock(client, KEY), 600);
			assert.ok(counts[way] > packet + 1, "it was asked again");
			await client.erase();
		});

	it("is gained again by itself after a restart, once for all that was denied", async () => {
		const device = new FullDevice({ rules: [] });
		const { link, challenges } = counted(device.link());
		const client = clientOf(link);
		await keepUnlocked(client, KEY);
		device.restart();
		await Promise.all(["a", "b", "c"].map((name) => writeSetting(client, name, KEY)));
		assert.deepEqual([...device.settings.keys()].sort(), ["a", "b", "c"]);
		assert.equal(challenges(), 2);
	});

	it("does not help against what is never allowed", async () => {
		const client = clientOf(new FullDevice({ rules: [{ group: 1, command: 5, verdict: "deny" }] }).link());
		await keepUnlocked(client, KEY);
		await assert.rejects(client.erase(), denied);
	});

	const troubles: [string, (device: FullDevice) => void][] = [
		["the device restarts", (device) => device.restart()],
		[
			"its time is over",
			(device) => {
				device.uptime += 600_000;
			},
		],
	];
	for (const [what, trouble] of troubles)
		it(`lets an upload go on when ${what} on the way`, async () => {
			const device = new FullDevice({ rules: [{ group: 0, verdict: "allow" }] });
			const client = clientOf(device.link());
			await keepUnlocked(client, KEY);
			let times = 0;
			const { match } = await client.upload(NEW, {
				onProgress: (offset) => {
					if (offset > 3000 * (times + 1) && times < 2) {
						times++;
						trouble(device);
					}
				},
			});
			assert.deepEqual([match, times], [true, 2]);
			assert.deepEqual(device.flash.secondary.subarray(0, NEW.length), NEW);
		});

	for (const [what, trouble] of troubles)
		it(`lets files go on when ${what} on the way`, async () => {
			const device = new FullDevice({ rules: [{ group: 0, verdict: "allow" }] });
			const troubling = (): ((offset: number) => void) => {
				let times = 0;
				return (offset) => {
					if (times < 2 && offset > 3000 * (times + 1)) {
						times++;
						trouble(device);
					}
				};
			};
			const { link, challenges } = counted(device.link());
			const client = clientOf(link);
			await keepUnlocked(client, KEY);
			await uploadFile(client, "/lfs/a", NEW, { onProgress: troubling() });
			assert.deepEqual([device.files.get("/lfs/a"), challenges()], [NEW, 3]);
			const pieces: Uint8Array[] = [];
			const disturb = troubling();
			const onData = (data: Uint8Array, offset: number): void => {
				pieces.push(data);
				disturb(offset);
			};
			await downloadFile(client, "/lfs/a", { onData });
			assert.deepEqual([new Uint8Array(Buffer.concat(pieces)), challenges()], [NEW, 5]);
		});

	it("that is denied on the way ends an upload, with a key and without", async () => {
		for (const key of [undefined, KEY]) {
			const device = new FullDevice({ rules: key ? [] : [{ verdict: "allow" }] });
			const client = clientOf(device.link());
			if (key) await keepUnlocked(client, key);
			const onProgress = () => {
				device.server = new FullDevice({ rules: [{ group: 1, command: 1, verdict: "deny" }] }).server;
			};
			await assert.rejects(client.upload(NEW, { onProgress }), denied);
		}
	});
});
