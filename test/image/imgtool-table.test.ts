import assert from "node:assert";
import { readFileSync } from "node:fs";
import { describeWith } from "../support/tools.js";
import { BASIC, OTHER_CASES, SIGN_CASES } from "./imgtool-cases.js";
import { Comparison, withTable } from "./imgtool-table.js";

const PAGE = "docs/IMAGE.md";

describeWith("imgtool", "the table of imgtool's options", () => {
	let comparison: Comparison;
	before(async () => {
		comparison = await Comparison.open();
	});
	after(() => comparison.close());

	for (const command of [
		"sign",
		"create",
		"verify",
		"keygen",
		"getpub",
		"getpubhash",
		"keyinfo",
		"getpriv",
		"dumpinfo",
	])
		it(`has every option and every value of ${command}`, async () => {
			const cases =
				command === "sign" || command === "create"
					? SIGN_CASES.map(({ args }) => `${BASIC} ${args}`)
					: OTHER_CASES.filter(({ args }) => args.startsWith(command)).map(({ args }) => args);
			const missing = (await comparison.optionsOf(command)).filter(
				(option) => !cases.some((args) => `${args} `.includes(`${option} `)),
			);
			assert.deepEqual(missing, []);
		});

	it("says in docs/IMAGE.md what both tools do", async () => {
		const page = readFileSync(PAGE, "utf8");
		const table = await comparison.table();
		assert.equal(page, withTable(page, table), "npm run imgtool-table writes the table anew");
	});
});
