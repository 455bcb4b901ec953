import assert from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root, Simulator } from "../../tools/simulator.js";
import { describeWith, run } from "../support/tools.js";
import { type Exchange, parseTranscript, TranscriptPlayer } from "../support/transcript.js";

/** The commands of README's console blocks in order, each with the output printed below it. */
function readmeSession(): Exchange[] {
	const text = readFileSync(join(root, "README.md"), "utf8");
	const blocks = [...text.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block);
	return parseTranscript(blocks.join("\n"));
}

/** The same command from a directory of its own, without npm in between. */
const relocated = (command: string, serial: string): string =>
	command
		.replace("npx xs-smp", `node "${join(root, "dist/cli/main.js")}"`)
		.replace("keys/", `${join(root, "keys")}/`)
		.replace(" examples/", ` ${join(root, "examples")}/`)
		.replace(".sim/uart", serial);

const session = readmeSession();
const start = session.findIndex(({ command }) => command.startsWith("npm start --"));
const firstClient = session.findIndex(({ command }) => command.startsWith("newtmgr"));
const ownClient = session.findIndex(({ command }, at) => at > firstClient && command.startsWith("npx xs-smp"));

describe("README", () => {
	it("begins with the two commands that do all the set-up", () => {
		assert.equal(session[0]?.command, "npm ci && npm start");
		assert.match(readFileSync(join(root, "README.md"), "utf8"), /`npm ci && npm test`/);
	});

	it("makes an update that the image tool finds good", async () => {
		const simulator = await startAsInReadme();
		try {
			for (const { command } of session.slice(start + 1, firstClient)) {
				const made = await run("sh", ["-c", relocated(command, simulator.serial)], { cwd: simulator.directory });
				assert.equal(made.status, 0, made.output);
			}
			const tool = join(root, "dist/cli/main.js");
			const key = join(root, "keys/development-ec-p256.pem");
			const checked = await run("node", [
				tool,
				"image",
				"verify",
				"--key",
				key,
				join(simulator.directory, "firmware.bin"),
			]);
			assert.equal(checked.status, 0, checked.output);
		} finally {
			await simulator.stop();
		}
	});
});

describe("the session of the README with xs-smp", () => {
	const { XDG_RUNTIME_DIR: runtime } = process.env;
	let simulator: Simulator;
	let player: TranscriptPlayer;

	before(async () => {
		simulator = await startAsInReadme();
		// The command finds the device by itself.
		process.env["XDG_RUNTIME_DIR"] = simulator.directory;
		player = new TranscriptPlayer(simulator, {});
		await player.play({ command: session[start + 1]!.command, expected: [] });
	});
	after(async () => {
		if (runtime === undefined) delete process.env["XDG_RUNTIME_DIR"];
		else process.env["XDG_RUNTIME_DIR"] = runtime;
		await simulator.stop();
	});

	for (const { command, expected } of session.slice(ownClient))
		it(command, () => player.play({ command: relocated(command, simulator.serial), expected }));
});

function startAsInReadme(): Promise<Simulator> {
	const options = session[start]!.command.split(" -- ")[1]!.split(" ");
	return Simulator.start(options);
}

describeWith("newtmgr", "the session of the README", () => {
	let simulator: Simulator;
	let player: TranscriptPlayer;

	before(async () => {
		simulator = await startAsInReadme();
		player = new TranscriptPlayer(simulator, {});
	});
	after(() => simulator.stop());

	for (const { command, expected } of session.slice(start + 1, ownClient))
		it(command, () => player.play({ command: relocated(command, simulator.serial), expected }));
});
