import assert from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { SmpClient, SmpResponseError } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";

/** A simulator on whose flash an image that fits one sector runs. */
async function simulator(options: readonly string[]): Promise<Simulator> {
	const directory = freshDirectory();
	const flash = new Uint8Array(0x400000).fill(0xff);
	flash.set(update("1.0.0", 1000).file, 0x14000);
	writeFileSync(join(directory, "flash.bin"), flash);
	return Simulator.start(["--images", "1", "--mode", "offset", ...options], directory);
}

describe("simulator: --guards", () => {
	const upload = async (device: Simulator): Promise<void> => {
		const client = new SmpClient(udpLink(device.udp));
		try {
			await client.upload(update("2.0.0", 2000).file);
		} finally {
			client.close();
		}
	};

	it("on, as without the option: refuses in words, to the client and in the log", async () => {
		for (const options of [[], ["--guards", "on"]]) {
			const device = await simulator(options);
			try {
				await assert.rejects(upload(device), (error: unknown) => {
					assert.ok(error instanceof SmpResponseError);
					assert.equal(error.code, 6);
					assert.match(error.reason ?? "", /one sector of 4096 bytes/);
					return true;
				});
				await device.next("log", ({ line }) => /^<wrn> mcumgr_img_grp: refused: .*sector/.test(String(line)));
			} finally {
				await device.stop();
			}
		}
	});

	it("off: lets it through", async () => {
		const device = await simulator(["--guards", "off"]);
		try {
			await upload(device);
		} finally {
			await device.stop();
		}
	});
});
