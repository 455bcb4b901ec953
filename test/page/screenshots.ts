import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { drop, openPage, outcome, startBrowser } from "./browser.js";

// Makes the pictures of docs/pictures anew: `npm run screenshots`. Each is of a real device in the middle of its work.

const FOLDER = join(root, "docs/pictures");

/**
 * Sizes of the images, bytes: large enough to be seen on the map. Their versions differ in length, and so their payloads in
 * content.
 */
const OLD = 150_000;
const NEW = 230_000;

/** Brings a device to its second update, and the page to the middle of that boot. */
async function midSwap(page: Page): Promise<void> {
	await drop(page, "firmware-1.9.0.bin", update("1.9.0", OLD).file);
	await page.getByLabel("and confirm").check();
	await page.getByRole("button", { name: "Upgrade" }).click();
	await outcome(page, "Version 1.9.0 runs");
	await page.getByLabel("and confirm").uncheck();
	await drop(page, "firmware-1.10.0.bin", update("1.10.0", NEW).file);
	await page.getByRole("button", { name: "Upgrade" }).click();
	await outcome(page, "Version 1.10.0 runs");
	await page.getByLabel("Boot", { exact: true }).selectOption("boot 2");
	const scrubber = page.getByLabel("Operations that are done");
	await scrubber.fill(String(Math.round(Number(await scrubber.getAttribute("max")) * 0.62)));
	await page.getByText(/Boot 2: after \d+ of/).waitFor();
}

mkdirSync(FOLDER, { recursive: true });
const browser = await startBrowser();
for (const [name, width, height, colorScheme] of [
	["page-light", 1360, 860, "light"],
	["page-dark", 1360, 860, "dark"],
	["page-phone", 360, 720, "light"],
] as const) {
	const device = await Simulator.start(["--page", "0", "--images", "1"]);
	const page = await openPage(browser, device.page, { viewport: { width, height }, colorScheme });
	await midSwap(page);
	await page.evaluate("scrollTo(0, 0)");
	await page.screenshot({ path: join(FOLDER, `${name}.png`) });
	await page.close();
	await device.stop();
}
await browser.close();
