import assert from "node:assert";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { freshDirectory, root, Simulator } from "../../tools/simulator.js";
import { newtmgr } from "../clients/drivers.js";
import { update } from "../clients/images.js";
import { openProgram } from "../support/console-script.js";
import { describeWith, plain } from "../support/tools.js";

// Flash whose pages are smaller than the sectors of the layout, and of several sizes.

const LAYOUT = join(root, "layouts/unequal-pages.json");

describeWith("newtmgr", "flash with pages of several sizes", () => {
	for (const mode of ["move", "offset", "scratch", "overwrite"])
		it(`${mode}: newtmgr updates the device, through a power cut`, async () => {
			// The slots of this flash have 24 sectors, of which the primary slot's first 11 have four pages each.
			const simulator = await Simulator.start([
				"--mode",
				mode,
				"--images",
				"1",
				"--layout",
				LAYOUT,
				"--power-cut",
				"40",
			]);
			const program = openProgram(newtmgr.tool);
			const command = async (args: readonly string[]): Promise<void> => {
				const { status, output } = await program.run([...newtmgr.connect(simulator), ...args]);
				assert.equal(status, 0, plain(output.toString()));
			};
			const versions = (event: { readonly [key: string]: unknown }): string[] =>
				(event["images"] as { version: string }[]).map(({ version }) => version);
			try {
				const next = update("1.0.0", 300_000);
				const path = join(simulator.directory, "next.img");
				writeFileSync(path, next.file);
				await command(newtmgr.upload(0, path));
				await command(newtmgr.test(next.hash));
				await command(newtmgr.reset);
				await simulator.next("power-cut");
				assert.deepEqual(versions(await simulator.next("boot")), ["1.0.0"]);
				if (mode === "overwrite") return;
				await command(newtmgr.reset);
				assert.deepEqual(versions(await simulator.next("boot")), ["0.0.0"]);
			} finally {
				await program.stop();
				await simulator.stop();
			}
		});
});

describe("the pages of a layout", () => {
	const layout = { name: "a", size: 0x10000, sectorSize: 0x1000, writeAlign: 4 };
	const areas = [{ id: 1, label: "image-0", offset: 0, size: 0x1000 }];
	for (const [what, pages, sentence] of [
		["no list", 7, /pages must be a list of size and count/],
		["an empty list", [], /pages must be a list of size and count/],
		["a page of nothing", [null], /the size of a page must be a power of two and a multiple of 4/],
		["a page that is no power of two", [{ size: 1000, count: 1 }], /the size of a page must be a power of two/],
		["a page below the write unit", [{ size: 2, count: 1 }], /must be a power of two and a multiple of 4/],
		["no count", [{ size: 4096 }], /the count of pages must be 1 or more/],
		[
			"a page larger than a sector",
			[{ size: 8192, count: 8 }],
			/larger than a sector of 4096: sectorSize must be 8192/,
		],
		[
			"a page that begins inside another",
			[
				{ size: 1024, count: 1 },
				{ size: 4096, count: 15 },
			],
			/pages of 4096 bytes cannot begin at 0x400/,
		],
		["too few pages", [{ size: 4096, count: 15 }], /the pages have 61440 bytes, and the flash has 65536/],
	] as const)
		it(`refuses ${what}`, async () => {
			const directory = freshDirectory();
			const file = join(directory, "layout.json");
			writeFileSync(file, JSON.stringify({ ...layout, areas, pages }));
			const simulator = Simulator.spawn(["--layout", file], directory);
			try {
				assert.equal(await simulator.exited, 2);
				assert.match(simulator.errors, /^The layout .* cannot be used: [^\n]+\.\n$/);
				assert.match(simulator.errors, sentence);
			} finally {
				await simulator.stop();
			}
		});
});
