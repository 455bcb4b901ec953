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

/** Brings the lesson about power failures to the moment after the cut. */
async function midLesson(page: Page): Promise<void> {
	const press = (name: string): Promise<void> => page.getByRole("button", { name, exact: true }).click();
	const step = (title: string): Promise<void> => page.locator(".lessons h3", { hasText: title }).waitFor();
	await press("Lessons");
	await page.locator(".shelf button", { hasText: "Power fails" }).click();
	await press("Next");
	await page.getByRole("button", { name: /^Take / }).click();
	await step("Send it");
	await press("Upload");
	await step("Ask for a test");
	await page.getByRole("button", { name: /^Test version/ }).click();
	await press("Show both");
	await press("Next");
	await press("Go there");
	await press("Pull the plug on both");
	await press("Next");
	await step("See them recover");
	await page.getByLabel("Operations that are done in both modes").fill("60");
	await page.locator("[data-spotlight]#modes").waitFor();
}

mkdirSync(FOLDER, { recursive: true });
const browser = await startBrowser();
for (const [name, width, height, colorScheme, prepare] of [
	["page-light", 1360, 860, "light", midSwap],
	["page-dark", 1360, 860, "dark", midSwap],
	["page-phone", 360, 720, "light", midSwap],
	["lesson", 1600, 860, "light", midLesson],
] as const) {
	const device = await Simulator.start(["--page", "0", "--images", "1"]);
	const page = await openPage(browser, device.page, { viewport: { width, height }, colorScheme });
	await prepare(page);
	await page.evaluate("scrollTo(0, 0)");
	await page.screenshot({ path: join(FOLDER, `${name}.png`) });
	await page.close();
	await device.stop();
}
await browser.close();
