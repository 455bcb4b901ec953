import assert from "node:assert";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, openSync } from "node:fs";
import { join } from "node:path";
import { root } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { withFile } from "./files.js";
import { FullDevice } from "./full-device.js";
import { Listener } from "./listener.js";

/** Runs the program with a standard output that is closed before it writes. */
async function unread(...args: string[]) {
	const program = spawn(process.execPath, [join(root, "dist/cli/main.js"), ...args]);
	program.stdout.destroy();
	let errors = "";
	program.stderr.on("data", (data: Buffer) => {
		errors += data.toString();
	});
	const [status] = (await once(program, "close")) as [number | null];
	return { status, errors };
}

describe("xs-smp into a closed pipe", () => {
	it("ends as it would have, without a word", async () => {
		assert.deepEqual(await unread("--help"), { status: 0, errors: "" });
		const refused = await unread("list", "--tcp", "x:0");
		assert.equal(refused.status, 2);
		assert.match(refused.errors, /^--tcp is HOST:PORT/);
	});

	it("does its work to the end", async () => {
		const device = new FullDevice();
		const listener = new Listener((packet, reply) => device.server.receive(packet, reply));
		const { file } = update("2.0.0", 9000);
		await withFile(file, async (path) => {
			const outcome = await unread("upload", path, "--tcp", await listener.listen());
			assert.deepEqual(outcome, { status: 0, errors: "" });
		});
		assert.deepEqual(device.flash.secondary.subarray(0, file.length), file);
		await listener.close();
	});

	it("says that a full disk takes no output", async function () {
		if (!existsSync("/dev/full")) this.skip();
		const full = openSync("/dev/full", "w");
		const program = spawn(process.execPath, [join(root, "dist/cli/main.js"), "--help"], {
			stdio: ["ignore", full, "pipe"],
		});
		let errors = "";
		program.stderr!.on("data", (data: Buffer) => {
			errors += data.toString();
		});
		const [status] = (await once(program, "close")) as [number | null];
		assert.deepEqual([status, errors], [1, "The output cannot be written: ENOSPC.\n"]);
	});
});
