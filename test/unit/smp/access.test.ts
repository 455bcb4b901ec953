import assert from "node:assert";
import { hmacSha256 } from "../../../modules/bytes/hmac.js";
import { nobleDigest } from "../../../modules/bytes/noble-digest.js";
import { accessAnswer } from "../../../modules/smp/access-answer.js";
import { bytes, decodeFields, uint } from "../../../modules/smp/fields.js";
import { AccessControl, type AccessOptions } from "../../../modules/smp/group/access.js";
import type { Group, Origin } from "../../../modules/smp/group.js";
import { HEADER_SIZE } from "../../../modules/smp/header.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { ascii, hex, request, unhex } from "./support.js";

const KEY = ascii("a key of sixteen");
const READ = 0;
const WRITE = 2;

const group: Group = {
	id: 90,
	name: "test",
	commands: { 0: { name: "thing", read: { handle: () => ({}) }, write: { handle: () => ({}) } } },
};

/** A server with a clock that is turned by hand. */
class Bench {
	now = 0;
	nonces = 0;
	readonly server: SmpServer;

	constructor(options: Partial<AccessOptions>) {
		const access = new AccessControl({
			rules: [{ op: "read", verdict: "allow" }],
			otherwise: "challenge",
			key: KEY,
			digest: nobleDigest,
			entropy: (into) => into.fill(++this.nonces),
			uptime: () => this.now,
			...options,
		});
		this.server = new SmpServer({ groups: [group, access.group], hooks: access.hooks, verbose: true });
	}

	/** Sends a request and returns the map of its response. */
	ask(id: number, command: number, op: number, map = {}, transport = "uart", peer = "") {
		let found: Uint8Array | undefined;
		const origin: Origin = { transport, peer };
		this.server.receive(
			request(id, command, map, 0, op),
			(response) => {
				found = response.slice(HEADER_SIZE);
			},
			origin,
		);
		return decodeFields(found!, { rc: uint, nonce: bytes, seconds: uint });
	}

	rc(op: number, transport = "uart", peer = ""): number {
		return this.ask(90, 0, op, {}, transport, peer).rc ?? 0;
	}

	challenge(peer = ""): Uint8Array {
		return this.ask(64, 0, READ, {}, "uart", peer).nonce!.slice();
	}

	answer(answer: Uint8Array, peer = "") {
		return this.ask(64, 1, WRITE, { answer }, "uart", peer);
	}
}

const answerTo = (nonce: Uint8Array, key = KEY): Uint8Array => accessAnswer(nobleDigest, key, nonce);

describe("access", () => {
	// RFC 4231, test cases 1, 2 and 6.
	const vectors: [string, Uint8Array, Uint8Array, string][] = [
		[
			"1",
			new Uint8Array(20).fill(0x0b),
			ascii("Hi There"),
			"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
		],
		[
			"2",
			ascii("Jefe"),
			ascii("what do ya want for nothing?"),
			"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
		],
		[
			"6",
			new Uint8Array(131).fill(0xaa),
			ascii("Test Using Larger Than Block-Size Key - Hash Key First"),
			"60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
		],
	];
	for (const [name, key, message, expected] of vectors)
		it(`HMAC-SHA256: RFC 4231, test case ${name}`, () => {
			assert.equal(hex(hmacSha256(nobleDigest, key, message)), expected);
		});

	it("an answer is the HMAC of a label and the nonce", () => {
		const message = unhex("78732d736d702061636365737320310102030405060708090a0b0c0d0e0f10");
		assert.equal(hex(answerTo(message.slice(15))), hex(hmacSha256(nobleDigest, KEY, message)));
	});

	it("the first rule that matches decides; without one, what is otherwise", () => {
		const bench = new Bench({
			rules: [
				{ group: 90, op: "write", transport: "udp", verdict: "deny" },
				{ group: 90, command: 0, verdict: "allow" },
			],
			otherwise: "deny",
		});
		assert.equal(bench.rc(WRITE, "udp"), 11);
		assert.equal(bench.rc(READ, "udp"), 0);
		assert.equal(bench.rc(WRITE, "uart"), 0);
		assert.equal(bench.ask(0, 0, READ).rc, 8);
	});

	it("serves who has answered, for a while, and until it is locked", () => {
		const bench = new Bench({ unlocked: 1000 });
		assert.equal(bench.rc(WRITE), 11);
		assert.equal(bench.rc(READ), 0);
		assert.equal(bench.answer(answerTo(bench.challenge())).seconds, 1);
		assert.equal(bench.rc(WRITE), 0);
		bench.now = 999;
		assert.equal(bench.rc(WRITE), 0);
		bench.now = 1000;
		assert.equal(bench.rc(WRITE), 11);
		bench.answer(answerTo(bench.challenge()));
		assert.equal(bench.rc(WRITE), 0);
		assert.equal(bench.ask(64, 2, WRITE).rc, undefined);
		assert.equal(bench.rc(WRITE), 11);
	});

	it("serves nobody else: not another peer, not another transport", () => {
		const bench = new Bench({});
		bench.answer(answerTo(bench.challenge("a")), "a");
		assert.equal(bench.rc(WRITE, "uart", "a"), 0);
		assert.equal(bench.rc(WRITE, "uart", "b"), 11);
		assert.equal(bench.rc(WRITE, "udp", "a"), 11);
	});

	it("takes a right answer once, whoever overheard it", () => {
		const bench = new Bench({ unlocked: 1 });
		const answer = answerTo(bench.challenge());
		assert.equal(bench.answer(answer).rc, undefined);
		bench.now = 5000;
		assert.equal(bench.answer(answer).rc, 11);
		bench.challenge();
		assert.equal(bench.answer(answer).rc, 11);
		assert.equal(bench.rc(WRITE), 11);
		assert.equal(bench.answer(answerTo(bench.challenge())).rc, undefined, "a new one is taken at once");
	});

	it("takes an answer for half a minute at least, and for a minute at most", () => {
		const bench = new Bench({});
		for (const start of [0, 1, 29_999]) {
			bench.now = 300_000 + start;
			const nonce = bench.challenge();
			bench.now += 30_000;
			assert.equal(bench.answer(answerTo(nonce)).rc, undefined);
			const late = bench.challenge();
			bench.now += 60_000;
			assert.equal(bench.answer(answerTo(late)).rc, 11);
		}
	});

	it("takes no answer to a challenge from before a reset", () => {
		let starts = 0;
		const entropy = (into: Uint8Array): void => void into.fill(++starts);
		const nonce = new Bench({ entropy }).challenge();
		assert.notEqual(hex(new Bench({ entropy }).challenge()), hex(nonce));
		assert.equal(new Bench({ entropy }).answer(answerTo(nonce)).rc, 11);
	});

	it("refuses an answer to another client's challenge", () => {
		const bench = new Bench({});
		const nonce = bench.challenge("a");
		bench.challenge("b");
		assert.equal(bench.answer(answerTo(nonce), "b").rc, 11);
	});

	it("refuses a wrong key, however often", () => {
		const bench = new Bench({});
		const nonce = bench.challenge();
		for (let i = 0; i < 20; i++) assert.equal(bench.answer(answerTo(nonce, ascii("some other key 16"))).rc, 11);
		assert.equal(bench.answer(new Uint8Array(0)).rc, 11);
		assert.equal(bench.ask(64, 1, WRITE).rc, 3);
		assert.equal(bench.rc(WRITE), 11);
	});

	it("lets nobody keep the owner out: not with challenges, not with answers, not as the same client", () => {
		for (const peers of [100, 1]) {
			const bench = new Bench({});
			const stranger = (i: number): string => (peers === 1 ? "owner" : `${i}`);
			const nonce = bench.challenge("owner");
			for (let i = 0; i < 100; i++) {
				bench.challenge(stranger(i));
				assert.equal(bench.answer(new Uint8Array(32).fill(i), stranger(i)).rc, 11);
			}
			assert.equal(bench.answer(answerTo(nonce), "owner").rc, undefined);
			assert.equal(bench.rc(WRITE, "uart", "owner"), 0);
		}
	});

	it("limits the rate of a rule for each client", () => {
		const bench = new Bench({ rules: [{ verdict: "allow", rate: { requests: 3, milliseconds: 3000 } }] });
		assert.deepEqual(
			[0, 1, 2, 3].map(() => bench.rc(READ)),
			[0, 0, 0, 10],
		);
		assert.equal(bench.rc(READ, "udp"), 0);
		bench.now = 1000;
		assert.deepEqual(
			[0, 1].map(() => bench.rc(WRITE)),
			[0, 10],
		);
	});

	it("keeps a limit of its own for whoever has the key, whatever addresses the others send from", () => {
		const rate = { requests: 2, milliseconds: 2000 };
		const bench = new Bench({ rules: [{ verdict: "allow", rate }] });
		bench.answer(answerTo(bench.challenge("owner")), "owner");
		let served = 0;
		for (let i = 0; i < 1000; i++) for (let k = 0; k < 3; k++) if (bench.rc(READ, "uart", `${i}`) === 0) served++;
		assert.equal(served, 8 * 2 + 2, "eight clients, and all others together");
		assert.deepEqual(
			[0, 1, 2].map(() => bench.rc(READ, "uart", "owner")),
			[0, 0, 10],
		);
		assert.deepEqual(
			[0, 1, 2].map(() => bench.rc(READ, "udp", "x")),
			[0, 0, 10],
			"another transport's strangers share another limit",
		);
		// Whoever was quiet for long enough makes room.
		bench.now = 2000;
		assert.deepEqual(
			[0, 1, 2].map(() => bench.rc(READ, "uart", "later")),
			[0, 0, 10],
		);
	});

	it("remembers a bounded number of clients that have the key: the oldest is forgotten", () => {
		const bench = new Bench({});
		for (let i = 0; i < 9; i++) bench.answer(answerTo(bench.challenge(`${i}`)), `${i}`);
		assert.equal(bench.rc(WRITE, "uart", "0"), 11);
		assert.equal(bench.rc(WRITE, "uart", "1"), 0);
		assert.equal(bench.rc(WRITE, "uart", "8"), 0);
	});

	it("wants a key of some length", () => {
		assert.throws(() => new Bench({ key: new Uint8Array(15) }), RangeError);
	});
});
