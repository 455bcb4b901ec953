import assert from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../../cli/program.js";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { run } from "../support/tools.js";
import { ForeignDevice } from "./foreign-device.js";
import { Listener } from "./listener.js";

// What stands on a terminal while a file goes over, and when that is broken off.

describe("xs-smp: a transfer", () => {
	it("that fails has its error on a line of its own", async () => {
		const device = new ForeignDevice(update("1.0.0", 1500).file);
		let chunks = 0;
		device.before = ({ op, group, command }) =>
			op === 2 && group === 1 && command === 1 && ++chunks > 2 ? { rc: 1 } : undefined;
		const link = device.link();
		const listener = new Listener((packet, reply) => {
			link.onPacket = reply;
			link.send(packet.slice());
		});
		const file = join(freshDirectory(), "update.bin");
		writeFileSync(file, update("2.0.0", 20_000).file);
		let screen = "";
		const stream = { isTTY: true, columns: 40, write: (text: string | Uint8Array) => (screen += String(text)) };
		const address = await listener.listen();
		const status = await runProgram(["upload", file, "--tcp", address], { stdout: stream, stderr: stream });
		await listener.close();
		assert.equal(status, 1);
		assert.match(screen, /█/);
		const bars = screen
			.replaceAll("\x1b[K", "")
			.split(/\r|\n/)
			.filter((line) => /[█░]/.test(line));
		assert.ok(Math.max(...bars.map((line) => line.length)) <= 40, "a bar fits the terminal");
		assert.match(screen.replaceAll("\x1b[K", ""), /KiB\/s \nThe device refuses [^\n]+\.\n$/);
	});

	it("goes on in the next one after Ctrl-C, and says so", async () => {
		const simulator = await Simulator.start(["--images", "1", "--baud", "460800"]);
		try {
			const file = join(simulator.directory, "update.bin");
			writeFileSync(file, update("0.0.1", 60_000).file);
			const command = [join(root, "dist/cli/main.js"), "upload", file, "--serial", simulator.serial];
			const upload = spawn(process.execPath, [...command, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
			let errors = "";
			upload.stderr.on("data", (data: Buffer) => (errors += data.toString()));
			let printed = "";
			upload.stdout.on("data", (data: Buffer) => {
				printed += data.toString();
				// Once a sector is on the flash.
				const [, offset = "0"] = /"offset":(\d+),"total":\d+}\n$/.exec(printed) ?? [];
				if (Number(offset) > 10_000) upload.kill("SIGINT");
			});
			const [status] = (await once(upload, "close")) as [number];
			assert.match(
				errors,
				/^Stopped at \d+\.\d KiB of \d+\.\d KiB\. The next transfer of this file goes on from there\.\n$/,
			);
			assert.equal(status, 130);
			const next = await run(process.execPath, [...command, "--json"]);
			assert.equal(next.status, 0, next.output);
			const uploaded = JSON.parse(next.output.trim().split("\n").at(-1)!) as { resumed: number };
			assert.ok(uploaded.resumed >= 8192, next.output);
		} finally {
			await simulator.stop();
		}
	});
});
