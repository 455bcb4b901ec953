import assert from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, Simulator } from "../../tools/simulator.js";
import { parseTranscript, TranscriptPlayer } from "../support/transcript.js";

// docs/SAFE-UPDATES.md as its reader follows it on the simulator. test/package compiles its programs.

const guide = readFileSync(join(root, "docs/SAFE-UPDATES.md"), "utf8");

describe("docs/SAFE-UPDATES.md", () => {
	it("shows the application that the tests run", () => {
		const [, shown] = /^```ts self-check\/application\.ts\n(.*?)^```$/ms.exec(guide) ?? [];
		assert.equal(shown, readFileSync(join(root, "examples/self-check/application.ts"), "utf8"));
	});

	it("has a session that goes as it says", async () => {
		const blocks = [...guide.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block);
		const [start, ...session] = parseTranscript(blocks.join("\n"));
		const [, options = ""] = /^npm start -- (.*)$/.exec(start!.command) ?? [];
		const simulator = await Simulator.start(options.split(" "));
		try {
			const player = new TranscriptPlayer(simulator, {});
			for (const { command, expected } of session) {
				// In a directory of its own, and without npm in between.
				const relocated = command
					.replace("npx xs-smp", `node "${join(root, "dist/cli/main.js")}"`)
					.replace("keys/", `${join(root, "keys")}/`)
					.replace("127.0.0.1:1337", simulator.udp);
				await player.play({ command: relocated, expected });
				if (command.includes("upgrade"))
					await simulator.next("log", ({ line }) => line === "<inf> self_check: the update stays");
			}
			assert.ok(session.length >= 4);
		} finally {
			await simulator.stop();
		}
	});
});
