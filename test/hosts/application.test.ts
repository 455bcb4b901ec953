import assert from "node:assert";
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { SmpClient } from "../../client/client.js";
import { command, list, text } from "../../client/command.js";
import { groups } from "../../client/group/enumeration.js";
import { runShell } from "../../client/group/shell.js";
import { udpLink } from "../../client/node/udp.js";
import { type Archive, readArchive, writeArchive } from "../../image/archive.js";
import { ImageError } from "../../image/error.js";
import { Op } from "../../modules/smp/header.js";
import { freshDirectory, Simulator } from "../../tools/simulator.js";
import { random } from "../power-loss/random.js";
import { application, archiveImage, archiveOf, imageApp, payloadOf } from "../support/application.js";
import { Bench, target } from "../support/application-bench.js";

// Applications in images: what was uploaded is what runs.

const THERMOSTAT = `
import type { Device } from "xs-smp/application";
import { int } from "xs-smp/modules/smp/fields";
import { operation } from "xs-smp/modules/smp/group";

export default (device: Device): void => {
	let target = 20;
	const counters = { changes: 0 };
	device.log(\`thermostat of image \${device.image.number}, \${device.image.version}\`);
	device.statistics?.("thermostat", counters);
	device.shell?.("target", {
		help: "the target: target [DEGREES]",
		run: ([degrees], print) => {
			if (degrees !== undefined) {
				target = Number(degrees);
				counters.changes++;
				device.settings?.set("thermostat/target", Uint8Array.of(target));
			}
			print(\`\${target} degrees\`);
		},
	});
	device.group({
		id: 80,
		name: "thermostat",
		commands: { 0: { name: "target", read: { handle: () => ({ target }) },
			write: operation({ target: int }, ({ target: wanted = 20 }) => { target = wanted; return {}; }) } },
	});
};
`;

describe("applications in images", () => {
	let good: Uint8Array;
	let archive: Archive;
	before(() => {
		good = application(THERMOSTAT, "1.1.0");
		archive = archiveOf(good);
	});

	for (const images of [1, 2])
		it(`the update changes the device, with ${images} image${images > 1 ? "s" : ""}`, () =>
			Bench.run(async (bench) => {
				assert.strictEqual((await runShell(bench.client, ["target"])).status, -8);
				await bench.install(good);
				await bench.log(new RegExp(`app: thermostat of image ${images - 1}, 1\\.1\\.0`));
				assert.deepEqual(await runShell(bench.client, ["target", "23"]), { output: "23 degrees\n", status: 0 });
				assert.deepEqual(await bench.client.request(target(80).read), { target: 23 });
				await bench.client.request(target(80).write, { target: 17 });
				assert.strictEqual((await runShell(bench.client, ["target"])).output, "17 degrees\n");
				assert.match((await runShell(bench.client, ["stats", "thermostat"])).output, /changes 1/);
				assert.match((await runShell(bench.client, ["help"])).output, /^target - the target/m);
				await bench.client.confirm();
			}, images));

	it("a new flash can have one from the start", async () => {
		const directory = freshDirectory();
		writeFileSync(join(directory, "thermostat.bin"), good);
		writeFileSync(join(directory, "none.bin"), "none");
		const factory = (name: string) => ["--images", "1", "--factory", join(directory, name)];
		const simulator = await Simulator.start(factory("thermostat.bin"), directory);
		await simulator.next("log", ({ line }) => /app: thermostat of image 0, 1\.1\.0/.test(String(line)));
		await simulator.stop({ keep: true });
		const again = Simulator.spawn(factory("thermostat.bin"), directory);
		assert.strictEqual(await again.exited, 2);
		assert.match(again.errors, /--factory is for a new flash/);
		const none = Simulator.spawn(factory("none.bin"));
		assert.strictEqual(await none.exited, 2);
		assert.match(none.errors, /none\.bin is no MCUboot image/);
		await again.stop();
		await none.stop();
	});

	it("one that is taken back takes its commands with it", () =>
		Bench.run(async (bench) => {
			await bench.install(good);
			await bench.log(/app: thermostat/);
			await bench.simulator.pressReset();
			assert.strictEqual((await runShell(bench.client, ["target"])).status, -8);
			assert.strictEqual(await bench.state(), "0.0.0");
		}));

	it("running changes no byte of the slot, and what is set lasts", () =>
		Bench.run(async (bench) => {
			await bench.install(good);
			const slot = () => {
				const flash = readFileSync(bench.simulator.flash);
				const at = flash.indexOf(payloadOf(good));
				assert.ok(at > 0);
				return flash.subarray(at - 0x200, at - 0x200 + good.length);
			};
			assert.deepEqual(slot(), Buffer.from(good));
			await runShell(bench.client, ["target", "23"]);
			await bench.client.confirm();
			await bench.simulator.pressReset();
			await bench.log(/app: thermostat/);
			assert.deepEqual(slot(), Buffer.from(good));
		}));

	describe("that do not fit", () => {
		const bytes = (change: (bytes: Uint8Array, view: DataView) => void): Uint8Array => {
			const payload = writeArchive(archive);
			change(payload, new DataView(payload.buffer));
			return payload;
		};
		const cases: [string, () => Uint8Array | Archive, RegExp][] = [
			["another runtime", () => ({ ...archive, runtime: "ab".repeat(32) }), /made for another runtime/],
			[
				"a module that is not there",
				() => ({ ...archive, imports: ["xs-smp/modules/none"] }),
				/imports xs-smp\/modules\/none/,
			],
			[
				"a module of the board",
				() => ({ ...archive, imports: ["xs-smp/hosts/desk/xs/flash"] }),
				/imports xs-smp\/hosts\/desk\/xs\/flash, which this runtime does not offer/,
			],
			["a cut", () => writeArchive(archive).subarray(0, 200), /cut short/],
			[
				"another format",
				() => bytes((_, view) => view.setUint16(4, 9, true)),
				/a format that this runtime does not know/,
			],
			[
				"a damaged table of names",
				() => bytes((_, view) => view.setUint32(80, 0x7fffffff, true)),
				/its table of names leads/,
			],
			[
				"a damaged table of modules",
				() => bytes((_, view) => view.setUint32(60, 3, true)),
				/its table of modules leads/,
			],
			[
				"no end of a name",
				() => bytes((all) => all.fill(65, 80 + 4 * archive.keys.length + 12 + 4 * archive.imports.length)),
				/damaged/,
			],
			["a policy of other letters", () => ({ ...archive, policy: "caf\u00e9" }), /its policy is too long, or no ASCII/],
			["a long policy", () => ({ ...archive, policy: " ".repeat(1025) }), /its policy is too long, or no ASCII/],
			[
				"a policy that is not in it",
				() => bytes((_, view) => view.setUint32(76, 0x7fffffff, true)),
				/its policy is not in it/,
			],
		];
		it("are refused at the mark and at the start, in words, and the agent goes on", () =>
			Bench.run(async (bench) => {
				for (const [what, payload, said] of cases) {
					const hash = await bench.upload(archiveImage(payload(), "1.2.0", archive.runtime));
					assert.match(await bench.refusal(hash), said, what);
					assert.strictEqual(await bench.state(), "0.0.0", what);
					await bench.client.erase();
				}
			}, 1));
		it("device and tools say the same of an archive with a byte or a word changed", () =>
			Bench.run(async (bench) => {
				const next = random(12);
				const whole = writeArchive(archive);
				const view = new DataView(whole.buffer);
				// Header and tables matter most; behind them are names and code.
				const tables = view.getUint32(68, true) + 4 * archive.imports.length;
				let taken = 0;
				for (let round = 0; round < 80; round++) {
					const payload = whole.slice();
					const at = Math.floor(next() * (round % 4 === 0 ? whole.length : tables));
					if (round % 2 === 0) payload[at]! ^= 1 << Math.floor(next() * 8);
					else if (at >= 4)
						new DataView(payload.buffer).setUint32(at & ~3, Math.floor(next() * 2 * whole.length), true);
					const hash = await bench.upload(archiveImage(payload, "1.2.0", archive.runtime));
					const verdict = await bench.refusal(hash);
					const opaque = payload[0] !== 0x58 || payload[1] !== 0x53 || payload[2] !== 0x41 || payload[3] !== 0x52;
					assert.strictEqual(verdict === "taken", opaque || fits(payload), `round ${round}, byte ${at}: ${verdict}`);
					if (verdict === "taken") taken++;
					await bench.client.erase();
				}
				assert.ok(taken > 5 && taken < 60, `${taken} of 80 were taken`);
			}));

		/** What the tools make of it for this runtime. */
		function fits(payload: Uint8Array): boolean {
			try {
				const { runtime, imports } = readArchive(payload);
				return runtime === archive.runtime && imports.every((each) => archive.imports.includes(each));
			} catch (error) {
				assert.ok(error instanceof ImageError);
				return false;
			}
		}

		it("are refused at the start, and the agent goes on", () =>
			Bench.run(
				async (bench) => {
					for (const [what, payload, said] of cases) {
						await bench.install(archiveImage(payload(), "1.2.0", archive.runtime));
						await bench.log(new RegExp(`app: .*(${said.source}).*; the agent runs without it`));
						assert.strictEqual(await bench.state(), "1.2.0", what);
						await bench.simulator.pressReset();
					}
					// Names that are the runtime's already mean other numbers to the bytecode.
					const keys = [...archive.keys.slice(0, -1), "length"];
					await bench.install(archiveImage({ ...archive, keys }, "1.3.0", archive.runtime));
					await bench.log(/app: the archive is damaged: a name in its table is the runtime's/);
				},
				1,
				...["--verify", "none", "--guards", "off"],
			));
	});

	it("one that needs a newer runtime is not installed", () =>
		Bench.run(async (bench) => {
			await bench.install(application(THERMOSTAT, "1.1.0", "sim:smp-svr", "--dependencies", "(0,9.0.0)"));
			assert.strictEqual((await runShell(bench.client, ["target"])).status, -8);
			await bench.client.erase(3);
			await bench.install(application(THERMOSTAT, "1.2.0", "sim:smp-svr", "--dependencies", "(0,0.0.0)"));
			await bench.log(/app: thermostat of image 1, 1\.2\.0/);
		}, 2));

	it("a vendor's TLV of that type before other bytes is a vendor's: the image is opaque", () =>
		Bench.run(async (bench) => {
			await bench.install(archiveImage(new Uint8Array(500), "1.5.0", archive.runtime));
			assert.strictEqual(await bench.state(), "1.5.0");
			assert.ok(!/ app: /.test(bench.lines));
		}));

	describe("that fail", () => {
		const cases: [string, string, RegExp][] = [
			["throw at the start", "\n\n\tthrow new TypeError('no sensor');", /TypeError: no sensor.*\(thermostat\.ts:3\)/],
			[
				"throw later",
				"device.after(100, () => {\n\tdevice.log(undefined.length);\n});",
				/TypeError: .*\(thermostat\.ts:2\)/,
			],
			["reject later", "device.after(9, async () => {\n\tthrow new Error('gone');\n});", /gone \(thermostat\.ts:2\)/],
			["take all memory", "const all = []; for (;;) all.push(new Uint8Array(10000));", /heap exhausted/],
			["take all of the stack", "const deep = (n) => deep(n + 1) + 1; deep(0);", /stack overflow/],
		];
		for (const [what, body, reason] of cases)
			it(`${what}: the crash says where, and the update goes back`, () =>
				Bench.run(async (bench) => {
					await bench.install(application(`export default (device: any) => {${body}};`, "1.9.0"));
					const crash = await bench.simulator.next("crash");
					assert.match(String(crash["reason"]), reason);
					const boot = await bench.simulator.next("boot");
					assert.match(JSON.stringify(boot), /"version":"0\.0\.0","action":"revert"/);
					assert.strictEqual(await bench.state(), "0.0.0");
				}));

		for (const [what, source] of [
			["a top-level await", "await new Promise(() => {}); export default () => {};"],
			["an async function", "export default async () => { await new Promise(() => {}); };"],
		] as const)
			it(`never finish their start, by ${what}: the update goes back, and says why`, () =>
				Bench.run(async (bench) => {
					const { image } = imageApp(source, ["--version", "1.9.0"], {
						"thermostat.policy.json": '{ "deadline": 1, "checks": ["timer"] }',
					});
					await bench.install(image);
					await bench.log(/confirm: the application did not start within 1 s; reset/);
				}));

		it("reject at the start, the crash says where", () =>
			Bench.run(async (bench) => {
				await bench.install(application("export default async () => { throw new Error('gone'); };", "1.9.0"));
				assert.match(String((await bench.simulator.next("crash"))["reason"]), /gone/);
			}));

		it("export no function: refused when they are made, and on the device", () =>
			Bench.run(async (bench) => {
				for (const wrong of ["5", "class {}", "class A { run() {} }", "[1]", "'text'"])
					assert.throws(() => application(`export default ${wrong};`, "1.9.0"), /a function as its default, not a/);
				await bench.install(application("export default JSON.parse('5');", "1.9.0"));
				await bench.log(/app: application\/thermostat exports no function as its default; the agent runs without it/);
			}));

		it("a promise is no answer of a handler", () =>
			Bench.run(async (bench) => {
				const body =
					"device.group({ id: 100, name: 'mine', commands: { 0: { name: 'c', read: { handle: async () => ({}) } } } });";
				await bench.install(application(`export default (device: any) => {${body} device.log('ready');};`, "1.4.0"));
				await bench.log(/app: ready/);
				const ask = bench.client.request(command(Op.READ, 100, 0, { answer: {} }), {});
				await assert.rejects(ask, /a promise is no answer/);
			}));

		it("what its handlers and checks do wrong is an error, and the device goes on", () =>
			Bench.run(async (bench) => {
				const answers = [
					"'text'.repeat(100000)",
					"{ deep: Array.from({ length: 99 }).reduce((inner) => ({ inner }), {}) }",
					"circle",
					"undefined",
				];
				const commands = answers.map((each, i) => `${i}: { name: 'c', read: { handle: () => (${each}) } }`);
				const body = `const circle: any = {}; circle.circle = circle; device.log('a\\n\\u001b[31mb'.repeat(50));
					device.log(Symbol('log')); device.group({ id: 100, name: 'mine', commands: {
					0: { name: 'c', read: { handle: () => ({ long: ${answers[0]} }) } }, ${commands.slice(1).join(", ")} } });`;
				await bench.install(application(`export default (device: any) => {${body}};`, "1.4.0"));
				await bench.log(/app: Symbol\(log\)/);
				const ask = (id: number): Promise<unknown> =>
					bench.client.request(command(Op.READ, 100, id, { answer: {} }), {});
				await assert.rejects(ask(0), /does not fit the buffer/);
				await assert.rejects(ask(1), /a response nests 8 maps and lists at most/);
				await assert.rejects(ask(2), /a response nests 8 maps and lists at most/);
				assert.deepEqual(await ask(3), {});
				assert.match(bench.lines, /^<inf> app: (a\?\?\[31mb){20}$/m);
				assert.ok(!bench.simulator.events.some(({ event }) => event === "crash"));
				assert.strictEqual(await bench.state(), "1.4.0");
			}));

		it("what the agent refuses is a RangeError in words", () =>
			Bench.run(async (bench) => {
				const attempts = [
					"device.group({ id: 1, name: 'mine', commands: {} })",
					"device.group({ id: 80, name: 'mine', commands: {} }); device.group({ id: 80, name: 'mine', commands: {} })",
					"device.shell('version', { help: '', run: () => {} })",
					"device.statistics('smp', {})",
					"device.area('storage')",
					"device.shell('two words', { help: '', run: () => {} })",
					"device.shell('none', null)",
					"device.statistics('x'.repeat(33), {})",
					"for (let i = 0; i < 1000; i++) device.statistics('s' + i, {})",
					"for (let i = 0; i < 1000; i++) device.shell('c' + i, { help: '', run: () => {} })",
					"for (let i = 0; i < 1000; i++) device.group({ id: 100 + i, name: 'mine', commands: {} })",
					"device.check('a', () => true); device.check('a', () => true)",
				];
				const body = attempts.map((each) => `try { ${each} } catch (error) { device.log(String(error)); }`).join("\n");
				const frozen = "try { device.log = () => {}; } catch { device.log('frozen'); }";
				await bench.install(application(`export default (device: any) => {${body}\n${frozen}};`, "1.4.0"));
				await bench.log(/app: frozen/);
				for (const said of [
					/RangeError: a group of an application has an id from 64 to 65535, not 1/,
					/RangeError: the group id 80 is taken, by "mine"/,
					/RangeError: the shell has a command "version" already/,
					/RangeError: there are statistics "smp" already/,
					/RangeError: this board has no flash area "storage" for applications/,
					/RangeError: there is a check "a" already/,
					/RangeError: the names of commands have 1 to 32 letters, digits, hyphens or underscores/,
					/RangeError: the command "none" has no function run/,
					/RangeError: the names of statistics have 1 to 32 letters, digits, hyphens or underscores/,
					/RangeError: an application can add 16 statistics/,
					/RangeError: an application can add 16 commands/,
					/RangeError: a device has 48 groups at most/,
				])
					assert.match(bench.lines, said);
				// The agent still lists them all.
				const names = command(Op.READ, 2, 1, { answer: { stat_list: list(text) } });
				assert.strictEqual((await bench.client.request(names, {})).stat_list.length, 5 + 16);
				assert.strictEqual((await groups(bench.client)).length, 48);
				assert.match((await runShell(bench.client, ["help"])).output, /^version - [\s\S]*\nc15 - \n/);
			}));
	});

	describe("and signatures", () => {
		it("no archive that no trusted key has signed gets to the engine", () =>
			Bench.run(
				async (bench) => {
					const unsigned = archiveImage(archive, "1.1.0", archive.runtime, { signer: undefined as never });
					const forged = good.slice();
					forged[0x200 + 600]! ^= 1;
					const relabelled = good.slice();
					// The hash is made right again, the signature is not.
					const other = archiveImage({ ...archive, policy: "{}" }, "1.1.0", archive.runtime);
					relabelled.set(other.subarray(0, 0x200), 0);
					for (const image of [unsigned, forged, relabelled]) {
						await bench.client.upload(image);
						const slot = (await bench.client.images()).find((each) => each.slot === 1);
						if (slot) await bench.client.test(slot.hash!).catch(() => undefined);
						await bench.simulator.pressReset();
						assert.strictEqual(await bench.state(), "0.0.0");
					}
					assert.ok(!/ app: /.test(bench.lines));
				},
				1,
				...["--verify", "none", "--guards", "off"],
			));

		it("a slot that was tampered with does not start", async () => {
			for (let at = 0x200; at < good.length; at += 331) {
				const simulator = await Simulator.start(["--images", "1"]);
				const client = new SmpClient(udpLink(simulator.udp));
				await client.upload(good);
				const { hash } = (await client.images()).find((each) => each.slot === 1)!;
				await client.confirm(hash);
				await simulator.pressReset();
				client.close();
				await simulator.stop({ keep: true });
				const flash = readFileSync(simulator.flash);
				const start = flash.indexOf(payloadOf(good)) - 0x200;
				const file = openSync(simulator.flash, "r+");
				writeSync(file, Uint8Array.of(flash[start + at]! ^ 0x10), 0, 1, start + at);
				closeSync(file);
				const again = Simulator.spawn(["--images", "1"], simulator.directory);
				await again.next("halt");
				assert.ok(!again.events.some(({ line }) => / app: /.test(String(line))), `byte ${at}`);
				await again.stop();
			}
		});

		it("without a key the device says loudly that anybody's application runs", () =>
			Bench.run(
				async (bench) => {
					await bench.install(archiveImage(archive, "1.1.0", archive.runtime, { signer: undefined as never }));
					await bench.log(/<wrn> app: NO KEY/);
					await bench.log(/app: thermostat/);
				},
				1,
				...["--key", "none"],
			));
	});
});
