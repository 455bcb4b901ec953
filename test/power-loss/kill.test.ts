import assert from "node:assert";
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { random } from "./random.js";

const KILLS = 20;

/** What runs, as `version` or `version (trial)`, image by image. */
async function running(simulator: Simulator): Promise<string[]> {
	const client = new SmpClient(udpLink(simulator.udp));
	try {
		const active = (await client.images()).filter((image) => image.active);
		return active.map(({ version, confirmed }) => (confirmed ? version : `${version} (trial)`));
	} finally {
		client.close();
	}
}

/** Uploads an update of both images to a fresh device and marks them, so that the next start swaps. */
async function prepare(mode: string, directory: string): Promise<string> {
	const simulator = await Simulator.start(["--mode", mode, "--images", "2"], directory);
	const client = new SmpClient(udpLink(simulator.udp));
	for (const image of [0, 1]) {
		const { file, hash } = update("0.0.1", 40_000 + 9_000 * image);
		await client.upload(file, { image });
		await client.test(hash);
	}
	client.close();
	await simulator.stop({ keep: true });
	return simulator.flash;
}

for (const mode of ["move", "offset"]) {
	describe(`kill -9 during a swap of both images, ${mode}`, () => {
		const seed = Number(process.env["XS_SMP_SEED"] ?? Date.now() % 1_000_000);
		const next = random(seed);
		const home = freshDirectory();
		let pending: string;
		let duration: number;

		before(async () => {
			pending = await prepare(mode, home);
			const trial = freshDirectory();
			copyFileSync(pending, join(trial, "flash.bin"));
			const start = performance.now();
			const simulator = await Simulator.start(["--mode", mode], trial);
			duration = performance.now() - start;
			assert.deepEqual(await running(simulator), ["0.0.1 (trial)", "0.0.1 (trial)"]);
			await simulator.stop();
		});
		after(() => rmSync(home, { recursive: true, force: true }));

		for (let kill = 0; kill < KILLS; kill++) {
			const moment = next();
			it(`comes back after a kill at ${(moment * 100).toFixed(1)} % of the start (XS_SMP_SEED=${seed})`, async () => {
				const directory = join(home, `kill-${kill}`);
				mkdirSync(directory);
				copyFileSync(pending, join(directory, "flash.bin"));
				const victim = Simulator.spawn(["--mode", mode], directory);
				await new Promise((resolve) => setTimeout(resolve, moment * duration));
				await victim.kill();
				const survivor = await Simulator.start(["--mode", mode], directory);
				// After a kill in the swap it is finished; after one behind it, nobody having confirmed, it is reverted.
				const [first, second] = await running(survivor);
				assert.ok(first === "0.0.1 (trial)" || first === "0.0.0", `image 0 runs ${first}`);
				assert.equal(second, first);
				// Either way the old images must have survived.
				await survivor.pressReset();
				assert.deepEqual(await running(survivor), ["0.0.0", "0.0.0"]);
				await survivor.stop();
			});
		}
	});
}
