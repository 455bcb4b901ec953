import assert from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { newtmgr } from "../clients/drivers.js";
import { update } from "../clients/images.js";
import { describeWith, run } from "../support/tools.js";
import { drop, openPage, outcome, ready, startBrowser, uploading, withPage } from "./browser.js";

describeWith("chromium", "the page among other clients", () => {
	let browser: Browser;
	before(async () => {
		browser = await startBrowser();
	});
	after(() => browser.close());

	describeWith("newtmgr", "two tabs, and a stock client on the line", () => {
		it("one tab uploads, is loaded again and goes on; newtmgr asks meanwhile, and updates the device", () =>
			withPage(browser, ["--flash-timing", "w25q32jv"], async (page, device) => {
				const stock = async (...words: readonly string[]): Promise<string> => {
					const { status, output } = await run("newtmgr", [...newtmgr.connect(device), ...words]);
					assert.equal(status, 0, output);
					return output;
				};
				const second = await openPage(browser, device.page);
				const { file, hash } = update("0.0.1", 480_000);
				await drop(page, "update.bin", file);
				await page.getByRole("button", { name: "Upload" }).click();
				await uploading(page, 0.05);
				const echoed = stock("echo", "meanwhile");
				await second.locator(".sectors .coming").first().waitFor();
				await uploading(page, 0.2);
				await page.reload();
				assert.match(await echoed, /meanwhile/);
				await ready(page);
				await drop(page, "update.bin", file);
				await page.getByRole("button", { name: "Upload" }).click();
				const listed = stock(...newtmgr.list);
				await outcome(page, /It went on at \d+(\.\d)? KiB/);
				assert.match(await listed, /version: 0\.0\.0/);
				await stock(...newtmgr.test(hash));
				for (const tab of [page, second]) {
					await tab.locator(".state.on", { hasText: /^II$/ }).waitFor();
					await tab.locator(".images tr", { hasText: "0.0.1" }).filter({ hasText: "pending" }).waitFor();
				}
				await stock(...newtmgr.reset);
				for (const tab of [page, second]) await tab.locator(".status", { hasText: "0.0.1 on trial" }).waitFor();
				await stock(...newtmgr.confirm(hash));
				for (const tab of [page, second])
					await tab.locator(".images tr", { hasText: "0.0.1" }).filter({ hasText: "confirmed" }).waitFor();
				await second.close();
			}));

		it("an upload of newtmgr shows in both tabs", () =>
			withPage(browser, [], async (page, device) => {
				const second = await openPage(browser, device.page);
				const { file } = update("0.0.2", 60_000);
				const path = join(device.directory, "update.bin");
				writeFileSync(path, file);
				const { status, output } = await run("newtmgr", [...newtmgr.connect(device), ...newtmgr.upload(0, path)]);
				assert.equal(status, 0, output);
				for (const tab of [page, second]) {
					await tab
						.getByText(/15 new image/)
						.first()
						.waitFor();
					await tab.locator(".images tr", { hasText: "0.0.2" }).waitFor();
				}
				await second.close();
			}));
	});
});
