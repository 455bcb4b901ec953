import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshDirectory, type Machine, root, Simulator } from "../../tools/simulator.js";
import { readTranscript, TranscriptPlayer } from "../support/transcript.js";
import { update } from "./images.js";

/** The OTA guide's procedure with newtmgr on one kind of device: one test a command. */
export function describeGuide(machine: Machine, mode: "move" | "offset"): void {
	describe(`swap using ${mode}, two images`, () => {
		let simulator: Simulator;
		let player: TranscriptPlayer;

		before(async () => {
			simulator = await Simulator.start(["--mode", mode, "--images", "2"], freshDirectory(), machine);
			const images = { ap: update("0.0.1", 12_000), np: update("0.0.1", 17_000) };
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
