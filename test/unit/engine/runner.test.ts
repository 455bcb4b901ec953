import assert from "node:assert";

// On Node this checks the expectations against mocha, on XS it checks test/support/runner.ts against them.

describe("runner", () => {
	const log: string[] = [];
	const note = (text: string) => () => {
		log.push(text);
	};

	describe("hooks", () => {
		before(note("before"));
		beforeEach("with a title", note("outer beforeEach"));
		afterEach(note("outer afterEach"));
		after(note("after"));

		it("first", note("first"));

		describe("nested", () => {
			beforeEach(async () => {
				await Promise.resolve();
				log.push("inner beforeEach");
			});
			afterEach(note("inner afterEach"));

			it("second", note("second"));
		});
	});

	it("waits for done", (done) => {
		void Promise.resolve().then(() => done());
	});

	it("waits for promises", async () => {
		let turns = 0;
		for (; turns < 3; turns++) await Promise.resolve();
		assert.equal(turns, 3);
	});

	describe("after the hooks", () => {
		it("ran hooks in order", () => {
			assert.deepEqual(log, [
				"before",
				"outer beforeEach",
				"first",
				"outer afterEach",
				"outer beforeEach",
				"inner beforeEach",
				"second",
				"inner afterEach",
				"outer afterEach",
				"after",
			]);
		});
	});
});
