import assert from "node:assert";
import { GroupError, SmpError } from "../../../modules/smp/errors.js";
import { enumerationGroup } from "../../../modules/smp/group/enumeration.js";
import { imageGroup } from "../../../modules/smp/group/image/image.js";
import { type OsInfo, osGroup } from "../../../modules/smp/group/os.js";
import { clockCommand } from "../../../modules/smp/group/os-commands.js";
import { settingsGroup } from "../../../modules/smp/group/settings.js";
import { SmpServer } from "../../../modules/smp/server.js";
import { hex, image, payload, request, TestFlash } from "./support.js";

// What an application has a say in, beside the hooks of the server (docs/SMP.md, Hooks).

const read = (group: number, command: number, map = {}) => request(group, command, map, 1, 0);
const write = (group: number, command: number, map = {}) => request(group, command, map);

const refused = (code: number, group?: number) => () => {
	throw group === undefined ? new SmpError(code, "no") : new GroupError(group, code, "no");
};

describe("hooks of the OS group", () => {
	const info: OsInfo = { s: "kernel", n: "node", r: "1", v: "2", m: "xs", p: "cpu", i: "board", o: "os" };
	const server = new SmpServer({
		groups: [
			osGroup({
				info,
				ownInfo: { t: () => "21 degrees", q: () => "quiet" },
				bootloader: { name: "MCUboot", mode: 3, answer: (query) => (query === "slot" ? { slot: 1 } : undefined) },
				commands: clockCommand({ now: refused(11), set: refused(5, 0) }),
			}),
		],
	});
	const output = (format: string): string => {
		const digits = payload(server, read(0, 7, { format }));
		let text = "";
		for (let at = 0; at < digits.length; at += 2)
			text += String.fromCharCode(Number.parseInt(digits.slice(at, at + 2), 16));
		return text;
	};

	it("further letters of OS info, behind the known ones", () => {
		assert.ok(output("ts").includes("kernel 21 degrees"));
		assert.ok(output("a").includes("board os 21 degrees quiet"));
		assert.ok(!output("s").includes("21"));
		assert.equal(payload(server, read(0, 7, { format: "sx" })), "bf63657272bf6567726f75700062726302ffff");
	});

	it("further queries to the boot loader", () => {
		assert.equal(payload(server, read(0, 8, { query: "slot" })), "bf64736c6f7401ff");
		assert.equal(payload(server, read(0, 8, { query: "mode" })), "bf646d6f646503ff");
		assert.equal(payload(server, read(0, 8, { query: "x" })), "bf63657272bf6567726f75700062726303ffff");
	});

	it("a clock that refuses to be read or set", () => {
		assert.equal(payload(server, read(0, 4)), "bf6272630bff");
		assert.equal(
			payload(server, write(0, 4, { datetime: "2026-01-02T03:04:05" })),
			"bf63657272bf6567726f75700062726305ffff",
		);
	});
});

describe("hooks of the image group", () => {
	it("further keys of slots and images, or a refusal", () => {
		const flash = new TestFlash();
		flash.primary.set(image(1500, [1, 0, 0]));
		const asked: [string, number][] = [];
		let refuse: (() => never) | undefined;
		const server = new SmpServer({
			groups: [
				imageGroup({
					boot: flash.boot,
					describe: (what, number) => {
						asked.push([what, number]);
						if (what === "slot" && number === 1) refuse?.();
						return what === "image" ? undefined : { x: number + 3 };
					},
				}),
			],
		});
		assert.ok(payload(server, read(1, 0)).includes("617803"));
		const slots = payload(server, read(1, 6));
		assert.ok(slots.includes("617803") && slots.includes("617804"));
		assert.deepEqual(asked, [
			["state", 0],
			["slot", 0],
			["slot", 1],
			["image", 0],
		]);
		refuse = refused(256);
		assert.equal(payload(server, read(1, 6)), "bf627263190100ff");
		refuse = refused(14, 1);
		assert.equal(payload(server, read(1, 6)), "bf63657272bf6567726f7570016272630effff");
	});
});

describe("hooks of other groups", () => {
	it("settings: asked with the value before a write; a write without one is a deletion", () => {
		const asked: string[] = [];
		const values: string[] = [];
		const server = new SmpServer({
			groups: [
				settingsGroup({
					store: { set: (name, value) => void values.push(`${name}=${hex(value)}`) },
					mayAccess: (access, name, value) => asked.push(`${access} ${name} ${value && hex(value)}`),
				}),
			],
		});
		assert.equal(payload(server, write(3, 0, { name: "a", val: Uint8Array.of(1, 2) })), "bfff");
		assert.equal(payload(server, write(3, 0, { name: "a", val: new Uint8Array(0) })), "bfff");
		// This store cannot delete: SETTINGS_MGMT_ERR_DELETE_NOT_SUPPORTED.
		assert.match(payload(server, write(3, 0, { name: "a" })), /^bf63657272/);
		assert.deepEqual(asked, ["write a 0102", "write a ", "delete a undefined"]);
		assert.deepEqual(values, ["a=0102", "a="]);
	});

	it("enumeration: further keys of a group", () => {
		const own = { id: 64, name: "own", commands: {}, details: () => ({ x: 9 }) };
		const server = new SmpServer({ groups: [own, enumerationGroup([own])] });
		assert.ok(payload(server, read(10, 3, { groups: [64] })).endsWith("617809ffffff"));
	});
});
