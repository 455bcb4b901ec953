import assert from "node:assert";
import { OtpCounters } from "../../../modules/bootutil/otp-counter.js";

/** Words of OTP: bits can only be cleared. */
function otp(...words: number[]) {
	const counters = new OtpCounters({
		read: (word) => words[word]!,
		program: (word, value) => {
			words[word] = (words[word]! & value) >>> 0;
		},
	});
	return { counters, words };
}

describe("security counter in OTP", () => {
	for (const [word, value] of [
		[0xffffffff, 0],
		[0xfffffffe, 1],
		[0xfffffffc, 2],
		[0xffff0000, 16],
		[0x80000000, 31],
		[0, 32],
		// A bit that cleared itself further up does not count.
		[0xffffff0e, 1],
	] as const)
		it(`0x${word.toString(16)} reads ${value}`, () => assert.equal(otp(word).counters.get(0), value));

	it("clears bits from the lowest up, up to the last", () => {
		const { counters, words } = otp(0xffffffff, 0xffffffff);
		for (let value = 0; value <= 32; value++) {
			counters.set(1, value);
			assert.equal(counters.get(1), value);
			assert.equal(words[1], 2 ** 32 - 2 ** value);
		}
		assert.equal(words[0], 0xffffffff);
	});

	it("does not program what is stored already", () => {
		const counters = new OtpCounters({ read: () => 0xfffffff8, program: () => assert.fail("programmed") });
		counters.set(0, 3);
	});

	it("refuses to go back, to go beyond its limit, and memory that does not take the value", () => {
		const { counters } = otp(0xfffffff8);
		assert.throws(() => counters.set(0, 2), /cannot go back from 3 to 2/);
		assert.throws(() => counters.set(0, 33), /counts to 32, not to 33/);
		assert.equal(counters.limit, 32);
		const stuck = new OtpCounters({ read: () => 0xffffffff, program: () => {} });
		assert.throws(() => stuck.set(0, 1), /reads 0 instead of 1/);
	});

	it("locks a word where the memory can", () => {
		const locked: number[] = [];
		const memory = { read: () => 0xffffffff, program: () => {} };
		new OtpCounters({ ...memory, lock: (word) => void locked.push(word) }).lock(1);
		assert.deepEqual(locked, [1]);
		assert.throws(() => new OtpCounters(memory).lock(0), /the hardware has no lock/);
	});
});
