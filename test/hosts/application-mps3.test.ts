import assert from "node:assert";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Archive, writeArchive } from "../../image/archive.js";
import { root } from "../../tools/simulator.js";
import { application, archiveImage, archiveOf, imageApp } from "../support/application.js";
import { Bench, target } from "../support/application-bench.js";
import { describeWith } from "../support/tools.js";

// Applications in images as application.test.ts has them, on the emulated Cortex-M55.

describeWith("arm-none-eabi-gcc", "applications in images on a Cortex-M55", () => {
	describeWith("qemu-system-arm", "in QEMU", () => {
		const RUNTIME = "mps3:smp-svr";
		const source = readFileSync(join(root, "examples/thermostat/thermostat.ts"), "utf8");
		let good: Uint8Array;
		let archive: Archive;
		before(() => {
			good = application(source, "1.1.0", RUNTIME);
			archive = archiveOf(good);
		});

		for (const images of [1, 2])
			it(`the update changes the device, from the flash that it lies in; ${images} image${images > 1 ? "s" : ""}`, () =>
				Bench.on(
					"mps3",
					async (bench) => {
						await assert.rejects(bench.client.request(target(81).read));
						await bench.install(good);
						await bench.log(/app: thermostat 1\.1\.0: 20 degrees/);
						await bench.client.request(target(81).write, { target: 23 });
						assert.deepEqual(await bench.client.request(target(81).read), { target: 23 });
						const at = readFileSync(bench.simulator.flash).indexOf(good);
						assert.ok(at >= 0, "the slot is as it was signed");
						await bench.client.confirm(bench.hash);
						await bench.simulator.pressReset();
						await bench.log(/app: thermostat 1\.1\.0/);
						assert.strictEqual(readFileSync(bench.simulator.flash).indexOf(good), at);
					},
					images,
				));

		it("has logarithms, powers and trigonometry", () =>
			Bench.on("mps3", async (bench) => {
				const source = `export default (device: any) => {
					const two = device.uptime() * 0 + 2;
					device.log(String(25 + Math.log(two) ** two));
					device.log(JSON.stringify([Math.asin(two / 4), Math.acos(-two / 4), Math.asin(two)]));
					device.log([two / 20, 1e21, 1e-7, 5e-324, 123456789012345680000, -0, (two / 3).toFixed(3)].join(" "));
				};`;
				await bench.install(application(source, "1.1.0", RUNTIME));
				await bench.log(/app: 0\.1 /);
				const found = /app: ([\d.]+)\n/.exec(bench.lines);
				assert.strictEqual(Number(found?.[1]), 25 + Math.log(2) ** 2);
				const [sine, cosine, none] = JSON.parse(/app: (\[.*\])/.exec(bench.lines)![1]!) as (number | null)[];
				assert.ok(Math.abs(sine! - Math.asin(0.5)) < 1e-15 && Math.abs(cosine! - Math.acos(-0.5)) < 1e-15);
				assert.strictEqual(none, null);
				assert.match(bench.lines, /app: 0\.1 1e\+21 1e-7 5e-324 123456789012345680000 0 0\.667/);
			}));

		it("writes numbers in every base, of which it counts the digits itself", () =>
			Bench.on("mps3", async (bench) => {
				const numbers = [0, 1, 255, -256, 0.5, -1000.25, 4294967296, 2 ** 53 - 1];
				const text = (each: number): string => [2, 3, 10, 16, 36].map((base) => each.toString(base)).join(" ");
				const source = `const text = (each: number): string =>
					[2, 3, 10, 16, 36].map((base) => each.toString(base)).join(" ");
					export default (device: any) => { for (const each of [${numbers}]) device.log(text(each)); };`;
				await bench.install(application(source, "1.1.0", RUNTIME));
				await bench.log(/app: 1{53} /);
				for (const each of numbers) assert.ok(bench.lines.includes(text(each)), `${each}: ${bench.lines}`);
			}));

		it("one that does not fit is refused at the mark and at the start", () =>
			Bench.on(
				"mps3",
				async (bench) => {
					const cases: [Uint8Array | Archive, RegExp][] = [
						[{ ...archive, runtime: "ab".repeat(32) }, /made for another runtime/],
						[{ ...archive, imports: ["xs-smp/hosts/desk/xs/flash"] }, /which this runtime does not offer/],
						[writeArchive(archive).subarray(0, 200), /cut short/],
					];
					for (const [payload, said] of cases) {
						const image = archiveImage(payload, "1.2.0", archive.runtime);
						assert.match(await bench.refusal(await bench.upload(image)), said);
						assert.strictEqual(await bench.state(), "0.0.0");
					}
				},
				1,
			));

		it("one that does not fit does not start, and the agent goes on", () =>
			Bench.on(
				"mps3",
				async (bench) => {
					await bench.install(archiveImage({ ...archive, runtime: "ab".repeat(32) }, "1.2.0", archive.runtime));
					await bench.log(/app: the application was made for another runtime; the agent runs without it/);
					assert.strictEqual(await bench.state(), "1.2.0");
				},
				1,
				...["--verify", "none", "--guards", "off"],
			));

		const failures: [string, string, RegExp][] = [
			["throws at its start", "throw new TypeError('no sensor');", /TypeError: no sensor/],
			["throws later", "device.after(100, () => device.log(device.nothing.at));", /TypeError/],
			["takes all memory", "const all = []; for (;;) all.push(new Uint8Array(1000));", /^heap exhausted at /],
			["recurses for ever", "const deep = (n) => deep(n + 1) + 1; deep(0);", /^JavaScript stack overflow/],
		];
		for (const [what, body, reason] of failures)
			it(`one that ${what} goes back`, () =>
				Bench.on("mps3", async (bench) => {
					await bench.install(application(`export default (device: any) => {${body}};`, "1.9.0", RUNTIME));
					const crash = await bench.simulator.next("crash");
					assert.match(String(crash["reason"]), reason);
					const boot = await bench.simulator.next("boot");
					assert.match(JSON.stringify(boot), /"version":"0\.0\.0","action":"revert"/);
				}));

		it("what the runtime was built without is an error in the source", () => {
			const make = (body: string) => () => application(`export default () => {\n${body}\n};`, "1.0.0", RUNTIME);
			assert.throws(
				make("return /x/;"),
				/thermostat\.ts:2: SyntaxError: the runtime was built without regular expressions/,
			);
			assert.throws(make("return (async () => {})();"), /thermostat\.ts:2: SyntaxError: .*without async functions/);
			assert.throws(make("return new Intl.Collator();"), /thermostat\.ts:2: ReferenceError: .* no Intl/);
			// A name that the application may have itself.
			const { status, errors } = imageApp('export default () => "a".padEnd(3);', [
				...["--version", "1.0.0", "--runtime", RUNTIME],
			]);
			assert.match(errors, /thermostat\.ts:1: warning: the runtime was built without the built-in property padEnd/);
			assert.strictEqual(status, 0);
		});
	});
});
