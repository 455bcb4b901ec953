import assert from "node:assert";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { THERMOSTAT_GROUP } from "../../apps/own-group/thermostat.js";
import { SmpClient } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { consoleLink } from "../../client/console.js";
import { openSerial } from "../../client/node/serial.js";
import { APPLICATION, QEMU } from "../../hosts/mps3/board.js";
import { Op } from "../../modules/smp/header.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import { freshDirectory, Simulator, type SimulatorEvent } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { describeWith, run } from "../support/tools.js";

const IMAGE_GROUP = 1;
const UPLOAD = 1;

/** A packet of version 2 with this payload, whatever it is. */
function packet(op: number, group: number, command: number, payload: Uint8Array): Uint8Array {
	const head = [op | 8, 0, payload.length >> 8, payload.length & 0xff, group >> 8, group & 0xff, 0, command];
	return Uint8Array.from([...head, ...payload]);
}

describeWith("arm-none-eabi-gcc", "firmware for a Cortex-M55", () => {
	describeWith("qemu-system-arm", "on the board mps3-an547", () => {
		for (const mode of ["move", "offset"])
			describe(`the OTA guide's procedure with our own client, swap using ${mode}`, () => {
				let device: Simulator;
				let client: SmpClient;
				const { file, hash } = update("0.0.1", 12_000);

				before(async () => {
					device = await Simulator.start(["--mode", mode, "--images", "1"], freshDirectory(), "mps3");
					client = new SmpClient(consoleLink(openSerial(device.serial, 115200)));
				});
				after(async () => {
					client.close();
					await device.stop();
				});

				const primary = async (): Promise<string> => {
					const [image] = await client.images();
					return `${image!.version} ${image!.confirmed ? "confirmed" : "on trial"}`;
				};
				const reset = async (): Promise<void> => {
					await client.reset();
					await device.next("boot");
				};

				it("takes an update and vouches for what is in flash", async () =>
					assert.equal((await client.upload(file)).match, true));
				it("runs it on trial, and reverts it", async () => {
					await client.test(hash);
					await reset();
					assert.equal(await primary(), "0.0.1 on trial");
					await reset();
					assert.equal(await primary(), "0.0.0 confirmed");
				});
				it("keeps it once it is confirmed", async () => {
					await client.test(hash);
					await reset();
					await client.confirm();
					await device.pressReset();
					assert.equal(await primary(), "0.0.1 confirmed");
				});
				it("has it after a restart of the whole machine", async () => {
					client.close();
					await device.kill();
					device = await Simulator.start(["--mode", mode, "--images", "1"], device.directory, "mps3");
					client = new SmpClient(consoleLink(openSerial(device.serial, 115200)));
					assert.equal(await primary(), "0.0.1 confirmed");
				});
			});

		describe("what comes over the line", () => {
			let device: Simulator;
			let client: SmpClient;
			let send: (bytes: Uint8Array) => void;

			before(async () => {
				device = await Simulator.start(["--images", "1"], freshDirectory(), "mps3");
				const stream = openSerial(device.serial, 115200);
				send = (bytes) => stream.write(bytes);
				// QEMU takes a moment for each byte: 64 KB are seconds.
				client = new SmpClient(consoleLink(stream), { timeout: 30_000 });
			});
			after(async () => {
				client.close();
				await device.stop();
			});
			afterEach("serves on, without a crash", async () => {
				assert.equal(await client.echo("still here"), "still here");
				assert.deepEqual(
					device.events.filter(({ event }) => event === "crash"),
					[],
				);
			});

			for (const [name, byte] of [
				["arrays", 0x81],
				["maps", 0xa1],
				["tags", 0xc1],
			] as const)
				it(`900 nested ${name}`, () =>
					send(encodeConsole(packet(Op.WRITE, IMAGE_GROUP, UPLOAD, new Uint8Array(900).fill(byte)))));
			it("a line of 64 KB", () => send(new Uint8Array(65_537).fill(0x41).fill(0x0a, 65_536)));
			it("a line of 64 KB that begins as a packet does", () => {
				const line = new Uint8Array(65_537).fill(0x41).fill(0x0a, 65_536);
				line.set([0x06, 0x09]);
				send(line);
			});
			it("an upload that announces more than a slot holds", async () => {
				const { file } = update("0.0.1", 2000);
				const fields = { image: 0, len: 0xfffffffe, off: 0, data: file.subarray(0, 512) };
				await assert.rejects(client.request(anyCommand(Op.WRITE, IMAGE_GROUP, UPLOAD), fields));
			});
			it("an upload that begins for ever", async () => {
				const { file } = update("0.0.1", 2000);
				for (let i = 0; i < 100; i++) {
					const fields = { image: 0, len: 400_000 + i, off: 0, data: file.subarray(0, 512) };
					assert.equal((await client.request(anyCommand(Op.WRITE, IMAGE_GROUP, UPLOAD), fields))["off"], 512);
				}
			});
			it("chunks that never fit", async () => {
				for (let i = 0; i < 100; i++) {
					const fields = { off: 100_000 + i, data: new Uint8Array(512) };
					assert.equal((await client.request(anyCommand(Op.WRITE, IMAGE_GROUP, UPLOAD), fields))["off"], 512);
				}
			});
		});

		it("a crash says why in one line, and resets", async () => {
			// The application alone, with a configuration that is no JSON.
			const flash = "/dev/zero";
			const argument = `4096 4096 4 0 ${flash.length} ${flash} nonsense`;
			const qemu = spawn(
				QEMU,
				[
					...["-M", "mps3-an547", "-display", "none", "-serial", "null", "-chardev", "stdio,id=events"],
					...["-semihosting-config", `enable=on,target=native,chardev=events,arg=${argument}`],
					...["-device", `loader,file=${APPLICATION},cpu-num=0`],
				],
				{ stdio: ["ignore", "pipe", "inherit"] },
			);
			const crashes: SimulatorEvent[] = [];
			for await (const line of createInterface({ input: qemu.stdout })) {
				crashes.push(JSON.parse(line) as SimulatorEvent);
				if (crashes.length === 2) break;
			}
			qemu.kill("SIGKILL");
			for (const { event, reason } of crashes) {
				assert.equal(event, "crash");
				assert.match(String(reason), /^uncaught SyntaxError: /);
			}
		});

		it("runs an application with a group of its own", async () => {
			const device = await Simulator.start(["--app", "own-group", "--images", "1"], freshDirectory(), "mps3");
			const client = new SmpClient(consoleLink(openSerial(device.serial, 115200)));
			await client.request(anyCommand(Op.WRITE, THERMOSTAT_GROUP, 1), { room: "hall", target: 21 });
			assert.deepEqual(await client.request(anyCommand(Op.READ, THERMOSTAT_GROUP, 1), { room: "hall" }), {
				target: 21,
			});
			client.close();
			await device.stop();
		});

		it("says what it cannot do", async () => {
			const { status, output } = await run(process.execPath, ["dist/hosts/mps3/cli.js", "--udp", "0"]);
			assert.equal(status, 2);
			assert.equal(output.trim(), 'There is no option "--udp"; --help lists them.');
			const locked = await run(process.execPath, ["dist/hosts/mps3/cli.js", "--app", "locked-down"]);
			assert.equal(locked.status, 2);
			assert.match(
				locked.output,
				/^The application locked-down needs random numbers and an audit log, which this board/,
			);
		});
	});
});
