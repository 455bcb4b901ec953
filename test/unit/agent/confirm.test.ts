import assert from "node:assert";
import { PLAIN_CHECKS } from "../../../modules/agent/checks.js";
import type { Policy } from "../../../modules/agent/policy.js";
import { image, request } from "../smp/support.js";
import { TrialDevice, type TrialOptions } from "./support.js";

// An update on trial is confirmed by its policy, or goes back, and the device remembers why.

const policy = (change: Partial<Policy> = {}): Policy => ({
	...{ deadline: 30, minUptime: 0, checks: PLAIN_CHECKS },
	...change,
});

const device = (change: Partial<Policy> = {}, options: TrialOptions = {}): TrialDevice =>
	new TrialDevice(options).start(policy(change));

describe("a confirmation by policy", () => {
	it("comes once all checks have passed, and no sooner", async () => {
		const trial = device();
		assert.match(
			trial.last,
			/confirm: an update on trial has 30 s, runs at least 0 s, and has to pass: timer, flash, client$/,
		);
		trial.client();
		assert.ok(!trial.confirmed);
		await trial.run(99);
		assert.ok(!trial.confirmed);
		await trial.run(100);
		assert.ok(trial.confirmed);
		assert.equal(trial.last, "<inf> confirm: image 0 is confirmed");
		assert.equal(trial.verdict, "confirmed at 0: the application");
		await trial.run(100_000);
		assert.equal(trial.resets, 0);
	});

	it("does not come when no client comes: at the deadline the device resets, once", async () => {
		const trial = device();
		await trial.run(29_999);
		assert.equal(trial.resets, 0);
		await trial.run(30_000);
		assert.equal(trial.resets, 1);
		assert.match(trial.last, /<err> confirm: check client: no request within 30 s; reset, to go back/);
		assert.equal(trial.verdict, "failed at 30: check client: no request within 30 s");
		assert.deepEqual(trial.agent.journal!.boots(1)[0]!.checks, [
			{ passed: true, seconds: 0, words: "timer" },
			{ passed: true, seconds: 0, words: "flash" },
			{ passed: false, seconds: 30, words: "client: no request within 30 s" },
		]);
		trial.client();
		await trial.run(100_000);
		assert.equal(trial.resets, 1);
		assert.ok(!trial.confirmed);
	});

	it("does not take a reset for a client that was served", async () => {
		const trial = device();
		trial.client(request(0, 5, {}));
		await trial.run(200);
		assert.equal(trial.resets, 0);
		assert.ok(!trial.confirmed);
		await trial.run(1000);
		// That of the client.
		assert.equal(trial.resets, 1);
		assert.equal(trial.verdict, "none");
	});

	it("does not take a request that was refused for a client that was served", async () => {
		const trial = device();
		trial.client(request(0, 99, {}));
		await trial.run(30_000);
		assert.match(trial.verdict, /check client: no request/);
	});

	it("does not come when the running image is not the one that was signed", async () => {
		const trial = new TrialDevice();
		trial.memory[0]![0x200 + 5_000]! ^= 1;
		trial.start(policy());
		trial.client();
		await trial.run(1_000);
		assert.equal(trial.resets, 1);
		assert.match(trial.verdict, /check flash: image 0 is not the one that was signed$/);
		assert.ok(!trial.confirmed);
	});

	it("does not come when timers fire early", async () => {
		const trial = device({}, { early: true });
		await trial.run(1_000);
		assert.equal(trial.resets, 1);
		assert.match(trial.last, /check timer: 50 ms instead of 100; reset/);
		assert.ok(!trial.confirmed);
	});

	it("that the flash refuses ends in a reset", async () => {
		const trial = device();
		trial.broken = true;
		trial.client();
		await trial.run(1_000);
		assert.equal(trial.resets, 1);
		assert.ok(trial.lines.some((line) => /confirm: image 0 cannot be confirmed: -\d+; reset/.test(line)));
	});

	it("waits for minUptime", async () => {
		const trial = device({ minUptime: 10 });
		assert.match(trial.last, /has 30 s, runs at least 10 s, and has to pass: timer, flash, client$/);
		trial.client();
		await trial.run(9_999);
		assert.ok(!trial.confirmed);
		await trial.run(10_000);
		assert.ok(trial.confirmed);
	});

	it("does not wait longer than for the last check", async () => {
		const trial = device({ minUptime: 10 });
		await trial.run(20_000);
		assert.ok(!trial.confirmed);
		trial.client();
		assert.ok(trial.confirmed);
	});

	it("needs no check: that it has run for so long can be enough", async () => {
		const trial = device({ minUptime: 10, checks: [] });
		await trial.run(9_999);
		assert.ok(!trial.confirmed);
		await trial.run(10_000);
		assert.equal(trial.verdict, "confirmed at 10: the application");
	});

	it("is of all images on trial", async () => {
		const trial = device({}, { images: 2 });
		trial.client();
		await trial.run(200);
		assert.ok(trial.confirmed);
		assert.deepEqual(
			trial.agent.journal!.boots(1)[0]!.images.map(({ confirmed }) => confirmed),
			[true, true],
		);
	});

	it("leaves an image alone that is not on trial", async () => {
		const trial = device({ checks: ["app:sensor"] }, { trial: false });
		let ran = false;
		trial.check("sensor", () => {
			ran = true;
			return false;
		});
		await trial.run(100_000);
		assert.equal(trial.resets, 0);
		assert.ok(!ran);
		assert.ok(!trial.lines.some((line) => line.includes("confirm:")));
	});

	it("is over once a client has confirmed: a check that fails later changes nothing", async () => {
		const trial = device({ checks: ["app:sensor"] });
		trial.client(request(1, 0, { hash: imageHash(trial), confirm: true }));
		assert.ok(trial.confirmed);
		trial.check("sensor", () => "too late");
		await trial.run(100_000);
		assert.equal(trial.resets, 0);
		assert.match(trial.verdict, /confirmed at 0: a client over udp/);
	});

	it("of who has started and no more is at once", () => {
		const trial = new TrialDevice({ images: 2 }).start("self");
		assert.ok(trial.confirmed);
		assert.equal(trial.verdict, "confirmed at 0: the application");
		assert.ok(!new TrialDevice().start("smp").confirmed);
	});

	it("does not come to an application that does not run", async () => {
		const trial = device();
		trial.agent.confirmation!.fail("the application does not run: cut short");
		assert.equal(trial.resets, 1);
		assert.equal(trial.verdict, "failed at 0: the application does not run: cut short");
	});
});

/** As the image list has it. */
const imageHash = ({ memory }: TrialDevice): Uint8Array => {
	const bytes = memory[0]!;
	const size = image(9_000, [0, 0, 1]).length;
	// The hash is the last TLV.
	return bytes.slice(size - 32, size);
};

describe("a check of the application's own", () => {
	const results: readonly (readonly [what: string, run: () => unknown, verdict: string])[] = [
		["that returns true", () => true, "confirmed at 0: the application"],
		["that returns false", () => false, "failed at 0: check app:sensor: it returned false"],
		["that returns a sentence", () => "no sensor", "failed at 0: check app:sensor: no sensor"],
		["that returns nothing", () => {}, "failed at 0: check app:sensor: it returned undefined"],
		["that returns 1", () => 1, "failed at 0: check app:sensor: it returned 1"],
		["that returns an object", () => ({}), "failed at 0: check app:sensor: it returned [object Object]"],
		[
			"that throws",
			() => {
				throw new TypeError("no bus");
			},
			"failed at 0: check app:sensor: it threw TypeError: no bus",
		],
		["that is no function", 5 as never, "failed at 0: check app:sensor: it threw TypeError: "],
		["that settles with true", async () => true, "confirmed at 0: the application"],
		["that settles with a sentence", async () => "no sensor", "failed at 0: check app:sensor: no sensor"],
		["that rejects", () => Promise.reject(new Error("gone")), "failed at 0: check app:sensor: it threw Error: gone"],
		["that never settles", () => new Promise(() => {}), "failed at 5: check app:sensor: no result within 5000 ms"],
		[
			"with a thenable that throws",
			() =>
				// biome-ignore lint/suspicious/noThenProperty: an application may return anything
				Object.defineProperty({}, "then", {
					get: () => {
						throw new RangeError("then");
					},
				}),
			"failed at 0: check app:sensor: it threw RangeError: then",
		],
		["that returns no text", () => Symbol("x"), "failed at 0: check app:sensor: it threw TypeError: "],
		[
			"that throws no text",
			() => Promise.reject(Symbol("x")),
			"failed at 0: check app:sensor: it threw something that is no text",
		],
		[
			"that throws when it is made a text",
			() => ({
				toString: () => {
					throw new Error("nasty");
				},
			}),
			"failed at 0: check app:sensor: it threw Error: nasty",
		],
		["with a long sentence", () => "s".repeat(1000), `failed at 0: check app:sensor: ${"s".repeat(100)}`],
		["with other characters", () => "caf\u00e9\n\u2603", "failed at 0: check app:sensor: caf???"],
	];
	for (const [what, run, verdict] of results)
		it(what, async () => {
			const trial = device({ checks: ["app:sensor"] });
			trial.check("sensor", run);
			await trial.run(6_000);
			assert.equal(trial.verdict.slice(0, verdict.length), verdict);
			if (!verdict.endsWith(": ")) assert.equal(trial.verdict, verdict);
			assert.equal(trial.resets, trial.confirmed ? 0 : 1);
			assert.equal(trial.confirmed, verdict.startsWith("confirmed"));
		});

	it("has the time that it was given", async () => {
		const trial = device({ checks: ["app:slow"] });
		trial.check("slow", () => new Promise(() => {}), 700);
		await trial.run(699);
		assert.equal(trial.resets, 0);
		await trial.run(700);
		assert.equal(trial.verdict, "failed at 0: check app:slow: no result within 700 ms");
	});

	it("that settles after its time has failed already", async () => {
		const trial = device({ checks: ["app:slow"] });
		let settle: (value: boolean) => void = () => {};
		const later = new Promise((resolve) => {
			settle = resolve;
		});
		trial.check("slow", () => later, 700);
		await trial.run(1000);
		settle(true);
		await trial.run(2000);
		assert.ok(!trial.confirmed);
		assert.equal(trial.resets, 1);
	});

	it("cannot take longer than the deadline", async () => {
		const trial = device({ checks: ["app:slow"], deadline: 2 });
		trial.check("slow", () => new Promise(() => {}), 60_000);
		await trial.run(2000);
		assert.equal(trial.verdict, "failed at 2: check app:slow: no result within 2 s");
	});

	it("fails if the application has not named it by the deadline", async () => {
		const trial = device({ checks: ["app:sensor", "timer"], deadline: 2 });
		trial.check("other", () => true);
		await trial.run(2000);
		const words = "app:sensor: the application has named none within 2 s";
		assert.equal(trial.verdict, `failed at 2: check ${words}`);
		assert.deepEqual(trial.agent.journal!.boots(1)[0]!.checks, [
			{ passed: true, seconds: 0, words: "timer" },
			{ passed: false, seconds: 2, words },
		]);
	});

	it("may be named late", async () => {
		const trial = device({ checks: ["app:sensor"], deadline: 2 });
		await trial.run(1900);
		trial.check("sensor", () => true);
		await trial.run(1901);
		assert.ok(trial.confirmed);
	});

	it("runs once, and not if the policy does not ask for it", async () => {
		const trial = device({ checks: ["app:sensor", "client"] });
		let asked = 0;
		let others = 0;
		trial.check("sensor", () => {
			asked++;
			return true;
		});
		trial.check("other", () => {
			others++;
			return false;
		});
		await trial.run(20_000);
		assert.deepEqual([asked, others], [1, 0]);
		assert.equal(trial.resets, 0);
	});

	it("is named by one word, once, with a time: else a RangeError in words", () => {
		const application = device().application();
		application.check("sensor", () => true);
		for (const [name, timeout, said] of [
			["sensor", 1, /there is a check "sensor" already/],
			["", 1, /1 to 32 letters, digits, hyphens or underscores/],
			["a b", 1, /1 to 32 letters/],
			["x".repeat(33), 1, /1 to 32 letters/],
			["zero", 0, /a check may take 1 to 3600000 milliseconds, not 0/],
			["late", 3_600_001, /not 3600001/],
			["nan", Number.NaN, /not NaN/],
		] as const)
			assert.throws(
				() => application.check(name, () => true, { timeout }),
				(error: unknown) => error instanceof RangeError && said.test(error.message),
				name,
			);
		for (let i = 1; i < 16; i++) application.check(`c${i}`, () => true);
		assert.throws(() => application.check("c16", () => true), /an application can name 16 checks/);
	});
});

describe("the check of a network", () => {
	const checks = ["network:hub:1883"];

	it("tries again until the host answers", async () => {
		const asked: string[] = [];
		const trial = device(
			{ checks },
			{
				reach: (host, port, done) => {
					asked.push(`${host} ${port}`);
					if (asked.length < 3) done("no route");
					else done();
				},
			},
		);
		await trial.run(1_999);
		assert.ok(!trial.confirmed);
		await trial.run(2_000);
		assert.ok(trial.confirmed);
		assert.deepEqual(asked, ["hub 1883", "hub 1883", "hub 1883"]);
		await trial.run(40_000);
		assert.equal(asked.length, 3);
	});

	it("says why there was no connection", async () => {
		const trial = device({ checks, deadline: 3 }, { reach: (_host, _port, done) => done("connection refused") });
		await trial.run(3_000);
		assert.equal(trial.verdict, "failed at 3: check network:hub:1883: connection refused within 3 s");
		assert.equal(trial.resets, 1);
	});

	it("waits for a host that does not answer", async () => {
		const trial = device({ checks, deadline: 3 }, { reach: () => {} });
		await trial.run(3_000);
		assert.equal(trial.verdict, "failed at 3: check network:hub:1883: no result within 3 s");
	});

	it("fails at once on a board without a network", async () => {
		const trial = device({ checks });
		assert.equal(trial.verdict, "failed at 0: check network:hub:1883: this board has no network");
	});
});

describe("the policy of the application", () => {
	it("counts before that of the runtime", () => {
		const trial = new TrialDevice().start(policy({ checks: ["app:sensor"] }), { confirm: policy() });
		assert.match(trial.last, /to pass: app:sensor$/);
	});
});
