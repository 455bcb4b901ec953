import assert from "node:assert";
import { FlashArea } from "../../../modules/flash/area.js";
import { NorPartition } from "../../../modules/flash/nor.js";
import { GroupError, SmpError } from "../../../modules/smp/errors.js";
import { AuditLog } from "../../../modules/smp/group/audit.js";
import { FlashCounters } from "../../../modules/smp/group/counters.js";
import type { Exchange } from "../../../modules/smp/server.js";

const SECTOR = 256;
const PER_SECTOR = SECTOR / 32;
const INTERVAL = 900_000;

const memory = (): Uint8Array => new Uint8Array(6 * SECTOR).fill(0xff);

/** A device with an audit log in its last four sectors, after a reset as it were: `flash` is all that stays. */
class Device {
	readonly counters = new FlashCounters();
	readonly audit: AuditLog;
	#now = 0;
	#timers: { at: number; callback: () => void }[] = [];

	constructor(flash: Uint8Array, trusted?: string, time = 7) {
		const partition = this.counters.partition(new NorPartition(flash, { sectorSize: SECTOR, writeAlign: 4 }));
		this.audit = new AuditLog({
			area: new FlashArea(5, "storage", 0, partition),
			first: 2,
			sectors: 4,
			time: () => time,
			after: (ms, callback) => void this.#timers.push({ at: this.#now + ms, callback }),
			...(trusted !== undefined && { trusts: ({ peer }) => peer === trusted }),
		});
	}

	pass(ms: number): void {
		this.#now += ms;
		const due = this.#timers.filter(({ at }) => at <= this.#now);
		this.#timers = this.#timers.filter(({ at }) => at > this.#now);
		for (const { callback } of due) callback();
	}

	/** A write request that was answered. */
	note(command: number, error?: unknown, transport = "uart", peer = "", group = 1): void {
		const exchange: Exchange = { origin: { transport, peer }, version: 1, received: 8, sent: 8 };
		this.audit.hooks.done!(group, command, true, error, exchange);
	}

	numbers(before = 0xffffffff, most = 100): number[] {
		return this.audit.records(before, most).map(({ number }) => number);
	}
}

const denied = new SmpError(11, "no");

describe("audit log", () => {
	it("records who wrote what, and what became of it, and has it after a reset", () => {
		const flash = memory();
		const device = new Device(flash);
		device.note(1);
		device.note(5, denied);
		device.note(0, new GroupError(300, 8, "unknown"), "a transport of a long name");
		device.note(5, denied);
		const expected = [
			{ number: 3, time: 7, group: 1, command: 0, transport: "a transp", rc: 8, errorGroup: 300, times: 1 },
			{ number: 2, time: 7, group: 1, command: 5, transport: "uart", rc: 11, errorGroup: undefined, times: 2 },
			{ number: 1, time: 7, group: 1, command: 1, transport: "uart", rc: 0, errorGroup: undefined, times: undefined },
		];
		const all = ({ audit }: Device) =>
			audit.records(0xffffffff, 10).map((record) => ({ errorGroup: undefined, times: undefined, ...record }));
		assert.deepEqual(all(device), expected);
		assert.deepEqual(new Device(flash).numbers(), [1], "what is refused is in RAM");
		device.pass(INTERVAL);
		for (const each of [device, new Device(flash)]) assert.deepEqual(all(each), expected);
	});

	it("does not record reads", () => {
		const { audit } = new Device(memory());
		const origin = { transport: "uart", peer: "" };
		audit.hooks.done!(1, 0, false, undefined, { origin, version: 1, received: 8, sent: 8 });
		assert.deepEqual(audit.records(0xffffffff, 1), []);
	});

	it("takes the same again for one entry, after a reset too, and something else for another", () => {
		const flash = memory();
		const device = new Device(flash);
		for (let i = 0; i < 3; i++) device.note(1);
		device.note(1, undefined, "udp");
		// What is refused in between is another matter.
		device.note(1, denied);
		device.note(1, undefined, "udp");
		assert.deepEqual(device.numbers(), [3, 2, 1]);
		const next = new Device(flash);
		next.note(1, undefined, "udp");
		assert.deepEqual(new Device(flash).numbers(), [2, 1]);
	});

	it("overwrites the oldest, a sector at a time, and keeps at least one sector full", () => {
		const flash = memory();
		for (let i = 0; i < 5 * PER_SECTOR; i++) {
			new Device(flash).note(i & 1);
			const found = new Device(flash).numbers();
			assert.equal(found[0], i + 1);
			assert.equal(found.length >= Math.min(i + 1, PER_SECTOR), true);
			for (let k = 1; k < found.length; k++) assert.equal(found[k], found[k - 1]! - 1);
		}
		assert.ok(flash.subarray(0, 4 * SECTOR).every((byte) => byte === 0xff));
	});

	it("reads on from where a client is, through RAM and both rings in the order of the requests", () => {
		const device = new Device(memory());
		for (const command of [0, 1]) device.note(command);
		device.note(2, denied);
		device.pass(INTERVAL);
		device.note(3);
		device.note(4, denied);
		assert.deepEqual(device.numbers(0xffffffff, 2), [5, 4]);
		assert.deepEqual(device.numbers(4, 2), [3, 2]);
		assert.deepEqual(device.numbers(2, 2), [1]);
		assert.deepEqual(device.numbers(1, 2), []);
	});

	it("passes over a record that a power cut left half written", () => {
		const flash = memory();
		const device = new Device(flash);
		device.note(0);
		device.note(1);
		flash.fill(0, 4 * SECTOR + 64, 4 * SECTOR + 70);
		const next = new Device(flash);
		assert.deepEqual(next.numbers(), [2, 1]);
		next.note(3);
		assert.deepEqual(new Device(flash).numbers(), [3, 2, 1]);
	});

	it("starts anew in a flash full of rubbish", () => {
		const flash = new Uint8Array(6 * SECTOR).map((_, i) => (i * 31) & 0xff);
		new Device(flash).note(0);
		assert.deepEqual(new Device(flash).numbers(), [1]);
	});

	it("has the numbers go on when its flash was erased", () => {
		const flash = memory();
		const device = new Device(flash);
		device.note(0);
		device.note(1, denied);
		flash.fill(0xff);
		device.audit.load();
		device.note(0);
		assert.deepEqual(device.numbers(), [3, 2]);
	});

	describe("under a stranger's flood", () => {
		/** Sends as many kinds of requests as there are commands and groups, `count` in an interval. */
		const flood = (device: Device, intervals: number, count = 100): void => {
			for (let i = 0; i < intervals; i++) {
				for (let k = 0; k < count; k++) {
					device.note(k & 0xff, k % 3 === 0 ? undefined : denied, "udp", `${k}`, 64 + (k >> 8));
				}
				device.pass(INTERVAL);
			}
		};

		it("keeps what was done, and a count of what was not", () => {
			const flash = memory();
			const device = new Device(flash, "owner");
			for (let command = 0; command < PER_SECTOR; command++) device.note(command, undefined, "udp", "owner");
			flood(device, 100);
			device.pass(INTERVAL);
			const records = new Device(flash).audit.records(0xffffffff, 1000);
			const done = records.filter(({ times }) => times === undefined);
			assert.deepEqual(
				done.map(({ number }) => number),
				Array.from({ length: PER_SECTOR }, (_, i) => PER_SECTOR - i),
			);
			const [further, ...kinds] = records.slice(0, 8);
			assert.deepEqual([further!.group, further!.command, further!.times], [0xffff, 0xff, 100 - 7]);
			assert.deepEqual(
				kinds.map(({ command, times }) => [command, times]),
				[6, 5, 4, 3, 2, 1, 0].map((command) => [command, 1]),
			);
		});

		it("writes no more than eight records in an interval, however many requests there are", () => {
			for (const count of [100, 5000]) {
				const device = new Device(memory(), "owner");
				flood(device, 24 * 4, count);
				const { writes, erased_blocks: erased } = device.counters.counters();
				assert.equal(writes, 24 * 4 * 8);
				assert.ok(erased! <= (24 * 4 * 8) / PER_SECTOR);
			}
		});

		it("writes nothing if the device is reset before an interval is over", () => {
			const flash = memory();
			for (let i = 0; i < 100; i++) {
				const device = new Device(flash, "owner");
				flood(device, 0);
				for (let k = 0; k < 100; k++) device.note(k, denied);
				device.pass(INTERVAL - 1);
			}
			assert.ok(flash.every((byte) => byte === 0xff));
		});

		it("writes what is counted before the owner's reset, which RAM does not survive, and before nobody else's", () => {
			const flash = memory();
			const device = new Device(flash, "owner");
			device.note(5, denied, "udp", "owner");
			device.note(5, denied, "udp", "x", 0);
			device.note(5, undefined, "udp", "x", 0);
			assert.deepEqual(new Device(flash).numbers(), []);
			device.note(5, undefined, "udp", "owner", 0);
			assert.deepEqual(new Device(flash).numbers(), [4, 3, 2, 1]);
		});
	});
});
