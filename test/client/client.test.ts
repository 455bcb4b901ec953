import assert from "node:assert";
import { SmpClient, type SmpResponseError } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import type { Link } from "../../client/link.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { SmpError } from "../../modules/smp/errors.js";
import { imageGroup } from "../../modules/smp/group/image/image.js";
import { osGroup } from "../../modules/smp/group/os.js";
import { clockCommand, taskCommand, uptimeClock } from "../../modules/smp/group/os-commands.js";
import { HEADER_SIZE, readHeader } from "../../modules/smp/header.js";
import { SmpServer } from "../../modules/smp/server.js";
import { image, TestFlash } from "../unit/smp/support.js";
import { LossyLink, localLink } from "./links.js";

const OLD = image(1500, [1, 0, 0], 1);
const NEW = image(9000, [2, 0, 0], 2);
const hashOf = (file: Uint8Array): string => Buffer.from(file.subarray(-32)).toString("hex");

/** A device with OLD in its first slot. */
class Device {
	flash = new TestFlash();
	server!: SmpServer;
	/** Offsets at which data was written. */
	readonly written: number[] = [];
	mayWrite: (offset: number) => void = () => {};
	resets = 0;
	readonly buffers: { readonly size: number; readonly count: number } | undefined;

	constructor(buffers: { size: number; count: number } | undefined = { size: 400, count: 5 }) {
		this.buffers = buffers;
		this.flash.primary.set(OLD);
		this.restart();
	}

	/** RAM is lost, flash is not. */
	restart(): void {
		this.server = new SmpServer({
			bufferSize: 512,
			verbose: true,
			groups: [
				osGroup({
					reset: () => this.resets++,
					bootloader: { name: "MCUboot", mode: 3 },
					info: { s: "kernel", n: "node", r: "r", v: "v", m: "m", p: "p", i: "i", o: "o" },
					commands: {
						...taskCommand(() => ({ main: { prio: 1, tid: 2, state: 3, stkuse: 4, stksiz: 5 } })),
						...clockCommand(uptimeClock(() => 0)),
					},
					...(this.buffers ? { buffers: this.buffers } : {}),
				}),
				imageGroup({
					boot: this.flash.boot,
					digest: nobleDigest,
					mayWrite: ({ offset }) => {
						this.mayWrite(offset);
						this.written.push(offset);
					},
				}),
			],
		});
	}

	link(): Link {
		return localLink({ receive: (packet, reply) => this.server.receive(packet, reply) });
	}

	/** Asserts that the second slot holds this file. */
	holds(file: Uint8Array): void {
		assert.deepEqual(this.flash.secondary.subarray(0, file.length), file);
	}
}

const clientOf = (link: Link): SmpClient => new SmpClient(link, { timeout: 20, tries: 6 });

describe("client", () => {
	let device: Device;
	let client: SmpClient;
	beforeEach(() => {
		device = new Device();
		client = clientOf(device.link());
	});
	afterEach(() => client.close());

	it("asks everything of the OS group", async () => {
		assert.equal(await client.echo("grüße"), "grüße");
		assert.deepEqual(await client.parameters(), { bufferSize: 400, bufferCount: 5 });
		assert.equal(await client.info(), "kernel");
		assert.equal(await client.info("sn"), "kernel node");
		assert.equal(await client.bootloader(), "MCUboot");
		assert.deepEqual(await client.bootloaderMode(), { mode: 3, noDowngrade: false });
		await client.setDateTime("2026-01-02T03:04:05");
		assert.equal(await client.dateTime(), "2026-01-02T03:04:05");
		assert.deepEqual(await client.tasks(), [{ name: "main", priority: 1, state: 3, stackUsed: 4, stackSize: 5 }]);
		await client.reset({ force: true });
		assert.equal(device.resets, 1);
	});

	it("asks everything of the image group", async () => {
		await client.upload(NEW);
		const pending = (await client.test(hashOf(NEW))).map(({ version, pending }) => [version, pending]);
		assert.deepEqual(pending, [
			["1.0.0", false],
			["2.0.0", true],
		]);
		await client.erase();
		assert.deepEqual(
			(await client.images()).map(({ hash }) => hash),
			[hashOf(OLD)],
		);
		const slots = await client.slots();
		assert.deepEqual(
			slots.map(({ image, slot, size, uploadImage }) => [image, slot, size, uploadImage]),
			[
				[0, 0, 16384, undefined],
				[0, 1, 16384, 0],
			],
		);
		assert.equal((await client.confirm())[0]!.confirmed, true);
	});

	it("says in words what the device refuses", async () => {
		await assert.rejects(client.erase(9), (error: SmpResponseError) => {
			assert.equal(error.message, "the device refuses the erase: the flash cannot be opened (image group error 10)");
			assert.deepEqual([error.group, error.code], [1, 10]);
			return true;
		});
		await assert.rejects(client.request(anyCommand(2, 77, 5)), {
			message: "the device refuses command 5 of group 77: it has no such command (rc 8): there is no such command",
		});
	});

	it("says when nobody answers", async () => {
		const nobody: Link = { onPacket: undefined, send: () => {}, close: () => {} };
		const lonely = new SmpClient(nobody, { timeout: 1, tries: 2 });
		await assert.rejects(lonely.images(), { message: "no answer to the image state after 2 tries" });
		await assert.rejects(lonely.reset(), { message: "no answer to the reset after 1 try" });
	});

	it("falls back to the original protocol", async () => {
		const versions: number[] = [];
		const link = device.link();
		const send = link.send.bind(link);
		link.send = (packet) => {
			const { version } = readHeader(packet);
			versions.push(version);
			if (version === 0) return send(packet);
			const answer = new Uint8Array([...packet.slice(0, HEADER_SIZE), 0xa1, 0x62, 0x72, 0x63, 13]);
			answer[0]! += 1;
			answer[3] = 5;
			setImmediate(() => link.onPacket?.(answer));
		};
		const old = clientOf(link);
		assert.equal(await old.echo("a"), "a");
		assert.equal(await old.echo("b"), "b");
		assert.deepEqual(versions, [1, 0, 0]);
		await assert.rejects(old.erase(9), /the device refuses the erase: .* \(rc \d\): there is no slot 9$/);
	});

	it("takes no answer that is not to its request", async () => {
		const link = device.link();
		const send = link.send.bind(link);
		link.send = (packet) => {
			for (const [at, value] of [
				[0, 0x0b],
				[5, 1],
				[6, packet[6]! + 1],
				[7, 1],
			] as const) {
				const wrong = packet.slice();
				wrong[0]! += 1;
				wrong[at] = value;
				if (at !== 0) link.onPacket?.(wrong);
			}
			link.onPacket?.(new Uint8Array(3));
			send(packet);
		};
		assert.equal(await clientOf(link).echo("mine"), "mine");
	});

	it("says when an answer cannot be read", async () => {
		const link = device.link();
		link.send = (packet) => {
			const answer = new Uint8Array([...packet.slice(0, HEADER_SIZE), 0x5f]);
			answer[0]! += 1;
			answer[3] = 1;
			setImmediate(() => link.onPacket?.(answer));
		};
		await assert.rejects(clientOf(link).echo("x"), { message: "the device's answer to the echo cannot be read" });
	});
});

describe("client: upload", () => {
	it("fills the packets and keeps several on their way", async () => {
		const device = new Device();
		const link = device.link();
		let open = 0;
		let most = 0;
		const send = link.send.bind(link);
		const client = clientOf({
			...link,
			send: (packet) => {
				assert.ok(packet.length <= 400 && packet.length > 0);
				most = Math.max(most, ++open);
				send(packet);
			},
			set onPacket(handler: Link["onPacket"]) {
				link.onPacket = (packet) => {
					open--;
					handler?.(packet);
				};
			},
			get onPacket() {
				return link.onPacket;
			},
		});
		const progress: number[] = [];
		const result = await client.upload(NEW, { onProgress: (offset) => progress.push(offset) });
		device.holds(NEW);
		assert.equal(most, 4, "one buffer is left for the answer");
		assert.deepEqual([result.match, result.resumed, result.repeated], [true, 0, 0]);
		assert.equal(result.requests, Math.ceil((NEW.length + 60) / 368));
		assert.equal(progress.at(-1), NEW.length);
		assert.deepEqual(
			progress,
			[...progress].sort((a, b) => a - b),
		);
	});

	it("needs no answer to the question for buffers", async () => {
		const device = new Device(undefined);
		const result = await clientOf(device.link()).upload(NEW);
		device.holds(NEW);
		assert.equal(result.match, true);
	});

	it("goes on where an upload broke off", async () => {
		const device = new Device();
		let gone = false;
		const link = device.link();
		const send = link.send.bind(link);
		link.send = (packet) => {
			if (!gone) send(packet);
		};
		const first = new SmpClient(link, { timeout: 5, tries: 2 });
		const broken = first.upload(NEW, {
			onProgress: (offset) => {
				gone = offset > 4000;
			},
		});
		await assert.rejects(broken, { message: "no answer to the upload after 2 tries" });
		const before = device.written.length;
		const result = await clientOf(device.link()).upload(NEW);
		assert.ok(result.resumed > 4000 && result.resumed < NEW.length);
		assert.equal(Math.min(...device.written.slice(before)), result.resumed);
		device.holds(NEW);
	});

	it("starts again when the device forgets the upload", async () => {
		const device = new Device();
		const offsets: number[] = [];
		let restarted = false;
		const result = await clientOf(device.link()).upload(NEW, {
			onProgress: (offset) => {
				offsets.push(offset);
				if (offset > 5000 && !restarted) {
					restarted = true;
					device.restart();
				}
			},
		});
		assert.equal(result.match, true);
		assert.equal(offsets.filter((offset, i) => offset < (offsets[i - 1] ?? 0)).length, 1, offsets.join());
		device.holds(NEW);
	});

	it("knows a file that the device has", async () => {
		const device = new Device();
		await clientOf(device.link()).upload(NEW);
		const { resumed, requests, match } = await clientOf(device.link()).upload(NEW);
		assert.deepEqual({ resumed, requests, match }, { resumed: NEW.length, requests: 1, match: true });
	});

	it("gives up with the device's words, and when the device goes round in circles", async () => {
		const device = new Device();
		device.mayWrite = (offset) => {
			if (offset > 3000) throw new SmpError(11, "not today");
		};
		await assert.rejects(clientOf(device.link()).upload(NEW), /access is denied \(rc 11\): not today$/);
		device.mayWrite = (offset) => {
			if (offset > 3000) device.restart();
		};
		await assert.rejects(
			clientOf(device.link()).upload(NEW),
			/^Error: the upload does not get beyond \d+ of 9000 bytes$/,
		);
		await assert.rejects(clientOf(device.link()).upload(NEW.slice(1)), /no MCUboot image/);
	});

	const lines: [string, ConstructorParameters<typeof LossyLink>[2]][] = [
		["loses packets", { dropped: 10 }],
		["doubles packets", { doubled: 30 }],
		["reorders packets", { late: 30 }],
		["does all of it", { dropped: 8, doubled: 8, late: 15 }],
	];
	for (const [what, losses] of lines)
		it(`arrives over a line that ${what}`, async () => {
			for (let seed = 1; seed <= 12; seed++) {
				const device = new Device();
				const link = new LossyLink(device.link(), seed, losses);
				const result = await clientOf(link).upload(NEW);
				assert.equal(result.match, true, `seed ${seed}`);
				device.holds(NEW);
				assert.ok(link.sent < 200, `seed ${seed}: ${link.sent} packets`);
			}
		});
});
