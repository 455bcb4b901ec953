import assert from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { readImageFile } from "../../client/image-file.js";
import { udpLink } from "../../client/node/udp.js";
import { upgrade } from "../../client/upgrade.js";
import { parseEncryptionKey } from "../../image/encryption.js";
import { encodeIntelHex } from "../../image/intel-hex.js";
import { generateKey } from "../../image/keys.js";
import { root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { run } from "../support/tools.js";
import { withFile } from "./files.js";

const program = join(root, "dist/cli/main.js");

/** Runs command lines on a simulated device with files of these contents. */
async function onDevice(
	options: readonly string[],
	use: (
		xsSmp: (...args: string[]) => Promise<{ status: number | null; output: string }>,
		simulator: Simulator,
	) => Promise<void>,
): Promise<void> {
	const simulator = await Simulator.start(options);
	try {
		await use((...args) => run(process.execPath, [program, ...args, "--udp", simulator.udp]), simulator);
	} finally {
		await simulator.stop();
	}
}

function fileIn(simulator: Simulator, name: string, bytes: Uint8Array): string {
	const path = join(simulator.directory, name);
	writeFileSync(path, bytes);
	return path;
}

describe("xs-smp and a device with two images", () => {
	it("a file that was sent to the wrong image is not installed there", () =>
		onDevice(["--images", "2"], async (xsSmp, simulator) => {
			const path = fileIn(simulator, "update.bin", update("0.0.1", 20_000).file);
			assert.equal((await xsSmp("upload", path, "--image", "0")).status, 0);
			const refused = await xsSmp("upgrade", path, "--image", "1");
			assert.equal(refused.status, 1);
			assert.match(
				refused.output,
				/^The device runs version 0\.0\.0\. .*\nThis very file is in slot 1 of image 0 too, .*: erase it with "xs-smp erase --slot 1" first\.\n$/,
			);
			assert.equal((await xsSmp("erase", "--slot", "1")).status, 0);
			const done = await xsSmp("upgrade", path, "--image", "1");
			assert.equal(done.status, 0);
			assert.match(done.output, /"xs-smp confirm --image 1" keeps it\.\n$/);
			const kept = await xsSmp("confirm", "--image", "1");
			assert.match(kept.output, /^image 1 slot 0 {2}0\.0\.1 .* active confirmed$/m);
		}));

	it("nothing is sent for an image that it does not have", async () => {
		for (const images of ["1", "2"])
			await onDevice(["--images", images], async (xsSmp, simulator) => {
				const path = fileIn(simulator, "update.bin", update("0.0.1", 20_000).file);
				for (const command of ["upload", "upgrade"])
					assert.deepEqual(await xsSmp(command, path, "--image", "3"), {
						status: 1,
						output: `The device has no image 3; it has ${images === "1" ? "only image 0" : "images 0, 1"}.\n`,
					});
				const listed = await xsSmp("list");
				assert.doesNotMatch(listed.output, /slot 1/);
			});
	});

	it("an update that needs another image waits until that is there", () =>
		onDevice(["--images", "2"], async (xsSmp, simulator) => {
			const needy = update("0.0.2", 20_000, undefined, { dependencies: [{ image: 1, version: "0.0.2" }] });
			const path = fileIn(simulator, "needy.bin", needy.file);
			const needs = "image 1 in version 0.0.2 or later, and the device has version 0.0.0";
			const refused = await xsSmp("upgrade", path);
			assert.equal(refused.status, 1);
			assert.match(refused.output, new RegExp(`^The device runs .*\nThe update needs ${needs}: update that first, `));
			assert.doesNotMatch((await xsSmp("list")).output, /slot 1/);
			const sent = await xsSmp("upload", path);
			assert.equal(sent.status, 0);
			assert.match(sent.output, new RegExp(`\nThe boot loader will not install it yet: it needs ${needs}\\.\n$`));
			const other = fileIn(simulator, "other.bin", update("0.0.2", 21_000).file);
			assert.equal((await xsSmp("upgrade", other, "--image", "1", "--confirm")).status, 0);
			assert.equal((await xsSmp("upgrade", path, "--confirm")).status, 0);
		}));

	it("an update whose dependency went away after it was looked at is said to wait", () =>
		onDevice(["--images", "2"], async (_xsSmp, { udp }) => {
			const needy = update("0.0.2", 20_000, undefined, { dependencies: [{ image: 1, version: "0.0.2" }] });
			const other = update("0.0.2", 21_000);
			const client = new SmpClient(udpLink(udp), { timeout: 300, tries: 5 });
			try {
				await client.upload(other.file, { image: 1 });
				await client.test(other.hash);
				const onStep = async ({ step }: { step: string }): Promise<void> => {
					if (step === "uploaded") await client.erase(3);
				};
				const failed = upgrade(client, needy.file, { wait: 30_000, settle: 2000, onStep: (step) => void onStep(step) });
				await assert.rejects(failed, {
					message:
						"version 0.0.0 runs, and the update still waits for a later start: the boot loader wants image 1 in version 0.0.2 or later, and the device has version 0.0.0",
				});
			} finally {
				client.close();
			}
		}));
});

describe("xs-smp and images of other kinds", () => {
	for (const [mode, options] of [
		["direct-xip", {}],
		["ram-load", { loadAddress: 0x20000000 }],
	] as const)
		it(`a boot loader that runs the newest image needs no mark: ${mode}`, () =>
			onDevice(["--images", "1", "--mode", mode], async (xsSmp, simulator) => {
				const newer = fileIn(simulator, "newer.bin", update("0.0.2", 20_000, undefined, options).file);
				const done = await xsSmp("upgrade", newer);
				assert.equal(done.status, 0);
				assert.match(
					done.output,
					/\nIt is to run from the next start on\.\nThe next start .* for good\.\n.*\nAfter .* version 0\.0\.2 runs, confirmed\.\n$/,
				);
				const older = fileIn(simulator, "older.bin", update("0.0.1", 20_000, undefined, options).file);
				const refused = await xsSmp("upgrade", older);
				assert.equal(refused.status, 1);
				assert.match(refused.output, /runs the newest image, and version 0\.0\.1 is not newer than what runs\.\n$/);
			}));

	it("an encrypted image is installed, and said to be one", async () => {
		const key = generateKey("ecdsa-p256");
		const { file } = update("5.0.0", 20_000, undefined, { encrypt: parseEncryptionKey(key) });
		await withFile(new TextEncoder().encode(key), (keyFile) =>
			onDevice(["--images", "1", "--encryption-key", keyFile], async (xsSmp, simulator) => {
				const { status, output } = await xsSmp("upgrade", fileIn(simulator, "update.bin", file), "--confirm");
				assert.equal(status, 0);
				assert.match(
					output,
					/The update is version 5\.0\.0\. The image is encrypted: only the device can check its hash\.\n/,
				);
				assert.match(
					(await xsSmp("list")).output,
					new RegExp(`slot 0 {2}5\\.0\\.0 +${readImageFile(file).hash.slice(0, 16)}`),
				);
			}),
		);
	});

	it("an Intel HEX file is taken for the image that it stands for", () =>
		onDevice(["--images", "1"], async (xsSmp, simulator) => {
			const { file, hash } = update("0.0.1", 20_000);
			const hex = encodeIntelHex([{ address: 0x84000, bytes: file }]);
			const path = fileIn(simulator, "update.hex", new TextEncoder().encode(hex));
			const { status, output } = await xsSmp("upgrade", path, "--confirm");
			assert.equal(status, 0, output);
			assert.match((await xsSmp("list")).output, new RegExp(`slot 0 {2}0\\.0\\.1 +${hash.slice(0, 16)}`));
			const broken = fileIn(simulator, "broken.hex", new TextEncoder().encode(hex.replace(/F/, "E")));
			const refused = await xsSmp("upload", broken);
			assert.deepEqual(
				[refused.status, refused.output],
				[2, `${broken}: Line 1 of the Intel HEX file has a wrong checksum.\n`],
			);
			const bare = encodeIntelHex([{ address: 0, bytes: new Uint8Array(100) }]);
			const raw = await xsSmp("upload", fileIn(simulator, "raw.hex", new TextEncoder().encode(bare)));
			assert.match(raw.output, /raw\.hex: The file is no MCUboot image: it does not begin with an image header; /);
		}));

	it("a padded file is said to be one", () =>
		onDevice(["--images", "1"], async (xsSmp, simulator) => {
			const { file } = update("0.0.1", 20_000, undefined, { pad: "test", slotSize: 0x80000 });
			const { status, output } = await xsSmp("upload", fileIn(simulator, "padded.bin", file));
			assert.equal(status, 1);
			assert.match(
				output,
				/; the image itself has 2\d{4}, the rest is padding up to the end of a slot: sign it without --pad\.\n$/,
			);
		}));
});
