import assert from "node:assert";
import { freshDirectory, type Machine, Simulator } from "../../tools/simulator.js";
import { describeWith } from "../support/tools.js";

async function passes(machine: Machine, options: readonly string[] = []): Promise<void> {
	const simulator = await Simulator.start(["--app", "flash-conformance", ...options], freshDirectory(), machine);
	// The suite is over when the application has started. The device then stays as it is until somebody resets it.
	await simulator.pressReset();
	const lines = simulator.events.map(({ line }) => String(line));
	assert.deepEqual(
		simulator.events.filter(({ event, line }) => event === "crash" || /^BROKEN/.test(String(line))),
		[],
	);
	const results = lines.filter((line) => /^flash conformance of/.test(line));
	assert.equal(results.length, 2);
	for (const result of results) assert.match(result, /^flash conformance of (image-3|storage): 12 passed, 0 failed$/);
	await simulator.stop();
}

describe("flash conformance: the simulator's flash in C", () => {
	it("passes", () => passes("sim"));
	it("passes with another layout", () => passes("sim", ["--layout", "layouts/rtl8721f-evb.json"]));
});

describeWith("arm-none-eabi-gcc", "flash conformance on a Cortex-M55", () => {
	describeWith("qemu-system-arm", "the flash of the board mps3-an547", () => {
		it("passes", () => passes("mps3"));
	});
});
