import assert from "node:assert";
import { INSTALLER_GROUP, InstallerCommand } from "../../apps/own-update/installer.js";
import { SmpClient } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { Op } from "../../modules/smp/header.js";
import { freshDirectory, type Machine, Simulator } from "../../tools/simulator.js";
import { type Update, update } from "../clients/images.js";
import { describeWith } from "../support/tools.js";

// The application that installs updates itself, through embedded:update.

/** Bytes of the file in a request. */
const PIECE = 700;

/** A device that runs the application, and a client. */
class Device {
	readonly simulator: Simulator;
	readonly client: SmpClient;

	private constructor(simulator: Simulator, client: SmpClient) {
		this.simulator = simulator;
		this.client = client;
	}

	static async start(machine: Machine, ...options: string[]): Promise<Device> {
		const all = ["--images", "1", "--app", "own-update", ...options];
		const simulator = await Simulator.start(all, freshDirectory(), machine);
		return new Device(
			simulator,
			new SmpClient(machine === "sim" ? udpLink(simulator.udp) : serialLink(simulator.serial)),
		);
	}

	async stop(): Promise<void> {
		this.client.close();
		await this.simulator.stop();
	}

	ask(command: number, fields: Record<string, unknown> = {}) {
		return this.client.request(anyCommand(Op.WRITE, INSTALLER_GROUP, command), fields);
	}

	/** What the device says when it refuses a request. */
	async refusal(command: number, fields: Record<string, unknown> = {}): Promise<string> {
		return this.ask(command, fields).then(
			() => "nothing was refused",
			(error: { reason?: string }) => String(error.reason),
		);
	}

	/** Hands a file to the application, its pieces in order, or every other one first. */
	async install({ file }: Pick<Update, "file">, scattered = false): Promise<void> {
		await this.ask(InstallerCommand.OPEN, { length: file.length, scattered });
		const pieces = Array.from({ length: Math.ceil(file.length / PIECE) }, (_, i) => i * PIECE);
		if (scattered) pieces.sort((a, b) => ((a / PIECE) % 2) - ((b / PIECE) % 2) || a - b);
		for (const at of pieces) {
			const data = file.subarray(at, at + PIECE);
			await this.ask(InstallerCommand.WRITE, scattered ? { data, offset: at } : { data });
		}
	}

	async restart(): Promise<string> {
		await this.client.reset();
		const boot = await this.simulator.next("boot");
		const [image] = boot["images"] as { action: string; version: string; confirmed: boolean }[];
		return `${image!.action}: ${image!.version} ${image!.confirmed ? "confirmed" : "on trial"}`;
	}
}

function describeBoard(machine: Machine, ...modes: readonly string[]): void {
	for (const mode of modes)
		it(`installs, reverts, and keeps what is confirmed, swap using ${mode}`, async () => {
			const device = await Device.start(machine, "--mode", mode);
			const next = update("0.1.0", 9_000);
			await device.install(next);
			await device.ask(InstallerCommand.COMPLETE);
			await device.ask(InstallerCommand.CLOSE);
			assert.equal(await device.restart(), "test: 0.1.0 on trial");
			assert.match(await device.refusal(InstallerCommand.OPEN), /^the running image is on trial/);
			assert.equal(await device.restart(), "revert: 0.0.0 confirmed");
			await device.install(next, true);
			await device.ask(InstallerCommand.COMPLETE);
			assert.equal(await device.restart(), "test: 0.1.0 on trial");
			await device.client.confirm();
			assert.equal(await device.restart(), "none: 0.1.0 confirmed");
			await device.stop();
		});

	it("tells why it refuses a file", async () => {
		const device = await Device.start(machine);
		const file = update("0.1.0", 4_000).file.slice();
		assert.equal(await device.refusal(InstallerCommand.WRITE, { data: file.subarray(0, PIECE) }), "no update is open");
		file[2000]! ^= 1;
		await device.install({ file });
		assert.match(await device.refusal(InstallerCommand.COMPLETE), /^the image is damaged/);
		await device.ask(InstallerCommand.CLOSE);
		assert.equal(await device.restart(), "none: 0.0.0 confirmed");
		await device.stop();
	});
}

describe("own-update on the simulator", () => {
	describeBoard("sim", "move", "offset");

	it("looks at signatures, if the board does", async () => {
		const device = await Device.start("sim", "--verify", "signature");
		const forged = update("0.1.0", 4_000).file.slice();
		forged[forged.length - 3]! ^= 1;
		await device.install({ file: forged });
		assert.match(await device.refusal(InstallerCommand.COMPLETE), /no good signature by a trusted key/);
		await device.install(update("0.1.0", 4_000));
		await device.ask(InstallerCommand.COMPLETE);
		assert.equal(await device.restart(), "test: 0.1.0 on trial");
		await device.stop();
	});

	it("is not in the way of clients, nor they in its own", async () => {
		const device = await Device.start("sim");
		const { file, hash } = update("0.2.0", 9_000);
		await device.ask(InstallerCommand.OPEN);
		await assert.rejects(device.client.upload(file), /the application is installing an update itself/);
		await device.install(update("0.1.0", 4_000));
		await device.ask(InstallerCommand.COMPLETE);
		await device.ask(InstallerCommand.CLOSE);
		await device.client.upload(file);
		await device.client.test(hash);
		assert.equal(await device.restart(), "test: 0.2.0 on trial");
		await device.stop();
	});

	it("does not let an upload go on in what it has written", async () => {
		const device = await Device.start("sim");
		const { file } = update("0.2.0", 40_000);
		let sent = 0;
		await assert.rejects(
			device.client.upload(file, {
				onProgress: (offset) => {
					sent = offset;
					if (offset > 20_000) throw new Error("enough");
				},
			}),
			/enough/,
		);
		assert.ok(sent > 20_000);
		await device.install(update("0.1.0", 4_000));
		await device.ask(InstallerCommand.CLOSE);
		await device.restart();
		assert.equal((await device.client.upload(file)).resumed, 0);
		await device.stop();
	});
});

describeWith("arm-none-eabi-gcc", "own-update on a Cortex-M55", () => {
	describeWith("qemu-system-arm", "on the board mps3-an547", () => describeBoard("mps3", "offset"));
});
