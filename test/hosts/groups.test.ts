import assert from "node:assert";
import {
	closeSync,
	existsSync,
	mkdirSync,
	openSync,
	readFileSync,
	symlinkSync,
	truncateSync,
	writeFileSync,
	writeSync,
} from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { DEVELOPMENT_KEY } from "../../apps/locked-down/rules.js";
import { SmpClient, SmpResponseError } from "../../client/client.js";
import { anyCommand } from "../../client/command.js";
import { serialLink } from "../../client/node/serial.js";
import { udpLink } from "../../client/node/udp.js";
import { nobleDigest } from "../../modules/bytes/noble-digest.js";
import { accessAnswer } from "../../modules/smp/access-answer.js";
import { Op } from "../../modules/smp/header.js";
import { encodeConsole } from "../../modules/smp/transport/frame.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { update } from "../clients/images.js";
import { request } from "../unit/smp/support.js";

// The application with all its groups, on the simulator.

const GROUP = {
	STATISTICS: 2,
	SETTINGS: 3,
	FS: 8,
	SHELL: 9,
	ENUMERATION: 10,
	ZEPHYR: 63,
	ACCESS: 64,
	AUDIT: 65,
	OWN: 70,
};

/** On a busy machine a request that is asked again would be counted, and recorded, twice. */
const PATIENT = { timeout: 60_000, tries: 1 };

type Use = (client: SmpClient, device: Simulator) => Promise<void>;

async function withDevice(options: readonly string[], use: Use, directory = freshDirectory()): Promise<void> {
	const device = await Simulator.start(options, directory);
	const client = new SmpClient(udpLink(device.udp), PATIENT);
	try {
		await use(client, device);
	} finally {
		client.close();
		await device.stop();
	}
}

const read = (client: SmpClient, group: number, command: number, fields = {}) =>
	client.request(anyCommand(Op.READ, group, command), fields);
const write = (client: SmpClient, group: number, command: number, fields = {}) =>
	client.request(anyCommand(Op.WRITE, group, command), fields);

/** The request is refused with this code; `group` is given for codes of a group's own list. */
const refuses = (request: Promise<unknown>, code: number, group?: number): Promise<void> =>
	assert.rejects(request, (error: unknown) => {
		assert.ok(error instanceof SmpResponseError, String(error));
		assert.deepEqual([error.code, error.group], [code, group]);
		return true;
	});

const text = (letters: string): Uint8Array => new TextEncoder().encode(letters);

describe("simulator: the further groups", () => {
	it("tells which groups it has, the file group only with --files", async () => {
		const groups = [0, 1, 67, 2, 3, 63, 9, 11, 66, 10];
		await withDevice([], async (client) => {
			assert.deepEqual((await read(client, GROUP.ENUMERATION, 1))["groups"], groups);
			await refuses(read(client, GROUP.FS, 1, { name: "/x" }), 8);
		});
		await withDevice(["--files", freshDirectory()], async (client) => {
			assert.deepEqual((await read(client, GROUP.ENUMERATION, 1))["groups"], [0, 1, 67, 2, 3, 63, 8, 9, 11, 66, 10]);
		});
	});

	it("has one task and two memory pools, whose figures hold together", async () => {
		await withDevice([], async (client) => {
			const [task] = await client.tasks();
			assert.equal(task!.name, "js");
			assert.ok(task!.stackUsed > 0 && task!.stackUsed < task!.stackSize);
			type Pool = Record<"blksiz" | "nblks" | "nfree" | "min", number>;
			const { slots, chunks } = (await read(client, 0, 3))["mpools"] as Record<"slots" | "chunks", Pool>;
			for (const pool of [slots, chunks])
				assert.ok(pool.nfree > 0 && pool.nfree < pool.nblks && pool.min <= pool.nfree);
		});
	});

	it("keeps the time through a reset", async () => {
		await withDevice([], async (client, device) => {
			await client.setDateTime("2031-05-06T07:08:09");
			await device.pressReset();
			assert.match(await client.dateTime(), /^2031-05-06T07:\d\d:\d\d$/);
		});
	});

	it("counts requests by transport, uploads and flash operations", async () => {
		await withDevice(["--images", "1"], async (client) => {
			const counters = async (name: string) =>
				(await read(client, GROUP.STATISTICS, 0, { name }))["fields"] as Record<string, number>;
			await client.upload(update("1.0.0", 5000).file);
			await refuses(read(client, GROUP.STATISTICS, 0, { name: "nothing" }), 3, GROUP.STATISTICS);
			const [udp, uart, image, flash] = [
				await counters("udp"),
				await counters("uart"),
				await counters("image"),
				await counters("flash"),
			];
			assert.equal(uart["writes"], 0);
			assert.equal(udp["errors"], 1);
			assert.ok(udp["rx_bytes"]! > 5000);
			assert.deepEqual([image["started"], image["complete"], image["mismatched"]], [1, 1, 0]);
			assert.ok(flash["write_bytes"]! >= 5000 && flash["reads"]! > 0 && flash["failures"] === 0);
		});
	});

	it("keeps settings that were saved, through a reset and a power failure", async () => {
		const directory = freshDirectory();
		const first = await Simulator.start([], directory);
		const client = new SmpClient(udpLink(first.udp));
		await write(client, GROUP.SETTINGS, 0, { name: "net/name", val: text("kitchen") });
		await write(client, GROUP.SETTINGS, 3);
		await write(client, GROUP.SETTINGS, 0, { name: "net/lost", val: text("x") });
		await first.pressReset();
		assert.deepEqual(
			Buffer.from((await read(client, GROUP.SETTINGS, 0, { name: "net/name" }))["val"] as Uint8Array).toString(),
			"kitchen",
		);
		await refuses(read(client, GROUP.SETTINGS, 0, { name: "net/lost" }), 3, GROUP.SETTINGS);
		client.close();
		await first.kill();
		await withDevice(
			[],
			async (again) => {
				assert.equal(((await read(again, GROUP.SETTINGS, 0, { name: "net/name" }))["val"] as Uint8Array).length, 7);
				await write(again, GROUP.ZEPHYR, 0);
				await refuses(read(again, GROUP.SETTINGS, 0, { name: "net/name" }), 3, GROUP.SETTINGS);
			},
			directory,
		);
	});

	it("reads and writes the files of a directory, and none outside", async () => {
		const directory = freshDirectory();
		const files = join(directory, "files");
		mkdirSync(join(files, "sub"), { recursive: true });
		writeFileSync(join(directory, "secret"), "secret");
		symlinkSync("../secret", join(files, "link"));
		symlinkSync("..", join(files, "up"));
		await withDevice(
			["--files", files],
			async (client) => {
				await write(client, GROUP.FS, 0, { name: "/sub/a", off: 0, len: 10, data: text("hello") });
				await write(client, GROUP.FS, 0, { name: "/sub/a", off: 5, data: text("world") });
				assert.equal(readFileSync(join(files, "sub/a"), "utf8"), "helloworld");
				const { data, len } = await read(client, GROUP.FS, 0, { name: "/sub/a", off: 0 });
				assert.deepEqual([Buffer.from(data as Uint8Array).toString(), len], ["helloworld", 10]);
				assert.equal((await read(client, GROUP.FS, 2, { name: "/sub/a" }))["output"], 0xf9eb20ad);
				await refuses(read(client, GROUP.FS, 1, { name: "/sub" }), 4, GROUP.FS);
				await refuses(read(client, GROUP.FS, 1, { name: "/none" }), 3, GROUP.FS);
				for (const name of ["/../secret", "/sub/../../secret", "/link", "/up/secret", "//../secret"]) {
					await assert.rejects(read(client, GROUP.FS, 0, { name, off: 0 }), SmpResponseError, name);
					await assert.rejects(
						write(client, GROUP.FS, 0, { name, off: 0, len: 1, data: text("x") }),
						SmpResponseError,
						name,
					);
				}
				assert.equal(readFileSync(join(directory, "secret"), "utf8"), "secret");
				await assert.rejects(write(client, GROUP.FS, 0, { name: "/../new", off: 0, len: 1, data: text("x") }));
				assert.equal(existsSync(join(directory, "new")), false);
			},
			directory,
		);
	});

	it("hashes a file of gigabytes without keeping others waiting, one at a time for each client", async () => {
		const directory = freshDirectory();
		const files = join(directory, "files");
		mkdirSync(files);
		writeFileSync(join(files, "small"), new Uint8Array(200_000));
		for (const [name, size] of [
			["large", 2 ** 31],
			["huge", 5 * 2 ** 30],
		] as const) {
			writeFileSync(join(files, name), "");
			truncateSync(join(files, name), size);
		}
		await withDevice(
			["--files", files],
			async (client, device) => {
				const answered: string[] = [];
				const lost = (name: string) => () => void answered.push(name);
				void read(client, GROUP.FS, 2, { name: "/large" }).then(lost("large"), lost("large refused"));
				for (let i = 0; i < 20; i++) await client.echo("e").then(lost("echo"));
				assert.deepEqual(answered, Array(20).fill("echo"));
				await refuses(read(client, GROUP.FS, 2, { name: "/small" }), 10);
				const other = new SmpClient(udpLink(device.udp), PATIENT);
				const hash = read(other, GROUP.FS, 2, { name: "/small", type: "sha256" }).then(lost("small"));
				await other.echo("e").then(lost("echo"));
				await hash;
				assert.deepEqual(answered.slice(20), ["echo", "small"]);
				assert.equal((await read(other, GROUP.FS, 2, { name: "/small" }))["output"], 0x5ce0587b);
				assert.equal((await read(other, GROUP.FS, 1, { name: "/huge" }))["len"], 5 * 2 ** 30);
				const { data } = await read(other, GROUP.FS, 0, { name: "/huge", off: 5n * 2n ** 30n - 7n });
				assert.equal((data as Uint8Array).length, 7);
				other.close();
			},
			directory,
		);
	});

	it("counts what is lost on a transport, and says the first of each kind in the log", async () => {
		await withDevice([], async (client, device) => {
			const line = openSync(device.serial, "r+");
			const frame = encodeConsole(request(0, 0, { d: "x" }));
			const damaged = frame.slice();
			damaged[10] = damaged[10] === 0x41 ? 0x42 : 0x41;
			const half = encodeConsole(request(0, 0, { d: "x".repeat(150) })).subarray(0, 127);
			const noise = text("\x06\t!!\n");
			for (const bytes of [damaged, noise, damaged, noise, half, frame]) writeSync(line, bytes);
			writeSync(line, text(`\x06\t${"A".repeat(5000)}\n`));
			const lines: string[] = [];
			for (const kind of ["rx_bad_crc", "rx_bad_base64", "rx_unfinished", "rx_too_long"])
				lines.push(String((await device.next("log", ({ line }) => String(line).includes(kind)))["line"]));
			assert.match(
				lines[0]!,
				/^<wrn> smp: uart: a frame had a wrong CRC and was dropped: .* \(rx_bad_crc; more of these/,
			);
			const counted = async (name: string) => {
				const fields = (await read(client, GROUP.STATISTICS, 0, { name }))["fields"] as Record<string, number>;
				return [fields["rx_bad_crc"], fields["rx_bad_base64"], fields["rx_unfinished"], fields["rx_too_long"]];
			};
			assert.deepEqual(await counted("uart"), [2, 2, 1, 1]);
			assert.deepEqual(await counted("udp"), [0, 0, 0, 0]);
			assert.deepEqual(await counted("smp"), [2, 2, 1, 1]);
			closeSync(line);
			const said = device.events.filter((event) => String(event["line"]).includes("rx_bad"));
			assert.equal(said.length, 2);
		});
	});

	it("runs commands of its shell", async () => {
		await withDevice(["--images", "1"], async (client) => {
			const run = (...argv: string[]) => write(client, GROUP.SHELL, 0, { argv });
			assert.deepEqual(await run("images"), { o: "image 0: 0.0.0, confirmed\n", ret: 0 });
			assert.match(String((await run("help"))["o"]), /^version - /);
			assert.equal((await run("rm", "-rf"))["ret"], -8);
			await refuses(run(), 3, GROUP.SHELL);
		});
	});

	it("says in the log what version 2 of the protocol has no room for", async () => {
		await withDevice([], async (client, device) => {
			await refuses(read(client, GROUP.SETTINGS, 0, { name: "a\nb" }), 3, GROUP.SETTINGS);
			await device.next("log", ({ line }) => line === '<wrn> smp: group 3, error 3: there is no setting "a?b"');
		});
	});

	it("serves several UDP clients at once, and refuses a second uploader", async () => {
		await withDevice(["--images", "1"], async (client, device) => {
			const second = new SmpClient(udpLink(device.udp), PATIENT);
			const third = new SmpClient(serialLink(device.serial), PATIENT);
			try {
				const { file } = update("1.0.0", 1000);
				const chunk = { off: 0, len: file.length, data: file.subarray(0, 100) };
				// Together: whichever comes first holds the upload, and the other is told.
				const outcomes = await Promise.allSettled([client, second].map((each) => write(each, 1, 1, chunk)));
				assert.deepEqual(outcomes.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
				const refused = outcomes.find((each) => each.status === "rejected")!.reason as unknown;
				assert.ok(refused instanceof SmpResponseError && refused.code === 10);
				assert.match(refused.reason!, /another client is uploading over udp/);
				assert.equal(await third.echo("here"), "here");
			} finally {
				second.close();
				third.close();
			}
		});
	});
});

describe("simulator: --tcp and --files", () => {
	const rows: [readonly string[], RegExp][] = [
		[["--tcp", "65536"], /--tcp is PORT or ADDRESS:PORT/],
		[["--tcp", "192.0.2.1:0"], /Cannot listen on TCP port 192\.0\.2\.1:0/],
		[["--files", "none"], /--files none is not a directory/],
	];
	for (const [options, sentence] of rows)
		it(`refuses ${options.join(" ")}`, async () => {
			const device = Simulator.spawn(options);
			assert.equal(await device.exited, 2);
			assert.match(device.errors, sentence);
			assert.equal(device.errors.trim().split("\n").length, 1);
			assert.equal(existsSync(device.flash), false);
			await device.stop();
		});
});

describe("simulator: --tcp", () => {
	/** Sends bytes over a connection, and returns what comes until `enough`. */
	const exchange = (address: string, bytes: Uint8Array, enough: (got: Buffer) => boolean): Promise<Buffer> =>
		new Promise((resolve, reject) => {
			const [host, port] = address.split(":");
			const socket = connect(Number(port), host!, () => socket.write(bytes));
			let got = Buffer.alloc(0);
			socket.on("error", reject);
			socket.on("data", (data) => {
				got = Buffer.concat([got, data]);
				if (!enough(got)) return;
				socket.destroy();
				resolve(got);
			});
		});

	// An echo of "hi", and its answer.
	const request = Buffer.from("0a00000600000100a16164626869", "hex");
	const answer = "0b00000700000100bf617262686" + "9ff";

	it("carries bare packets and console frames, and is there again after a reset", async () => {
		await withDevice(["--tcp", "0"], async (_client, device) => {
			const address = String(device.events.find(({ event }) => event === "ready")!["tcp"]);
			const bare = () => exchange(address, request, (got) => got.length >= answer.length / 2);
			assert.equal((await bare()).toString("hex"), answer);
			const crc = Buffer.from("0000", "hex");
			const body = Buffer.concat([Buffer.from([0, request.length + 2]), request, crc]);
			body.writeUInt16BE(crc16(request), body.length - 2);
			const line = Buffer.concat([Buffer.from([6, 9]), Buffer.from(`${body.toString("base64")}\n`)]);
			const framed = await exchange(address, line, (got) => got.includes(10));
			assert.deepEqual([...framed.subarray(0, 2)], [6, 9]);
			const decoded = Buffer.from(framed.subarray(2).toString(), "base64");
			assert.equal(decoded.subarray(2, -2).toString("hex"), answer);
			await device.pressReset();
			assert.equal((await bare()).toString("hex"), answer);
		});
	});

	/** CRC-16/XMODEM. */
	function crc16(data: Uint8Array): number {
		let crc = 0;
		for (const byte of data) {
			crc ^= byte << 8;
			for (let i = 0; i < 8; i++) crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
		}
		return crc;
	}
});

describe("own-group: a group of the application's own", () => {
	it("answers, and refuses in its own codes", async () => {
		await withDevice(["--app", "own-group"], async (client, device) => {
			assert.deepEqual(await read(client, GROUP.OWN, 0), { rooms: ["kitchen", "hall"] });
			await refuses(read(client, GROUP.OWN, 1, { room: "hall" }), 4, GROUP.OWN);
			await write(client, GROUP.OWN, 1, { room: "hall", target: 21 });
			assert.deepEqual(await read(client, GROUP.OWN, 1, { room: "hall" }), { target: 21 });
			await refuses(write(client, GROUP.OWN, 1, { room: "hall", target: -3 }), 2, GROUP.OWN);
			await device.next("log", ({ line }) => line === "<wrn> smp: group 70, error 2: pipes freeze below 5 degrees");
			assert.ok(((await read(client, GROUP.ENUMERATION, 1))["groups"] as number[]).includes(GROUP.OWN));
		});
	});

	it("refuses a reset while a room is being heated up, unless it is forced", async () => {
		await withDevice(["--app", "own-group"], async (client, device) => {
			await write(client, GROUP.OWN, 1, { room: "hall", target: 30 });
			await refuses(client.reset(), 10);
			await client.reset({ force: true });
			await device.next("boot");
			await client.reset();
			await device.next("boot");
		});
	});
});

describe("locked-down: who may do what", () => {
	const answerOf = (nonce: unknown): Uint8Array =>
		accessAnswer(nobleDigest, Uint8Array.from(DEVELOPMENT_KEY), new Uint8Array(nonce as Uint8Array));

	it("shows images to everybody, updates for who has the key, gives nobody a shell, and keeps a record", async () => {
		await withDevice(["--app", "locked-down", "--images", "1"], async (client, device) => {
			const { file, hash } = update("1.0.0", 3000);
			assert.equal((await client.images()).length, 1);
			await refuses(write(client, GROUP.SHELL, 0, { argv: ["help"] }), 11);
			await refuses(read(client, GROUP.SETTINGS, 0, { name: "a" }), 11);
			await refuses(client.upload(file), 11);
			await refuses(client.reset(), 11);

			const answer = answerOf((await read(client, GROUP.ACCESS, 0))["nonce"]);
			await write(client, GROUP.ACCESS, 1, { answer });
			await client.upload(file);
			await client.test(hash);
			await refuses(write(client, GROUP.ACCESS, 1, { answer }), 3, GROUP.ACCESS);

			const other = new SmpClient(udpLink(device.udp), PATIENT);
			await refuses(other.erase(), 11);
			await refuses(write(other, GROUP.ACCESS, 1, { answer }), 3, GROUP.ACCESS);
			await read(other, GROUP.ACCESS, 0);
			await refuses(write(other, GROUP.ACCESS, 1, { answer }), 3, GROUP.ACCESS);
			other.close();

			// The record is for who has the key, over the cable.
			await refuses(read(client, GROUP.AUDIT, 0), 11);
			type Entry = Record<"n" | "group" | "command" | "rc", number> & { via: string; own?: number; times?: number };
			const audit = async () => {
				const cable = new SmpClient(serialLink(device.serial), PATIENT);
				await write(cable, GROUP.ACCESS, 1, { answer: answerOf((await read(cable, GROUP.ACCESS, 0))["nonce"]) });
				const records: Entry[] = [];
				for (let before: number | undefined; before !== 1; before = records.at(-1)!.n) {
					const page = (await read(cable, GROUP.AUDIT, 0, { before }))["records"] as Entry[];
					if (page.length === 0) break;
					records.push(...page);
				}
				cable.close();
				return records
					.reverse()
					.map(({ group, command, via, rc, own, times }) => [group, command, via, rc, own, times]);
			};
			const done = [
				[64, 1, "udp", 0, undefined, undefined],
				[1, 1, "udp", 0, undefined, undefined],
				[1, 0, "udp", 0, undefined, undefined],
				[64, 1, "uart", 0, undefined, undefined],
			];
			assert.deepEqual(await audit(), [
				[9, 0, "udp", 11, undefined, 1],
				[1, 1, "udp", 11, undefined, 1],
				[0, 5, "udp", 11, undefined, 1],
				...done.slice(0, 3),
				[64, 1, "udp", 3, 64, 3],
				[1, 5, "udp", 11, undefined, 1],
				...done.slice(3),
			]);
			// RAM is lost; what was done is not.
			await device.pressReset();
			await refuses(client.erase(), 11);
			assert.deepEqual((await audit()).slice(0, 4), done);
		});
	});
});
