import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { NoAnswerError, SmpClient } from "../../client/client.js";
import { consoleLink } from "../../client/console.js";
import { openSerial, type SerialLine, serialLink } from "../../client/node/serial.js";
import { hasSerialPort, openWithSerialPort } from "../../client/node/serialport.js";
import { openWithStty } from "../../client/node/stty.js";
import type { OpenTerminal } from "../../client/node/terminal.js";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { run } from "../support/tools.js";

// A pseudo-terminal of the simulator in place of a serial line.

const WAYS: Readonly<Record<string, OpenTerminal>> = { serialport: openWithSerialPort, stty: openWithStty };

/** A client over a line, which tells why the line is lost as `serialLink` does. */
function clientOn(line: SerialLine): SmpClient {
	const link = consoleLink(line);
	line.onLost = (why) => link.onFailure?.(why);
	// A time-out would end no test.
	return new SmpClient(link, { timeout: 30_000, tries: 1 });
}

/** The settings of a line, as stty prints them. */
const settingsOf = (path: string): string => spawnSync("stty", ["-F", path, "-a"], { encoding: "utf8" }).stdout;

describe("client: serial line", () => {
	it("is opened with the package serialport here", () => assert.ok(hasSerialPort()));

	for (const [name, open] of Object.entries(WAYS))
		describe(`with ${name}`, () => {
			let simulator: Simulator;
			before(async () => {
				simulator = await Simulator.start(["--images", "1"]);
			});
			after(() => simulator.stop());

			it("carries what was written before it was open, and an upload", async () => {
				const line = openSerial(simulator.serial, 115_200, open);
				const client = clientOn(line);
				const early = client.echo("early");
				await line.opened;
				assert.equal(await early, "early");
				const { file } = update("0.0.1", 50_000);
				assert.equal((await client.upload(file)).match, true);
				await client.erase();
				await client.close();
				await line.close();
			});

			it("is raw, does not echo, and is not hung up when it is closed", async () => {
				const line = openSerial(simulator.serial, 57_600, open);
				await line.opened;
				for (const setting of [/speed 57600 baud/, /\s-icanon\s/, /\s-echo\s/, /\s-opost\s/, /\s-hupcl\s/])
					while (!setting.test(settingsOf(simulator.serial))) await new Promise((resolve) => setTimeout(resolve, 20));
				await line.close();
			});

			it("can be opened again at once, whether or not one waits for the close", async () => {
				for (let i = 0; i < 5; i++) {
					const line = openSerial(simulator.serial, 115_200, open);
					assert.equal(await clientOn(line).echo(`${i}`), `${i}`);
					const closed = line.close();
					if (i % 2 === 0) await closed;
				}
			});

			it("says why it cannot be opened, and to a request too", async () => {
				for (const [path, why] of [
					["/nowhere/at/all", "cannot be opened: it does not exist"],
					["/dev/null", "is no serial line"],
					[join(root, "package.json"), "is no serial line"],
				] as const) {
					const line = openSerial(path, 115_200, open);
					await assert.rejects(line.opened, { message: `${path} ${why}.` });
					await assert.rejects(clientOn(line).images(), (error) => {
						assert.ok(error instanceof NoAnswerError);
						assert.equal(error.message, `no answer to the image state: the serial line ${path} ${why}`);
						return true;
					});
					await line.close();
				}
			});

			it("that goes away with the device fails at once, and works when the device is back", async () => {
				const directory = freshDirectory();
				let device = await Simulator.start(["--images", "1"], directory);
				const line = openSerial(device.serial, 115_200, open);
				const client = clientOn(line);
				const gone = { message: `no answer to the image state: the serial line ${device.serial} is gone` };
				assert.equal((await client.images()).length, 1);
				await device.kill();
				for (let i = 0; i < 3; i++) await assert.rejects(client.images(), gone);
				device = await Simulator.start(["--images", "1"], directory);
				assert.equal((await client.images()).length, 1);
				await client.close();
				await line.close();
				await device.stop();
			});
		});

	it("with serialport has any speed, and is kept from a second client, which says so", async () => {
		const simulator = await Simulator.start(["--images", "1"]);
		await using client = new SmpClient(serialLink(simulator.serial, 123_456));
		assert.equal(await client.echo("mine"), "mine");
		const busy = `${simulator.serial} is busy: another program uses it`;
		const second = serialLink(simulator.serial);
		await assert.rejects(second.opened, { message: `${busy}.` });
		await assert.rejects(new SmpClient(second).images(), {
			message: `no answer to the image state: the serial line ${busy}`,
		});
		await second.close();
		// And from one in another process.
		const { status, output } = await run(process.execPath, [
			join(root, "dist/cli/main.js"),
			...["list", "--serial", simulator.serial],
		]);
		assert.equal(output, `${busy}.\n`);
		assert.equal(status, 2);
		assert.equal(await client.echo("still"), "still");
		await client.close();
		const third = new SmpClient(serialLink(simulator.serial));
		assert.equal(await third.echo("free"), "free");
		await third.close();
		await simulator.stop();
	});

	describe("where the package serialport is missing", () => {
		const directory = freshDirectory();
		const hide = join(directory, "hide.cjs");
		before(() =>
			writeFileSync(
				hide,
				`const Module = require("node:module");
				const resolve = Module._resolveFilename;
				Module._resolveFilename = function (name, ...rest) {
					if (name === "serialport") throw Object.assign(new Error("hidden"), { code: "MODULE_NOT_FOUND" });
					return resolve.call(this, name, ...rest);
				};
				if (process.env.AS_WINDOWS) Object.defineProperty(process, "platform", { value: "win32" });\n`,
			),
		);
		const xsSmp = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
			run(process.execPath, ["--require", hide, join(root, "dist/cli/main.js"), ...args], {
				env: { ...process.env, ...env },
			});

		it("the command works all the same", async () => {
			const simulator = await Simulator.start(["--images", "1"]);
			const { status, output } = await xsSmp(["echo", "hello", "--serial", simulator.serial]);
			assert.equal(output, "hello\n");
			assert.equal(status, 0);
			await simulator.stop();
		});

		it("on Windows it says what is to be installed", async () => {
			const { status, output } = await xsSmp(["list", "--serial", "COM3"], { AS_WINDOWS: "1" });
			assert.equal(
				output,
				"COM3 cannot be opened: on Windows that takes the package serialport (npm install serialport).\n",
			);
			assert.equal(status, 2);
		});
	});
});
