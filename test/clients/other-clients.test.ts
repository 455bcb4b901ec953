import assert from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ImageState } from "../../client/client.js";
import { root, Simulator } from "../../tools/simulator.js";
import { openProgram, type Program } from "../support/console-script.js";
import { describeWith, plain } from "../support/tools.js";
import { type Update, update } from "./images.js";

/** How one client is told to do each step of an update, and how its image list is read. */
interface Driver {
	readonly tool: string;
	/** Command line of the program, if it is not the tool's name. */
	readonly program?: readonly string[];
	readonly over: string;
	/** Options of the simulator for this client. */
	readonly options?: readonly string[];
	connect(simulator: Simulator): readonly string[];
	readonly list: readonly string[];
	readImages(output: string): ImageState[];
	upload(image: number, file: string): readonly string[];
	test(hash: string): readonly string[];
	confirm(hash: string): readonly string[];
	readonly reset: readonly string[];
}

/** smpmgr prints Python objects: `ImageState(slot=0, …, hash=HashBytes('AB…'), bootable=True, …)`. */
function readPython(output: string): ImageState[] {
	const entries = output.replace(/\s+/g, "").matchAll(/ImageState\((.*?permanent=\w+)\)/g);
	return [...entries].map(([, entry = ""]) => {
		const field = (name: string): string => new RegExp(`${name}=(?:HashBytes\\()?'?([\\w.]+)`).exec(entry)?.[1] ?? "";
		const flag = (name: string): boolean => field(name) === "True";
		return {
			image: Number(field("image")) || 0,
			slot: Number(field("slot")),
			version: field("version"),
			hash: field("hash").toLowerCase(),
			bootable: flag("bootable"),
			pending: flag("pending"),
			confirmed: flag("confirmed"),
			active: flag("active"),
			permanent: flag("permanent"),
		};
	});
}

/** mcumgr-client prints JSON behind "response: ". */
const readJson = (output: string): ImageState[] =>
	(JSON.parse(output.slice(output.indexOf("{"), output.lastIndexOf("}") + 1)) as { images: ImageState[] }).images;

/** mcumgrctl prints a paragraph for each slot. */
function readParagraphs(output: string): ImageState[] {
	const entries = output.matchAll(/Image (\d), Slot (\d):\n((?: +.*\n?)+)/g);
	return [...entries].map(([, image, slot, body = ""]) => {
		const field = (name: string): string => new RegExp(`${name}: +(\\S+)`).exec(body)?.[1] ?? "";
		const flag = (name: string): boolean => field(name) === "true";
		return {
			image: Number(image),
			slot: Number(slot),
			version: field("version"),
			hash: field("hash"),
			bootable: flag("bootable"),
			pending: flag("pending"),
			confirmed: flag("confirmed"),
			active: flag("active"),
			permanent: flag("permanent"),
		};
	});
}

const smpmgr = {
	tool: "smpmgr",
	list: ["image", "state-read"],
	readImages: readPython,
	upload: (image: number, file: string) => ["image", "upload", "--slot", String(image), file],
	test: (hash: string) => ["image", "state-write", hash],
	confirm: (hash: string) => ["image", "state-write", "--confirm", hash],
	reset: ["os", "reset"],
};

const mcumgrClient = {
	tool: "mcumgr-client",
	list: ["list"],
	readImages: readJson,
	upload: (image: number, file: string) => ["upload", "--slot", String(image), file],
	test: (hash: string) => ["test", hash],
	confirm: (hash: string) => ["test", "--confirm", "true", hash],
	reset: ["reset"],
};

/** mcumgr-client's library, which Python's registry has where Rust's lacks the program. */
const mcumgrClientLibrary = {
	tool: "python3:mcumgr_client",
	program: ["python3", join(root, "test/clients/mcumgr_client_session.py")],
	list: ["list"],
	readImages: readJson,
	upload: (image: number, file: string) => ["upload", file, String(image)],
	test: (hash: string) => ["test", hash],
	confirm: (hash: string) => ["confirm", hash],
	reset: ["reset"],
};

const mcumgrctl = {
	tool: "mcumgrctl",
	list: ["image", "get-state"],
	readImages: readParagraphs,
	upload: (image: number, file: string) => ["image", "upload", "--image-id", String(image), file],
	test: (hash: string) => ["image", "set-state", "--hash", hash],
	confirm: (hash: string) => ["image", "set-state", "--confirm", "--hash", hash],
	reset: ["os", "system-reset"],
};

// smpmgr has no option for a UDP port, so the device gets the standard one, at an address of its own.
const drivers: readonly Driver[] = [
	{ ...smpmgr, over: "serial", connect: ({ serial }) => ["--port", serial] },
	{ ...smpmgr, over: "UDP", options: ["--udp", "127.0.13.37:1337"], connect: () => ["--ip", "127.0.13.37"] },
	{ ...mcumgrClient, over: "serial", connect: ({ serial }) => ["--device", serial] },
	{
		...mcumgrClient,
		over: "UDP",
		connect: ({ udp }) => ["--host", udp.split(":")[0]!, "--port", udp.split(":")[1]!],
	},
	{ ...mcumgrClientLibrary, over: "serial", connect: ({ serial }) => [serial] },
	{ ...mcumgrctl, over: "serial", connect: ({ serial }) => ["--serial", serial] },
	{
		...mcumgrctl,
		over: "a raw UART",
		options: ["--uart", "raw"],
		connect: ({ serial }) => ["--raw", "--serial", serial],
	},
	{ ...mcumgrctl, over: "UDP", connect: ({ udp }) => ["--udp", udp] },
];

/** A list as short lines: `0/1 0.0.1 pending`. */
const lines = (images: readonly ImageState[]): string[] =>
	images.map(({ image, slot, version, ...flags }) => {
		const names = (["active", "confirmed", "pending", "permanent"] as const).filter((name) => flags[name]);
		return [`${image ?? 0}/${slot}`, version, ...names].join(" ");
	});

for (const driver of drivers)
	for (const mode of ["move", "offset"])
		describeWith(driver.tool, `update, revert and confirm over ${driver.over}, swap using ${mode}, two images`, () => {
			let simulator: Simulator;
			let client: Program;
			const updates: readonly Update[] = [update("0.0.1", 12_000), update("0.0.1", 17_003)];

			const [program = "", ...script] = driver.program ?? [driver.tool];
			const command = async (args: readonly string[]): Promise<string> => {
				const outcome = await client.run([...script, ...driver.connect(simulator), ...args]);
				const output = plain(outcome.output.toString());
				assert.equal(outcome.status, 0, `${driver.tool} ${args.join(" ")}\n${output}`);
				return output;
			};
			const list = async (): Promise<string[]> => lines(driver.readImages(await command(driver.list)));
			const reset = async (): Promise<void> => {
				await command(driver.reset);
				await simulator.next("boot");
			};

			before(async () => {
				client = openProgram(program);
				simulator = await Simulator.start(["--mode", mode, ...(driver.options ?? [])]);
			});
			after(async () => {
				await client.stop();
				await simulator.stop();
			});

			const factory = ["0/0 0.0.0 active confirmed", "1/0 0.0.0 active confirmed"];
			const uploaded = [factory[0]!, "0/1 0.0.1", factory[1]!, "1/1 0.0.1"];
			const pending = [factory[0]!, "0/1 0.0.1 pending", factory[1]!, "1/1 0.0.1 pending"];
			const trial = ["0/0 0.0.1 active", "0/1 0.0.0 confirmed", "1/0 0.0.1 active", "1/1 0.0.0 confirmed"];
			// In offset mode the old image is out of reach once the new one is confirmed.
			const confirmed =
				mode === "move"
					? ["0/0 0.0.1 active confirmed", "0/1 0.0.0", "1/0 0.0.1 active confirmed", "1/1 0.0.0"]
					: ["0/0 0.0.1 active confirmed", "1/0 0.0.1 active confirmed"];

			it("lists the factory images", async () => assert.deepEqual(await list(), factory));
			it("uploads both images", async () => {
				for (const [image, { file }] of updates.entries()) {
					const path = join(simulator.directory, `update-${image}.bin`);
					writeFileSync(path, file);
					await command(driver.upload(image, path));
				}
				assert.deepEqual(await list(), uploaded);
			});
			it("marks both for a test", async () => {
				for (const { hash } of updates) await command(driver.test(hash));
				assert.deepEqual(await list(), pending);
			});
			it("resets, and both run on trial", async () => {
				await reset();
				assert.deepEqual(await list(), trial);
			});
			it("resets, and both are reverted", async () => {
				await reset();
				assert.deepEqual(await list(), uploaded);
			});
			it("tests again and confirms both", async () => {
				for (const { hash } of updates) await command(driver.test(hash));
				await reset();
				for (const { hash } of updates) await command(driver.confirm(hash));
				assert.deepEqual(await list(), confirmed);
			});
			it("resets, and both stay", async () => {
				await reset();
				assert.deepEqual(await list(), confirmed);
			});
		});
