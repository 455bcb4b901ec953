import assert from "node:assert";
import { SmpClient } from "../../client/client.js";
import { udpLink } from "../../client/node/udp.js";
import { Simulator } from "../../tools/simulator.js";
import { update } from "./images.js";

for (const mode of ["move", "offset"])
	describe(`--confirm self, swap using ${mode}`, () => {
		it("ends confirmed without a client", async () => {
			const simulator = await Simulator.start(["--mode", mode, "--confirm", "self"]);
			const client = new SmpClient(udpLink(simulator.udp));
			for (const image of [0, 1]) {
				// Not the same bytes: a hash marks the first slot that holds it.
				const { file, hash } = update("0.0.1", 9_000 + image);
				await client.upload(file, { image });
				await client.test(hash);
			}
			await client.reset();
			await simulator.next("boot");
			const active = () =>
				client.images().then((images) => images.filter((image) => image.active).map((i) => [i.version, i.confirmed]));
			const both = [
				["0.0.1", true],
				["0.0.1", true],
			];
			assert.deepEqual(await active(), both);
			await simulator.pressReset();
			assert.deepEqual(await active(), both);
			client.close();
			await simulator.stop();
		});
	});
