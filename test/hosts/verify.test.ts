import assert from "node:assert";
import { SmpClient, SmpResponseError } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { udpLink } from "../../client/node/udp.js";
import { Simulator } from "../../tools/simulator.js";
import { type Update, update } from "../clients/images.js";
import { run } from "../support/tools.js";

// What the application refuses before the boot loader has to.

const DEVELOPMENT = "keys/development-ec-p256.pem";
const STRANGER = "test/vectors/data/mcuboot/keys/ec1.pem";
const ED25519 = "test/vectors/data/mcuboot/keys/ed1.pem";

const good = update("0.0.1", 20_000);
const foreign = update("0.0.1", 20_000, STRANGER);
const damaged: Update = { ...good, file: good.file.map((byte, i) => (i === 9000 ? byte ^ 1 : byte)) };
/** An image whose header says that its payload is compressed (flag LZMA2). */
const compressed: Update = { ...good, file: good.file.map((byte, i) => (i === 17 ? byte | 4 : byte)) };
/** One with a vendor's TLV (0xa0, empty) behind the others, where nothing protects it. */
const vendor = ((): Update => {
	const file = Uint8Array.from([...good.file, 0xa0, 0, 0, 0]);
	const tlvs = 0x200 + 20_000;
	file[tlvs + 2]! += 4;
	return { ...good, file };
})();
const counted = (version: string, securityCounter: number): Update =>
	update(version, 20_000, DEVELOPMENT, { securityCounter });

async function withDevice(
	options: readonly string[],
	use: (client: SmpClient, device: Simulator) => Promise<void>,
): Promise<void> {
	const device = await Simulator.start(["--images", "1", ...options]);
	const client = new SmpClient(udpLink(device.udp));
	try {
		await use(client, device);
	} finally {
		client.close();
		await device.stop();
	}
}

/** The request is refused with this code, and (where there is a place for it) these words. */
const refused = (request: Promise<unknown>, code: number, group: number | undefined, words: RegExp): Promise<void> =>
	assert.rejects(request, (error: unknown) => {
		assert.ok(error instanceof SmpResponseError, String(error));
		assert.deepEqual([error.code, error.group], [code, group]);
		assert.match(error.message, words);
		return true;
	});

async function versionAfterReset(device: Simulator): Promise<unknown> {
	const { images } = await device.pressReset();
	return (images as { version: string }[])[0]?.version;
}

describe("simulator: --verify", () => {
	const cases: [string, readonly string[], Update, RegExp | undefined][] = [
		["a good image", [], good, undefined],
		["a damaged image", [], damaged, /the image is damaged: it does not have the hash that it carries/],
		["a damaged image", ["--mode", "offset"], damaged, /the image is damaged/],
		["a good image", ["--verify", "signature"], good, undefined],
		["an image of a stranger's", ["--verify", "signature"], foreign, /no good signature by a trusted key/],
		["an image of a trusted stranger's", ["--verify", "signature", "--key", STRANGER], foreign, undefined],
		[
			"an image of another kind",
			["--verify", "signature", "--key", ED25519],
			good,
			/no good signature by a trusted key/,
		],
		["an image of a stranger's", ["--verify", "signature", "--app", "self-confirm"], foreign, /no good signature/],
		...(["hash", "signature"] as const).flatMap((verify): typeof cases => [
			["a compressed image", ["--verify", verify], compressed, /compressed, which this loader does not support/],
			["a TLV off the allow list", ["--verify", verify], vendor, /unprotected TLV of type 0xa0/],
		]),
	];
	for (const [what, options, { file, hash }, words] of cases)
		it(`${options.join(" ") || "as without the option"}: ${what} is ${words ? "refused" : "marked, and runs"}`, () =>
			withDevice(options, async (client, device) => {
				assert.equal((await client.upload(file)).match, true);
				if (words) await refused(client.test(hash), 6, undefined, words);
				else await client.test(hash);
				assert.equal(await versionAfterReset(device), words ? "0.0.0" : "0.0.1");
			}));

	for (const options of [
		["--verify", "none"],
		["--guards", "off"],
	])
		it(`${options.join(" ")}: a damaged image is marked, and the boot loader throws it away`, () =>
			withDevice(options, async (client, device) => {
				await client.upload(damaged.file);
				assert.ok((await client.test(damaged.hash)).some(({ pending }) => pending));
				assert.equal(await versionAfterReset(device), "0.0.0");
				assert.equal((await client.images()).length, 1);
			}));

	it("what it cannot be is refused before anything is written", async () => {
		const { status, output } = await run(process.execPath, ["dist/hosts/sim/cli.js", "--verify", "maybe"]);
		assert.equal(status, 2);
		assert.equal(output, '--verify is none, hash or signature, not "maybe".\n');
	});
});

describe("simulator: --downgrade-prevention, with guards", () => {
	it("version: an older image is refused before a byte is erased", () =>
		withDevice(["--downgrade-prevention", "version"], async (client, device) => {
			const newer = update("1.2.0", 20_000);
			await client.upload(newer.file);
			await client.test(newer.hash);
			assert.equal(await versionAfterReset(device), "1.2.0");
			await client.confirm();
			const before = await client.images();
			await refused(client.upload(update("1.1.9", 20_000).file), 27, 1, /the running image is not older/);
			assert.deepEqual(await client.images(), before, "the old image is still there");
			await device.next("log", ({ line }) =>
				/the boot loader refuses version 1\.1\.9, which is older than 1\.2\.0/.test(String(line)),
			);
		}));

	for (const [prevention, least, none] of [
		["counter", "security counter 1 is below the running 3", "the new image has no security counter"],
		["hardware", "security counter 1 is below the stored 3", "no security counter"],
	] as const)
		it(`${prevention}: an image with a lower counter is not marked`, () =>
			withDevice(["--downgrade-prevention", prevention], async (client, device) => {
				const newer = counted("1.0.0", 3);
				await client.upload(newer.file);
				await client.test(newer.hash);
				assert.equal(await versionAfterReset(device), "1.0.0");
				await client.confirm();
				await device.pressReset();
				const older = counted("2.0.0", 1);
				await client.upload(older.file);
				await refused(client.test(older.hash), 6, undefined, new RegExp(`would refuse the image: ${least}`));
				const plain = update("3.0.0", 20_000);
				await client.upload(plain.file);
				await refused(client.test(plain.hash), 6, undefined, new RegExp(`would refuse the image: ${none}`));
			}));
});

describe("simulator: reset", () => {
	it("does not answer success for a boot mode that nothing starts", () =>
		withDevice([], async (client) => {
			await refused(client.request(anyCommand(2, 0, 5), { boot_mode: 1 }), 8, undefined, /no boot mode but 0/);
			assert.equal(await client.echo("still here"), "still here");
		}));

	it("waits for the end of somebody else's upload, unless it is forced", () =>
		withDevice([], async (client, device) => {
			const other = new SmpClient(udpLink(device.udp));
			let asked: Promise<void> | undefined;
			const upload = client.upload(update("0.0.1", 200_000).file, {
				onProgress: (offset) => {
					if (offset > 50_000) asked ??= refused(other.reset(), 10, undefined, /another client is uploading over udp/);
				},
			});
			assert.equal((await upload).match, true);
			await asked;
			assert.ok(asked);
			await other.reset({ force: true });
			await device.next("boot");
			other.close();
		}));
});

describe("simulator: last error", () => {
	it("tells a client of version 2 in words what it got as a number", () =>
		withDevice([], async (client) => {
			await refused(client.erase(9), 10, 1, /./);
			const { rsn, ...rest } = await client.request(anyCommand(0, 66, 0));
			assert.deepEqual(rest, { group: 1, command: 5, code: 10, own: 1 });
			assert.equal(rsn, "there is no slot 9");
			const { o } = await client.request(anyCommand(2, 9, 0), { argv: ["errors"] });
			assert.equal(o, "udp: group 1, command 5: there is no slot 9\n");
		}));
});
