import assert from "node:assert";
import { generateKeyPairSync } from "node:crypto";
import type { Browser, Page } from "playwright-core";
import { readImageFile, SmpClient } from "../../client/index.js";
import { serialLink } from "../../client/node/serial.js";
import type { ImageOptions } from "../../image/create.js";
import { parseKey } from "../../image/keys.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { application } from "../support/application.js";
import { describeWith } from "../support/tools.js";
import { drop, openPage, outcome, startBrowser, uploading, violations, withPage } from "./browser.js";

// What goes wrong: the page says so in a sentence, and goes on.

/** Times of a chip, so that an upload takes its time. */
const SLOW = ["--flash-timing", "w25q32jv"];

/** Signs as somebody does whom the boot loader does not trust. */
function stranger(): NonNullable<ImageOptions["signer"]> {
	const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
	const { type, publicKey, sign } = parseKey(String(privateKey.export({ type: "pkcs8", format: "pem" })));
	return { type, publicKey, sign: sign! };
}

describeWith("chromium", "trouble on the page", () => {
	let browser: Browser;
	before(async () => {
		browser = await startBrowser();
	});
	after(() => browser.close());

	const says = (page: Page, words: string | RegExp): Promise<void> =>
		page.locator(".report p").filter({ hasText: words }).first().waitFor();

	it("a file that the boot loader would not take", () =>
		withPage(browser, ["--downgrade-prevention", "version"], async (page) => {
			const { file } = update("0.0.1", 20_000);
			await drop(page, "notes.txt", new TextEncoder().encode("these are notes, and no image"));
			await says(page, "does not begin with an image header");
			await drop(page, "short.bin", file.subarray(0, 9000));
			await says(page, /cut short|incomplete|ends/);
			await drop(page, "empty.bin", new Uint8Array(0));
			await says(page, "The file is empty, not an MCUboot image.");
			await drop(page, "foreign.bin", update("0.0.1", 20_000, undefined, { signer: stranger() }).file);
			await says(page, "The boot loader refuses it");
			await drop(page, "large.bin", update("0.0.1", 600_000).file);
			await says(page, /fit the slot/);
			await page.getByRole("button", { name: "Upload" }).click();
			await page.locator(".outcome .bad").filter({ hasText: /\.$/ }).waitFor();
			// After all that, a good file is taken.
			await drop(page, "update.bin", file);
			await page.getByLabel("and confirm").check();
			await page.getByRole("button", { name: "Upgrade" }).click();
			await outcome(page, "Version 0.0.1 runs");
			await page.locator(".boots dt", { hasText: /^Next boot$/ }).waitFor();
			await drop(page, "older.bin", update("0.0.0", 21_000).file);
			await says(page, "The boot loader refuses it");
		}));

	it("another client uploads to the device", () =>
		withPage(browser, SLOW, async (page, device) => {
			const client = new SmpClient(serialLink(device.serial));
			let begun = (): void => {};
			const first = new Promise<void>((resolve) => {
				begun = resolve;
			});
			const other = client.upload(update("0.0.2", 200_000).file, { onProgress: begun });
			await first;
			await drop(page, "update.bin", update("0.0.1", 20_000).file);
			await page.getByRole("button", { name: "Upload" }).click();
			await page.locator(".outcome .bad", { hasText: "another client is uploading over uart." }).waitFor();
			await other;
			await client.close();
			await page.getByRole("button", { name: "Upload" }).click();
			await outcome(page, "Uploaded");
		}));

	it("the device restarts in the middle of an upload, which goes on", () =>
		withPage(browser, SLOW, async (page) => {
			await drop(page, "update.bin", update("0.0.1", 200_000).file);
			await page.getByRole("button", { name: "Upload" }).click();
			await uploading(page, 0.2);
			await page.getByRole("button", { name: "Reset", exact: true }).click();
			await outcome(page, "Uploaded");
		}));

	it("the power is off in the middle of an upload", () =>
		withPage(browser, SLOW, async (page) => {
			await drop(page, "update.bin", update("0.0.1", 200_000).file);
			await page.getByRole("button", { name: "Upload" }).click();
			await uploading(page, 0.2);
			await page.getByRole("button", { name: "Power off" }).click();
			await page.locator(".outcome .bad").filter({ hasText: "No answer" }).waitFor();
			await page.getByRole("button", { name: "Power on" }).click();
			await page.locator(".status", { hasText: "runs 0.0.0" }).waitFor();
			await page.getByRole("button", { name: "Upload" }).click();
			await outcome(page, /It went on at/);
		}));

	it("the application crashes at each start", () =>
		withPage(browser, [], async (page, device) => {
			const broken = application("export default () => {\n\tthrow new TypeError('no sensor');\n};", "1.9.0");
			const client = new SmpClient(serialLink(device.serial));
			await client.upload(broken);
			await client.confirm(readImageFile(broken).hash);
			await client.close();
			await page.getByRole("button", { name: "Reset", exact: true }).click();
			const alert = page.getByRole("alert").filter({ hasText: "The device runs in safe mode" });
			await alert.filter({ hasText: "crashed 3 times: uncaught TypeError: no sensor" }).waitFor();
			assert.deepEqual(await violations(page), []);
			await page.getByRole("button", { name: "Leave safe mode" }).click();
			await alert.filter({ hasText: "The next start runs the application." }).waitFor();
		}));

	it("the simulator ends, and is there again", async () => {
		const directory = freshDirectory();
		const device = await Simulator.start(["--page", "0", "--images", "1", ...SLOW], directory);
		const page = await openPage(browser, device.page);
		await drop(page, "update.bin", update("0.0.1", 200_000).file);
		await page.getByRole("button", { name: "Upload" }).click();
		await uploading(page, 0.2);
		await device.stop({ keep: true });
		await page.getByRole("alert").filter({ hasText: "The simulator does not answer: was it stopped?" }).waitFor();
		await page.locator(".outcome .bad").filter({ hasText: /\.$/ }).waitFor();
		const { port } = new URL(device.page);
		const again = await Simulator.start(["--page", port, "--images", "1", ...SLOW], directory);
		await page.locator(".status", { hasText: "runs 0.0.0" }).waitFor();
		assert.equal(await page.getByRole("alert").count(), 0);
		await page.getByRole("button", { name: "Upload" }).click();
		await outcome(page, /It went on at/);
		await page.close();
		await again.stop();
	});
});
