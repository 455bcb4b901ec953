import assert from "node:assert";
import { type Archive, readArchive, writeArchive } from "../../image/archive.js";

// The layout of application archives (docs/SPEC.md). test/hosts/application.test.ts holds the device's reader against it.

const archive: Archive = {
	runtime: "00112233445566778899aabbccddeeff".repeat(2),
	lines: true,
	main: "application/thermostat",
	keys: ["target", "größe"],
	modules: [
		{ name: "application/rooms", code: Uint8Array.of(1, 2, 3) },
		{ name: "application/thermostat", code: Uint8Array.of(4, 5) },
	],
	imports: ["xs-smp/modules/smp/group"],
	policy: '{"deadline":30}',
};

describe("application archives", () => {
	it("come out as they went in", () => {
		assert.deepEqual(readArchive(writeArchive(archive)), archive);
		const empty = { ...archive, keys: [], imports: [], policy: "", lines: false };
		assert.deepEqual(readArchive(writeArchive(empty)), empty);
	});

	it("have modules in the order in which they are looked up", () => {
		const { modules } = readArchive(writeArchive({ ...archive, modules: [...archive.modules].reverse() }));
		assert.deepEqual(modules, archive.modules);
	});

	it("have the documented header", () => {
		const bytes = writeArchive(archive);
		const view = new DataView(bytes.buffer);
		const word = (at: number) => view.getUint32(at, true);
		assert.strictEqual(new TextDecoder().decode(bytes.subarray(0, 4)), "XSAR");
		assert.deepEqual([view.getUint16(4, true), view.getUint16(6, true), word(8)], [1, 1, bytes.length]);
		assert.deepEqual([word(48), word(52), word(56), word(60), word(64), word(68)], [2, 80, 2, 88, 1, 112]);
		assert.strictEqual(new TextDecoder().decode(bytes.subarray(word(72), word(72) + word(76))), archive.policy);
	});

	it("that are cut short are refused at each length", () => {
		const bytes = writeArchive(archive);
		for (let length = 0; length < bytes.length; length++)
			assert.throws(() => readArchive(bytes.subarray(0, length)), /no application archive|cut short/);
	});

	it("bytes behind one do not count", () => {
		assert.deepEqual(readArchive(Uint8Array.of(...writeArchive(archive), 1, 2, 3)), archive);
	});

	/** Offset of a word, what is put there, and what is said of it. */
	const damages: [string, number, number, RegExp][] = [
		["another format", 4, 2, /format 2, and not 1/],
		["a length below the header", 8, 79, /cut short/],
		["a table of names beyond the end", 52, 0xfffffff0, /table of names leads out/],
		["too many names", 48, 0x40000000, /table of names leads out/],
		["a name beyond the end", 80, 0x7fffffff, /table of names leads out/],
		["a name in the header", 80, 12, /table of names leads out/],
		["too many modules", 56, 0x15555556, /table of modules leads out/],
		["too many imports", 64, 0xffffffff, /table of imports leads out/],
		["code beyond the end", 88 + 8, 0x7fffffff, /code of a module leads out/],
		["no code", 88 + 8, 0, /application\/rooms has no code/],
		["a policy beyond the end", 76, 0xffffffff, /policy leads out/],
		["no main module", 44, 0, /main module leads out/],
	];
	for (const [what, at, value, said] of damages)
		it(`refuses ${what}`, () => {
			const bytes = writeArchive(archive);
			const view = new DataView(bytes.buffer);
			if (at === 4) view.setUint16(at, value, true);
			else view.setUint32(at, value, true);
			assert.throws(() => readArchive(bytes), said);
		});

	it("refuses too many names for their ids", () => {
		const keys = Array.from({ length: 16385 }, (_, i) => `name${i}`);
		assert.throws(() => readArchive(writeArchive({ ...archive, keys })), /more than 16384 names/);
		assert.strictEqual(readArchive(writeArchive({ ...archive, keys: keys.slice(1) })).keys.length, 16384);
	});

	it("refuses a policy that a device would not read", () => {
		for (const policy of ["x".repeat(1025), "caf\u00e9", "\u0000", "\u007f"])
			assert.throws(() => readArchive(writeArchive({ ...archive, policy })), /its policy is too long, or no ASCII/);
		const policy = `{}\t\r\n${" ".repeat(1019)}`;
		assert.strictEqual(readArchive(writeArchive({ ...archive, policy })).policy, policy);
	});

	it("refuses a main module that is not in it, and modules out of order", () => {
		assert.throws(
			() => readArchive(writeArchive({ ...archive, main: "application/other" })),
			/main module is not in it/,
		);
		const twice = [archive.modules[0]!, archive.modules[0]!, archive.modules[1]!];
		assert.throws(() => readArchive(writeArchive({ ...archive, modules: twice })), /not in order/);
	});
});
