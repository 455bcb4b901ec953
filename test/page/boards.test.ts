import assert from "node:assert";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser, Page } from "playwright-core";
import { BleTransport } from "../../modules/smp/transport/ble.js";
import { ConsoleTransport } from "../../modules/smp/transport/console.js";
import { scriptCodec } from "../../modules/smp/transport/frame.js";
import type { ByteStream, GattCharacteristic } from "../../modules/smp/transport/stream.js";
import { freshDirectory, root } from "../../tools/simulator.js";
import { FullDevice } from "../client/full-device.js";
import { update } from "../clients/images.js";
import { describeWith, run } from "../support/tools.js";
import { drop, outcome, startBrowser, violations } from "./browser.js";

// The page for boards, as a file. Chromium has no board here: `navigator.serial` and `navigator.bluetooth` are fakes, at the
// boundary of the browser's own API. Behind them is a real server, and before them the real page.

/** What the fakes have in common: bytes go to the test by `toBoard`, and come by `fromBoard`. */
const PIPE = `
	const wait = [];
	let take = (bytes) => wait.push(bytes);
	globalThis.fromBoard = (numbers) => take(Uint8Array.from(numbers));
	const send = (bytes) => globalThis.toBoard([...bytes]);
`;

const SERIAL = `{ ${PIPE}
	const port = {
		readable: null,
		writable: null,
		async open({ baudRate }) {
			if (globalThis.unplugged) throw new DOMException("Failed to open serial port.", "NetworkError");
			globalThis.speed = baudRate;
			let lost;
			port.readable = new ReadableStream({
				start: (to) => {
					take = (bytes) => to.enqueue(bytes);
					lost = () => to.error(new DOMException("The device has been lost.", "NetworkError"));
				},
			});
			globalThis.unplug = () => {
				globalThis.unplugged = true;
				take = () => {};
				port.readable = null;
				lost();
			};
			port.writable = new WritableStream({ write: send });
		},
		async close() { port.readable = port.writable = null; },
	};
	Object.defineProperty(navigator, "serial", {
		value: {
			requestPort: async () => {
				if (globalThis.denied) throw new DOMException("Failed to execute 'requestPort' on 'Serial'.", globalThis.denied);
				return port;
			},
		},
	});
}`;

/** Of a device that is not for us. */
const OTHER_BLUETOOTH = `{
	const device = Object.assign(new EventTarget(), {
		gatt: {
			connect: async () => {},
			disconnect() {},
			getPrimaryService: async () => { throw new DOMException("No Services matching UUID found.", "NotFoundError"); },
		},
	});
	Object.defineProperty(navigator, "bluetooth", { value: { requestDevice: async () => device } });
}`;

const BLUETOOTH = `{ ${PIPE}
	const characteristic = Object.assign(new EventTarget(), {
		startNotifications: async () => {},
		writeValueWithoutResponse: send,
	});
	take = (bytes) => {
		characteristic.value = new DataView(bytes.buffer);
		characteristic.dispatchEvent(new Event("characteristicvaluechanged"));
	};
	const device = Object.assign(new EventTarget(), {
		name: "a kitchen",
		gatt: {
			connect: async () => {},
			disconnect() {},
			getPrimaryService: async () => ({ getCharacteristic: async () => characteristic }),
		},
	});
	Object.defineProperty(navigator, "bluetooth", { value: { requestDevice: async () => device } });
}`;

describeWith("chromium", "the page for boards", () => {
	const folder = join(freshDirectory(), "boards");
	let browser: Browser;

	before(async () => {
		mkdirSync(folder, { recursive: true });
		const built = await run(process.execPath, [join(root, "tools/page.mjs"), folder]);
		assert.equal(built.status, 0, built.output);
		browser = await startBrowser();
	});
	after(() => browser.close());

	/** Opens the page from its file, with a fake of the browser's hardware whose other end is `board`. */
	async function open(fake: string, board: (send: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => void) {
		const page = await browser.newPage();
		page.on("pageerror", (error) => {
			throw error;
		});
		const receive = board((bytes) => void page.evaluate(`fromBoard([${bytes}])`));
		await page.exposeFunction("toBoard", (numbers: number[]) => receive(Uint8Array.from(numbers)));
		await page.addInitScript(fake);
		await page.goto(pathToFileURL(join(folder, "index.html")).href);
		return page;
	}

	/** Sends a file to the board, and looks at what has come. */
	async function uploadTo(page: Page, device: FullDevice): Promise<void> {
		const { file } = update("2.0.0", 6000);
		await drop(page, "update.bin", file);
		await page.getByRole("button", { name: "Upload" }).click();
		await outcome(page, "Uploaded");
		assert.deepEqual(device.flash.secondary.subarray(0, file.length), file);
	}

	const says = (page: Page, words: string | RegExp): Promise<void> =>
		page.locator(".outcome .bad").filter({ hasText: words }).waitFor();

	/** A board on a serial line. */
	const wired =
		(device: FullDevice) =>
		(send: (bytes: Uint8Array) => void): ((bytes: Uint8Array) => void) => {
			const line: ByteStream = { onBytes: undefined, write: (bytes) => send(bytes), close() {} };
			device.server.attach(new ConsoleTransport(line, { codec: scriptCodec, maxPacket: 1024 }), "uart");
			return (bytes) => line.onBytes?.(bytes);
		};

	it("updates a board on a serial line", async () => {
		const device = new FullDevice();
		const page = await open(SERIAL, wired(device));
		await page.getByLabel("baud").fill("921600");
		await page.getByRole("button", { name: "Serial port…" }).click();
		await page.getByText("This page talks to a board on a serial line.").waitFor();
		assert.equal(await page.evaluate("speed"), 921600);
		await uploadTo(page, device);
		assert.deepEqual(await violations(page), []);
		await page.close();
	});

	it("updates a board over Bluetooth LE", async () => {
		const device = new FullDevice();
		const longest: number[] = [];
		const page = await open(BLUETOOTH, (send) => {
			const characteristic: GattCharacteristic = {
				attMtu: 247,
				onWrite: undefined,
				onUnsubscribed: undefined,
				notify: (bytes) => send(bytes.slice()),
				close() {},
			};
			device.server.attach(new BleTransport(characteristic), "ble");
			return (bytes) => {
				longest.push(bytes.length);
				characteristic.onWrite?.(bytes);
			};
		});
		await page.getByRole("button", { name: "Bluetooth…" }).click();
		await page.getByText("This page talks to a kitchen.").waitFor();
		await uploadTo(page, device);
		assert.equal(Math.max(...longest), 244);
		await page.close();
	});

	it("says when a board is unplugged, and goes on when it is back", async () => {
		const device = new FullDevice();
		const page = await open(SERIAL, wired(device));
		await page.getByRole("button", { name: "Serial port…" }).click();
		await page.locator(".images tbody tr").first().waitFor();
		await page.evaluate("unplug()");
		await page.getByRole("button", { name: "Restart the device" }).click();
		await says(page, "he serial port cannot be opened: another program has it, or the device is gone");
		await page.evaluate("unplugged = false");
		await uploadTo(page, device);
		await page.close();
	});

	it("says when nobody answers, or something else than an SMP server does", async () => {
		for (const noise of ["", "login: "]) {
			const page = await open(SERIAL, (send) => () => {
				if (noise) send(new TextEncoder().encode(noise));
			});
			await page.getByRole("button", { name: "Serial port…" }).click();
			await says(page, "No SMP server answers: is it the right board, at the right speed, and does it run?");
			await page.close();
		}
	});

	it("says when the browser does not let the page have the port, and nothing to who chose none", async () => {
		const device = new FullDevice();
		const page = await open(SERIAL, wired(device));
		await page.evaluate("denied = 'SecurityError'");
		await page.getByRole("button", { name: "Serial port…" }).click();
		await says(page, "The browser does not let this page reach the device");
		await page.evaluate("denied = 'NotFoundError'");
		await page.getByRole("button", { name: "Serial port…" }).click();
		await page.locator(".outcome .bad").waitFor({ state: "detached" });
		await page.evaluate("denied = undefined; unplugged = true");
		await page.getByRole("button", { name: "Serial port…" }).click();
		await says(page, "The serial port cannot be opened: another program has it, or the device is gone.");
		await page.evaluate("unplugged = false");
		await page.getByRole("button", { name: "Serial port…" }).click();
		await uploadTo(page, device);
		await page.close();
	});

	it("says when a Bluetooth device is another one", async () => {
		const page = await open(OTHER_BLUETOOTH, () => () => {});
		await page.getByRole("button", { name: "Bluetooth…" }).click();
		await says(page, "The Bluetooth device has no SMP service.");
		await page.close();
	});

	it("says when the address of a bridge is none, and when nobody is there", async () => {
		const page = await open(SERIAL, () => () => {});
		const address = page.getByLabel("address of a bridge");
		for (const [url, words] of [
			["http://127.0.0.1:8477/", "The address of a bridge begins with ws:// or wss://"],
			["ws://127.0.0.1:1/", "nobody answers at the address"],
		] as const) {
			await address.fill(url);
			await page.getByRole("button", { name: "Connect" }).click();
			await says(page, words);
		}
		await page.close();
	});
});
