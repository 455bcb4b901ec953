import assert from "node:assert";
import type { Browser, Page } from "playwright-core";
import { Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { describeWith } from "../support/tools.js";
import { drop, openPage, outcome, startBrowser, violations } from "./browser.js";

/** Titles of the lessons, and the ends of their links. */
const TITLES = {
	confirm: "An update, tested and confirmed",
	revert: "Nobody confirms",
	power: "Power fails in the swap",
	signature: "A bad signature",
	broken: "A bad application",
} as const;

const LIGHT = { viewport: { width: 1600, height: 1000 }, colorScheme: "light" } as const;
const DARK = { viewport: { width: 1600, height: 1000 }, colorScheme: "dark" } as const;
const PHONE = { viewport: { width: 360, height: 780 }, colorScheme: "light" } as const;

describeWith("chromium", "the lessons of the page", () => {
	let browser: Browser;
	before(async () => {
		browser = await startBrowser();
	});
	after(() => browser.close());

	async function withPage(
		options: readonly string[],
		use: (page: Page, device: Simulator) => Promise<void>,
		look: Parameters<typeof openPage>[2] = LIGHT,
	): Promise<void> {
		const device = await Simulator.start(["--page", "0", ...options]);
		const page = await openPage(browser, device.page, look);
		await use(page, device);
		await page.close();
		await device.stop();
	}

	const press = (page: Page, name: string | RegExp): Promise<void> =>
		page.getByRole("button", { name, exact: true }).click();

	/** Waits until a step is shown, and until the page points at something. */
	async function at(page: Page, title: string): Promise<void> {
		await page.locator(".lessons h3", { hasText: title }).waitFor();
		await page.locator("[data-spotlight]").waitFor();
	}

	/** Reads a step, which nothing has to happen for. */
	async function read(page: Page, title: string): Promise<void> {
		await at(page, title);
		await press(page, /^(Next|Finish)$/);
	}

	/** Takes the file of a step. */
	async function takeFile(page: Page, title: string): Promise<void> {
		await at(page, title);
		await page.getByRole("button", { name: /^Take / }).click();
	}

	async function begin(page: Page, lesson: keyof typeof TITLES): Promise<void> {
		await press(page, "Lessons");
		await page.locator(".shelf button", { hasText: TITLES[lesson] }).click();
	}

	/** The lesson is over, and the list says so. */
	const ended = (page: Page, lesson: keyof typeof TITLES): Promise<void> =>
		page.locator(".shelf button", { hasText: TITLES[lesson] }).filter({ hasText: "done" }).waitFor();

	const runs = (page: Page, version: string): Promise<void> => page.locator(".status", { hasText: version }).waitFor();

	/** Steps of the lesson about confirming, up to the request. */
	async function askForTest(page: Page): Promise<void> {
		await read(page, "The device before");
		await takeFile(page, "Take an update");
		await read(page, "What the file says");
		await at(page, "Send it");
		await press(page, "Upload");
		await read(page, "Nothing has changed yet");
		await at(page, "Ask for a test");
		await press(page, "Test version 0.1.0");
		await at(page, "The request");
	}

	it("an update, tested and confirmed", () =>
		withPage([], async (page) => {
			await begin(page, "confirm");
			await askForTest(page);
			assert.equal(await page.locator("[data-spotlight]").getAttribute("id"), "trailers");
			await read(page, "The request");
			await read(page, "What will happen");
			await at(page, "Let it swap");
			await press(page, "Reset");
			await read(page, "The images have changed places");
			await read(page, "On trial");
			await at(page, "Keep it");
			await press(page, "Confirm version 0.1.0");
			await read(page, "One byte");
			await at(page, "Make sure");
			await press(page, "Reset");
			await read(page, "The update stays");
			await ended(page, "confirm");
			await runs(page, "0.1.0");
		}));

	it("nobody confirms", () =>
		withPage(["--images", "1", "--mode", "offset"], async (page) => {
			await begin(page, "revert");
			await read(page, "Why there is a trial");
			await takeFile(page, "Take an update");
			await at(page, "Install it on trial");
			await press(page, "Upgrade");
			await read(page, "It runs, on trial");
			await page.locator(".boots dd", { hasText: "goes back to 0.0.0" }).first().waitFor();
			await read(page, "What the next boot will do");
			await at(page, "Do nothing, and lose power");
			await press(page, "Power off");
			await at(page, "Power comes back");
			await press(page, "Power on");
			await read(page, "The old image is back");
			await at(page, "Look at that boot again");
			await page.getByLabel("Boot", { exact: true }).selectOption("boot 2");
			await read(page, "Step through the revert");
			await at(page, "The device remembers");
			await page.getByRole("tab", { name: "History" }).click();
			await read(page, "The boot journal");
			await ended(page, "revert");
			await runs(page, "0.0.0");
		}));

	for (const [mode, images] of [
		["move", "1"],
		["offset", "2"],
	] as const)
		it(`power fails in the swap: both modes, on a device that swaps using ${mode}`, () =>
			withPage(["--mode", mode, "--images", images], async (page, device) => {
				await begin(page, "power");
				await read(page, "The dangerous moment");
				await takeFile(page, "Take an update");
				await at(page, "Send it");
				await press(page, "Upload");
				await at(page, "Ask for a test");
				await press(page, "Test version 0.1.0");
				await at(page, "Two devices");
				await press(page, "Show both");
				await read(page, "Two ways to make room");
				await at(page, "Go into the middle");
				assert.equal(device.events.filter(({ event }) => event === "boot").length, 1);
				const slider = page.getByLabel("Operations that are done in both modes");
				await slider.fill("150");
				await at(page, "Pull the plug");
				assert.deepEqual(await violations(page), []);
				await press(page, "Pull the plug on both");
				await device.next("boot", ({ images: booted }) => JSON.stringify(booted).includes('"resumed":true'));
				await read(page, "Your device has come back");
				await at(page, "See them recover");
				await slider.fill((await slider.getAttribute("max"))!);
				await at(page, "Both are whole");
				for (const own of ["move", "offset"]) {
					const map = page.getByRole("region", { name: `swap using ${own}` });
					await map.getByText("recovered: the swap is over").waitFor();
					await map.getByText("Power failed at").waitFor();
					const primary = await map.getByRole("img", { name: /^primary/ }).getAttribute("aria-label");
					assert.match(primary!, /^primary: \d+ sectors: 23 new image, \d+ erased, \d+ trailer$/, own);
				}
				await read(page, "Both are whole");
				await ended(page, "power");
				await runs(page, "0.1.0 on trial");
			}));

	it("a bad signature", () =>
		withPage([], async (page) => {
			await begin(page, "signature");
			await read(page, "Who may change a device?");
			await takeFile(page, "A file from a stranger");
			await at(page, "Good hash, wrong key");
			await page.getByText("The boot loader refuses it: no good signature by a trusted key.").waitFor();
			await read(page, "Good hash, wrong key");
			await at(page, "Send it all the same");
			await press(page, "Upload");
			await at(page, "Ask for it");
			await press(page, "Test version 0.1.0");
			await read(page, "What will come of it");
			await at(page, "Let the boot loader decide");
			await press(page, "Reset");
			await read(page, "Refused");
			await read(page, "What is left");
			await ended(page, "signature");
			await runs(page, "0.0.0");
		}));

	it("a bad signature, where the application looks at signatures too", () =>
		withPage(["--images", "1", "--verify", "signature"], async (page) => {
			await begin(page, "signature");
			await read(page, "Who may change a device?");
			await takeFile(page, "A file from a stranger");
			await read(page, "Good hash, wrong key");
			await press(page, "Upload");
			await at(page, "Ask for it");
			await press(page, "Test version 0.1.0");
			await at(page, "What will come of it");
			await page.locator(".lessons", { hasText: "has refused the request" }).waitFor();
			await press(page, "Next");
			await at(page, "Let the boot loader decide");
			await press(page, "Reset");
			await read(page, "Refused");
		}));

	it("a bad application, which reverts itself", () =>
		withPage([], async (page) => {
			await begin(page, "broken");
			await takeFile(page, "An application in an image");
			await at(page, "Install the good one");
			await press(page, "Upgrade");
			await at(page, "It answers");
			await page.getByRole("tab", { name: "Shell" }).click();
			await page.getByLabel("command line").fill("target 22");
			await press(page, "Run");
			await page.locator(".shell", { hasText: "22 degrees, measured 19" }).waitFor();
			await press(page, "Next");
			await takeFile(page, "Take a broken one");
			await at(page, "Nothing warns");
			await press(page, "Upgrade");
			await at(page, "The good one is back");
			await page.getByRole("tab", { name: "History" }).click();
			await page.locator("#client").getByText("throws.ts:13").first().waitFor();
			await read(page, "The journal says why");
			await takeFile(page, "Another mistake");
			await at(page, "Install it");
			await press(page, "Upgrade");
			await at(page, "Back again");
			await page.getByRole("tab", { name: "History" }).click();
			await page.locator("#client").getByText("watchdog").first().waitFor();
			await read(page, "Back again");
			await ended(page, "broken");
			await runs(page, "0.1.0");
		}));

	it("begins from any state: it says what it will do, and asks before it erases", () =>
		withPage(["--images", "1"], async (page) => {
			await drop(page, "own.bin", update("3.0.0", 20_000).file);
			await press(page, "Upgrade");
			await outcome(page, "Version 3.0.0 runs");
			await page.getByLabel("Boot", { exact: true }).selectOption("boot 1");
			await press(page, "Power off");
			await page.goto(`${page.url()}#lesson=confirm`);
			const lessons = page.locator(".lessons");
			await lessons.getByText("Switch the power on.").waitFor();
			await press(page, "Do that, and begin");
			await lessons.getByText("Erase the secondary slot, which holds version 3.0.0.").waitFor();
			await press(page, "Erase, and begin");
			await at(page, "The device before");
			await page.locator(".images tbody tr").nth(1).waitFor({ state: "detached" });
		}));

	it("notices that the device went another way, and begins again", () =>
		withPage(["--images", "1"], async (page) => {
			await begin(page, "confirm");
			await askForTest(page);
			await press(page, "Back");
			await at(page, "Ask for a test");
			await press(page, "Next");
			await read(page, "The request");
			await read(page, "What will happen");
			await press(page, "Reset");
			await read(page, "The images have changed places");
			await read(page, "On trial");
			await at(page, "Keep it");
			await press(page, "Reset");
			await page.getByText("The device runs version 0.0.0 now, and this step is about version 0.1.0.").waitFor();
			await press(page, "Begin again");
			await page.getByText("Erase the secondary slot, which holds version 0.1.0.").waitFor();
			await press(page, "Leave");
			await page.locator(".shelf").waitFor();
		}));

	it("notices that a device has confirmed the update itself", () =>
		withPage(["--images", "1", "--confirm", "self"], async (page) => {
			await begin(page, "revert");
			await read(page, "Why there is a trial");
			await takeFile(page, "Take an update");
			await at(page, "Install it on trial");
			await press(page, "Upgrade");
			await read(page, "It runs, on trial");
			await read(page, "What the next boot will do");
			await at(page, "Do nothing, and lose power");
			await page.getByText("Version 0.1.0 is confirmed already.").waitFor();
		}));

	it("says which command makes a device that a lesson needs", () =>
		withPage(["--images", "1", "--mode", "overwrite"], async (page) => {
			await begin(page, "revert");
			await page.getByText("This device works by overwrite only").waitFor();
			await page.getByText("npm start -- --mode move --flash .sim/lessons.bin").waitFor();
		}));

	it("is taken by keys alone, and takes no focus by itself", () =>
		withPage(["--images", "1"], async (page) => {
			const focused = (): Promise<string> => page.evaluate("document.activeElement.textContent");
			await page.getByRole("button", { name: "Lessons" }).press("Enter");
			await page.keyboard.press("Tab");
			await page.keyboard.press("Tab");
			await page.keyboard.press("Enter");
			await at(page, "The device before");
			await page.getByRole("button", { name: "Next", exact: true }).press("Enter");
			await at(page, "Take an update");
			// The button is the same one, and waits.
			assert.equal(await focused(), "Waiting for you");
			await page.keyboard.press("Enter");
			await page.getByRole("button", { name: /^Take / }).press("Enter");
			await at(page, "What the file says");
			assert.equal(await focused(), "Next");
			await page.keyboard.press("Enter");
			await at(page, "Send it");
			await press(page, "Go to what is marked");
			assert.equal(await focused(), "Upload");
			await page.keyboard.press("Enter");
			await at(page, "Nothing has changed yet");
			assert.equal(await page.locator(".lessons [aria-live=polite]").getAttribute("aria-atomic"), "true");
		}));

	for (const [what, look] of [
		["light, 1600 wide", LIGHT],
		["dark, 1600 wide", DARK],
		["light, 360 wide", PHONE],
	] as const)
		it(`is accessible (axe-core, levels A and AA): ${what}`, () =>
			withPage(
				["--images", "1"],
				async (page) => {
					await press(page, "Lessons");
					assert.deepEqual(await violations(page), [], "the list");
					await page.locator(".shelf button", { hasText: TITLES.confirm }).click();
					await page.locator(".dictionary summary").click();
					await read(page, "The device before");
					await at(page, "Take an update");
					assert.deepEqual(await violations(page), [], "a step that waits");
					await takeFile(page, "Take an update");
					await read(page, "What the file says");
					await at(page, "Send it");
					await page.locator("[data-spotlight]").and(page.getByRole("button")).waitFor();
					assert.deepEqual(await violations(page), [], "a step that points at a button");
					const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
					assert.ok(wide <= look.viewport.width, `${wide} pixels`);
				},
				look,
			));
});
