import assert from "node:assert";
import type { CrashBudget } from "../../../modules/smp/group/boot-journal.js";
import { outcomeWords, type StartReason, safeModeWords } from "../../../modules/smp/protocol/boot-journal.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { A, B, Device } from "./journaled-device.js";
import { exchange, hex, request } from "./support.js";

const BUDGET: CrashBudget = { crashes: 3, minUptime: 30 };
const POWER: StartReason = { cause: "power" };
const crash = (after?: number, words = "uncaught Error: x"): StartReason => ({
	...{ cause: "crash", words },
	...(after !== undefined && { after }),
});
const HANG: StartReason = { cause: "watchdog", words: "JavaScript did not return within 10 s", after: 11 };

/** A device whose application has the usual budget. */
class Crashing extends Device {
	start(reason: StartReason, file = A, trial = false, budget = BUDGET): string | undefined {
		this.boot(file, trial, reason, Number.POSITIVE_INFINITY, budget);
		const { safe } = this.journal;
		return safe && safeModeWords(safe);
	}

	/** In safe mode after three crashes. */
	static safe(): Crashing {
		const device = new Crashing(8);
		for (const reason of [POWER, crash(1), crash(2), crash(3)]) device.start(reason);
		assert.ok(device.journal.safe);
		return device;
	}
}

const SENTENCE = "safe mode: the application crashed 3 times: uncaught Error: x";

describe("safe mode", () => {
	it("begins at the start after the last crash that the application may have, and names it", () => {
		const device = new Crashing(8);
		const starts = [POWER, crash(1), HANG, crash(29)].map((reason) => device.start(reason));
		assert.deepEqual(starts, [undefined, undefined, undefined, SENTENCE]);
		assert.equal(device.history()[0], `#4 | crash: uncaught Error: x | 1.0.0 | started in ${SENTENCE}`);
		assert.equal(new Crashing(8).start(POWER, A, false, { crashes: 1, minUptime: 1 }), undefined);
	});

	it("names a hang, and one crash that was enough", () => {
		const device = new Crashing(8);
		device.start(POWER);
		assert.equal(
			device.start(HANG, A, false, { crashes: 1, minUptime: 30 }),
			"safe mode: the application crashed once: watchdog: JavaScript did not return within 10 s",
		);
	});

	it("outlasts resets and power failures, with its words", () => {
		const device = Crashing.safe();
		for (const reason of [POWER, { cause: "pin" }, { cause: "software" }, { cause: "unknown" }] as const) {
			device.journal.resetting("a client over udp");
			assert.equal(device.start(reason), SENTENCE);
		}
		assert.equal(device.start(crash(3, "the agent's own")), SENTENCE);
		assert.equal(device.start(POWER), SENTENCE);
		assert.ok(device.history()[0]!.endsWith(`started in ${SENTENCE}`));
	});

	it("does not begin if the application ran for long enough in between", () => {
		for (const [what, ends] of [
			["by the machine's clock", (device: Crashing) => device.start(crash(30))],
			[
				"by a record of its own",
				(device: Crashing) => {
					device.seconds = 30;
					device.journal.confirmed(0, "x");
					return device.start(crash());
				},
			],
			[
				"by the device's word, where the machine does not know",
				(device: Crashing) => {
					device.seconds = 30;
					device.journal.lived();
					return device.start(crash());
				},
			],
			["as it ended otherwise", (device: Crashing) => device.start(POWER)],
		] as const) {
			const device = new Crashing(8);
			for (const reason of [POWER, crash(), crash()]) device.start(reason);
			assert.equal(ends(device), undefined, what);
			assert.deepEqual([device.start(crash(1)), device.start(crash(1))], [undefined, undefined], what);
			assert.equal(device.start(crash(1)), SENTENCE, what);
		}
	});

	it("asks the device for its word only where nobody else could know", () => {
		const device = new Crashing(8);
		const asked = [POWER, crash(1), crash()].map((reason) => {
			device.start(reason);
			return device.journal.probation;
		});
		assert.deepEqual(asked, [false, false, true]);
		device.start(crash());
		assert.equal(device.journal.probation, false, "in safe mode nothing can crash");
	});

	it("counts nothing without an application", () => {
		const device = new Crashing(8);
		for (let i = 0; i < 6; i++) {
			device.boot(A, false, crash(1));
			assert.deepEqual([device.journal.safe, device.journal.probation], [undefined, false]);
		}
	});

	it("is left by an update, and comes back with the image if that is taken back", () => {
		const device = Crashing.safe();
		assert.equal(device.start({ cause: "software" }, B, true), undefined, "an update has its own chances");
		assert.equal(device.start(crash(1)), SENTENCE);
		assert.equal(device.journal.boots(1)[0]!.images[0]!.change, "revert");
		assert.equal(device.start({ cause: "software" }, B, true), undefined);
		device.journal.confirmed(0, "a client");
		assert.equal(device.start(POWER, B), undefined);
		assert.equal(device.start(crash(1), B), undefined);
	});

	it("does not begin by the crashes of an update that was taken back", () => {
		const device = new Crashing(8);
		for (const reason of [POWER, crash(1), crash(1)]) device.start(reason);
		device.start({ cause: "software" }, B, true);
		assert.equal(device.start(crash(1)), undefined);
		assert.equal(device.start(crash(1)), undefined);
	});

	it("counts the crashes of a confirmed update from its trial on", () => {
		const device = new Crashing(8);
		device.start(POWER);
		device.start({ cause: "software" }, B, true);
		device.journal.confirmed(0, "a client");
		assert.deepEqual([device.start(crash(1), B), device.start(crash(1), B)], [undefined, undefined]);
		assert.equal(device.start(crash(1), B), SENTENCE);
	});

	it("is left by request, at the next start; the application then has all its chances", () => {
		const device = Crashing.safe();
		device.journal.leaveSafeMode("a client over udp");
		device.journal.leaveSafeMode("a client over udp");
		assert.equal(device.partition.operations, 2, "the start and one request are written");
		assert.deepEqual(device.journal.safe, { crashes: 3, words: "uncaught Error: x", left: true });
		assert.ok(device.history()[0]!.endsWith(`${SENTENCE}; left`));
		assert.equal(device.start({ cause: "software" }), undefined);
		assert.throws(() => device.journal.leaveSafeMode("x"), /not in safe mode/);
		assert.deepEqual([device.start(crash(1)), device.start(crash(1))], [undefined, undefined]);
		assert.equal(device.start(crash(1)), SENTENCE);
	});

	it("says that a request could not be kept", () => {
		const device = Crashing.safe();
		device.partition.cutAt = device.partition.operations + 1;
		assert.throws(() => device.journal.leaveSafeMode("x"), /cannot be written/);
		assert.equal(device.journal.safe?.left, false);
	});

	it("keeps the last words of long ones beside the reason of the start", () => {
		const device = new Crashing(8);
		for (const reason of [POWER, crash(1, "y".repeat(300)), crash(1, "y".repeat(300)), crash(1, "z".repeat(300))])
			device.start(reason);
		assert.equal(device.journal.boots(1)[0]!.safe!.words, "z".repeat(196));
		device.journal.resetting("a client over udp");
		device.start({ cause: "software" });
		const [entry] = device.journal.boots(1);
		assert.equal(entry!.start.words, "a client over udp");
		assert.equal(entry!.safe!.words, "z".repeat(196 - "a client over udp".length));
	});

	it("a power cut while its first start is written costs the application its crashes, and no more", () => {
		const device = new Crashing(8);
		for (const reason of [POWER, crash(1), crash(1)]) device.start(reason);
		device.boot(A, false, crash(1), 1, BUDGET);
		assert.equal(device.start(POWER), undefined);
		for (const reason of [crash(1), crash(1)]) assert.equal(device.start(reason), undefined);
		assert.equal(device.start(crash(1)), SENTENCE);
	});

	it("a power cut while a later start is written does not end it", () => {
		const device = Crashing.safe();
		device.boot(A, false, POWER, 1, BUDGET);
		assert.equal(device.start(POWER), SENTENCE);
	});

	it("is read and left over SMP", () => {
		const device = Crashing.safe();
		const server = new SmpServer({
			groups: [{ id: 67, name: "boots", commands: device.journal.commands }],
			bufferSize: 1024,
		});
		const ask = (op: number): string =>
			exchange(server, request(67, 1, {}, 1, op))
				.map(hex)
				.join();
		// {"safe": {"crashes": 3, "words": "uncaught …", "left": false}}, and {}
		assert.match(ask(0), /bf6473616665bf67637261736865730365776f72647371756e63617567687420.*646c656674f4ffff$/);
		assert.match(ask(2), /bfff$/);
		assert.match(ask(0), /646c656674f5ffff$/);
		device.start(POWER, B);
		const other = new SmpServer({
			groups: [{ id: 67, name: "boots", commands: device.journal.commands }],
			bufferSize: 1024,
		});
		assert.match(hex(exchange(other, request(67, 1, {}, 1, 0))[0]!), /bfff$/);
		assert.match(hex(exchange(other, request(67, 1, {}, 1, 2))[0]!), /627263 ?06/, "bad state");
	});

	it("says how long an update ran that crashed, if the machine knows", () => {
		const device = new Crashing(8);
		device.start(POWER);
		device.start({ cause: "software" }, B, true);
		device.start(crash(3));
		const [back, trial] = device.journal.boots(2);
		assert.equal(outcomeWords(trial!, back), "1.1.0 ran 3 s on trial and was taken back: crash: uncaught Error: x");
	});
});
