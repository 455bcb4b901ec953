import assert from "node:assert";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";

// What MCUboot erases must not stop the loader: a loader that halts at every start is a brick.

const MAGIC = Buffer.from("77c295f360d2ef7f3552500f2cb67980", "hex");

describe("simulator: a damaged image is marked for a test", () => {
	const { offset, size } = guideLayout.areas.find(({ label }) => label === "image-1")!;

	for (const mode of ["move", "offset", "scratch", "overwrite"] as const)
		it(`${mode}: it is erased, and the device boots on`, async () => {
			const directory = freshDirectory();
			const file = join(directory, "flash.bin");
			const factory = await Simulator.start(["--images", "1", "--mode", mode], directory);
			await factory.stop({ keep: true });

			const flash = readFileSync(file);
			const header = Buffer.from(update("2.0.0", 1000).file.subarray(0, 32));
			header.writeUInt32LE(size - 0x600, 12);
			const start = mode === "offset" ? offset + 4096 : offset;
			flash.set(header, start);
			flash.set(MAGIC, offset + size - MAGIC.length);
			writeFileSync(file, flash);

			const device = Simulator.spawn(["--images", "1", "--mode", mode], directory);
			try {
				await device.next("boot", () => true, "crash");
				const now = readFileSync(file);
				assert.ok(now.subarray(start, start + 32).every((byte) => byte === 0xff));
				assert.ok(now.subarray(offset + size - 16, offset + size).every((byte) => byte === 0xff));
			} finally {
				await device.stop();
			}
		});
});
