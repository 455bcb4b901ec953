import assert from "node:assert";
import { existsSync } from "node:fs";
import path from "node:path";
import { root } from "../../tools/simulator.js";
import { run } from "../support/tools.js";

describe("API reference", () => {
	it("can be made: every export of a public entry has a docstring, and no link leads nowhere", async () => {
		const { status, output } = await run(process.execPath, [path.join(root, "tools/api.mjs")]);
		assert.equal(output, "");
		assert.equal(status, 0);
		for (const name of [
			"xs-smp",
			"xs-smp_image",
			"xs-smp_group_settings",
			"xs-smp_node_udp",
			"xs-smp_modules_smp_group",
		])
			assert.ok(existsSync(path.join(root, `build/api/modules/${name}.html`)), name);
	});
});
