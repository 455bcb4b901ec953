import assert from "node:assert";
import { execFileSync } from "node:child_process";
import { Firmware, type Memory, total } from "../../bench/firmware.js";
import { Counter, median, upload } from "../../bench/mps3.js";
import { applicationOf } from "../../hosts/mps3/board.js";
import { describeWith } from "../support/tools.js";

/** What docs/MEMORY.md promises of the applications: KiB of flash and of RAM, and instructions. */
const LIMITS = [
	{ app: "smp-svr", flash: 375, ram: 80, start: 2_400_000 },
	{ app: "smp-svr-minimal", flash: 320, ram: 80, start: 2_400_000 },
];
/** For a packet of 1,024 bytes. */
const PACKET = 680_000;

const atMost = (value: number, limit: number, unit: string, least = 1): void =>
	assert.ok(value >= least && value <= limit, `${value} ${unit}, the limit is ${limit}`);

for (const { app, flash, ram, start: limit } of LIMITS)
	describeWith("arm-none-eabi-gcc", `budgets of the firmware for a Cortex-M55, ${app}`, () => {
		const elf = applicationOf({ app });

		it("flash: code, JavaScript and initial values", () => {
			const [, sizes = ""] = execFileSync("arm-none-eabi-size", [elf], { encoding: "utf8" }).split("\n");
			const [text = 0, data = 0] = sizes.trim().split(/\s+/).map(Number);
			atMost(text + data, 1024 * flash, "bytes");
		});

		describeWith("qemu-system-arm", "after an upload", () => {
			let counts: readonly number[];
			let memory: Memory;
			let start: number;
			let changed: number;
			let collections: number;

			before(async () => {
				const firmware = await Firmware.start({ app });
				try {
					start = await firmware.worked();
					const counter = new Counter(firmware);
					counts = await upload(counter, 1024);
					collections = counter.collections;
					memory = await firmware.memory(elf);
					changed = await firmware.changedInFlash(elf);
				} finally {
					await firmware.stop();
				}
			});

			it("RAM at its peak, the whole C stack included", () => atMost(total(memory), 1024 * ram, "bytes"));
			it("a C stack of which a third was never used", () => atMost(memory.stack, (memory.stackSize * 2) / 3, "bytes"));
			it("the start", () => atMost(start, limit, "instructions"));
			it("a packet of 1,024 bytes", () => atMost(median(counts), PACKET, "instructions"));
			// One more may be that of the first packet.
			it("a collection of garbage in one packet of fifty at most", () =>
				atMost(collections, 1 + Math.ceil(counts.length / 50), "collections", 0));
			// The emulated board would not notice: its flash is memory.
			it("nothing written to what lies in flash", () => assert.equal(changed, 0));
		});
	});
