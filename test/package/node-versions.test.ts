import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { describeWith, run } from "../support/tools.js";

// What runs on Node, once more on each version that package.json promises: the tests of the modules, of the client, with
// the simulator, and of the image tool.

const VERSIONS = [20, 22, 24];
const FILES = [
	"dist/test/{unit,client}/**/*.test.js",
	...["cli", "create", "inspect", "keys"].map((name) => `dist/test/image/${name}.test.js`),
];

const major = (program: string): number => {
	const { stdout } = spawnSync(program, ["--version"], { encoding: "utf8" });
	return Number(/^v(\d+)\./.exec(stdout)?.[1]);
};

for (const version of VERSIONS) {
	const name = `node${version}`;
	// The whole suite runs on this one.
	if (version === major(process.execPath)) continue;
	describeWith(name, "tests of what runs on Node", () => {
		it(`is version ${version}`, () => assert.equal(major(name), version));

		it("passes, without a warning", async () => {
			// Most of the client's tests wait for a device, or for the time to pass.
			const mocha = ["node_modules/mocha/bin/mocha.js", "--reporter", "dot", "--parallel", "--jobs", "4"];
			const { status, output } = await run(name, [...mocha, ...FILES]);
			assert.equal(status, 0, output);
			assert.match(output, /^ {2}[1-9]\d+ passing \(/m);
			assert.doesNotMatch(output, /Warning/);
		});
	});
}
