// Runs the unit tests on XS: build/xsrun xs-smp/test/xs/main PART PARTS [--list]. It takes each PARTS-th file, from the one
// with the number PART. Prints one JSON text a line: with --list the titles of each test, else its result, and {"end":true}
// when all have run.
import { list, run } from "../support/runner.js";

const [part = "0", parts = "1", option] = xsrun.args;
const files = xsrun.modules.filter((name) => /^xs-smp\/test\/unit\/.*\.test$/.test(name));
for (const [i, name] of files.entries()) if (i % Number(parts) === Number(part)) await import(name);

if (option === "--list") {
	for (const titles of list()) xsrun.print(JSON.stringify(titles));
} else {
	await run((result) => xsrun.print(JSON.stringify(result)));
	xsrun.print(JSON.stringify({ end: true }));
}
