import assert from "node:assert";
import { FlashArea } from "../../../modules/flash/area.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { AuditLog } from "../../../modules/smp/audit.js";
import { GroupError, SmpError } from "../../../modules/smp/errors.js";
import type { Exchange } from "../../../modules/smp/server.js";

const SECTOR = 256;
const PER_SECTOR = SECTOR / 32;

const memory = (): Uint8Array => new Uint8Array(4 * SECTOR).fill(0xff);

/** An audit log in the last two sectors, after a reset as it were: `flash` is all that stays. */
const open = (flash: Uint8Array, time = 7): AuditLog =>
	new AuditLog({
		area: new FlashArea(5, "storage", 0, new NorPartition(flash, { sectorSize: SECTOR, writeAlign: 4 })),
		first: 2,
		sectors: 2,
		time: () => time,
	});

const via = (transport: string): Exchange => ({ origin: { transport, peer: "" }, version: 1, received: 8, sent: 8 });

/** Notes write requests to these commands. */
function note(audit: AuditLog, commands: readonly number[], error?: unknown, transport = "uart"): void {
	for (const command of commands) audit.hooks.done!(1, command, true, error, via(transport));
}

const numbers = (audit: AuditLog, before = 0xffffffff, most = 100): number[] =>
	audit.records(before, most).map(({ number }) => number);

describe("audit log", () => {
	it("records who wrote what, and what became of it, and has it after a reset", () => {
		const flash = memory();
		const audit = open(flash);
		note(audit, [1]);
		note(audit, [5], new SmpError(11, "no"));
		note(audit, [0], new GroupError(300, 8, "unknown"), "a transport of a long name");
		for (const each of [audit, open(flash)])
			assert.deepEqual(each.records(0xffffffff, 10), [
				{ number: 3, time: 7, group: 1, command: 0, transport: "a transport ", rc: 8, errorGroup: 300 },
				{ number: 2, time: 7, group: 1, command: 5, transport: "uart", rc: 11, errorGroup: undefined },
				{ number: 1, time: 7, group: 1, command: 1, transport: "uart", rc: 0, errorGroup: undefined },
			]);
	});

	it("does not record reads", () => {
		const audit = open(memory());
		audit.hooks.done!(1, 0, false, undefined, via("uart"));
		assert.deepEqual(numbers(audit), []);
	});

	it("takes the same again for one entry, after a reset too, and something else for another", () => {
		const flash = memory();
		const audit = open(flash);
		note(audit, [1, 1, 1]);
		note(audit, [1], undefined, "udp");
		note(audit, [1], new SmpError(6, "later"), "udp");
		assert.deepEqual(numbers(audit), [3, 2, 1]);
		note(open(flash), [1], new SmpError(6, "later"), "udp");
		assert.deepEqual(numbers(open(flash)), [3, 2, 1]);
	});

	it("overwrites the oldest, a sector at a time, and keeps at least one sector full", () => {
		const flash = memory();
		for (let i = 0; i < 5 * PER_SECTOR; i++) {
			const audit = open(flash);
			note(audit, [i & 1]);
			const found = numbers(open(flash));
			assert.equal(found[0], i + 1);
			assert.equal(found.length >= Math.min(i + 1, PER_SECTOR), true);
			for (let k = 1; k < found.length; k++) assert.equal(found[k], found[k - 1]! - 1);
		}
		assert.ok(flash.subarray(0, 2 * SECTOR).every((byte) => byte === 0xff));
	});

	it("reads on from where a client is", () => {
		const audit = open(memory());
		note(audit, [0, 1, 2, 3, 4]);
		assert.deepEqual(numbers(audit, 0xffffffff, 2), [5, 4]);
		assert.deepEqual(numbers(audit, 4, 2), [3, 2]);
		assert.deepEqual(numbers(audit, 1, 2), []);
	});

	it("passes over a record that a power cut left half written", () => {
		const flash = memory();
		note(open(flash), [0, 1]);
		flash.fill(0, 2 * SECTOR + 64, 2 * SECTOR + 70);
		const audit = open(flash);
		assert.deepEqual(numbers(audit), [2, 1]);
		note(audit, [3]);
		assert.deepEqual(numbers(open(flash)), [3, 2, 1]);
	});

	it("starts anew in a flash full of rubbish", () => {
		const flash = new Uint8Array(4 * SECTOR).map((_, i) => (i * 31) & 0xff);
		const audit = open(flash);
		note(audit, [0]);
		assert.deepEqual(numbers(open(flash)), [1]);
	});
});
