import assert from "node:assert";
import { isCheckName, networkCheck } from "../../../modules/agent/checks.js";
import { POLICY_LENGTH, parsePolicy } from "../../../modules/agent/policy.js";

// The text of a confirm policy, which is anybody's until it has been read.

describe("a confirm policy", () => {
	it("is read, field by field", () => {
		const text = `{
			"deadline": 60, "minUptime": 10, "crashes": 3, "watchdog": 5000,
			"checks": ["timer", "flash", "client", "network:[::1]:80", "network:hub.local:1883", "app:sensor"]
		}`;
		assert.deepEqual(parsePolicy(text), {
			deadline: 60,
			minUptime: 10,
			checks: ["timer", "flash", "client", "network:[::1]:80", "network:hub.local:1883", "app:sensor"],
			crashes: 3,
			watchdog: 5000,
		});
	});

	it("has defaults, and nothing where the runtime has the say", () => {
		const checks = ["timer", "flash", "client"];
		assert.deepEqual(parsePolicy("{}"), { deadline: 30, minUptime: 0, checks });
		assert.deepEqual(parsePolicy('{"deadline":1}'), { deadline: 1, minUptime: 0, checks });
		assert.deepEqual(parsePolicy('{"checks":[],"minUptime":29}'), { deadline: 30, minUptime: 29, checks: [] });
		assert.equal(parsePolicy('{"crashes":1}').crashes, 1);
		assert.equal(parsePolicy('{"watchdog":3600000,"crashes":100}').watchdog, 3_600_000);
	});

	const cases: readonly (readonly [what: string, text: string, said: RegExp])[] = [
		["nothing", "", /^the policy is no JSON: ./],
		["no JSON", "deadline: 5", /^the policy is no JSON: ./],
		["half of a text", '{"deadline":', /^the policy is no JSON: ./],
		["NaN", '{"deadline":NaN}', /^the policy is no JSON: ./],
		["null", "null", /^the policy is an object, not null$/],
		["a list", "[1]", /^the policy is an object, not \[1\]$/],
		["a number", "7", /^the policy is an object, not 7$/],
		[
			"an unknown field",
			'{"deadlines":5}',
			/^the policy has no field "deadlines", but checks, deadline, minUptime, cr/,
		],
		["__proto__", '{"__proto__":{"deadline":5}}', /^the policy has no field "__proto__"/],
		["a field of each object", '{"constructor":[1,2]}', /^the policy has no field "constructor"/],
		["a text for a number", '{"deadline":"5"}', /^deadline is a whole number from 1 to 3600, not "5"$/],
		["null for a number", '{"crashes":null}', /^crashes is a whole number from 1 to 100, not null$/],
		["a negative number", '{"minUptime":-1}', /^minUptime is a whole number from 0 to 3599, not -1$/],
		["a fraction", '{"deadline":1.5}', /^deadline is a whole number .* not 1\.5$/],
		["no time", '{"deadline":0}', /^deadline is a whole number .* not 0$/],
		["too much time", '{"deadline":3601}', /^deadline is a whole number .* not 3601$/],
		["infinite time", '{"deadline":1e999}', /^deadline is a whole number .* not Infinity$/],
		["too many crashes", '{"crashes":101}', /^crashes is a whole number from 1 to 100, not 101$/],
		["no crash", '{"crashes":0}', /^crashes is a whole number from 1 to 100, not 0$/],
		["a watchdog that ends all", '{"watchdog":999}', /^watchdog is a whole number from 1000 to 3600000, not 999$/],
		["a late watchdog", '{"watchdog":3600001}', /^watchdog is a whole number .* not 3600001$/],
		["a list for a number", '{"watchdog":[[[[1]]]]}', /^watchdog is a whole number .* not \[\[\[\[1\]\]\]\]$/],
		["no time to pass", '{"deadline":5,"minUptime":5}', /^no update could pass: minUptime, 5 s, is not below the dead/],
		["minUptime above the default", '{"minUptime":30}', /minUptime, 30 s, is not below the deadline, 30 s$/],
		["nothing to pass", '{"checks":[]}', /^the policy asks for nothing: it has no check, and minUptime is 0$/],
		["one check without a list", '{"checks":"timer"}', /^checks is a list of up to 8 names, not "timer"$/],
		["an object for checks", '{"checks":{"0":"timer"}}', /^checks is a list of up to 8 names, not \{"0":"timer"\}$/],
		[
			"a number among the checks",
			'{"checks":["timer",1]}',
			/^1 is no check: those are timer, flash, client, network:HO/,
		],
		["a list among the checks", '{"checks":[["timer"]]}', /^\["timer"\] is no check/],
		["an unknown check", '{"checks":["timers"]}', /^"timers" is no check: those are timer, flash, client, network:/],
		["an empty check", '{"checks":[""]}', /^"" is no check/],
		["a check twice", '{"checks":["timer","flash","timer"]}', /^the check timer is there twice$/],
		[
			"too many checks",
			`{"checks":["app:${"abcdefghi".split("").join('","app:')}"]}`,
			/^checks is a list of up to 8 names/,
		],
		["an application's check without a name", '{"checks":["app:"]}', /^"app:" is no check: .* and app:NAME$/],
		["one with a bad name", '{"checks":["app:a b"]}', /^"app:a b" is no check/],
		["one with a name of another alphabet", '{"checks":["app:\\u00e9"]}', /is no check/],
		["one with a long name", `{"checks":["app:${"n".repeat(60)}"]}`, /^"app:n{35} is no check/],
		[
			"a network without a port",
			'{"checks":["network:192.0.2.1"]}',
			/^"network:192\.0\.2\.1" is no check: .*network:HOST:PORT/,
		],
		["a network without a host", '{"checks":["network::80"]}', /^"network::80" is no check/],
		["a network without either", '{"checks":["network:80"]}', /is no check/],
		["a port that is none", '{"checks":["network:hub:65536"]}', /is no check/],
		["a port of 0", '{"checks":["network:hub:0"]}', /is no check/],
		["a port in other digits", '{"checks":["network:hub:1e3"]}', /is no check/],
		["a host with a blank", '{"checks":["network:a b:80"]}', /is no check/],
		["a long host", `{"checks":["network:${"h".repeat(65)}:80"]}`, /is no check/],
		[
			"a long text",
			`{}${" ".repeat(POLICY_LENGTH - 1)}`,
			/^the policy has more than 1024 characters, or more than 16 lists and objects$/,
		],
		["deep lists", "[".repeat(500), /, or more than 16 lists and objects$/],
		["deep objects", '{"a":'.repeat(100), /, or more than 16 lists and objects$/],
		[
			"deep lists, hidden from who counts their ends",
			'["]]]]]]]]",[[[[[[[[[[[[[[[[',
			/, or more than 16 lists and objects$/,
		],
	];
	for (const [what, text, said] of cases)
		it(`is refused with one sentence: ${what}`, () =>
			assert.throws(
				() => parsePolicy(text),
				(error: unknown) => {
					assert.ok(error instanceof RangeError, String(error));
					assert.match(error.message, said);
					return true;
				},
			));

	it("asks for a network only where there is one", () => {
		const text = '{"checks":["network:hub:80"]}';
		assert.deepEqual(parsePolicy(text, { network: true, deadline: 60 }).checks, ["network:hub:80"]);
		assert.throws(
			() => parsePolicy(text, { network: false, deadline: 60 }),
			/^RangeError: this runtime cannot check network:hub:80: its board has no network$/,
		);
	});

	it("has no more time than the board allows", () => {
		const board = { network: true, deadline: 20 };
		assert.equal(parsePolicy('{"deadline":600}', board).deadline, 20);
		assert.equal(parsePolicy("{}", board).deadline, 20);
		assert.equal(parsePolicy('{"deadline":5}', board).deadline, 5);
		assert.throws(
			() => parsePolicy('{"deadline":60,"minUptime":20}', board),
			/^RangeError: no update could pass: minUptime, 20 s, is not below the deadline, 20 s$/,
		);
	});

	it("may be as long as the limit", () => {
		assert.equal(parsePolicy(`{}${" ".repeat(POLICY_LENGTH - 2)}`).deadline, 30);
	});

	it("of any characters is read or refused in words", () => {
		const alphabet = '{}[]",:\\u0a1e-deadline minUptime checks timer';
		let state = 1;
		const next = (): number => {
			state = (state * 48271) % 0x7fffffff;
			return state;
		};
		let refused = 0;
		for (let round = 0; round < 2000; round++) {
			const base = '{"deadline":9,"minUptime":3,"checks":["app:a","timer"],"crashes":2}';
			let text = base;
			for (let i = 1 + (next() % 3); i > 0; i--) {
				const at = next() % text.length;
				text = text.slice(0, at) + alphabet[next() % alphabet.length]! + text.slice(at + (next() % 2));
			}
			try {
				const { deadline, minUptime } = parsePolicy(text);
				assert.ok(minUptime < deadline);
			} catch (error) {
				assert.ok(error instanceof RangeError, `${text}: ${error}`);
				refused++;
			}
		}
		assert.ok(refused > 1000 && refused < 2000, `${refused} refused`);
	});

	it("names checks that have parts", () => {
		assert.deepEqual(networkCheck("network:hub:1883"), ["hub", 1883]);
		assert.deepEqual(networkCheck("network:[2001:db8::1]:80"), ["[2001:db8::1]", 80]);
		assert.equal(networkCheck("app:network:1"), undefined);
		assert.equal(networkCheck("timer"), undefined);
		assert.ok(isCheckName("a-Z_09") && isCheckName("n".repeat(32)));
		assert.ok(!isCheckName("") && !isCheckName("a:b") && !isCheckName("@") && !isCheckName("n".repeat(33)));
	});
});
