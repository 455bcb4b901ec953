import assert from "node:assert";
import { type Link, SmpClient, SmpResponseError } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { auditRecords } from "../../client/group/audit.js";
import { groups } from "../../client/group/enumeration.js";
import { closeFile, downloadFile, fileHash, fileHashes, fileSize, uploadFile } from "../../client/group/files.js";
import {
	commitSettings,
	deleteSetting,
	loadSettings,
	readSetting,
	saveSettings,
	writeSetting,
} from "../../client/group/settings.js";
import { runShell } from "../../client/group/shell.js";
import { statistics, statisticsNames } from "../../client/group/statistics.js";
import { bridgeStatus, transportModes, transports, transportsConfiguration } from "../../client/group/transports.js";
import { eraseStorage } from "../../client/group/zephyr.js";
import { GroupError } from "../../modules/smp/errors.js";
import type { Group } from "../../modules/smp/group.js";
import { HEADER_SIZE, Op, readHeader } from "../../modules/smp/header.js";
import { SmpServer } from "../../modules/smp/server.js";
import { random } from "../unit/smp/support.js";
import { FullDevice } from "./full-device.js";
import { LossyLink, localLink } from "./links.js";

const next = random(5);
const FILE = Uint8Array.from({ length: 5000 }, () => next(256));

/** A link that counts how many requests of the file command, of one operation, are on their way at once. */
function watched(link: Link, wanted: number): { readonly link: Link; readonly atOnce: () => number } {
	const waiting = new Set<number>();
	let most = 0;
	const outer: Link = {
		onPacket: undefined,
		send: (packet) => {
			const { op, group, command, sequence } = readHeader(packet);
			if (op === wanted && group === 8 && command === 0) waiting.add(sequence);
			most = Math.max(most, waiting.size);
			link.send(packet);
		},
		close: () => link.close(),
	};
	link.onPacket = (packet) => {
		waiting.delete(readHeader(packet).sequence);
		outer.onPacket?.(packet);
	};
	return { link: outer, atOnce: () => most };
}

/** On a line that loses nothing. A busy machine must not have it send anything again. */
const clientOf = (link: Link): SmpClient => new SmpClient(link, { timeout: 10_000 });

/** On a line that loses packets. */
const hastyClient = (link: Link): SmpClient => new SmpClient(link, { timeout: 20, tries: 8 });

describe("client: the further groups", () => {
	let device: FullDevice;
	let client: SmpClient;
	beforeEach(() => {
		device = new FullDevice();
		client = clientOf(device.link());
	});

	it("a refusal says what the device says of it, which version 2 of the protocol has no place for", async () => {
		await assert.rejects(client.erase(9), (error: SmpResponseError) => {
			assert.equal(
				error.message,
				"the device refuses the erase: the flash cannot be opened (image group error 10): there is no slot 9",
			);
			assert.deepEqual([error.code, error.group, error.reason], [10, 1, "there is no slot 9"]);
			return true;
		});
		// A file for no boot loader: the first packet of an upload, and its own way of failing.
		await assert.rejects(client.upload(new Uint8Array(900)), /no MCUboot image \(image group error 23\)$/);
	});

	it("of requests that are refused at the same time each gets its own sentence, of which the device keeps one", async () => {
		const reasons = await Promise.all(
			[9, 8, 7].map((slot) => client.erase(slot).catch((error: SmpResponseError) => error.reason)),
		);
		assert.deepEqual(reasons, ["there is no slot 9", "there is no slot 8", "there is no slot 7"]);
		const [setting, erase] = await Promise.all([
			readSetting(client, "net/x").catch((error: SmpResponseError) => error.reason),
			client.erase(6).catch((error: SmpResponseError) => error.reason),
		]);
		assert.deepEqual([setting, erase], ['there is no setting "net/x"', "there is no slot 6"]);
	});

	it("a request that is to be sent once is not sent again for its sentence, and gets nobody else's", async () => {
		let sent = 0;
		const link = device.link();
		const { send } = link;
		link.send = (packet) => {
			if (packet[4] === 0 && packet[5] === 1) sent++;
			send.call(link, packet);
		};
		const other = clientOf(link);
		const once = other.erase(9, { tries: 1 }).catch((error: SmpResponseError) => error.reason);
		assert.deepEqual(await Promise.all([once, other.erase(8).catch((error: SmpResponseError) => error.reason)]), [
			undefined,
			"there is no slot 8",
		]);
		assert.equal(sent, 2);
	});

	it("a request that the device takes when it comes again is done", async () => {
		const link = device.link();
		const { send } = link;
		link.send = (packet) => {
			// The question for the sentence: meanwhile somebody else makes the setting.
			if (packet[5] === 66) device.settings.set("net/x", Uint8Array.of(5));
			send.call(link, packet);
		};
		const other = clientOf(link);
		const [value] = await Promise.all([readSetting(other, "net/x"), assert.rejects(other.erase(9), /no slot 9$/)]);
		assert.deepEqual(value, Uint8Array.of(5));
	});

	it("a device that keeps no sentences is asked for one once", async () => {
		const link = new FullDevice({ without: [66] }).link();
		const asked: number[] = [];
		const { send } = link;
		link.send = (packet) => {
			asked.push(packet[5]!);
			send.call(link, packet);
		};
		const stranger = clientOf(link);
		for (let i = 0; i < 3; i++)
			await assert.rejects(stranger.erase(9), {
				message: "the device refuses the erase: the flash cannot be opened (image group error 10)",
			});
		assert.deepEqual(asked, [1, 66, 1, 1]);
	});

	it("statistics", async () => {
		assert.deepEqual(await statisticsNames(client), ["smp", "flash"]);
		assert.deepEqual(await statistics(client, "smp"), { reads: 12, writes: 3 });
		await assert.rejects(statistics(client, "nothing"), {
			message:
				'the device refuses the question for its statistics: there is no such statistic (statistics group error 3): there are no statistics "nothing"',
		});
	});

	it("settings", async () => {
		const value = Uint8Array.of(0, 0xff, 7);
		await writeSetting(client, "net/x", value);
		assert.deepEqual(await readSetting(client, "net/x"), value);
		await commitSettings(client);
		await saveSettings(client);
		await saveSettings(client, "net");
		await loadSettings(client);
		assert.deepEqual(device.events, ["commit", "save undefined", "save net", "load"]);
		await deleteSetting(client, "net/x");
		await assert.rejects(readSetting(client, "net/x"), /the question for the setting: there is no such key/);
		await writeSetting(client, "net/x", value);
		await eraseStorage(client);
		assert.equal(device.settings.size, 0);
	});

	it("shell, whose command lines are sent once", async () => {
		const { output, status } = await runShell(client, ["colours"]);
		assert.deepEqual([output, status], ["\x1b[31mred\x1b[0m\u0007\n", 0]);
		assert.equal((await runShell(client, ["fly", "away"])).status, -8);
		assert.deepEqual(device.events, ["colours", "fly away"]);
		await assert.rejects(runShell(client, []), /the command line: the command line is empty \(shell group error 3\)/);
		let sent = 0;
		const deaf = hastyClient({ onPacket: undefined, send: () => sent++, close: () => {} });
		await assert.rejects(runShell(deaf, ["x"], { timeout: 1, tries: 1 }), /^NoAnswerError: .* after 1 try$/);
		assert.equal(sent, 1);
	});

	it("enumeration, with or without details", async () => {
		const found = await groups(client);
		assert.deepEqual(found[0], { id: 0, name: "os mgmt", handlers: 7 });
		assert.deepEqual(
			found.map(({ id }) => id),
			[0, 1, 2, 3, 8, 9, 11, 63, 65, 66, 10],
		);
		const link = device.link();
		const send = link.send.bind(link);
		// As a server without the command for details.
		link.send = (packet) => {
			const { group, command } = readHeader(packet);
			if (group === 10 && command === 3) packet[7] = 9;
			const { onPacket } = link;
			link.onPacket = (answer) => {
				if (readHeader(answer).command === 9) answer[7] = 3;
				link.onPacket = onPacket;
				onPacket?.(answer);
			};
			send(packet);
		};
		assert.deepEqual(
			(await groups(clientOf(link))).map(({ id, name, handlers }) => [id, name, handlers]),
			found.map(({ id }) => [id, undefined, undefined]),
		);
	});

	it("transports, of a device that makes no bridges", async () => {
		assert.deepEqual(await bridgeStatus(client), { supported: 0, active: 0, bridgedTo: undefined });
		assert.deepEqual(await transports(client), [
			{ id: 0, name: "uart" },
			{ id: 66, name: "tcp" },
		]);
		const refused = "the device refuses the question for the transport's modes";
		await assert.rejects(transportModes(client, 66), {
			message: `${refused}: the transport tells nothing of itself (transport group error 3): tcp joins no bridges`,
		});
		await assert.rejects(transportModes(client, 5), {
			message: `${refused}: there is no such transport (transport group error 4)`,
		});
		const configuration = client.request(transportsConfiguration, { transport: 0, mode: 1 });
		await assert.rejects(configuration, /transport's configuration: the transport tells nothing of itself \(/);
		const incomplete = anyCommand(Op.READ, 11, 8);
		await assert.rejects(client.request(incomplete, { transport: 0 }), /has no such mode \(transport group error 5\)/);
		await assert.rejects(client.request(incomplete), /there is no such transport \(transport group error 4\)/);
		// Zephyr's bridges are made by writes.
		await assert.rejects(client.request(anyCommand(Op.WRITE, 11, 0), { transport: 66 }), /no such command \(rc 8\)/);
	});

	it("transports, of a device that makes bridges", async () => {
		const mode = { id: 0, description: "console", incoming: true };
		const bridging: Group = {
			id: 11,
			name: "transport mgmt",
			commands: {
				2: {
					name: "status",
					read: { handle: () => ({ supported: 2, active: 1, bridged: true, transport: 1 }) },
				},
				6: { name: "list", read: { handle: () => ({ transports: [{ id: 0, name: "console" }, { id: 1 }] }) } },
				7: { name: "modes", read: { handle: () => ({ modes: [mode] }) } },
				8: {
					name: "configuration",
					read: {
						handle: () => ({
							configs: [
								{ name: "baud", type: 0, required: true },
								{ name: "label", type: 3 },
							],
						}),
					},
				},
			},
		};
		const foreign = clientOf(localLink(new SmpServer({ groups: [bridging] })));
		assert.deepEqual(await bridgeStatus(foreign), { supported: 2, active: 1, bridgedTo: 1 });
		assert.deepEqual(await transports(foreign), [
			{ id: 0, name: "console" },
			{ id: 1, name: undefined },
		]);
		assert.deepEqual(await transportModes(foreign, 0), [{ ...mode, outgoing: false }]);
		const { configs } = await foreign.request(transportsConfiguration, { transport: 0, mode: 0 });
		assert.deepEqual(configs, [
			{ name: "baud", type: 0, required: true },
			{ name: "label", type: 3 },
		]);
	});

	it("audit log, page by page", async () => {
		for (let i = 0; i < 11; i++) await (i % 2 ? client.setConsoleEcho(false) : saveSettings(client));
		await assert.rejects(client.erase(9));
		const records = await auditRecords(client);
		assert.deepEqual(
			records.map(({ number }) => number),
			[12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1],
		);
		assert.deepEqual(records[0], {
			number: 12,
			time: device.time,
			group: 1,
			command: 5,
			transport: "",
			rc: 10,
			errorGroup: 1,
			times: 1,
		});
		assert.deepEqual(await auditRecords(client, 3), records.slice(0, 3));
		assert.deepEqual(await auditRecords(client, 0), []);
	});

	it("memory pools, console echo, boot mode", async () => {
		assert.deepEqual(await client.pools(), [{ name: "slots", blockSize: 16, blocks: 100, free: 20, leastFree: 10 }]);
		await client.setConsoleEcho(false);
		await assert.rejects(client.setConsoleEcho(true), /the console echo control: it has no such command/);
		await client.reset({ bootMode: 1 });
		assert.deepEqual(device.events, ["reset 1"]);
	});

	it("an answer that lacks something is said to", async () => {
		const link = device.link();
		const send = link.send.bind(link);
		link.send = (packet) => {
			send(packet);
			const { onPacket } = link;
			link.onPacket = (answer) => {
				link.onPacket = onPacket;
				answer[3] = 1;
				onPacket?.(Uint8Array.of(...answer.subarray(0, HEADER_SIZE), 0xa0));
			};
		};
		const bare = clientOf(link);
		await assert.rejects(statisticsNames(bare), {
			message: `the device's answer to the question for the names of its statistics has no list "stat_list"`,
		});
		await assert.rejects(readSetting(bare, "x"), {
			message: `the device's answer to the question for the setting has no bytes "val"`,
		});
		await assert.rejects(runShell(bare, ["x"]), { message: `the device's answer to the command line has no text "o"` });
		await assert.rejects(bare.tasks(), { message: `the device's answer to the task statistics has no map "tasks"` });
		await assert.rejects(fileSize(bare, "/lfs/a"), {
			message: `the device's answer to the question for the file's size has no number "len"`,
		});
	});
});

describe("client: files", () => {
	let device: FullDevice;
	let client: SmpClient;
	beforeEach(() => {
		device = new FullDevice();
		client = clientOf(device.link());
	});

	/** What a download brought, put together, and how it went. */
	async function fetched(path: string, start = new Uint8Array(0), there = client) {
		let data = start;
		const result = await downloadFile(there, path, {
			start,
			onData: (piece, offset) => {
				data = Uint8Array.from([...data.subarray(0, offset), ...piece]);
			},
		});
		return { data, ...result };
	}

	it("go there and back", async () => {
		const progress: number[] = [];
		const onProgress = (offset: number) => void progress.push(offset);
		assert.deepEqual(await uploadFile(client, "/lfs/a", FILE, { onProgress }), { resumed: 0, repeated: 0 });
		assert.deepEqual(device.files.get("/lfs/a"), FILE);
		assert.ok(progress.length < 16 && progress.at(-1) === FILE.length, "a packet is filled");
		assert.equal(await fileSize(client, "/lfs/a"), FILE.length);
		assert.deepEqual(await fetched("/lfs/a"), { data: FILE, size: FILE.length, resumed: 0, repeated: 0 });
		await closeFile(client);
	});

	it("have as many requests on their way as the device has buffers for, or fewer if that is wanted", async () => {
		for (const [window, most] of [
			[undefined, 4],
			[99, 4],
			[2, 2],
			[1, 1],
		] as const)
			for (const op of [0, 2]) {
				const { link, atOnce } = watched(device.link(), op);
				const there = clientOf(link);
				device.files.delete("/lfs/a");
				if (op === 2) await uploadFile(there, "/lfs/a", FILE, { window });
				else {
					device.files.set("/lfs/a", FILE);
					await downloadFile(there, "/lfs/a", { window });
				}
				assert.deepEqual(device.files.get("/lfs/a"), FILE);
				assert.equal(atOnce(), most, `operation ${op}, window ${window}`);
			}
	});

	it("go on behind a piece that is shorter than the ones before", async () => {
		device.files.set("/lfs/a", FILE);
		const link = device.link();
		const send = link.send.bind(link);
		let reads = 0;
		// The server of each second request has less room for its answers.
		link.send = (packet) => {
			const { op, group, command } = readHeader(packet);
			const server = group === 8 && command === 0 && op === 0 && ++reads % 2 === 0 ? device.small : device.server;
			if (server === device.server) send(packet);
			else
				server.receive(packet.slice(), (answer) => {
					const copy = answer.slice();
					setImmediate(() => link.onPacket?.(copy));
				});
		};
		assert.deepEqual((await fetched("/lfs/a", new Uint8Array(0), clientOf(link))).data, FILE);
	});

	it("end with a refusal on the way, once it is one", async () => {
		let room = 3;
		const append = device.append;
		device.append = (path, data) => {
			if (room-- === 0) throw new GroupError(8, 10, "the disk is full");
			append(path, data);
		};
		await assert.rejects(uploadFile(client, "/lfs/a", FILE), /the file cannot be written \(file group error 10\)$/);
	});

	it("tell what the device says of the piece that failed, whatever it says of those behind it", async () => {
		const append = device.append;
		device.append = (path, data) => {
			if (device.files.get(path)!.length > 2000) throw new GroupError(8, 10, "the disk is full");
			append(path, data);
		};
		const { link, atOnce } = watched(device.link(), Op.WRITE);
		await assert.rejects(uploadFile(clientOf(link), "/lfs/a", FILE), {
			message:
				"the device refuses the upload of the file: the file cannot be written (file group error 10): the disk is full",
		});
		assert.ok(atOnce() > 1, "pieces were on their way behind it");
	});

	it("have hashes", async () => {
		device.files.set("/lfs/a", new TextEncoder().encode("123456789"));
		assert.deepEqual(await fileHashes(client), [
			{ type: "crc32", size: 4 },
			{ type: "sha256", size: 32 },
		]);
		assert.deepEqual(await fileHash(client, "/lfs/a"), { type: "crc32", length: 9, hash: "cbf43926" });
		const { hash } = await fileHash(client, "/lfs/a", "sha256", 0xffffffff);
		assert.equal(hash, "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225");
		await assert.rejects(fileHash(client, "/lfs/a", "md5"), /there is no such hash \(file group error 13\)/);
	});

	for (const hashes of [true, false])
		it(`go on where they broke off, by ${hashes ? "SHA-256" : "CRC-32"}`, async () => {
			device = new FullDevice({ hashes });
			client = clientOf(device.link());
			device.files.set("/lfs/a", FILE.slice(0, 2000));
			assert.equal((await uploadFile(client, "/lfs/a", FILE)).resumed, 2000);
			assert.deepEqual(device.files.get("/lfs/a"), FILE);
			assert.equal((await uploadFile(client, "/lfs/a", FILE)).resumed, FILE.length);
			assert.deepEqual(await fetched("/lfs/a", FILE.slice(0, 1234)), {
				...{ data: FILE, size: FILE.length, resumed: 1234, repeated: 0 },
			});
			assert.deepEqual(await fetched("/lfs/a", FILE), {
				...{ data: FILE, size: FILE.length, resumed: FILE.length, repeated: 0 },
			});
		});

	it("start again where what is there is another file, or a longer one", async () => {
		const other = FILE.slice(0, 2000);
		other[700]! ^= 1;
		for (const there of [other, Uint8Array.from([...FILE, 1])]) {
			device.files.set("/lfs/a", there);
			assert.equal((await uploadFile(client, "/lfs/a", FILE)).resumed, 0);
			assert.deepEqual(device.files.get("/lfs/a"), FILE);
			assert.deepEqual(await fetched("/lfs/a", there), { data: FILE, size: FILE.length, resumed: 0, repeated: 0 });
		}
	});

	it("arrive over a line that loses, doubles and reorders packets", async () => {
		for (let seed = 1; seed <= 4; seed++) {
			device = new FullDevice();
			const lossy = () => new LossyLink(device.link(), seed, { dropped: 5, doubled: 10, late: 10 });
			await uploadFile(hastyClient(lossy()), "/lfs/a", FILE);
			// What was held back comes now.
			await new Promise((resolve) => setTimeout(resolve, 5));
			assert.deepEqual(
				(await fetched("/lfs/a", new Uint8Array(0), hastyClient(lossy()))).data.length,
				FILE.length,
				`seed ${seed}`,
			);
			assert.deepEqual(device.files.get("/lfs/a"), FILE, `seed ${seed}`);
		}
	});

	it("are found again by their size on a device that speaks the original protocol", async () => {
		const link = device.link();
		const send = link.send.bind(link);
		let writes = 0;
		let questions = 0;
		link.send = (packet) => {
			const version1 = packet.slice();
			version1[0]! &= 7;
			const { op, group, command } = readHeader(packet);
			if (group === 8 && command === 1) questions++;
			// The third chunk gets lost, so that the next ones are at the wrong place.
			if (group !== 8 || op !== 2 || ++writes !== 3) send(version1);
		};
		assert.ok((await uploadFile(clientOf(link), "/lfs/a", FILE)).repeated > 0);
		assert.equal(questions, 3, "before, in between, and after");
		assert.deepEqual(device.files.get("/lfs/a"), FILE);
	});

	it("can be empty on the way here, not on the way there", async () => {
		device.files.set("/lfs/empty", new Uint8Array(0));
		assert.deepEqual(await fetched("/lfs/empty"), {
			...{ data: new Uint8Array(0), size: 0, resumed: 0, repeated: 0 },
		});
		await assert.rejects(uploadFile(client, "/lfs/b", new Uint8Array(0)), {
			message: "an empty file cannot be sent: the protocol has no way to make one",
		});
	});

	it("are refused in words", async () => {
		const refused = { name: "SmpResponseError" };
		await assert.rejects(downloadFile(client, "/lfs/none"), {
			...refused,
			message:
				"the device refuses the download of the file: there is no such file (file group error 3): there is no file /lfs/none",
		});
		await assert.rejects(uploadFile(client, "/tmp/x", FILE), /there is no such mount point \(file group error 14\)/);
		await assert.rejects(uploadFile(client, `/lfs/${"x".repeat(380)}`, FILE), /buffers are too small for an upload/);
		const gone = downloadFile(client, "/lfs/a", { onData: () => void device.files.set("/lfs/a", new Uint8Array(9)) });
		await assert.rejects(gone, SmpResponseError);
		device.files.set("/lfs/a", FILE);
		await assert.rejects(
			downloadFile(client, "/lfs/a", { onData: () => void device.files.set("/lfs/a", new Uint8Array(9)) }),
			/^Error: the file changes while it is downloaded: \d+ of 5000 bytes have come$/,
		);
	});
});
