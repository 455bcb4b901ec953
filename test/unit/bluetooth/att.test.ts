import assert from "node:assert";
import { hex, unhex } from "../smp/support.js";
import { peripheral } from "./support.js";

const SERVICE = "84aa6074528a8b86d34cb71d1ddc538d";
const VALUE = "487c997411269eae014ecefb28782eda";

/** A client that has connected, at this ATT_MTU. */
function client(mtu = 23) {
	const { controller, device } = peripheral();
	controller.connect();
	if (mtu > 23) controller.ask(`02 ${hex(Uint8Array.of(mtu & 0xff, mtu >> 8))}`);
	return { controller, device, ask: (request: string) => controller.ask(request) };
}

describe("attribute server", () => {
	it("is discovered, as clients do", () => {
		const { ask } = client();
		// Primary services: two of 16 bits, then ours, which ends the table.
		assert.equal(ask("10 0100 ffff 0028"), "1106010005000018060006000118");
		assert.equal(ask("10 0700 ffff 0028"), `111407000a00${SERVICE}`);
		assert.equal(ask("10 0b00 ffff 0028"), "01100b000a");
		// The same by UUID.
		assert.equal(ask(`06 0100 ffff 0028 ${SERVICE}`), "0707000a00");
		assert.equal(ask("06 0100 ffff 0028 0118"), "0706000600");
		assert.equal(ask("06 0100 ffff 0028 0218"), "010601000a");
		// Characteristics of the service, and what follows the value.
		assert.equal(ask("08 0700 0a00 0328"), `09150800140900${VALUE}`);
		assert.equal(ask("08 0900 0a00 0328"), "010809000a");
		assert.equal(ask("04 0a00 0a00"), "05010a000229");
		assert.equal(ask("04 0900 ffff"), `05020900${VALUE}`);
		assert.equal(ask("04 0b00 ffff"), "01040b000a");
	});

	it("fits into an answer what belongs together", () => {
		// Attribute types of 16 bits, five at a time; then as many as there are.
		assert.equal(client().ask("04 0100 ffff"), "0501010000280200032803 00002a040003280500012a".replace(" ", ""));
		assert.equal(
			client(247).ask("04 0100 ffff"),
			"050101000028020003280300002a040003280500012a06000028070000280800 0328".replace(" ", ""),
		);
		// Characteristics with UUIDs of 16 bits, two; the third has another length.
		assert.equal(client(247).ask("08 0100 ffff 0328"), "09070200020300002a040002050001 2a".replace(" ", ""));
	});

	it("has a name and an appearance", () => {
		const { ask } = client();
		assert.equal(ask("0a 0300"), `0b${hex(unhex("78732d736d70"))}`);
		assert.equal(ask("0a 0500"), "0b0000");
		assert.equal(ask("08 0100 ffff 002a"), "0908030078732d736d70");
		// By a UUID of 128 bits, which stands for the same.
		assert.equal(ask("08 0100 ffff fb349b5f80000080001000 00002a0000"), "0908030078732d736d70");
		assert.equal(ask("0c 0300 0200"), "0d2d736d70");
		assert.equal(ask("0c 0300 0600"), "0d");
		assert.equal(ask("0c 0300 0700"), "010c030007");
	});

	it("reads a name that is longer than an answer in parts", () => {
		const name = "a device with a long name 123";
		const { controller } = peripheral(undefined, name);
		controller.connect();
		const first = controller.ask("0a 0300");
		const rest = controller.ask("0c 0300 1600");
		assert.equal(first.slice(2) + rest.slice(2), Array.from(name, (c) => c.charCodeAt(0).toString(16)).join(""));
	});

	it("exchanges the MTU", () => {
		for (const [asked, mtu] of [
			[23, 23],
			[185, 185],
			[517, 515],
			[65535, 515],
		] as const) {
			const { controller, device } = peripheral();
			controller.connect();
			assert.equal(device.attMtu, 23);
			assert.equal(controller.ask(`02 ${hex(Uint8Array.of(asked & 0xff, asked >> 8))}`), "030502");
			// No value has more than 512 bytes.
			assert.equal(device.attMtu, mtu);
			controller.disconnect();
			controller.connect();
			assert.equal(device.attMtu, 23);
		}
		assert.equal(client().ask("02 1600"), "0102000004");
	});

	it("takes writes with and without an answer", () => {
		const { controller, device, ask } = client();
		const writes: string[] = [];
		device.onWrite = (bytes) => writes.push(hex(bytes));
		assert.equal(ask("52 0900 0102"), "");
		assert.equal(ask("12 0900 0304"), "13");
		assert.equal(ask("52 0900"), "");
		assert.deepEqual(writes, ["0102", "0304", ""]);
		controller.ask("02 0502");
		// A command has as many bytes as fit; a request is not for more than a value has.
		ask(`52 0900 ${"55".repeat(514)}`);
		assert.equal(writes.at(-1)!.length, 2 * 514);
		assert.equal(ask(`12 0900 ${"55".repeat(513)}`), "011209000d");
		assert.equal(writes.length, 4);
	});

	it("turns notifications on and off", () => {
		const { controller, device, ask } = client();
		let ended = 0;
		device.onUnsubscribed = () => ended++;
		assert.equal(ask("0a 0a00"), "0b0000");
		assert.equal(device.notify(unhex("01")), false);
		assert.equal(ask("12 0a00 0100"), "13");
		assert.equal(ask("0a 0a00"), "0b0100");
		assert.equal(device.notify(unhex("0102")), true);
		assert.deepEqual(controller.pdus().map(hex), ["1b09000102"]);
		assert.equal(ask("12 0a00 01"), "01120a000d");
		assert.equal(ended, 0);
		assert.equal(ask("12 0a00 0000"), "13");
		assert.equal(ended, 1);
		assert.equal(device.notify(unhex("01")), false);
		ask("12 0a00 0100");
		controller.disconnect();
		assert.equal(ended, 2);
		// Nobody is remembered: the next connection begins without.
		controller.connect();
		assert.equal(ask("0a 0a00"), "0b0000");
	});

	const refusals: [string, string, string][] = [
		["a read of a value that cannot be read", "0a 0900", "010a090002"],
		["the same by type", `08 0100 ffff ${VALUE}`, "0108090002"],
		["a write of a declaration", "12 0100 00", "0112010003"],
		["handle 0", "0a 0000", "010a000001"],
		["a handle above the table", "12 0b00 00", "01120b0001"],
		["a range that begins at 0", "04 0000 ffff", "0104000001"],
		["a range that ends before it begins", "08 0500 0400 0028", "0108050001"],
		["groups of another type", "10 0100 ffff 0328", "0110010010"],
		["a request that is too short", "04 0100", "0104000004"],
		["a request that is too long", "0a 0100 00", "010a000004"],
		["a type of three bytes", "08 0100 ffff 002800", "0108000004"],
		["a value without a type", "06 0100 ffff 00", "0106000004"],
		["a write without a handle", "12 01", "0112000004"],
		["a request above the MTU", `12 0900 ${"00".repeat(21)}`, "0112000004"],
		["several values at once", "0e 0100 0200", "010e000006"],
		["a prepared write", "16 0900 0000 00", "0116000006"],
		["the execution of one", "18 01", "0118000006"],
	];
	for (const [name, request, answer] of refusals)
		it(`refuses ${name}`, () => assert.equal(client().ask(request), answer));

	for (const [name, pdu] of [
		["a response", "0b 00"],
		["a confirmation", "1e"],
		["a signed write", `d2 0900 00 ${"00".repeat(12)}`],
		["an unknown command", "7e 00"],
		["a command above the MTU", `52 0900 ${"00".repeat(21)}`],
		["a command to nowhere", "52 0000 00"],
		["nothing", ""],
	] as const)
		it(`does not answer ${name}`, () => {
			const { device, ask } = client();
			device.onWrite = () => assert.fail();
			assert.equal(ask(pdu), "");
		});
});
