import assert from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { SmpClient } from "../../client/index.js";
import { serialLink } from "../../client/node/serial.js";
import { endsWithUs, freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { describeWith, run } from "../support/tools.js";
import { drop, openPage, withPage as openWithPage, outcome, startBrowser, upgradeTo, violations } from "./browser.js";

/** A port of Web Serial whose other end is on this side: `toBoard` and `fromBoard` carry its bytes in base64. */
const FAKE_SERIAL = `{
	const port = {
		readable: null,
		writable: null,
		async open() {
			port.readable = new ReadableStream({
				start(controller) {
					globalThis.fromBoard = (text) => controller.enqueue(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
				},
			});
			port.writable = new WritableStream({ write: (bytes) => toBoard(btoa(String.fromCharCode(...bytes))) });
		},
		async close() {},
		addEventListener() {},
		removeEventListener() {},
	};
	Object.defineProperty(navigator, "serial", { value: { requestPort: async () => port } });
}`;

const BRIDGE = [join(root, "dist/cli/main.js"), "bridge", "--json", "--listen", "0"];

describeWith("chromium", "the page", () => {
	let browser: Browser;
	before(async () => {
		browser = await startBrowser();
	});
	after(() => browser.close());

	const withPage = (
		options: readonly string[],
		use: Parameters<typeof openWithPage>[2],
		look?: Parameters<typeof openWithPage>[3],
	): Promise<void> => openWithPage(browser, options, use, look);

	it("updates the device with a file that is dropped", () =>
		withPage([], async (page) => {
			await drop(page, "update.bin", update("0.0.1", 20_000).file);
			await page.getByText("The boot loader takes it: it would install version 0.0.1.").waitFor();
			await page.getByLabel("and confirm").check();
			await page.getByRole("button", { name: "Upgrade" }).click();
			await outcome(page, "Version 0.0.1 runs in place of 0.0.0. It is confirmed.");
			await page.locator(".images tr", { hasText: "0.0.1" }).filter({ hasText: "active" }).waitFor();
			await page.locator(".status", { hasText: "runs 0.0.1" }).waitFor();
			await page
				.getByText(/primary: 128 sectors|^128 sectors: 6 new image/)
				.first()
				.waitFor();
		}));

	it("says what is wrong with a file before a byte is sent", () =>
		withPage([], async (page, device) => {
			const { file } = update("0.0.1", 20_000);
			const damaged = file.slice();
			damaged[damaged.length - 1]! ^= 1;
			await drop(page, "damaged.bin", damaged);
			await page.getByText("The boot loader refuses it: no good signature by a trusted key.").waitFor();
			await drop(page, "notes.txt", new TextEncoder().encode("this is no image, and the page says so"));
			await page.locator(".report .bad").filter({ hasText: "does not begin with an image header" }).waitFor();
			assert.equal(await page.getByRole("button", { name: "Upload" }).isDisabled(), true);
			const client = new SmpClient(serialLink(device.serial));
			assert.equal((await client.images()).length, 1);
			await client.close();
		}));

	for (const [mode, waits] of [
		["overwrite", 1],
		["firmware-loader", 0],
	] as const)
		it(`names a slot in which updates wait where there is one: ${mode}`, () =>
			withPage(["--mode", mode], async (page) => {
				await page.locator(".slot .sectors").first().waitFor();
				assert.equal(await page.getByText("an update waits here").count(), waits);
			}));

	it("leads to a moment by a link", () =>
		withPage([], async (page) => {
			await upgradeTo(page, "0.0.1");
			await page.getByLabel("Boot", { exact: true }).selectOption("boot 1");
			await page.getByLabel("Operations that are done").fill("37");
			const link = await page.getByText("Link to this moment").getAttribute("href");
			const other = await openPage(browser, link!);
			await other.getByText(/Boot 1: after 37 of \d+ operations/).waitFor();
			await other.goto(link!.replace(/moment=.{12}/, "moment=000000000000"));
			await other.reload();
			await other.getByText("This link is to a boot that the simulator has not recorded").waitFor();
			await other.close();
		}));

	it("steps through the next boot before it happens, and plays it", () =>
		withPage([], async (page, device) => {
			const client = new SmpClient(serialLink(device.serial));
			const { file, hash } = update("0.0.1", 20_000);
			await client.upload(file);
			await client.test(hash);
			await client.close();
			await page.getByText("installs 0.0.1, on trial").waitFor();
			await page.getByRole("button", { name: "Step through the next boot" }).click();
			await page.getByText(/The next boot, rehearsed: after 0 of \d+/).waitFor();
			await page.getByRole("button", { name: "One operation on" }).click();
			await page.locator(".step", { hasText: "swap_scramble_trailer_sectors" }).waitFor();
			await page.getByLabel("Speed").selectOption("64×");
			await page.getByRole("button", { name: "Play" }).click();
			await page.getByText("the boot loader came to its end").waitFor();
			await page.getByRole("button", { name: "Back to now" }).click();
			await page.locator(".moment").waitFor({ state: "detached" });
			assert.equal(device.events.filter(({ event }) => event === "boot").length, 1);
		}));

	it("tells history, statistics, settings and the shell", () =>
		withPage([], async (page) => {
			await page.getByRole("tab", { name: "Update" }).press("ArrowRight");
			await page.getByRole("tabpanel", { name: "History" }).getByRole("cell").first().waitFor();
			await page.getByRole("tab", { name: "History" }).press("ArrowRight");
			await page.getByRole("tabpanel", { name: "Statistics" }).getByText("smp").first().waitFor();
			await page.getByRole("tab", { name: "Statistics" }).press("ArrowRight");
			await page.getByLabel("name").fill("net/name");
			await page.getByLabel("value").fill("kitchen");
			await page.getByRole("button", { name: "Write" }).click();
			await outcome(page, "net/name is changed");
			await page.getByLabel("value").fill("");
			await page.getByRole("button", { name: "Read" }).click();
			await outcome(page, "net/name is read");
			assert.equal(await page.getByLabel("value").inputValue(), "kitchen");
			await page.getByRole("tab", { name: "Settings" }).press("ArrowRight");
			await page.getByLabel("command line").fill("help");
			await page.getByLabel("command line").press("Enter");
			await page.locator(".shell", { hasText: "> help" }).waitFor();
		}));

	it("is used by keys alone", () =>
		withPage([], async (page) => {
			const sectors = page.getByRole("slider", { name: /Sectors of image-0/ });
			await sectors.focus();
			await sectors.press("End");
			assert.match((await sectors.getAttribute("aria-valuetext"))!, /^sector 127 at 0x93000: erased, erased never$/);
			await sectors.press("Home");
			await sectors.press("ArrowRight");
			assert.match((await sectors.getAttribute("aria-valuetext"))!, /^sector 1 at 0x15000: sector 1 of the old image/);
		}));

	/** The page for boards, in a folder of its own. Returns its address. */
	async function pageForBoards(): Promise<string> {
		const folder = freshDirectory();
		const built = await run(process.execPath, [join(root, "tools/page.mjs"), folder]);
		assert.deepEqual(built, { status: 0, output: "" });
		return pathToFileURL(join(folder, "index.html")).href;
	}

	it("updates a board over Web Serial: a fake of the browser's port, with the simulator behind it", async () => {
		const device = await Simulator.start(["--images", "1", "--tcp", "0"]);
		const { hostname, port } = new URL(`tcp://${device.tcp}`);
		const page = await browser.newPage();
		let socket: Socket | undefined;
		const open = (): Socket => {
			const opened = connect(Number(port), hostname);
			opened.on("data", (data) => void page.evaluate(`fromBoard("${data.toString("base64")}")`));
			opened.on("error", () => {});
			// The line outlives a restart of the device, and a TCP connection does not.
			opened.on("close", () => {
				if (socket === opened) socket = undefined;
			});
			return opened;
		};
		await page.exposeFunction("toBoard", (text: string) => {
			socket ??= open();
			socket.write(Buffer.from(text, "base64"));
		});
		await page.addInitScript({ content: FAKE_SERIAL });
		await page.goto(await pageForBoards());
		await page.getByRole("button", { name: "Serial port…" }).click();
		await page.locator(".images tbody tr", { hasText: "0.0.0" }).waitFor();
		await drop(page, "update.bin", update("0.0.1", 20_000).file);
		await page.getByRole("button", { name: "Upgrade" }).click();
		await outcome(page, "Version 0.0.1 runs in place of 0.0.0");
		await page.close();
		await device.stop();
	});

	it("updates a board through a bridge, from a file", async () => {
		const device = await Simulator.start(["--images", "1"]);
		const bridge = endsWithUs(
			spawn(process.execPath, [...BRIDGE, "--udp", device.udp], { stdio: ["ignore", "pipe", "inherit"] }),
		);
		const [line] = (await once(createInterface({ input: bridge.stdout }), "line")) as [string];
		const page = await browser.newPage();
		await page.goto(await pageForBoards());
		assert.deepEqual(await violations(page), []);
		await page.getByLabel("address of a bridge").fill((JSON.parse(line) as { url: string }).url);
		await page.getByRole("button", { name: "Connect" }).click();
		await page.locator(".images tbody tr", { hasText: "0.0.0" }).waitFor();
		await drop(page, "update.bin", update("0.0.1", 20_000).file);
		await page.getByRole("button", { name: "Upgrade" }).click();
		await outcome(page, "Version 0.0.1 runs in place of 0.0.0");
		await page.close();
		bridge.kill("SIGINT");
		await once(bridge, "close");
		await device.stop();
	});

	for (const [what, look] of [
		["light, 1600 wide", { viewport: { width: 1600, height: 1000 }, colorScheme: "light" }],
		["dark, 1600 wide", { viewport: { width: 1600, height: 1000 }, colorScheme: "dark" }],
		["light, 360 wide", { viewport: { width: 360, height: 780 }, colorScheme: "light" }],
	] as const)
		it(`is accessible (axe-core, levels A and AA): ${what}`, () =>
			withPage(
				[],
				async (page) => {
					assert.deepEqual(await violations(page), []);
					await upgradeTo(page, "0.0.1");
					await page.getByText("Other areas").click();
					await page.getByText(/^\d TLVs$/).click();
					await page.getByLabel("Boot", { exact: true }).selectOption("boot 1");
					await page.getByLabel("Operations that are done").fill("37");
					for (const tab of ["Update", "History", "Statistics", "Settings", "Shell"]) {
						await page.getByRole("tab", { name: tab }).click();
						assert.deepEqual(await violations(page), [], tab);
					}
					const wide = await page.evaluate<number>("document.documentElement.scrollWidth");
					assert.ok(wide <= look.viewport.width, `${wide} pixels`);
				},
				look,
			));
});
