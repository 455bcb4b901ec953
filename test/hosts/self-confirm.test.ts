import assert from "node:assert";
import { SmpClient } from "../../client/client.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import type { AgentOptions } from "../../modules/agent/agent.js";
import { extendPlainly, starter } from "../../modules/agent/application.js";
import type { Host } from "../../modules/agent/host.js";
import { selfConfirm } from "../../modules/agent/trial.js";
import { BootUtil } from "../../modules/bootutil/bootutil.js";
import type { BootConfig } from "../../modules/bootutil/config.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { FlashMap } from "../../modules/flash/map.js";
import { NorPartition } from "../../modules/flash/nor.js";
import type { DatagramSocket } from "../../modules/smp/transport/stream.js";
import { DatagramTransport } from "../../modules/smp/transport/udp.js";
import { freshDirectory, type Machine, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { describeWith } from "../support/tools.js";

// The application that confirms its update itself, or goes back.

function describeBoard(machine: Machine): void {
	/** A device with an update on trial, right after the boot that installed it. */
	async function onTrial(trial: string) {
		const options = ["--images", "1", "--app", "self-confirm", "--trial", trial];
		const simulator = await Simulator.start(options, freshDirectory(), machine);
		const client = new SmpClient(machine === "sim" ? udpLink(simulator.udp) : serialLink(simulator.serial));
		const { file, hash } = update("0.0.1", 9_000);
		await client.upload(file);
		await client.test(hash);
		await client.reset();
		const boot = await simulator.next("boot");
		assert.deepEqual(boot["images"], [
			{ image: 0, version: "0.0.1", action: "test", resumed: false, confirmed: false },
		]);
		return { simulator, client };
	}
	const log = (simulator: Simulator, line: RegExp) =>
		simulator.next("log", (event) => line.test(String(event["line"])));
	const running = async (client: SmpClient) => {
		const active = (await client.images()).find((image) => image.active)!;
		return `${active.version} ${active.confirmed ? "confirmed" : "on trial"}`;
	};

	it("confirms an update that a client reaches", async () => {
		const { simulator, client } = await onTrial("3600");
		assert.strictEqual(await client.echo("hello"), "hello");
		await log(simulator, /self_confirm: image 0 is confirmed/);
		assert.strictEqual(await running(client), "0.0.1 confirmed");
		await simulator.pressReset();
		assert.strictEqual(await running(client), "0.0.1 confirmed");
		client.close();
		await simulator.stop();
	});

	it("goes back when no client comes", async () => {
		const { simulator, client } = await onTrial("1");
		await log(simulator, /self_confirm: not within 1 s: client; reset, to go back/);
		assert.strictEqual((await simulator.next("reset"))["by"], "application");
		const boot = await simulator.next("boot");
		assert.deepEqual(boot["images"], [
			{ image: 0, version: "0.0.0", action: "revert", resumed: false, confirmed: true },
		]);
		assert.strictEqual(await running(client), "0.0.0 confirmed");
		client.close();
		await simulator.stop();
	});

	it("does not take a request for a reset as a sign of life", async () => {
		const { simulator, client } = await onTrial("3600");
		await client.reset();
		const boot = await simulator.next("boot");
		assert.strictEqual((boot["images"] as { action: string }[])[0]!.action, "revert");
		client.close();
		await simulator.stop();
	});
}

describe("self-confirm on the simulator", () => {
	describeBoard("sim");

	for (const [what, options, sentence] of [
		["--trial without it", ["--trial", "5"], "--trial needs --app self-confirm."],
		["--confirm with it", ["--app", "self-confirm", "--confirm", "self"], "--confirm is not for --app self-confirm."],
	] as const)
		it(`refuses ${what}`, async () => {
			const directory = freshDirectory();
			const simulator = Simulator.spawn(options, directory);
			assert.strictEqual(await simulator.exited, 2);
			assert.strictEqual(simulator.errors.trim(), sentence);
			await simulator.stop();
		});
});

describeWith("arm-none-eabi-gcc", "self-confirm on a Cortex-M55", () => {
	describeWith("qemu-system-arm", "on the board mps3-an547", () => describeBoard("mps3"));
});

describe("self-confirm", () => {
	const boot: BootConfig = { mode: "swap-move", images: 1, maxAlign: 8, maxSectors: 128, trailer: "current" };
	const SLOT = 0x8000;
	const area = (id: number, offset: number) => ({ id, label: `image-${id - 1}`, offset, size: SLOT });
	const layout = { name: "test", size: 2 * SLOT, sectorSize: 4096, writeAlign: 4, areas: [area(1, 0), area(2, SLOT)] };

	/** A device on trial whose time the test turns. */
	function device({ early = false } = {}) {
		const memory = [new Uint8Array(SLOT).fill(0xff), new Uint8Array(SLOT).fill(0xff)];
		memory[0]!.set(update("0.0.1", 9_000).file);
		let stuck = false;
		const open = (label: string) => {
			const nor = new NorPartition(memory[Number(label.at(-1))]!, layout);
			const write = nor.write.bind(nor);
			nor.write = (bytes, offset) => {
				if (stuck) throw new Error("the chip does not answer");
				write(bytes, offset);
			};
			return nor;
		};
		// A swap for a test leaves magic and copy_done in the primary slot.
		const util = new BootUtil(FlashMap.open(layout, open), boot);
		const trailer = util.trailer(util.map.slot(0, "primary"));
		trailer.writeCopyDone();
		trailer.writeMagic();
		let now = 0;
		let resets = 0;
		let timers: { readonly at: number; readonly callback: () => void }[] = [];
		const lines: string[] = [];
		const socket: DatagramSocket = { onDatagram: undefined, send: () => {}, close: () => {} };
		const host: Host = {
			board: "test",
			digest: nobleDigest,
			flash: open,
			links: ({ datagram }) => [{ name: "udp", transport: new DatagramTransport(socket, { maxPacket: datagram }) }],
			uptime: () => now,
			after: (ms, callback) => {
				const timer = { at: now + (early ? ms / 2 : ms), callback };
				timers.push(timer);
				return {
					cancel: () => {
						timers = timers.filter((each) => each !== timer);
					},
				};
			},
			reset: () => {
				resets++;
			},
			log: (line) => void lines.push(line),
		};
		return {
			memory,
			lines,
			start: () => {
				const options: AgentOptions = { layout, boot, confirm: "smp", buildTime: "Jan  7 2026 11:52:35" };
				selfConfirm({ host, options, trial: 30_000, start: starter(host, options, extendPlainly) });
			},
			/** Lets time pass, up to and including `until`. */
			run(until: number) {
				for (;;) {
					timers.sort((a, b) => a.at - b.at);
					const next = timers[0];
					if (!next || next.at > until) break;
					timers.shift();
					now = Math.max(now, next.at);
					next.callback();
				}
				now = until;
			},
			/** A client's echo. */
			greet: () =>
				socket.onDatagram?.(Uint8Array.of(0x0a, 0, 0, 5, 0, 0, 1, 0, 0xa1, 0x61, 0x64, 0x61, 0x78), "client"),
			breakFlash: () => {
				stuck = true;
			},
			confirmed: () => util.boot_is_img_confirmed(),
			resets: () => resets,
		};
	}
	const last = (lines: readonly string[]) => lines.at(-1)!;

	it("confirms once all checks have passed, and no sooner", () => {
		const { start, run, greet, confirmed, resets, lines } = device();
		start();
		greet();
		assert.ok(!confirmed());
		run(99);
		assert.ok(!confirmed());
		run(100);
		assert.ok(confirmed());
		assert.strictEqual(last(lines), "<inf> self_confirm: image 0 is confirmed");
		run(100_000);
		assert.strictEqual(resets(), 0);
	});

	it("waits for a client until time is up, then resets once", () => {
		const { start, run, greet, confirmed, resets, lines } = device();
		start();
		run(29_999);
		assert.strictEqual(resets(), 0);
		run(30_000);
		assert.strictEqual(resets(), 1);
		assert.match(last(lines), /not within 30 s: client; reset/);
		greet();
		run(100_000);
		assert.strictEqual(resets(), 1);
		assert.ok(!confirmed());
	});

	it("resets at once when the running image is not the one that was signed", () => {
		const { start, run, greet, memory, confirmed, resets, lines } = device();
		memory[0]![0x200 + 8_999]! ^= 1;
		start();
		greet();
		run(1_000);
		assert.strictEqual(resets(), 1);
		assert.match(last(lines), /flash: the image in image-0 is not the one that was signed; reset/);
		assert.ok(!confirmed());
	});

	it("resets when timers fire early", () => {
		const { start, run, greet, confirmed, resets, lines } = device({ early: true });
		start();
		greet();
		run(1_000);
		assert.strictEqual(resets(), 1);
		assert.match(last(lines), /timer: 50 ms instead of 100; reset/);
		assert.ok(!confirmed());
	});

	it("resets when it cannot be confirmed", () => {
		const { start, run, greet, breakFlash, resets, lines } = device();
		start();
		breakFlash();
		greet();
		run(1_000);
		assert.strictEqual(resets(), 1);
		assert.match(last(lines), /image 0 cannot be confirmed: -\d+; reset/);
	});

	it("leaves a confirmed image alone", () => {
		const { start, run, memory, resets, lines } = device();
		memory[0]!.fill(0xff, SLOT - 4096);
		start();
		run(100_000);
		assert.strictEqual(resets(), 0);
		assert.ok(!lines.some((line) => line.includes("self_confirm")));
	});
});
