// Runs the unit tests on XS: build/xsrun xs-smp/test/xs/main [--list]. Prints one JSON text a line: with --list the titles of
// each test, else its result, and {"end":true} when all have run.
import { list, run } from "../support/runner.js";

for (const name of xsrun.modules) if (/^xs-smp\/test\/unit\/.*\.test$/.test(name)) await import(name);

if (xsrun.args[0] === "--list") {
	for (const titles of list()) xsrun.print(JSON.stringify(titles));
} else {
	await run((result) => xsrun.print(JSON.stringify(result)));
	xsrun.print(JSON.stringify({ end: true }));
}
