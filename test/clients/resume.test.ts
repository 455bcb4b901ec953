import assert from "node:assert";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { SmpClient } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { udpLink } from "../../client/node/udp.js";
import { slotAreaId } from "../../modules/flash/layout.js";
import { Op } from "../../modules/smp/header.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { describeWith, run } from "../support/tools.js";
import { update } from "./images.js";

// Power fails in the middle of an upload by a stock client. What it sends the next time begins where the flash stands.

const FILE_SIZE = 120_000;
/** So much of the file is in flash when power fails, bytes. */
const CUT = 60_000;
/** Start of the slot in the guide's layout. */
const SLOT = 0x94000;

const UPLOADS: Readonly<Record<string, (serial: string, file: string) => readonly string[]>> = {
	newtmgr: (serial, file) => [
		...["--conntype", "serial", "--connstring", `dev=${serial},baud=115200,mtu=512`],
		...["image", "upload", file],
	],
	smpmgr: (serial, file) => ["--port", serial, "--timeout", "20", "image", "upload", "--slot", "0", file],
	"mcumgr-client": (serial, file) => ["-d", serial, "upload", "--slot", "0", file],
	mcumgrctl: (serial, file) => ["-s", serial, "image", "upload", "--image-id", "0", file],
};

/** Waits until the flash file has programmed bytes at an address, which `client` sends. */
async function programmed(flash: string, address: number, client: ChildProcess): Promise<void> {
	const bytes = new Uint8Array(16);
	for (;;) {
		if (client.exitCode !== null) throw new Error(`the client ended before, with status ${client.exitCode}`);
		const file = openSync(flash, "r");
		readSync(file, bytes, 0, bytes.length, address);
		closeSync(file);
		if (bytes.some((byte) => byte !== 0xff)) return;
		await sleep(5);
	}
}

describe("an upload that a power failure breaks off", () => {
	it("begins at the slot of this layout", async () => {
		const { guideLayout } = await import("../../modules/flash/guide-layout.js");
		assert.equal(guideLayout.areas.find(({ id }) => id === slotAreaId(0, "secondary"))?.offset, SLOT);
	});
});

for (const [tool, upload] of Object.entries(UPLOADS))
	describeWith(tool, "an upload that a power failure breaks off", () => {
		it("goes on where the flash stands, and the image is whole", async () => {
			const directory = freshDirectory();
			const { file, hash } = update("0.0.1", FILE_SIZE);
			const path = join(directory, "update.bin");
			writeFileSync(path, file);
			const env = { ...process.env, HOME: directory };
			// Slow enough to be caught in the middle.
			let simulator = await Simulator.start(["--images", "1", "--baud", "460800"], directory);
			const client = spawn(tool, upload(simulator.serial, path), { env, stdio: "ignore" });
			const ended = once(client, "close");
			await programmed(simulator.flash, SLOT + CUT, client);
			await simulator.kill();
			client.kill("SIGKILL");
			await ended;

			simulator = await Simulator.start(["--images", "1"], directory);
			try {
				const { status, output } = await run(tool, upload(simulator.serial, path), { env });
				assert.equal(status, 0, output);
				const smp = new SmpClient(udpLink(simulator.udp));
				try {
					const { fields } = (await smp.request(anyCommand(Op.READ, 2, 0), { name: "uart" })) as {
						fields: { rx_bytes: number };
					};
					assert.ok(fields.rx_bytes < FILE_SIZE - CUT / 2, `${fields.rx_bytes} bytes were sent`);
					// Marked only if it has the hash that it carries.
					assert.ok((await smp.test(hash)).some((image) => image.hash === hash && image.pending));
				} finally {
					smp.close();
				}
			} finally {
				await simulator.stop();
			}
		});
	});
