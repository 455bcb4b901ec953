import assert from "node:assert";
import { EventEmitter } from "node:events";
import { join } from "node:path";
import type { ReadStream, WriteStream } from "node:tty";
import { Narrator } from "../../tools/demo/narrator.js";
import { root } from "../../tools/simulator.js";
import { run } from "../support/tools.js";

/** A terminal, or a pipe. */
function narrator(isTTY: boolean) {
	let screen = "";
	const out = { isTTY, write: (text: string) => (screen += text) } as unknown as WriteStream;
	const keyboard = Object.assign(new EventEmitter(), { isTTY, pause: () => {} });
	return { story: new Narrator(out), keyboard, typed: keyboard as unknown as ReadStream, screen: () => screen };
}

describe("demo", () => {
	it("waits for the Enter key between its steps on a terminal", async () => {
		const { story, keyboard, typed, screen } = narrator(true);
		story.pauses(typed);
		let over = false;
		const pause = story.pause().then(() => {
			over = true;
		});
		await new Promise((resolve) => setImmediate(resolve));
		assert.equal(over, false);
		assert.match(screen(), /Enter goes on/);
		keyboard.emit("data", "\n");
		await pause;
	});

	it("waits for nobody behind a pipe, or where that is not wanted", async () => {
		const piped = narrator(false);
		piped.story.pauses(piped.typed);
		await piped.story.pause();
		const terminal = narrator(true);
		await terminal.story.pause();
		assert.equal(piped.screen() + terminal.screen(), "");
	});

	it("explains itself", async () => {
		const { status, output } = await run(process.execPath, [join(root, "dist/tools/demo/main.js"), "--help"]);
		assert.equal(status, 0);
		assert.match(output, /^Usage: npm run demo -- \[options\]\n(.*\n)+ {2}--no-pause /);
	});
});
