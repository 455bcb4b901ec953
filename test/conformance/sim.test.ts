import assert from "node:assert";
import { Simulator } from "../../tools/simulator.js";

describe("flash conformance on the simulator", () => {
	for (const options of [[], ["--layout", "layouts/rtl8721f-evb.json"]])
		it(`the flash in C passes ${options.join(" ")}`.trimEnd(), async () => {
			const simulator = await Simulator.start(["--app", "flash-conformance", ...options]);
			const result = await simulator.next("log", ({ line }) => /^flash conformance of/.test(String(line)));
			const broken = simulator.events.filter(({ line }) => /^BROKEN/.test(String(line)));
			assert.deepEqual(broken, []);
			assert.match(String(result["line"]), /^flash conformance of (image-3|storage): 12 passed, 0 failed$/);
			await simulator.stop();
		});
});
