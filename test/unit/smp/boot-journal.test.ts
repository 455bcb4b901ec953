import assert from "node:assert";
import type { FlashArea } from "../../../modules/flash/area.js";
import { BootKind, BootRecords } from "../../../modules/smp/group/boot-records.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { A, B, C, Device, SECTOR } from "./journaled-device.js";
import { exchange, hex, request } from "./support.js";

describe("boot journal", () => {
	it("tells an update that a client confirmed", () => {
		const device = new Device();
		device.boot(A);
		device.seconds = 60;
		device.journal.resetting("a client over udp");
		device.boot(B, true, { cause: "software" });
		device.seconds = 3;
		device.journal.confirmed(0, "a client over udp");
		device.boot(B, false, { cause: "pin" });
		assert.deepEqual(device.history(), [
			"#3 | reset button | 1.1.0 | ",
			"#2 | reset by a client over udp | 1.1.0 installed on trial | confirmed after 3 s by a client over udp",
			"#1 | power on | 1.0.0 | ",
		]);
		assert.deepEqual(device.journal.boots(1)[0]!.images[0]!.hash, B.slice(700 - 32, 700 - 24));
	});

	it("tells an update that was taken back, and why", () => {
		for (const [failed, reason, start, why] of [
			["check client: no request within 30 s", { cause: "software" }, "reset by the application", undefined],
			[
				undefined,
				{ cause: "crash", words: "uncaught Error: x" },
				"crash: uncaught Error: x",
				"crash: uncaught Error: x",
			],
			[undefined, { cause: "watchdog" }, "watchdog", "watchdog"],
			[undefined, { cause: "power" }, "power on", "the power failed before anybody confirmed it"],
			[undefined, { cause: "unknown" }, "unknown reason", "the device restarted before anybody confirmed it"],
			[undefined, { cause: "pin" }, "reset button", "nobody had confirmed it before the reset button"],
		] as const) {
			const device = new Device();
			device.boot(A);
			device.boot(B, true);
			device.seconds = 31;
			if (failed) device.journal.failed(failed);
			device.boot(A, false, reason);
			const ran = failed ? "ran 31 s" : "ran";
			assert.deepEqual(device.history(), [
				`#3 | ${start} | 1.0.0 is back | `,
				`#2 | power on | 1.1.0 installed on trial | 1.1.0 ${ran} on trial and was taken back: ${failed ?? why}`,
				"#1 | power on | 1.0.0 | ",
			]);
		}
	});

	it("tells who asked for the reset that took an update back, and after how long", () => {
		const device = new Device();
		device.boot(A);
		device.boot(B, true);
		device.seconds = 7;
		for (let i = 0; i < 100; i++) device.journal.resetting("a client over uart");
		assert.equal(device.partition.operations, 2, "a start and one reset are written");
		device.boot(A, false, { cause: "software" });
		assert.equal(
			device.history()[1],
			"#2 | power on | 1.1.0 installed on trial | 1.1.0 ran 7 s on trial and was taken back: " +
				"nobody had confirmed it before the reset by a client over uart",
		);
	});

	it("keeps each check with its sentence, in the order in which they were decided", () => {
		const device = new Device();
		device.boot(A);
		device.boot(B, true);
		device.seconds = 1;
		device.journal.checked(true, "timer");
		device.seconds = 2;
		device.journal.checked(true, "network:[fe80::1]:80");
		device.seconds = 30;
		device.journal.checked(false, "client: no request within 30 s");
		device.journal.failed("check client: no request within 30 s");
		assert.deepEqual(device.journal.boots(1)[0]!.checks, [
			{ passed: true, seconds: 1, words: "timer" },
			{ passed: true, seconds: 2, words: "network:[fe80::1]:80" },
			{ passed: false, seconds: 30, words: "client: no request within 30 s" },
		]);
		device.boot(A, false, { cause: "software" });
		assert.deepEqual(device.history().slice(0, 2), [
			"#3 | reset by the application | 1.0.0 is back | ",
			"#2 | power on | 1.1.0 installed on trial | " +
				"passed timer, network:[fe80::1]:80; failed client: no request within 30 s | " +
				"1.1.0 ran 30 s on trial and was taken back: check client: no request within 30 s",
		]);
	});

	it("has the checks of an update that crashed before all were decided", () => {
		const device = new Device();
		device.boot(A);
		device.boot(B, true);
		device.journal.checked(true, "timer");
		device.boot(A, false, { cause: "watchdog" });
		assert.equal(
			device.history()[1],
			"#2 | power on | 1.1.0 installed on trial | passed timer | 1.1.0 ran on trial and was taken back: watchdog",
		);
		assert.deepEqual(device.journal.boots(1)[0]!.checks, []);
	});

	it("tells that the power failed in the middle of a reset", () => {
		for (const [by, cause, started, outcome] of [
			["a client over udp", "power", "power on: in the middle of the reset by a client over udp", undefined],
			["a client over udp", "pin", "reset button: in the middle of the reset by a client over udp", undefined],
			["a client over udp", "watchdog", "watchdog: in the middle of the reset by a client over udp", undefined],
			["", "power", "power on: in the middle of the reset by the application", "check flash: bad"],
			["a client over udp", "unknown", "reset by a client over udp", undefined],
		] as const) {
			const device = new Device();
			device.boot(A);
			if (outcome) device.boot(B, true);
			if (outcome) device.journal.failed(outcome);
			else device.journal.resetting(by);
			device.boot(outcome ? A : B, !outcome, { cause });
			const [now, before] = device.history();
			assert.equal(
				now,
				`#${outcome ? 3 : 2} | ${started} | ${outcome ? "1.0.0 is back" : "1.1.0 installed on trial"} | `,
			);
			if (outcome) assert.match(before!, /1\.1\.0 ran 0 s on trial and was taken back: check flash: bad$/);
			// That is known of one start. The next one is another matter.
			device.boot(B, true, { cause });
			assert.ok(!device.history()[0]!.includes("in the middle"));
		}
	});

	it("does not say that an update was taken back for the power, where a reset had been asked for", () => {
		const device = new Device();
		device.boot(A);
		device.boot(B, true);
		device.seconds = 7;
		device.journal.resetting("a client over uart");
		device.boot(A, false, { cause: "power" });
		assert.match(
			device.history()[1]!,
			/1\.1\.0 ran 7 s on trial and was taken back: nobody had confirmed it before the reset by a client over uart$/,
		);
	});

	it("reads a journal from before there were checks, and a record of a kind that it does not know", () => {
		const device = new Device();
		device.boot(A);
		device.boot(B, true);
		device.journal.failed("check client: no request within 30 s; passed: timer, flash");
		const records = new BootRecords(device.area());
		records.load();
		records.append({ kind: 9 as typeof BootKind.CHECK, boot: 2, seconds: 40, text: "of the future" });
		device.boot(A, false, { cause: "software" });
		assert.equal(
			device.history()[1],
			"#2 | power on | 1.1.0 installed on trial | " +
				"1.1.0 ran 0 s on trial and was taken back: check client: no request within 30 s; passed: timer, flash",
		);
	});

	it("tells an image for good from one that is back", () => {
		const device = new Device();
		device.boot(A);
		device.boot(C, false);
		device.boot(B, true);
		// Another image than the former one was marked during the trial.
		device.boot(A, false);
		assert.deepEqual(
			device.journal.boots(4).map(({ images }) => images[0]!.change),
			["permanent", "test", "permanent", "first"],
		);
	});

	it("keeps no control characters, and cuts what is too long", () => {
		const device = new Device();
		device.boot(A, true, { cause: "crash", words: `\x1b[31mü${"x".repeat(500)}` });
		const { words } = device.journal.boots(1)[0]!.start;
		assert.equal(words, `?[31m?${"x".repeat(190)}`);
	});

	it("erases an area full of rubbish, and says so once", () => {
		const device = new Device();
		device.memory.forEach((_, i) => {
			device.memory[i] = (i * 31) & 0xff;
		});
		device.boot(A);
		device.boot(A);
		assert.deepEqual(device.lines, ["boot_journal: its area held something else, and was erased"]);
		assert.deepEqual(
			device.journal.boots(9).map(({ number }) => number),
			[2, 1],
		);
	});

	it("is in nobody's way when its flash fails, and says so once", () => {
		const device = new Device();
		device.boot(A, false, { cause: "power" }, 1);
		device.journal.confirmed(0, "x");
		device.journal.resetting("x");
		assert.deepEqual(device.journal.boots(9), []);
		assert.equal(device.lines.length, 1);
		assert.match(device.lines[0]!, /^boot_journal: flash area 18/);
	});

	it("refuses an area of one sector", () => {
		assert.throws(() => new Device(1).boot(A), /needs two sectors/);
	});

	it("overwrites the oldest boots, a sector at a time", () => {
		const device = new Device(3);
		for (let i = 1; i <= 40; i++) {
			device.boot(A);
			const numbers = device.journal.boots(100).map(({ number }) => number);
			assert.deepEqual(
				numbers,
				Array.from({ length: numbers.length }, (_, at) => i - at),
			);
			assert.ok(numbers.length >= Math.min(i, 2 * (SECTOR / 256)));
		}
	});

	it("after a power cut at any flash operation lacks the record that was being written, and nothing else", () => {
		/** What is written, record by record. */
		const records = Array.from({ length: 40 }, (_, i) => ({
			kind: i % 3 === 0 ? BootKind.START : i % 3 === 1 ? BootKind.CONFIRMED : BootKind.RESET,
			boot: 1 + Math.floor(i / 3),
			seconds: i,
			text: `record ${i}`,
		}));
		/** Texts on the flash, newest first. */
		const texts = (area: FlashArea): string[] => {
			const there = new BootRecords(area);
			there.load();
			const found: string[] = [];
			there.boots(0xffffffff, ({ start, verdict, end }) => {
				for (const words of [end?.words, verdict?.words, start.words]) if (words !== undefined) found.push(words);
				return true;
			});
			return found;
		};
		let operations = 0;
		for (let cutAt = 1; ; cutAt++) {
			const device = new Device(3);
			const area = device.area();
			const journal = new BootRecords(area);
			journal.load();
			const { partition } = device;
			partition.cutAt = cutAt;
			let before: string[] = [];
			let cut = -1;
			for (const [i, record] of records.entries()) {
				before = texts(area);
				try {
					journal.append(record);
				} catch (error) {
					assert.match((error as Error).message, /flash area 18/);
					cut = i;
					break;
				}
			}
			if (cut < 0) break;
			operations++;
			const after = texts(device.area());
			// An erase takes the oldest sector with it.
			assert.deepEqual(after, before.slice(0, after.length));
			assert.ok(after.length >= Math.min(cut - (cut % 3), SECTOR / 256), `${cut}: ${after.length}`);
			// And it goes on.
			const next = new BootRecords(device.area());
			if (!next.load()) next.clear();
			next.append({ kind: BootKind.START, boot: 1000, seconds: 0, text: "on" });
			const [newest, ...older] = texts(device.area());
			assert.equal(newest, "on");
			assert.deepEqual(older, before.slice(0, older.length));
		}
		assert.ok(operations > records.length);
	});

	it("is read in pages that fit, each entry once, over SMP", () => {
		const device = new Device(32);
		const words = "y".repeat(150);
		for (let i = 0; i < 9; i++) {
			device.boot(i % 2 ? A : B, true, { cause: "crash", words });
			for (let check = 0; check < 8; check++) device.journal.checked(check % 2 === 0, words);
			device.journal.failed(words);
			device.journal.resetting(words);
		}
		const read = (bufferSize: number, before: number): string => {
			const server = new SmpServer({
				groups: [{ id: 67, name: "boots", commands: device.journal.commands }],
				bufferSize,
			});
			const [response] = exchange(server, request(67, 0, { before }, 1, 0));
			assert.ok(response && response.length <= bufferSize);
			return hex(response);
		};
		/** The key "n" opens the map of an entry, and "cause" follows. */
		const numbers = (digits: string): number[] =>
			[...digits.matchAll(/bf616e(0\d)656361757365/g)].map(([, digit]) => Number(`0x${digit}`));
		for (const size of [1024, 2048, 512]) {
			const seen: number[] = [];
			for (let before = 100; ; before = seen.at(-1)!) {
				const page = numbers(read(size, before));
				if (page.length === 0) break;
				seen.push(...page);
			}
			assert.deepEqual(seen, [9, 8, 7, 6, 5, 4, 3, 2, 1], `buffers of ${size} bytes`);
		}
	});
});
