import assert from "node:assert";
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { runFile } from "./smp/core.js";
import { parseJson } from "./smp/match.js";

const FOLDER = "test/vectors/data/smp";
const XSRUN = "build/xsrun";

const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json") && name !== "fixtures.json");

describe("SMP vectors", () => {
	for (const name of files) {
		it(`${name} on Node`, () => {
			const read = (path: string) => parseJson(readFileSync(`${FOLDER}/${path}`));
			const results = runFile(read(name), read("fixtures.json"));
			assert.deepEqual(
				results.filter(({ outcome }) => outcome !== "passed"),
				[],
			);
		});
		it(`${name} on XS`, () => {
			const { status, stdout, stderr } = spawnSync(XSRUN, ["xs-smp/test/vectors/smp/xs", `${FOLDER}/${name}`], {
				encoding: "utf8",
			});
			assert.equal(status, 0, `${stdout}${stderr}`);
			assert.match(stdout, /\n[1-9]\d* passed, 0 failed, 0 skipped\n$/);
		});
	}
});
