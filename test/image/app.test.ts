import assert from "node:assert";
import { inspectImage } from "../../image/inspect.js";
import { formatReport } from "../../image/report.js";
import { archiveOf, imageApp } from "../support/application.js";

// `npm run image -- app`: TypeScript in, an image out.

const EMPTY = "export default () => {};";
const made = (source: string, options: string[] = [], files = {}) =>
	imageApp(source, ["--version", "1.1.0", ...options], files);

describe("image app", () => {
	it("makes a signed image that names its runtime", () => {
		const { image, errors } = made(EMPTY, ["--security-counter", "7"]);
		assert.ok(!errors.includes("thermostat"), errors);
		const { tlvs, problems, header } = inspectImage(image);
		assert.deepEqual(problems, []);
		assert.strictEqual(header.version, "1.1.0");
		assert.deepEqual(
			tlvs.map(({ type }) => type),
			[0x50, 0xa0, 0x10, 0x01, 0x22],
		);
		assert.strictEqual(tlvs[1]?.value, archiveOf(image).runtime);
		assert.ok(tlvs[1]?.protected);
	});

	it("makes the same archive twice", () => {
		assert.deepEqual(archiveOf(made(EMPTY).image), archiveOf(made(EMPTY).image));
	});

	it("bundles what the application imports, and leaves the runtime's modules there", () => {
		const source = `import { rooms } from "./rooms.js";
			import { Rc } from "xs-smp/modules/smp/errors.js";
			import type { Device } from "xs-smp/application";
			export default (device: Device) => device.log(rooms + Rc.OK);`;
		const { image, errors } = made(source, [], { "rooms.ts": "export const rooms: number = 3;" });
		assert.ok(!errors.includes("thermostat"), errors);
		const { modules, imports, main } = archiveOf(image);
		assert.deepEqual(imports, ["xs-smp/modules/smp/errors"]);
		assert.deepEqual(
			modules.map(({ name }) => name),
			[main],
		);
	});

	it("takes the policy beside the source, or another", () => {
		const files = { "thermostat.policy.json": '{"deadline":30}', "other.json": '{"deadline":60}' };
		assert.strictEqual(archiveOf(made(EMPTY, [], files).image).policy, '{"deadline":30}');
		assert.strictEqual(archiveOf(made(EMPTY, ["--policy", "other.json"], files).image).policy, '{"deadline":60}');
		assert.strictEqual(archiveOf(made(EMPTY).image).policy, "");
	});

	it("inspect shows archive, runtime, modules and policy", () => {
		const { image } = made(EMPTY, [], { "thermostat.policy.json": '{"deadline":30}' });
		const report = inspectImage(image);
		assert.strictEqual(report.archive?.main, "application/thermostat");
		const text = formatReport("out.bin", report);
		for (const line of [
			/^ {2}runtime {3}[0-9a-f]{64}$/m,
			/^ {2}module {4}application\/thermostat, \d+ bytes, main$/m,
			/^ {2}policy {4}on trial it has 30 s to pass: timer, flash, client$/m,
		])
			assert.match(text, line);
	});

	it("keeps of a policy what a device reads, and no blanks", () => {
		const policy = '{\n\t"deadline": 60,\n\t"checks": [ "app:a" ]\n}\n';
		const { image } = made(EMPTY, [], { "thermostat.policy.json": policy });
		assert.strictEqual(archiveOf(image).policy, '{"deadline":60,"checks":["app:a"]}');
	});

	it("takes the check of a network for a runtime that has one", () => {
		const files = { "thermostat.policy.json": '{"checks":["network:192.0.2.1:1883"]}' };
		assert.strictEqual(made(EMPTY, [], files).status, 0);
	});

	it("inspect says what is wrong with an archive", () => {
		const { image } = made(EMPTY);
		new DataView(image.buffer).setUint32(0x200 + 8, 0xffffff, true);
		assert.ok(inspectImage(image).problems.includes("The archive is cut short."));
	});

	const refusals: [string, string, string[], Record<string, string>, RegExp][] = [
		["an error of syntax", "\nlet x = ;", [], {}, /^thermostat\.ts:2: Unexpected ";"$/m],
		["an import that is not there", 'import "./no.js";', [], {}, /^thermostat\.ts:1: Could not resolve "\.\/no\.js"$/m],
		[
			"a module that the runtime has not",
			'import "xs-smp/modules/nothing";',
			[],
			{},
			/^thermostat\.ts:1: the runtime offers no module xs-smp\/modules\/nothing$/m,
		],
		[
			"a module of the board",
			'import "xs-smp/hosts/desk/xs/flash";',
			[],
			{},
			/the runtime offers no module xs-smp\/hosts\/desk\/xs\/flash/,
		],
		[
			"a global that is the board's",
			"export default () => {\n\tsimulator.reset();\n};",
			[],
			{},
			/^thermostat\.ts:2: ReferenceError: the runtime gives applications no simulator\n$/,
		],
		["no default export", "export const x = 1;", [], {}, /^thermostat\.ts:1: an application exports a function/m],
		["a policy that is no JSON", EMPTY, ["--policy", "p.json"], { "p.json": "{" }, /^p\.json: the policy is no JSON: /],
		[
			"a policy beside the source with nonsense in it",
			EMPTY,
			[],
			{ "thermostat.policy.json": '{"deadline":-5}' },
			/^thermostat\.policy\.json: deadline is a whole number from 1 to 3600, not -5\.\n$/,
		],
		["a policy that is not there", EMPTY, ["--policy", "q.json"], {}, /q\.json/],
		["no runtime", EMPTY, ["--runtime", "sim:none"], {}, /There is no target sim:none to build/],
		["another file for a runtime", EMPTY, ["--runtime", "p.json"], { "p.json": "{" }, /no description of a runtime/],
	];
	for (const [what, source, options, files, said] of refusals)
		it(`refuses ${what}`, () => {
			const { status, errors } = made(source, options, files);
			assert.match(errors, said);
			assert.strictEqual(status, 2);
		});
});
