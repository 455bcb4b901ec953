import { fork } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { endsWithUs, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { drop, openPage, outcome, startBrowser } from "./browser.js";

// Measures the page for docs/PAGE.md: `npm run measure-page`. Prints medians.

const OPENED = 9;
const UPLOADS = 21;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

/** Bytes of each file, as it is and compressed. */
function sizes(): void {
	const folder = join(root, "build/page");
	for (const name of readdirSync(folder).filter((each) => /\.(js|css|html)$/.test(each))) {
		const bytes = readFileSync(join(folder, name));
		say(
			`${name}: ${(bytes.length / 1024).toFixed(0)} KiB, ${(gzipSync(bytes).length / 1024).toFixed(0)} KiB compressed`,
		);
	}
}

/** Milliseconds until something is painted, and until the flash is there. */
async function opening(browser: Browser, device: Simulator): Promise<void> {
	const paints: number[] = [];
	const shown: number[] = [];
	for (let i = 0; i < OPENED; i++) {
		const began = performance.now();
		const page = await openPage(browser, device.page);
		shown.push(performance.now() - began);
		paints.push(Number(await page.evaluate('performance.getEntriesByName("first-contentful-paint")[0].startTime')));
		await page.close();
	}
	say(`first paint ${median(paints).toFixed(0)} ms, flash, images and forecast ${median(shown).toFixed(0)} ms`);
}

/** Milliseconds of script and layout for one step in the time machine. */
async function steps(browser: Browser, device: Simulator): Promise<void> {
	const page = await openPage(browser, device.page);
	await drop(page, "update.bin", update("1.10.0", 230_000).file);
	await page.getByRole("button", { name: "Upgrade" }).click();
	await outcome(page, "Version 1.10.0 runs");
	await page.getByLabel("Boot", { exact: true }).selectOption("boot 1");
	await page.getByText(/Boot 1: after 0 of/).waitFor();
	const times = (await page.evaluate(`(async () => {
		const scrubber = document.querySelector(".scrubber");
		const times = [];
		for (let at = 1; at <= Number(scrubber.max); at++) {
			const began = performance.now();
			scrubber.value = String(at);
			scrubber.dispatchEvent(new Event("input", { bubbles: true }));
			await new Promise((drawn) => setTimeout(drawn));
			document.body.getBoundingClientRect();
			times.push(performance.now() - began);
			await new Promise(requestAnimationFrame);
		}
		return times;
	})()`)) as number[];
	const sorted = [...times].sort((a, b) => a - b);
	const worst = sorted[Math.floor(sorted.length * 0.95)]!;
	say(
		`a step of ${times.length} in the time machine: ${median(times).toFixed(1)} ms, 95 of 100 within ${worst.toFixed(1)} ms`,
	);
	await page.close();
}

/** KiB/s of uploads over UDP: without the page, and with the page open. They take turns, because the machine is never quiet. */
async function uploads(browser: Browser): Promise<void> {
	const device = await Simulator.start(["--page", "0"]);
	const uploader = endsWithUs(fork(join(root, "dist/test/page/uploader.js"), [device.udp]));
	const speed = async (): Promise<number> => {
		uploader.send("go");
		return ((await once(uploader, "message")) as [number])[0];
	};
	const without: number[] = [];
	const open: number[] = [];
	// The first ones warm up the client.
	for (let i = 0; i < 3; i++) await speed();
	for (let i = 0; i < UPLOADS; i++) {
		without.push(await speed());
		const page = await openPage(browser, device.page);
		open.push(await speed());
		await page.close();
	}
	const part = (100 * median(open)) / median(without);
	say(
		`upload ${median(without).toFixed(0)} KiB/s without the page, ${median(open).toFixed(0)} with it: ${part.toFixed(0)} %`,
	);
	uploader.kill();
	await device.stop();
}

sizes();
const browser = await startBrowser();
const device = await Simulator.start(["--page", "0", "--images", "1"]);
await opening(browser, device);
await steps(browser, device);
await device.stop();
await uploads(browser);
await browser.close();
