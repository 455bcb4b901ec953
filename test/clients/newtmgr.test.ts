import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { root, Simulator } from "../../tools/simulator.js";
import { describeWith } from "../support/tools.js";
import { readTranscript, TranscriptPlayer } from "../support/transcript.js";
import { update } from "./images.js";

describeWith("newtmgr", "the OTA guide over the UART", () => {
	for (const mode of ["move", "offset"]) {
		describe(`swap using ${mode}, two images`, () => {
			let simulator: Simulator;
			let player: TranscriptPlayer;

			before(async () => {
				simulator = await Simulator.start(["--mode", mode, "--images", "2"]);
				const images = { ap: update("0.0.1", 20_000), np: update("0.0.1", 30_000) };
				const files: Record<string, string> = { serial: simulator.serial };
				for (const [name, image] of Object.entries(images)) {
					files[name] = join(simulator.directory, `${name}.bin`);
					writeFileSync(files[name], image.file);
				}
				player = new TranscriptPlayer(simulator, files, { ap1: images.ap.hash, np1: images.np.hash });
			});
			after(() => simulator.stop());

			for (const exchange of readTranscript(join(root, `test/clients/guide-${mode}.txt`)))
				it(exchange.command, () => player.play(exchange));
		});
	}
});
