import assert from "node:assert";
import { readFileSync } from "node:fs";
import { readRecording, Timeline } from "../../page/flash/recording.js";
import { describeWith } from "../support/tools.js";
import { startBrowser, upgradeTo, withPage } from "./browser.js";

/** Where the search for an operation begins, where in it power fails, and the name of that moment. */
const CUTS = [
	[12, "before the next operation", /at 12\./],
	[60, "in the middle of that write", /at \d+t\d+\./],
	[40, "with the first half erased", /at \d+a\./],
] as const;

/** Pulls the plug of a device that swaps in a mode, at three operations, and looks at how the device comes back. */
export function describePlug(mode: "move" | "offset"): void {
	describeWith("chromium", `the plug in a swap using ${mode}`, () => {
		let browser: Awaited<ReturnType<typeof startBrowser>>;
		before(async () => {
			browser = await startBrowser();
		});
		after(() => browser.close());

		for (const [at, plug, cut] of CUTS)
			it(`power fails ${plug}, and the page shows how the device comes back`, () =>
				withPage(browser, ["--mode", mode], async (page, device) => {
					await upgradeTo(page, "0.0.1");
					await page.getByLabel("Boot", { exact: true }).selectOption("boot 1");
					const scrubber = page.getByLabel("Operations that are done");
					await scrubber.fill(String(at));
					// The next operation of the wanted kind.
					for (let i = at; (await page.getByLabel(plug).count()) === 0; i++) await scrubber.fill(String(i));
					await page.getByLabel(plug).check();
					await page.getByRole("button", { name: "Pull the plug here" }).click();
					const status = page.locator(".plug [role=status]");
					await status.filter({ hasText: "came back with the operations above: it runs 0.0.1 on trial" }).waitFor();
					assert.match(await status.innerText(), cut);
					await page.getByLabel("Boot", { exact: true }).filter({ hasText: "boot 2" }).waitFor();
					await page.locator(".xterm-rows", { hasText: "resuming" }).waitFor();
					// The recording of the boot that went on ends with the flash that the device has now.
					const body = await page.evaluate<number[]>(
						`fetch("/boots/2?device=1").then(async (answer) => [...new Uint8Array(await answer.arrayBuffer())])`,
					);
					const recording = readRecording(Uint8Array.from(body));
					assert.equal(recording.end, "done");
					const timeline = new Timeline(recording);
					timeline.seek(timeline.length);
					const slots = { from: 0x14000, to: 0x114000 };
					assert.deepEqual(
						timeline.flash.subarray(slots.from, slots.to),
						new Uint8Array(readFileSync(device.flash).subarray(slots.from, slots.to)),
					);
					// What happens to the device later does not change how it came back.
					const said = await status.innerText();
					await page.getByRole("button", { name: "Power off" }).click();
					await page.locator(".status", { hasText: "power off" }).waitFor();
					assert.equal(await status.innerText(), said);
				}));
	});
}
