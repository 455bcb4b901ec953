import assert from "node:assert";
import { spawnSync } from "node:child_process";

// What a crash of the machine says, and the exit codes of engine/crash.h.
// way, exit code, standard output, standard error
const crashes: [string, number, string, RegExp][] = [
	["stack", 72, "", /^crash: JavaScript stack overflow in recurse \(test\/xs\/crash\.ts:\d+\)\n$/],
	["heap", 73, "", /^crash: heap exhausted at \d+ KB in fill \(test\/xs\/crash\.ts:\d+\)\n$/],
	["exception", 70, "", /^crash: uncaught TypeError: .*undefined.* \(test\/xs\/crash\.ts:\d+\)\n$/],
	["own", 70, "", /^crash: uncaught OwnError: two lines \(test\/xs\/crash\.ts:\d+\)\n$/],
	["value", 70, "", /^crash: uncaught 42\n$/],
	["callback", 70, "", /^crash: uncaught Error: in a timer \(test\/xs\/crash\.ts:\d+\)\n$/],
	["rejection", 71, "", /^crash: unhandled rejection: Error: nobody cares \(test\/xs\/crash\.ts:\d+\)\n$/],
	["eval", 70, "", /^crash: uncaught SyntaxError: .* \(test\/xs\/crash\.ts:\d+\)\n$/],
	["handled", 0, "", /^$/],
	["exit", 3, "", /^$/],
	["timers", 0, "1\n2\n3\n", /^$/],
	["encoder", 0, "61 0 c3 a9 e2 82 ac f0 9f 98 80 ef bf bd\n", /^$/],
];

describe("XS runtime", () => {
	for (const [way, code, output, message] of crashes)
		it(`ends with ${code} after: ${way}`, () => {
			const { status, stdout, stderr } = spawnSync("build/xsrun", ["xs-smp/test/xs/crash", way], { encoding: "utf8" });
			assert.match(stderr, message);
			assert.equal(stdout, output);
			assert.equal(status, code);
		});

	it("says which module is missing", () => {
		const { status, stderr } = spawnSync("build/xsrun", ["no/such/module"], { encoding: "utf8" });
		assert.match(stderr, /^crash: uncaught ReferenceError: .*no\/such\/module.* not found\n$/);
		assert.equal(status, 70);
	});
});
