import assert from "node:assert";
import { boots } from "../../client/group/boot-journal.js";
import { parseOptions } from "../../hosts/desk/node/options.js";
import type { Machine } from "../../tools/simulator.js";
import { application, imageApp } from "../support/application.js";
import { Bench } from "../support/application-bench.js";
import { describeWith } from "../support/tools.js";

// apps/smp-svr-minimal: firmware whose images are firmware alone.

const SOURCE = 'export default (device: any) => device.log("hello");';

function behaves(machine: Machine): void {
	it("takes an update that a client confirms, and remembers the boots; an application in it is bytes", () =>
		Bench.on(
			machine,
			async (bench) => {
				await bench.install(application(SOURCE, "1.1.0", `${machine}:smp-svr`));
				assert.equal(await bench.state(), "1.1.0");
				await bench.simulator.pressReset();
				assert.equal(await bench.state(), "0.0.0", "nobody but a client confirms");
				await bench.install(application(SOURCE, "1.1.0", `${machine}:smp-svr`));
				await bench.client.confirm();
				await bench.simulator.pressReset();
				assert.equal(await bench.state(), "1.1.0");
				const changes = (await boots(bench.client)).map(({ images }) => images[0]!.change);
				assert.deepEqual(changes, ["none", "test", "revert", "test", "first"]);
				assert.doesNotMatch(bench.lines, /app: |confirm: /);
			},
			1,
			...["--app", "smp-svr-minimal"],
		));

	it("is no runtime for applications", () => {
		const { status, errors } = imageApp(SOURCE, ["--version", "1.1.0", "--runtime", `${machine}:smp-svr-minimal`]);
		assert.equal(status, 2);
		assert.match(errors, new RegExp(`The firmware ${machine}:smp-svr-minimal runs no applications in images\\.`));
	});
}

describe("firmware alone, on the simulator", () => {
	behaves("sim");

	it("has no option for a confirm policy", () => {
		for (const option of [
			["--confirm", "self"],
			["--trial", "5"],
		])
			assert.throws(
				() => parseOptions(["--app", "smp-svr-minimal", ...option]),
				new RegExp(`${option[0]} is not for --app smp-svr-minimal`),
			);
	});
});

describeWith("arm-none-eabi-gcc", "firmware alone, on a Cortex-M55", () => {
	describeWith("qemu-system-arm", "in QEMU", () => behaves("mps3"));
});
