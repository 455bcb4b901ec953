import assert from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Simulator } from "../../tools/simulator.js";
import { openProgram, type Program } from "../support/console-script.js";
import { describeWith, plain } from "../support/tools.js";
import { drivers, lines } from "./drivers.js";
import { type Update, update } from "./images.js";

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
