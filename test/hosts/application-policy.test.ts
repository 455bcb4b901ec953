import assert from "node:assert";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { boots, outcomeWords, whyTakenBack } from "../../client/group/boot-journal.js";
import { upgrade } from "../../client/upgrade.js";
import type { Archive } from "../../image/archive.js";
import { type Machine, root } from "../../tools/simulator.js";
import { application, archiveImage, archiveOf, imageApp } from "../support/application.js";
import { Bench } from "../support/application-bench.js";
import { describeWith } from "../support/tools.js";

// An application brings a confirm policy: it is confirmed by it, or it goes back and the device says why.

/** The policy says which of these checks are asked for. */
const SOURCE = `
import type { Device } from "xs-smp/application";

export default (device: Device): void => {
	device.log("runs");
	device.check("good", () => true);
	device.check("sentence", () => "the sensor is not connected");
	device.check("no", () => false);
	device.check("throws", () => {
		throw new TypeError("no bus");
	});
	device.check("rejects", () => new Promise((_, reject) => reject(new Error("no bus"))));
	device.check("later", () => new Promise((resolve) => device.after(200, () => resolve(true))));
	device.check("never", () => new Promise(() => {}), { timeout: 500 });
};
`;

/** What a policy asks for that is not passed, and the sentence of the device. */
const BAD: readonly (readonly [what: string, policy: object, why: string])[] = [
	["fails its check with a sentence", { checks: ["app:sentence"] }, "check app:sentence: the sensor is not connected"],
	["fails its check", { checks: ["app:no"] }, "check app:no: it returned false"],
	["throws in its check", { checks: ["app:throws"] }, "check app:throws: it threw TypeError: no bus"],
	["rejects in its check", { checks: ["app:rejects"] }, "check app:rejects: it threw Error: no bus"],
	["never settles its check", { checks: ["app:never"] }, "check app:never: no result within 500 ms"],
	[
		"does not name its check",
		{ deadline: 1, checks: ["app:missing"] },
		"check app:missing: the application has named none within 1 s",
	],
	["is reached by no client", { deadline: 1, checks: ["timer", "client"] }, "check client: no request within 1 s"],
];

const isRevert = ({ images }: Readonly<Record<string, unknown>>): boolean =>
	(images as { action: string }[]).some(({ action }) => action === "revert");

/** Waits until the update is taken back, and returns why. */
async function taken(bench: Bench): Promise<string> {
	await bench.simulator.next("boot", isRevert);
	assert.strictEqual(await bench.state(), "0.0.0");
	return (await whyTakenBack(bench.client, bench.hash)) ?? "";
}

function describeBoard(machine: Machine): void {
	const runtime = `${machine}:smp-svr`;
	let archive: Archive;
	before(() => {
		archive = archiveOf(application(SOURCE, "1.1.0", runtime));
	});
	const withPolicy = (policy: object | string): Uint8Array => {
		const text = typeof policy === "string" ? policy : JSON.stringify(policy);
		return archiveImage({ ...archive, policy: text }, "1.1.0", archive.runtime);
	};
	const run = (use: (bench: Bench) => Promise<void>, ...options: string[]) => Bench.on(machine, use, 1, ...options);

	for (const [what, policy, why] of BAD)
		it(`one that ${what} goes back, and the device says why`, () =>
			run(async (bench) => {
				await bench.install(withPolicy(policy));
				const said = await taken(bench);
				assert.match(said, /^1\.1\.0 ran \d s on trial and was taken back: /);
				assert.strictEqual(said.slice(said.indexOf("back: ") + 6), why);
			}));

	it("a good one confirms itself, once it has run for long enough", () =>
		run(async (bench) => {
			const checks = ["timer", "flash", "client", "app:good", "app:later"];
			await bench.install(withPolicy({ deadline: 60, minUptime: 2, checks }));
			assert.strictEqual(await bench.client.echo("hello"), "hello");
			await bench.log(/confirm: app:later passed/);
			await bench.log(/confirm: image 0 is confirmed/);
			const [now] = await boots(bench.client, 1);
			assert.match(outcomeWords(now!), /^confirmed after [23] s by the application$/);
			assert.deepStrictEqual(now!.checks.map(({ words }) => words).sort(), [...checks].sort());
			assert.ok(now!.checks.every(({ passed, seconds }) => passed && seconds <= now!.verdict!.seconds));
			await bench.simulator.pressReset();
			assert.strictEqual(await bench.state(), "1.1.0");
		}));

	it("one that hangs is ended by the watchdog of its policy", () =>
		run(async (bench) => {
			const hangs = readFileSync(join(root, "examples/thermostat/hangs.ts"), "utf8");
			const { image } = imageApp(hangs, ["--version", "1.1.0", "--runtime", runtime], {
				"thermostat.policy.json": '{"watchdog":1000,"deadline":60}',
			});
			await bench.install(image);
			assert.match(await taken(bench), /back: watchdog: JavaScript did not return within 1 s$/);
		}));

	it("the board's own limit of time is stronger", () =>
		run(
			async (bench) => {
				await bench.install(withPolicy({ deadline: 3600, checks: ["client"] }));
				assert.match(await taken(bench), /back: check client: no request within 1 s$/);
			},
			"--trial",
			"1",
		));

	it("nonsense does not count: the log says why, and clients decide", () =>
		run(async (bench) => {
			await bench.install(withPolicy('{"deadline":-1,"checks":["app:no"]}'));
			await bench.log(/app: runs/);
			assert.match(
				bench.lines,
				/<err> confirm: the policy of the application does not count: deadline is a whole number from 1 to 3600, not -1/,
			);
			assert.strictEqual(await bench.state(), "1.1.0");
			await bench.client.confirm();
			await bench.simulator.pressReset();
			assert.strictEqual(await bench.state(), "1.1.0");
		}));
}

describe("an application with a confirm policy", () => {
	describe("on the simulator", () => {
		describeBoard("sim");

		it("is told of by xs-smp history", () =>
			Bench.run(async (bench) => {
				const { image } = imageApp(SOURCE, ["--version", "1.1.0"], {
					"thermostat.policy.json": '{ "checks": ["app:sentence"] }',
				});
				await bench.install(image);
				await bench.simulator.next("boot", isRevert);
				const words = [join(root, "dist/cli/main.js"), "history", "--udp", bench.simulator.udp];
				assert.match(
					execFileSync(process.execPath, words, { encoding: "utf8" }),
					/1\.1\.0 installed on trial +failed app:sentence: the sensor is not connected +1\.1\.0 ran 0 s on trial and was taken back: check app:/,
				);
			}));

		it("is waited for by an upgrade", () =>
			Bench.run(async (bench) => {
				const image = (checks: string): Uint8Array =>
					imageApp(SOURCE, ["--version", "1.1.0"], {
						"thermostat.policy.json": `{ "checks": [${checks}], "minUptime": 1 }`,
					}).image;
				await assert.rejects(
					upgrade(bench.client, image('"app:sentence"')),
					/^Error: 1\.1\.0 ran 0 s on trial and was taken back: check app:sentence: the sensor is not connected$/,
				);
				const steps: string[] = [];
				const good = image('"client", "app:later"');
				const { confirmed } = await upgrade(bench.client, good, { onStep: ({ step }) => steps.push(step) });
				assert.ok(confirmed);
				assert.deepEqual(steps.slice(-2), ["deciding", "confirmed"]);
				assert.strictEqual(await bench.state(), "1.1.0");
			}));

		it("is waited for by xs-smp upgrade", () =>
			Bench.run(async (bench) => {
				const file = join(bench.simulator.directory, "update.bin");
				const update = (checks: string, ...options: string[]) => {
					const { image } = imageApp(SOURCE, ["--version", "1.1.0", ...options], {
						"thermostat.policy.json": `{ "deadline": 2, "checks": [${checks}] }`,
					});
					writeFileSync(file, image);
					const words = [join(root, "dist/cli/main.js"), "upgrade", file, "--udp", bench.simulator.udp];
					return spawnSync(process.execPath, words, { encoding: "utf8" });
				};
				const bad = update('"app:no"');
				assert.strictEqual(bad.status, 1);
				assert.match(bad.stderr, /1\.1\.0 ran 0 s on trial and was taken back: check app:no: it returned false/);
				const good = update('"client", "app:good"');
				assert.match(good.stdout, /\nIt decides by itself within 2 s, by client, app:good\.\nIt is confirmed\.\n$/);
				assert.strictEqual(good.status, 0);
			}));

		it("with two images decides on both", () =>
			Bench.run(async (bench) => {
				const { image } = imageApp(SOURCE, ["--version", "1.1.0"], {
					"thermostat.policy.json": '{ "checks": ["app:good", "flash", "timer"] }',
				});
				await bench.install(image);
				await bench.log(/confirm: image 1 is confirmed/);
				const states = await bench.client.images();
				assert.ok(states.filter(({ active }) => active).every(({ confirmed }) => confirmed));
			}, 2));

		it("reaches a host on the network, or says why not", async () => {
			const server = createServer((socket) => socket.end());
			await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
			const { port } = server.address() as { port: number };
			const image = (check: string): Uint8Array =>
				imageApp(SOURCE, ["--version", "1.1.0"], {
					"thermostat.policy.json": JSON.stringify({ deadline: 2, checks: [check] }),
				}).image;
			try {
				await Bench.run(async (bench) => {
					await bench.install(image(`network:localhost:${port}`));
					await bench.log(/confirm: image 0 is confirmed/);
				});
			} finally {
				server.close();
			}
			for (const check of [`network:127.0.0.1:${port}`, `network:[::1]:${port}`])
				await Bench.run(async (bench) => {
					await bench.install(image(check));
					const why = await taken(bench);
					assert.ok(why.includes(`back: check ${check}: `), why);
					assert.match(why, /: (Connection refused|Network is unreachable|Cannot assign .*) within 2 s$/);
				});
			await Bench.run(async (bench) => {
				await bench.install(image("network:no-such-host.invalid:80"));
				assert.match(await taken(bench), /check network:no-such-host\.invalid:80: [^;]+ within 2 s$/);
			});
		});

		it("counts before the policy of the runtime, which counts for one without", async () => {
			const runtime = "sim:self-confirm";
			const options = ["--app", "self-confirm", "--trial", "2"];
			const { image } = imageApp(SOURCE, ["--version", "1.1.0", "--runtime", runtime], {
				"thermostat.policy.json": '{ "checks": ["app:good"] }',
			});
			await Bench.run(
				async (bench) => {
					await bench.install(image);
					await bench.log(/confirm: image 0 is confirmed/);
				},
				1,
				...options,
			);
			await Bench.run(
				async (bench) => {
					await bench.install(archiveImage({ ...archiveOf(image), policy: "" }, "1.1.0", archiveOf(image).runtime));
					assert.match(await taken(bench), /check client: no request within 2 s$/);
				},
				1,
				...options,
			);
		});

		it("that does not run is not confirmed by the policy of the runtime", () =>
			Bench.run(
				async (bench) => {
					const archive = archiveOf(application(SOURCE, "1.1.0", "sim:self-confirm"));
					await bench.install(archiveImage({ ...archive, runtime: "ab".repeat(32) }, "1.1.0", archive.runtime));
					assert.match(await taken(bench), /back: the application does not run: the application was made for another/);
				},
				1,
				...["--app", "self-confirm", "--verify", "none", "--guards", "off"],
			));
	});

	describeWith("arm-none-eabi-gcc", "on a Cortex-M55", () => {
		describeWith("qemu-system-arm", "in QEMU", () => {
			describeBoard("mps3");

			it("cannot ask for a network, which the board has not", () =>
				Bench.on("mps3", async (bench) => {
					const policy = '{"checks":["network:192.0.2.1:1883"]}';
					const options = ["--version", "1.1.0", "--runtime", "mps3:smp-svr"];
					const { status, errors } = imageApp(SOURCE, options, { "thermostat.policy.json": policy });
					assert.strictEqual(status, 2);
					assert.match(
						errors,
						/^thermostat\.policy\.json: this runtime cannot check network:192\.0\.2\.1:1883: its board has no network\.$/m,
					);
					const archive = archiveOf(application(SOURCE, "1.1.0", "mps3:smp-svr"));
					await bench.install(archiveImage({ ...archive, policy }, "1.1.0", archive.runtime));
					await bench.log(/app: runs/);
					assert.match(
						bench.lines,
						/the policy of the application does not count: this runtime cannot check network:192/,
					);
				}));
		});
	});
});
