import assert from "node:assert";
import { createHash } from "node:crypto";
import { flashConformance } from "../../apps/flash-conformance/flash.js";
import { SmpClient } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { consoleLink } from "../../client/console.js";
import { type RtlDevices, RtlHost } from "../../hosts/rtl8721f/host.js";
import { RtlUart } from "../../hosts/rtl8721f/uart.js";
import { RtlUdp } from "../../hosts/rtl8721f/udp.js";
import { startAgent } from "../../modules/agent/agent.js";
import type { BootConfig } from "../../modules/bootutil/config.js";
import { Loader } from "../../modules/bootutil/loader/loader.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { guideLayout } from "../../modules/flash/guide-layout.js";
import { FlashMap } from "../../modules/flash/map.js";
import { Op } from "../../modules/smp/header.js";
import { type StartReason, startWords } from "../../modules/smp/protocol/boot-journal.js";
import { scriptCodec } from "../../modules/smp/transport/frame.js";
import { update } from "../clients/images.js";
import { BoardClock, BoardFlash, BoardTimers, BoardUart, BoardUdp } from "./rtl8721f-devices.js";

const boot: BootConfig = { mode: "swap-move", images: 2, maxAlign: 8, maxSectors: 128, trailer: "current" };

/** The board with its flash; `start` is power on. */
function board(flash = new BoardFlash(guideLayout), cause = 0) {
	const lines: string[] = [];
	const watchdogs: number[] = [];
	const clock = new BoardClock(0);
	const wires = (uart: BoardUart, reset: () => void) => ({
		flash,
		uart,
		timers: new BoardTimers(),
		clock,
		digest: nobleDigest,
		codec: scriptCodec,
		resetCause: cause,
		watchdog: (ms: number) => {
			watchdogs.push(ms);
			return ms <= 60_000;
		},
		reset,
		log: (line: string) => void lines.push(line),
	});
	return {
		flash,
		lines,
		watchdogs,
		clock,
		/** Starts the application; `restarted` settles when it resets the chip. */
		start(uart = new BoardUart()) {
			let reset = () => {};
			const restarted = new Promise<void>((resolve) => {
				reset = resolve;
			});
			const host = new RtlHost(wires(uart, reset));
			startAgent(host, { layout: guideLayout, boot, confirm: "smp", buildTime: "Jan  7 2026 11:52:35" });
			return { host, uart, restarted, client: new SmpClient(consoleLink(uart.line)) };
		},
		/** What MCUboot does at a reset. */
		swap() {
			const map = FlashMap.open(guideLayout, (path) => flash.open({ path }));
			const result = new Loader(
				map,
				{
					...boot,
					signature: "none",
					keys: [],
					validatePrimary: true,
					downgradePrevention: "none",
					hwRollback: false,
					bootstrap: false,
					tlvAllowList: false,
					versionCmpBuildNumber: false,
				},
				{ digest: nobleDigest, log: () => {}, securityCounters: { get: () => 0, set: () => {} } },
			).boot();
			assert.ok(result.ok, result.reason);
			return result.images.map(({ action }) => action);
		},
		/** Programs an image as a flash tool does. */
		program(label: string, file: Uint8Array) {
			flash.memory.set(file, guideLayout.areas.find((area) => area.label === label)!.offset);
		},
	};
}

const states = (images: readonly { version: string; active: boolean; confirmed: boolean; pending: boolean }[]) =>
	images.map(({ version, active, confirmed, pending }) =>
		[version, active && "active", confirmed && "confirmed", pending && "pending"].filter(Boolean).join(" "),
	);

describe("RTL8721F host", () => {
	it("goes from an upload in odd chunks through a trial to a confirmed update", async () => {
		const device = board();
		device.program("image-0", update("0.0.0", 20_000).file);
		device.program("image-2", update("0.0.0", 9_000).file);
		assert.deepEqual(device.swap(), ["none", "none"]);
		const first = device.start();
		assert.deepEqual(states(await first.client.images()), ["0.0.0 active confirmed", "0.0.0 active confirmed"]);

		const { file, hash } = update("0.0.1", 7_777);
		const sha = createHash("sha256").update(file).digest();
		const sizes = [33, 1, 2, 3, 130, 7, 255, 256, 257];
		for (let off = 0, turn = 0; off < file.length; turn++) {
			const head = off === 0 ? { image: 0, len: file.length, sha } : {};
			const data = file.subarray(off, off + sizes[turn % sizes.length]!);
			const { off: next } = await first.client.request(anyCommand(Op.WRITE, 1, 1), { ...head, off, data });
			assert.strictEqual(next, off + data.length);
			off += data.length;
		}
		const slot = guideLayout.areas.find(({ label }) => label === "image-1")!.offset;
		assert.deepEqual(Buffer.from(device.flash.memory.subarray(slot, slot + file.length)), Buffer.from(file));
		assert.strictEqual(states(await first.client.test(hash))[1], "0.0.1 pending");
		await first.client.reset();
		await first.restarted;

		assert.deepEqual(device.swap(), ["test", "none"]);
		const second = device.start();
		assert.deepEqual(states(await second.client.images()).slice(0, 2), ["0.0.1 active", "0.0.0 confirmed"]);
		await second.client.confirm();
		await second.client.reset();
		await second.restarted;
		assert.deepEqual(device.swap(), ["none", "none"]);
		assert.strictEqual(states(await device.start().client.images())[0], "0.0.1 active confirmed");
		assert.ok(device.lines.includes("<inf> smp_sample: image 0: version 0.0.1, on trial"));
	});

	it("takes the client's full packets, and a reverted update stays away", async () => {
		const device = board();
		device.program("image-0", update("0.0.0", 20_000).file);
		device.program("image-2", update("0.0.0", 9_000).file);
		const { client, restarted } = device.start();
		const { file, hash } = update("0.0.1", 30_001);
		await client.upload(file, { image: 0 });
		await client.test(hash);
		await client.reset();
		await restarted;
		assert.deepEqual(device.swap(), ["test", "none"]);
		assert.deepEqual(device.swap(), ["revert", "none"]);
		assert.strictEqual(states(await device.start().client.images())[0], "0.0.0 active confirmed");
	});

	it("passes the flash conformance suite", () => {
		const layout = { ...guideLayout, areas: [{ id: 9, label: "storage", offset: 0x250000, size: 0x6000 }] };
		const host = new RtlHost({
			flash: new BoardFlash(layout),
			timers: new BoardTimers(),
			clock: new BoardClock(0),
			digest: nobleDigest,
			codec: scriptCodec,
			resetCause: 0,
			watchdog: () => false,
			reset: () => {},
			log: () => {},
		});
		const broken: unknown[] = [];
		flashConformance(
			() => host.flash("storage"),
			(result) => {
				if (result.error !== undefined) broken.push(result);
			},
		);
		assert.deepEqual(broken, []);
	});

	it("says in the contract's words that a partition is missing", () => {
		assert.throws(
			() => board().start().host.flash("image-9"),
			(error: Error) => error instanceof RangeError && /no flash partition "image-9"/.test(error.message),
		);
	});

	it("has a link for each device that the board has", () => {
		const parts = {
			flash: new BoardFlash(guideLayout),
			timers: new BoardTimers(),
			clock: new BoardClock(0),
			digest: nobleDigest,
			codec: scriptCodec,
			resetCause: 0,
			watchdog: () => false,
			reset: () => {},
			log: () => {},
		};
		const links = (devices: RtlDevices) =>
			new RtlHost(devices)
				.links({ size: 1024, datagram: 1500 })
				.map(({ name, transport }) => `${name} ${transport.maxPacket}`);
		const udp = new BoardUdp();
		assert.deepEqual(links(parts), []);
		assert.deepEqual(links({ ...parts, uart: new BoardUart() }), ["uart 1024"]);
		assert.deepEqual(links({ ...parts, udp }), ["udp 1500"]);
		assert.deepEqual(links({ ...parts, uart: new BoardUart(), udp }), ["uart 1024", "udp 1500"]);
	});

	it("counts up where the port's counter turns negative and wraps", () => {
		const { clock, start } = board();
		const { host } = start();
		assert.strictEqual(host.uptime(), 0);
		for (const days of [20, 40, 60, 80, 100]) {
			clock.pass(20 * 86_400_000);
			assert.strictEqual(host.uptime(), days * 86_400_000);
		}
	});

	it("cancels timers that run and leaves alone those that have elapsed", async () => {
		const { host } = board().start();
		let elapsed = "";
		const late = host.after(1, () => {
			elapsed += "late";
			late.cancel();
		});
		const never = host.after(1, () => {
			elapsed += "never";
		});
		never.cancel();
		never.cancel();
		await new Promise<void>((resolve) => void host.after(20, resolve));
		late.cancel();
		assert.strictEqual(elapsed, "late");
	});

	const causes: [number, StartReason][] = [
		[0, { cause: "unknown" }],
		[1 << 0, { cause: "pin" }],
		[1 << 1, { cause: "software" }],
		[1 << 2, { cause: "power", words: "brownout" }],
		[1 << 3, { cause: "power" }],
		[(1 << 3) | (1 << 0), { cause: "power" }],
		[(1 << 4) | (1 << 1), { cause: "watchdog" }],
		[1 << 8, { cause: "crash", words: "CPU lockup" }],
		[1 << 12, { cause: "unknown" }],
	];
	for (const [bits, reason] of causes)
		it(`tells Zephyr's reset cause 0x${bits.toString(16)} as ${startWords(reason)}`, () => {
			assert.deepEqual(board(undefined, bits).start().host.startReason(), reason);
		});

	it("sets the watchdog, and says when it cannot", () => {
		const { lines, watchdogs, start } = board();
		const { host } = start();
		const before = lines.length;
		host.watchdog(30_000);
		assert.deepEqual(lines.slice(before), []);
		host.watchdog(600_000);
		assert.deepEqual(watchdogs, [30_000, 600_000]);
		assert.deepEqual(lines.slice(before), ["<wrn> smp_sample: the watchdog cannot be set"]);
	});
});

describe("RTL8721F UART", () => {
	/** Collects `length` bytes from the line. */
	const collect = (uart: BoardUart, length: number): Promise<Uint8Array> =>
		new Promise((resolve) => {
			const got: number[] = [];
			uart.line.onBytes = (bytes) => {
				got.push(...bytes);
				if (got.length >= length) resolve(Uint8Array.from(got));
			};
		});
	const bytes = (length: number, seed = 0) => Uint8Array.from({ length }, (_, i) => (i * 7 + (i >> 8) + seed) & 0xff);

	it("drops whole writes when nobody reads, and goes on with what it kept", async () => {
		const uart = new BoardUart();
		const stream = new RtlUart(uart);
		await new Promise(setImmediate);
		uart.reading = false;
		const kept = [bytes(1400, 1), bytes(1400, 2)];
		for (const part of kept) assert.equal(stream.write(part), true);
		assert.equal(stream.write(bytes(1400, 3)), false);
		const got = collect(uart, 2800);
		uart.resume();
		assert.deepEqual(Buffer.from(await got), Buffer.concat(kept));
		const later = collect(uart, 10);
		stream.write(bytes(10, 4));
		assert.deepEqual(await later, bytes(10, 4));
	});

	it("opens the UART at the guide's speed", () => {
		const uart = new BoardUart();
		const stream = new RtlUart(uart);
		assert.strictEqual(uart.baud, 115200);
		stream.close();
		assert.strictEqual(uart.baud, 0);
	});

	it("hands on all that arrived, in parts no longer than its buffer", async () => {
		const uart = new BoardUart();
		const stream = new RtlUart(uart);
		const wanted = bytes(3000);
		const got: number[] = [];
		let longest = 0;
		const done = new Promise<void>((resolve) => {
			stream.onBytes = (part) => {
				longest = Math.max(longest, part.length);
				got.push(...part);
				if (got.length === wanted.length) resolve();
			};
		});
		uart.line.write(wanted);
		await done;
		assert.deepEqual(Uint8Array.from(got), wanted);
		assert.ok(longest <= 256);
	});
});

describe("RTL8721F UDP", () => {
	it("answers each datagram to its sender, and loses what cannot be sent", () => {
		const udp = new BoardUdp();
		const socket = new RtlUdp(udp);
		socket.onDatagram = (bytes, peer) => socket.send(Uint8Array.of(bytes[0]! + 1), peer);
		udp.deliver(Uint8Array.of(1), "192.0.2.1", 4000);
		udp.deliver(Uint8Array.of(2), "192.0.2.2", 4001);
		udp.unreachable = true;
		udp.deliver(Uint8Array.of(3), "192.0.2.3", 4002);
		assert.deepEqual(
			udp.sent.map(({ bytes, address, port }) => [...bytes, address, port]),
			[
				[2, "192.0.2.1", 4000],
				[3, "192.0.2.2", 4001],
			],
		);
		socket.close();
		assert.strictEqual(socket.onDatagram, undefined);
	});
});
