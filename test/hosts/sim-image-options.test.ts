import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { udpLink } from "../../client/node/udp.js";
import { createImage } from "../../image/create.js";
import { inspectImage } from "../../image/inspect.js";
import { Op } from "../../modules/smp/header.js";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";

// Options that say which images the simulated device takes.

describe("simulator: --key none", () => {
	const WARNING = "WARNING: this boot loader has no key. It checks hashes, no signatures, and starts anybody's image.";
	const warnings = ({ events }: Simulator): number => events.filter(({ line }) => line === WARNING).length;
	const versions = (event: { readonly [key: string]: unknown }): string[] =>
		(event["images"] as { version: string }[]).map(({ version }) => version);
	/** An image that nobody signed. */
	const unsigned = (version: string): Uint8Array =>
		createImage(
			Uint8Array.from({ length: 20_000 }, (_, i) => i & 0xff),
			{ version, headerSize: 0x200, padHeader: true },
		);

	it("starts images with a good hash and no signature, and says so at each start", async () => {
		const simulator = await Simulator.start(["--images", "1", "--key", "none"]);
		assert.equal(warnings(simulator), 1);
		const client = new SmpClient(udpLink(simulator.udp));
		const image = unsigned("1.2.3");
		await client.upload(image);
		await client.test(inspectImage(image).digest?.value ?? "");
		assert.deepEqual(versions(await simulator.pressReset()), ["1.2.3"]);
		assert.equal(warnings(simulator), 2);
		client.close();
		await simulator.stop();
	});

	it("explain rehearses that, and says so too", async () => {
		const simulator = await Simulator.start(["--images", "1", "--key", "none"]);
		await simulator.stop({ keep: true });
		const run = (...args: string[]) =>
			spawnSync(
				process.execPath,
				[join(root, "dist/cli/main.js"), "explain", "--images", "1", ...args, simulator.flash],
				{
					encoding: "utf8",
				},
			).stdout;
		assert.match(run("--key", "none"), /hashes alone, NO SIGNATURES\n[\s\S]*0\.0\.0 runs on, confirmed/);
		assert.match(run(), /Nothing starts: image 0: primary slot: no good signature by a trusted key/);
		rmSync(simulator.directory, { recursive: true });
	});

	it("a device with a key does not warn, and does not start such images", async () => {
		const simulator = await Simulator.start(["--images", "1", "--verify", "none"]);
		const client = new SmpClient(udpLink(simulator.udp));
		const image = unsigned("1.2.3");
		await client.upload(image);
		await client.test(inspectImage(image).digest?.value ?? "");
		assert.deepEqual(versions(await simulator.pressReset()), ["0.0.0"]);
		assert.equal(warnings(simulator), 0);
		client.close();
		await simulator.stop();
	});

	for (const [what, options, sentence] of [
		["with a key beside it", ["--key", "none", "--key", "keys/development-ec-p256.pem"], /--key none stands alone/],
		[
			"with --verify signature",
			["--key", "none", "--verify", "signature"],
			/without a key no signature can be checked/,
		],
	] as const)
		it(`${what} is refused`, async () => {
			const directory = freshDirectory();
			const refused = Simulator.spawn(options, directory);
			assert.equal(await refused.exited, 2);
			assert.match(refused.errors, sentence);
			assert.match(refused.errors, /^[^\n]+\.\n$/);
			rmSync(directory, { recursive: true });
		});
});

describe("simulator: --erase-pending", () => {
	const UPLOAD = 1;
	const ERASE = 5;
	const IMAGE = 1;

	async function withPending(option: string, use: (client: SmpClient) => Promise<void>): Promise<void> {
		const simulator = await Simulator.start(["--images", "1", "--erase-pending", option]);
		const client = new SmpClient(udpLink(simulator.udp));
		const { file, hash } = update("1.0.0", 20_000);
		await client.upload(file);
		await client.test(hash);
		await use(client);
		client.close();
		await simulator.stop();
	}

	// Image group error 9, NO_FREE_SLOT.
	const inUse = /image group error 9/;
	const erase = (client: SmpClient) => client.request(anyCommand(Op.WRITE, IMAGE, ERASE), { slot: 1 });
	const begin = (client: SmpClient) => {
		const { file } = update("2.0.0", 20_000);
		return client.request(anyCommand(Op.WRITE, IMAGE, UPLOAD), {
			off: 0,
			len: file.length,
			data: file.subarray(0, 200),
		});
	};

	it("on: an image that waits for the next boot makes room for another", () =>
		withPending("on", async (client) => {
			assert.equal((await begin(client))["off"], 200);
			await erase(client);
			assert.equal((await client.images()).length, 1);
		}));

	it("off: neither an upload nor an erase takes it away", () =>
		withPending("off", async (client) => {
			await assert.rejects(begin(client), inUse);
			await assert.rejects(erase(client), inUse);
			const [, pending] = await client.images();
			assert.deepEqual([pending?.version, pending?.pending], ["1.0.0", true]);
		}));
});
