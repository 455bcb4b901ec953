import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";

// A real browser, without a window. What runs in the page is text: this side has no types of a browser.

/** Starts the Chromium of this machine. */
export const startBrowser = (): Promise<Browser> =>
	chromium.launch({
		executablePath: execFileSync("sh", ["-c", "command -v chromium"], { encoding: "utf8" }).trim(),
		// Chromium's sandbox refuses to run as root, as continuous integration does.
		args: process.getuid?.() === 0 ? ["--no-sandbox"] : [],
	});

/** Opens the page, and waits until it shows the device. Whatever goes wrong in it is an error of the test. */
export async function openPage(
	browser: Browser,
	url: string,
	options: Parameters<Browser["newPage"]>[0] = {},
): Promise<Page> {
	const page = await browser.newPage({ viewport: { width: 1440, height: 1000 }, ...options });
	const { origin } = new URL(url);
	page.on("pageerror", (error) => {
		throw error;
	});
	page.on("request", (request) => {
		const from = new URL(request.url());
		if (from.origin !== origin && from.protocol !== "data:" && from.protocol !== "blob:")
			throw new Error(`the page asks for ${request.url()}`);
	});
	await page.goto(url);
	await ready(page);
	return page;
}

/** A device with one image, and its page. Both end with the test. */
export async function withPage(
	browser: Browser,
	options: readonly string[],
	use: (page: Page, device: Simulator) => Promise<void>,
	look: Parameters<typeof openPage>[2] = {},
): Promise<void> {
	const device = await Simulator.start(["--page", "0", "--images", "1", ...options]);
	const page = await openPage(browser, device.page, look);
	await use(page, device);
	await page.close();
	await device.stop();
}

/** Brings an update to run, on trial, so that there is a boot to look at. */
export async function upgradeTo(page: Page, version: string): Promise<void> {
	await drop(page, "update.bin", update(version, 20_000).file);
	await page.getByRole("button", { name: "Upgrade" }).click();
	await outcome(page, `Version ${version} runs`);
}

/** Waits until an upload is under way, by so much of the file. */
export async function uploading(page: Page, part: number): Promise<void> {
	const bar = page.locator(".outcome progress");
	while (Number(await bar.evaluate("(bar) => bar.value / bar.max")) < part) await page.waitForTimeout(20);
}

/** Waits until the page shows the device: its flash, its images and the forecast. */
export async function ready(page: Page): Promise<void> {
	await page.locator(".slot").first().waitFor();
	await page.locator(".images tbody tr").first().waitFor();
	await page.locator(".boots dt").first().waitFor();
}

/** Drops a file, as a hand does. */
export async function drop(page: Page, name: string, file: Uint8Array): Promise<void> {
	const text = Buffer.from(file).toString("base64");
	const transfer = await page.evaluateHandle(`(() => {
		const bytes = Uint8Array.from(atob("${text}"), (c) => c.charCodeAt(0));
		const data = new DataTransfer();
		data.items.add(new File([bytes], ${JSON.stringify(name)}));
		return data;
	})()`);
	await page.locator(".drop").dispatchEvent("drop", { dataTransfer: transfer });
	await page.locator(".report").filter({ hasText: name }).waitFor();
}

/** Waits until the client says this of what it did. */
export const outcome = (page: Page, words: string | RegExp): Promise<void> =>
	page.locator(".outcome [role=status]").filter({ hasText: words }).waitFor();

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What axe-core has against the page, of level A and AA: a line each. */
export async function violations(page: Page): Promise<string[]> {
	await page.evaluate(AXE);
	return page.evaluate(async () => {
		const { axe } = globalThis as unknown as {
			axe: {
				run(options: unknown): Promise<{
					violations: { id: string; help: string; nodes: { target: string[]; failureSummary?: string }[] }[];
				}>;
			};
		};
		const { violations: found } = await axe.run({
			runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"],
		});
		return found.flatMap(({ id, help, nodes }) =>
			nodes.map(({ target, failureSummary }) => `${id}: ${help}: ${target.join(" ")}: ${failureSummary}`),
		);
	});
}
